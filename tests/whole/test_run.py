"""The installed program against a real Dovecot, a real SMTP server and both databases, as its users meet it."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from command_line import COMMAND, Saldopost
from dovecot_server import Account as MailAccount
from dovecot_server import Dovecot
from exports import Account, OpenItem, export
from mails import mail
from smtp_server import SmtpServer

BOOKS = (
    Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),
    Account("10043", (OpenItem("3", "250"),), "Smit"),
)
TODAY = datetime.now(UTC)

Config = Callable[..., Path]


@pytest.fixture
def config(tmp_path: Path, store_url: str, smtp_server: SmtpServer) -> Config:
    """Write settings that read the given accounts, each for an administration of its own."""

    def write(*accounts: MailAccount) -> Path:
        text = f"""\
[store]
url = "{store_url}"
[smtp]
host = "127.0.0.1"
port = {smtp_server.port}
security = "none"
sender = "Saldopost <saldo@example.com>"
"""
        for account in accounts:
            text += f"""
[[mailboxes]]
name = "{account.user}"
host = "localhost"
port = {account.server.tls_port}
security = "tls"
ca_file = "{account.server.certificates.authority}"
username = "{account.user}"
password = "{account.password}"
poll_seconds = 1
[[administrations]]
code = "{account.user}"
name = "Bakker Expeditie B.V."
[[routes]]
mailbox = "{account.user}"
from = ["*@bakker.example"]
administration = "{account.user}"
authenticate = ["none"]
"""
        file = tmp_path / "config.toml"
        file.write_text(text)
        return file

    return write


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(config: Path) -> subprocess.Popen[str]:
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen([COMMAND, "--config", str(config), "run"], stderr=log, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=20)


def wait_until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def test_run_once_drains_several_mailboxes_and_the_outbox(
    config: Config, dovecot: Dovecot, smtp_server: SmtpServer, saldopost: Saldopost
) -> None:
    one, other = dovecot.account(), dovecot.account()
    for number, account in enumerate((one, other)):
        account.deliver(
            mail(("ARs_1.xml", export(BOOKS)), date=TODAY, message_id=f"<{number}@bakker.example>"),
            mail(("lijst.csv", b"Code;Naam;Saldo\n1;A;2,00\n"), date=TODAY, message_id=f"<{number}b@bakker.example>"),
            mail(("ARs_1.xml", export(BOOKS)), sender="eve@evil.example"),
        )
    file = str(config(one, other))

    ran = saldopost("--config", file, "run", "--once")
    assert ran.returncode == 0, ran.stderr

    for account in (one, other):
        assert not account.mails("INBOX")
        assert [len(account.mails(folder)) for folder in ("Processed", "Refused", "Quarantine")] == [1, 1, 1]
        rows = saldopost("--config", file, "balances", "-a", account.user, "--format", "json").rows
        assert [(row["code"], row["open_import"], row["open_total"]) for row in rows] == [
            ("10042", "99.80", "99.80"),
            ("10043", "250.00", "250.00"),
        ]
    assert len(smtp_server.received) == 4
    states = saldopost("--config", file, "messages", "list", "--format", "json").rows
    assert sorted((row["state"], row["reply"]) for row in states) == sorted(
        [("applied", "sent"), ("refused", "sent"), ("quarantined", "none")] * 2
    )
    again = saldopost("--config", file, "run", "--once")
    assert (again.returncode, len(smtp_server.received)) == (0, 4)


def test_the_reply_answers_the_mail_and_names_its_ref(
    config: Config, account: MailAccount, smtp_server: SmtpServer, saldopost: Saldopost
) -> None:
    account.deliver(mail(("ARs_1.xml", export(BOOKS)), date=TODAY))
    file = str(config(account))
    assert saldopost("--config", file, "run", "--once").returncode == 0

    (received,) = smtp_server.received
    reply = message_from_bytes(received.raw, policy=policy.default)
    (message,) = saldopost("--config", file, "messages", "list", "--format", "json").rows
    (imported,) = saldopost("--config", file, "imports", "list", "--format", "json").rows
    assert received.envelope_sender in ("", None)
    assert received.recipients == ("boekhouding@bakker.example",)
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["In-Reply-To"] == "<export-1@bakker.example>"
    assert {part.get_content_type() for part in reply.walk()} >= {"text/plain", "text/html"}
    assert message["ref"] == imported["ref"]
    assert message["ref"] in str(reply.get_body(("plain",)))
    expected = {"state": "applied", "items": 3, "accounts": 2, "total": "349.80"}
    assert expected.items() <= imported.items()


def test_the_daemon_takes_what_comes_and_leaves_on_sigterm(
    config: Config,
    account: MailAccount,
    smtp_server: SmtpServer,
    daemon: Callable[[Path], "subprocess.Popen[str]"],
    tmp_path: Path,
) -> None:
    process = daemon(config(account))
    account.deliver(mail(("ARs_1.xml", export(BOOKS)), date=TODAY))
    wait_until(lambda: smtp_server.received, "a reply")
    wait_until(lambda: account.mails("Processed"), "the mail in its folder")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    log = (tmp_path / "log").read_text()
    assert account.password not in log
    assert "hierbij de export" not in log


def test_a_server_that_is_away_is_no_loss(
    config: Config, own_dovecot: Dovecot, smtp_server: SmtpServer, saldopost: Saldopost
) -> None:
    account = own_dovecot.account()
    account.deliver(mail(("ARs_1.xml", export(BOOKS)), date=TODAY))
    file = str(config(account))
    smtp_server.stop()
    assert saldopost("--config", file, "run", "--once").returncode == 75
    assert len(account.mails("Processed")) == 1
    own_dovecot.stop()
    smtp_server.start()
    assert saldopost("--config", file, "run", "--once").returncode == 75
    own_dovecot.start()
    assert saldopost("--config", file, "run", "--once").returncode == 0
    assert len(smtp_server.received) == 1


def test_wrong_settings_end_with_78_and_the_key(tmp_path: Path, saldopost: Saldopost) -> None:
    (tmp_path / "config.toml").write_text('[[administrations]]\ncode = "nl01"\nnmae = "Bakker"\n')
    ran = saldopost("run")
    assert ran.returncode == 78
    assert "nmae" in ran.stderr


def _children(pid: int) -> Mapping[int, int]:
    """The process and all below it, each with its proportional memory in bytes."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = {pid: next(int(line.split()[1]) * 1024 for line in own.splitlines() if line.startswith("Pss:"))}
    for child in below:
        found |= _children(int(child))
    return found


def _peak_memory(process: "subprocess.Popen[bytes]") -> int:
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, sum(_children(process.pid).values()))
        except (OSError, StopIteration):  # a process ended between two looks
            continue
        time.sleep(0.02)
    return peak


def test_import_takes_little_memory_and_no_more_for_ten_times_the_file(tmp_path: Path) -> None:
    peaks = []
    for accounts in (2_000, 20_000):
        items = tuple(OpenItem(str(number), "12.34", description="Zeevracht Rotterdam" * 3) for number in range(5))
        (tmp_path / "ARs.xml").write_bytes(
            export([Account(str(number), items) for number in range(accounts)], pagesize=accounts + 1)
        )
        (tmp_path / "config.toml").write_text(
            f'[store]\nurl = "sqlite:///{tmp_path}/{accounts}.db"\n[[administrations]]\ncode = "nl01"\nname = "B"\n'
        )
        process = subprocess.Popen([COMMAND, "import", "ARs.xml"], cwd=tmp_path, stdout=subprocess.DEVNULL)
        peaks.append(_peak_memory(process))
        assert process.returncode == 0
    assert peaks[1] < 150_000_000, peaks
    assert peaks[1] < peaks[0] * 1.35, peaks
