"""The installed program over real servers: settings files, the daemon as a process, and waiting with a limit."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import COMMAND
from dovecot_server import Account

POLL = """
[[mailboxes]]
name = "{name}"
host = "{host}"
port = {port}
{security}
username = "{user}"
password = "{password}"
poll_seconds = 1
timeout_seconds = {timeout}
"""
BOOKS = """
[[administrations]]
code = "{code}"
name = "Bakker Expeditie B.V."
[[routes]]
mailbox = "{mailbox}"
from = ["*@{code}.example"]
administration = "{code}"
authenticate = ["none"]
"""


def write_settings(
    file: Path,
    store_url: str,
    account: Account,
    smtp_port: int,
    administrations: tuple[str, ...] = ("bakker",),
    *,
    imap_port: int | None = None,
    timeout: int = 10,
    more: str = "",
) -> Path:
    """Settings that read one account; senders at CODE.example send for the administration CODE.

    With `imap_port`, a proxy on loopback, the connection is without TLS.
    """
    security = 'security = "none"' if imap_port else f'ca_file = "{account.server.certificates.authority}"'
    text = f"""\
[store]
url = "{store_url}"
[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
timeout_seconds = {timeout}
sender = "Saldopost <saldo@example.com>"
[caps]
sender_hour = 100000
sender_day = 100000
all_hour = 1000000
{more}
"""
    text += POLL.format(
        name=account.user,
        host="127.0.0.1" if imap_port else "localhost",
        port=imap_port or account.server.tls_port,
        security=security,
        user=account.user,
        password=account.password,
        timeout=timeout,
    )
    text += "".join(BOOKS.format(code=code, mailbox=account.user) for code in administrations)
    file.write_text(text)
    return file


@contextmanager
def running(config: Path, log: Path, *before: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The daemon as a process, killed at the end of the block; `before` stands in front of its arguments."""
    command = [sys.executable, *before] if before else [str(COMMAND)]
    with log.open("ab") as stream:
        process = subprocess.Popen([*command, "--config", str(config), "run"], stderr=stream, stdout=stream)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=20)


def wait_until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.05)
