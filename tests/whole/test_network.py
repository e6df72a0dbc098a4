"""The network between the daemon and its servers fails in every way: nothing is lost, nothing happens twice."""

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import Saldopost
from dovecot_server import Account as MailAccount
from dovecot_server import Dovecot
from exports import Account, OpenItem, export
from mails import mail
from programs import running, wait_until, write_settings
from proxy import Proxy, Trouble, proxied
from smtp_server import SmtpServer

TIMEOUT = 2  # seconds, in the settings


@dataclass
class Line:
    """The daemon reads and sends through proxies."""

    account: MailAccount
    smtp: SmtpServer
    imap_proxy: Proxy
    smtp_proxy: Proxy
    config: Path
    log: Path
    call: Saldopost
    sent: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            self.sent += 1
            content = export([Account("10042", (OpenItem("1", f"{100 + self.sent}"),), "Bakker")])
            date = self.began + timedelta(seconds=self.sent)
            message_id, sender = f"<{self.sent}@bakker.example>", "boekhouding@bakker.example"
            self.account.deliver(mail(("ARs_1.xml", content), sender=sender, date=date, message_id=message_id))

    def is_done(self) -> bool:
        return not self.account.count() and len({one.raw for one in self.smtp.received}) == self.sent

    def check(self) -> None:
        (balance,) = self.call("--config", str(self.config), "balances", "--format", "json").rows
        assert balance["open_import"] == f"{100 + self.sent}.00"
        imports = self.call("--config", str(self.config), "imports", "list", "--format", "json").rows
        assert [row["state"] for row in imports] == ["applied"] * self.sent
        assert len(self.account.mails("Processed")) == self.sent


@pytest.fixture
def line(
    account: MailAccount, smtp_server: SmtpServer, sqlite_template: Path, quick_saldopost: Saldopost, tmp_path: Path
) -> Iterator[Line]:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    with proxied(account.server.port) as imap_proxy, proxied(smtp_server.port) as smtp_proxy:
        config = write_settings(
            tmp_path / "config.toml",
            f"sqlite:///{tmp_path / 'store.db'}",
            account,
            smtp_proxy.port,
            imap_port=imap_proxy.port,
            timeout=TIMEOUT,
        )
        yield Line(account, smtp_server, imap_proxy, smtp_proxy, config, tmp_path / "log", quick_saldopost)


@pytest.mark.parametrize("trouble", ["delay", "cut", "black hole", "garble"])
@pytest.mark.parametrize("place", ["imap", "smtp"])
def test_trouble_on_the_line_delays_and_harms_nothing(line: Line, place: str, trouble: Trouble) -> None:
    proxy = line.imap_proxy if place == "imap" else line.smtp_proxy
    with running(line.config, line.log):
        line.send()
        wait_until(line.is_done, "the first mail")
        proxy.trouble = trouble
        line.send(3)
        connections = proxy.connections
        wait_until(
            lambda: line.is_done() if trouble == "delay" else proxy.connections > connections or place == "smtp",
            "another connection: the bad one was given up",
        )
        proxy.trouble = "none"
        proxy.cut()
        wait_until(line.is_done, "all mails done", 60)
        line.send()
        wait_until(line.is_done, "the last mail", 60)
    line.check()


def test_mail_is_noticed_at_once_by_idle_and_not_by_polling(line: Line) -> None:
    line.config.write_text(line.config.read_text().replace("poll_seconds = 1", "poll_seconds = 3600"))
    with running(line.config, line.log) as daemon:
        line.send()
        wait_until(line.is_done, "the first mail")
        line.send()
        wait_until(line.is_done, "a mail that IDLE tells of", 15)
        begun = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=10) == 0
        assert time.monotonic() - begun < 5, "a wait for mail is ended at once"
    line.check()


def test_a_server_that_hangs_up_during_idle_is_not_hammered(line: Line) -> None:
    with running(line.config, line.log):
        line.send()
        wait_until(line.is_done, "the first mail")
        connections = line.imap_proxy.connections
        for _ in range(20):
            line.imap_proxy.cut()
            time.sleep(0.1)
        assert line.imap_proxy.connections - connections <= 5, "once a second, as `poll_seconds` says"
        line.send()
        wait_until(line.is_done, "a mail after that")
    line.check()


def test_dovecot_restarted_in_the_middle(
    own_dovecot: Dovecot, smtp_server: SmtpServer, store_url: str, quick_saldopost: Saldopost, tmp_path: Path
) -> None:
    account = own_dovecot.account()
    config = write_settings(tmp_path / "config.toml", store_url, account, smtp_server.port)
    with proxied(own_dovecot.port) as nothing:
        line = Line(account, smtp_server, nothing, nothing, config, tmp_path / "log", quick_saldopost)
        with running(config, tmp_path / "log"):
            for _ in range(3):
                line.send(5)
                own_dovecot.stop()
                own_dovecot.start()
            wait_until(line.is_done, "all mails done", 60)
        line.check()


def test_new_settings_are_read_on_sighup_and_wrong_ones_are_refused(line: Line) -> None:
    right = line.config.read_text()
    with running(line.config, line.log) as daemon:
        line.send()
        wait_until(line.is_done, "the first mail")
        line.config.write_text(right.replace("poll_seconds = 1", "pol_seconds = 1"))
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: "settings-refused" in line.log.read_text(), "the refusal")
        assert "pol_seconds" in line.log.read_text()
        line.send()
        wait_until(line.is_done, "the old settings at work")

        line.config.write_text(right.replace('from = ["*@bakker.example"]', 'from = ["*@smit.example"]'))
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: "settings-read-anew" in line.log.read_text(), "the new settings")
        line.send()
        wait_until(lambda: line.account.count("INBOX") == 0, "a mail that is a stranger's now")
        assert daemon.poll() is None
    states = [
        row["state"] for row in line.call("--config", str(line.config), "messages", "list", "--format", "json").rows
    ]
    assert states == ["quarantined", "applied", "applied"]


def test_hangups_at_any_moment_end_nothing(line: Line) -> None:
    with running(line.config, line.log) as daemon:
        line.send()
        wait_until(line.is_done, "the first mail")
        limit = time.monotonic() + 2
        while time.monotonic() < limit:
            daemon.send_signal(signal.SIGHUP)
            time.sleep(0.001)
        assert daemon.poll() is None
        line.send()
        wait_until(line.is_done, "the last mail")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=10) == 0
    line.check()


def test_two_daemons_on_one_mailbox_and_one_is_killed(
    account: MailAccount,
    smtp_server: SmtpServer,
    postgres_template: str,
    new_postgres_database: "object",
    quick_saldopost: Saldopost,
    tmp_path: Path,
) -> None:
    url = new_postgres_database(postgres_template)  # type: ignore[operator]
    config = write_settings(tmp_path / "config.toml", url, account, smtp_server.port)
    with proxied(account.server.port) as nothing:
        line = Line(account, smtp_server, nothing, nothing, config, tmp_path / "log", quick_saldopost)
        logs = tmp_path / "one", tmp_path / "other"
        line.send(8)
        with running(config, logs[0]) as one, running(config, logs[1]) as other:
            daemons = {logs[0]: one, logs[1]: other}

            def busy() -> list[Path]:
                return [log for log in logs if "mail-finished" in log.read_text()]

            wait_until(busy, "one of them at work")
            first = busy()[0]
            kill(daemons[first])
            line.send(8)
            wait_until(line.is_done, "the other takes over", 90)
            assert all("mail-finished" in log.read_text() for log in logs), "both did work"
        line.check()


def kill(daemon: "subprocess.Popen[bytes]") -> None:
    daemon.kill()
    daemon.wait(timeout=10)
