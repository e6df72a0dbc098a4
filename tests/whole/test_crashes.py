"""The process dies at each point at which it may hurt, and is started again: nothing is lost, nothing happens twice."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import crashing
import pytest
from command_line import COMMAND, Saldopost
from dovecot_server import Account as MailAccount
from exports import Account, OpenItem, export
from mails import mail
from programs import wait_until, write_settings
from smtp_server import SmtpServer

SENDER = "boekhouding@bakker.example"
BOOKS = (Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),)
AMBIGUOUS = ("DATA sent, no 250 seen", "250 seen, not marked")  # the only points after which a reply may come twice


@pytest.mark.parametrize("point", [*crashing.POINTS, "DATA sent, no 250 seen"])
def test_after_a_crash_all_is_done_once(
    point: str,
    account: MailAccount,
    smtp_server: SmtpServer,
    store_url: str,
    saldopost: Saldopost,
    quick_saldopost: Saldopost,
    tmp_path: Path,
) -> None:
    account.deliver(mail(("ARs_1.xml", export(BOOKS)), date=datetime.now(UTC), sender=SENDER))
    config = str(write_settings(tmp_path / "config.toml", store_url, account, smtp_server.port))

    def is_marked() -> bool:
        rows = quick_saldopost("--config", config, "messages", "list", "--format", "json").rows
        return [row["reply"] for row in rows] == ["sent"]

    die_at(point, config, smtp_server, tmp_path / "marker", is_marked)

    assert saldopost("--config", config, "run", "--once").returncode == 0
    check_all_is_done_once(point, account, smtp_server, quick_saldopost, config)
    assert saldopost("--config", config, "run", "--once").returncode == 0
    check_all_is_done_once(point, account, smtp_server, quick_saldopost, config)


def die_at(point: str, config: str, smtp_server: SmtpServer, marker: Path, is_marked: Callable[[], bool]) -> None:
    script = [sys.executable, crashing.__file__, point, str(marker)]
    if point == "DATA sent, no 250 seen":
        script = [str(COMMAND)]
    process = subprocess.Popen([*script, "--config", config, "run", "--once"])
    try:
        if point == "DATA sent, no 250 seen":
            smtp_server.answers["DATA"] = Killing(smtp_server, process)
        if point in crashing.AFTER_THE_REPLY:
            wait_until(is_marked, "a reply, marked as sent")
            marker.touch()
        assert process.wait(timeout=40) in (crashing.DIED, -9), f"it did not come to this point: {point}"
    finally:
        process.kill()
        process.wait(timeout=20)


class Killing(deque[str]):
    """Instead of an answer to DATA the mail is taken, and the client is killed before it hears of that."""

    def __init__(self, server: SmtpServer, process: "subprocess.Popen[bytes]") -> None:
        super().__init__(["take and hang up"])
        self._process = process

    def popleft(self) -> str:
        os.kill(self._process.pid, 9)
        return super().popleft()


def check_all_is_done_once(
    point: str, account: MailAccount, smtp_server: SmtpServer, saldopost: Saldopost, config: str
) -> None:
    (balance,) = saldopost("--config", config, "balances", "--format", "json").rows
    (message,) = saldopost("--config", config, "messages", "list", "--format", "json").rows
    imports = saldopost("--config", config, "imports", "list", "--format", "json").rows
    assert (balance["open_import"], message["state"], message["reply"]) == ("99.80", "applied", "sent")
    assert [row["state"] for row in imports] == ["applied"]
    assert {folder: len(account.mails(folder)) for folder in account.folders()} == {"INBOX": 0, "Processed": 1}
    replies = {received.raw for received in smtp_server.received}
    assert len(replies) == 1, "the same bytes, and so the same Message-ID"
    assert len(smtp_server.received) <= 1 + (point in AMBIGUOUS)
