"""Mails that are processed anew, or whose state changes later; a store that is put back; what `status` tells."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from random import Random

import pytest
from command_line import Answer, Saldopost
from dovecot_server import Account as MailAccount
from exports import Account, OpenItem, export
from mails import mail
from programs import write_settings
from smtp_server import SmtpServer
from sqlalchemy import text

from daemon.way import Way
from store import messages
from store.database import open_store
from store.records import MailKey

NOW = datetime.now(UTC).replace(microsecond=0)


def books(amount: str) -> bytes:
    return export(
        [Account("10042", (OpenItem("1", amount),), "Bakker"), Account("10043", (OpenItem("2", "250"),), "S")]
    )


@dataclass
class Desk:
    """One mailbox and its program."""

    account: MailAccount
    smtp: SmtpServer
    store_url: str
    config: Path
    call: Saldopost
    sent: int = 0

    def send(self, content: bytes, name: str = "ARs_1.xml") -> None:
        self.sent += 1
        sender, date = "boekhouding@bakker.example", NOW - timedelta(hours=2) + timedelta(minutes=self.sent)
        message_id = f"<{self.sent}@bakker.example>"
        self.account.deliver(mail((name, content), sender=sender, date=date, message_id=message_id), at=date)

    def saldopost(self, *arguments: str) -> Answer:
        return self.call("--config", str(self.config), *arguments)

    def run(self, code: int = 0) -> None:
        ran = self.saldopost("run", "--once")
        assert ran.returncode == code, ran.stderr

    @property
    def messages(self) -> list[dict[str, str]]:
        """The oldest first."""
        return self.saldopost("messages", "list", "--format", "json").rows[::-1]

    @property
    def states(self) -> list[str]:
        return [row["state"] for row in self.messages]

    @property
    def balances(self) -> dict[str, str]:
        rows = self.saldopost("balances", "--format", "json").rows
        return {row["code"]: row["open_import"] for row in rows}

    @property
    def folders(self) -> dict[str, int]:
        counts = {name: len(self.account.mails(name)) for name in self.account.folders()}
        return {name: count for name, count in counts.items() if count}

    def move(self, source: str, target: str) -> None:
        with self.account.connect() as client:
            client.select_folder(source)
            client.move(client.search(), target)

    def set_state(self, old: str, new: str) -> None:
        """What approving, rejecting and superseding do to a mail."""
        store = open_store(self.store_url)
        with store.write() as tx:
            tx.execute(
                text("UPDATE message SET state = :new, moved = false WHERE state = :old"), {"new": new, "old": old}
            )
        store.close()


@pytest.fixture
def desk(
    account: MailAccount, smtp_server: SmtpServer, store_url: str, quick_saldopost: Saldopost, tmp_path: Path
) -> Desk:
    config = write_settings(
        tmp_path / "config.toml", store_url, account, smtp_server.port, more='[alerts]\nto = ["ops@example.com"]\n'
    )
    return Desk(account, smtp_server, store_url, config, quick_saldopost)


def test_a_mail_dragged_back_is_processed_anew_and_applied_once(desk: Desk) -> None:
    desk.send(books("100"))
    desk.run()
    desk.move("Processed", "INBOX")
    desk.run()
    assert (desk.states, desk.folders) == (["applied", "unchanged"], {"Processed": 1})
    assert desk.balances == {"10042": "100.00", "10043": "250.00"}


def test_retry_processes_a_mail_anew_where_it_lies(desk: Desk) -> None:
    desk.send(b"Code;Naam;Saldo\n1;A;2,00\n", "lijst.csv")
    desk.send(books("100"))
    desk.run()
    refused, applied = desk.messages
    for message in (refused, applied):
        assert desk.saldopost("messages", "retry", message["ref"]).returncode == 0
        assert desk.saldopost("messages", "retry", message["ref"]).returncode == 1, "it is on its way already"
    desk.run()
    assert [(row["ref"], row["state"]) for row in desk.messages] == [
        (refused["ref"], "refused"),
        (applied["ref"], "unchanged"),
    ]
    assert desk.folders == {"Processed": 1, "Refused": 1}
    assert desk.balances == {"10042": "100.00", "10043": "250.00"}


def test_a_mail_that_always_meets_a_bug_fails_after_three_tries_and_is_told_of_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(books("100"))
    tried = []
    follow = Way._follow

    def stumble(*given: object) -> None:
        tried.append(given)
        raise ZeroDivisionError

    monkeypatch.setattr(Way, "_follow", stumble)
    desk.run(70)
    desk.run()
    (failed,) = desk.messages
    assert (len(tried), failed["state"], failed["reason"]) == (3, "failed", "tried-too-often")
    assert desk.folders == {"Failed": 1}
    alerts = [message_from_bytes(one.raw, policy=policy.default) for one in desk.smtp.received]
    assert [one["To"] for one in alerts] == ["ops@example.com"]
    assert failed["ref"] in alerts[0]["Subject"]
    status = desk.saldopost("status", "--format", "json")
    assert status.returncode == 1
    assert failed["ref"] in json.loads(status.stdout)["needs"][0]["what"]

    monkeypatch.setattr(Way, "_follow", follow)  # the bug is mended
    assert desk.saldopost("messages", "retry", failed["ref"]).returncode == 0
    desk.run()
    assert (desk.states, desk.folders) == (["applied"], {"Processed": 1})
    assert desk.saldopost("status").returncode == 0
    subjects = [str(message_from_bytes(one.raw, policy=policy.default)["Subject"]) for one in desk.smtp.received]
    assert sum("all clear" in subject for subject in subjects) == 1


@pytest.mark.parametrize("known", ["by COPYUID", "by its bytes"])
def test_a_mail_whose_state_changes_later_moves_to_its_new_folder(desk: Desk, known: str) -> None:
    desk.send(b"Code;Naam;Saldo\n1;A;2,00\n", "lijst.csv")
    desk.send(b"Code;Naam;Saldo\n1;B;2,00\n", "lijst.csv")
    desk.run()
    if known == "by its bytes":
        store = open_store(desk.store_url)
        with store.write() as tx:
            tx.execute(text("UPDATE message SET lies_uidvalidity = NULL, lies_uid = NULL"))
        store.close()
    desk.set_state("refused", "held")
    desk.run()
    assert desk.folders == {"Held": 2}
    desk.set_state("held", "applied")
    desk.run()
    assert desk.folders == {"Processed": 2}


def test_a_mail_that_somebody_took_away_before_it_was_done_ends_and_is_taken_when_it_comes_back(desk: Desk) -> None:
    desk.send(books("100"))
    desk.account.mails()
    remember(desk, uid=1)
    with desk.account.connect() as client:
        client.create_folder("Elsewhere")
    desk.move("INBOX", "Elsewhere")
    desk.run()
    (gone,) = desk.messages
    assert (gone["state"], gone["reason"]) == ("ignored", "vanished")
    desk.move("Elsewhere", "INBOX")
    desk.run()
    assert desk.states == ["ignored", "applied"]


def remember(desk: Desk, uid: int) -> None:
    with desk.account.connect() as client:
        uidvalidity = client.select_folder("INBOX")[b"UIDVALIDITY"]
    store = open_store(desk.store_url)
    key = MailKey(desk.account.user, "INBOX", uidvalidity, uid)
    with store.write() as tx:
        messages.remember(tx, key, 10, NOW, NOW, Random(1))
    store.close()


def test_a_mailbox_that_is_made_anew_is_read_again_without_a_second_effect(desk: Desk) -> None:
    desk.config.write_text(desk.config.read_text().replace("poll_seconds = 1", 'folder = "Exports"\npoll_seconds = 1'))
    sent = mail(("ARs_1.xml", books("100")), sender="boekhouding@bakker.example", date=NOW, message_id="<1@b.example>")
    with desk.account.connect() as client:
        client.create_folder("Exports")
        client.append("Exports", sent)
        desk.run()
        client.delete_folder("Exports")
        client.create_folder("Exports")
        client.append("Exports", sent)  # with the same UID, under another UIDVALIDITY
    desk.run()
    assert desk.states == ["applied", "unchanged"]
    assert desk.balances == {"10042": "100.00", "10043": "250.00"}
    states = [row["state"] for row in desk.saldopost("imports", "list", "--format", "json").rows]
    assert states.count("applied") == 1


def test_a_store_that_is_put_back_ends_at_the_same_balances_by_rescan(desk: Desk, tmp_path: Path) -> None:
    if not desk.store_url.startswith("sqlite"):
        backed_up = desk.saldopost("backup", str(tmp_path / "backup.db"))
        assert backed_up.returncode == 2
        assert "pg_dump" in backed_up.stderr
        return
    desk.send(books("100"))
    desk.run()
    backup = tmp_path / "backup.db"
    assert desk.saldopost("backup", str(backup)).returncode == 0
    assert backup.stat().st_mode & 0o077 == 0
    itself = desk.saldopost("backup", desk.store_url.removeprefix("sqlite:///"))
    assert (itself.returncode, "is the store itself" in itself.stderr) == (2, True)
    for amount in ("120", "130"):
        desk.send(books(amount))
    desk.send(b"Code;Naam;Saldo\n1;A;2,00\n", "lijst.csv")
    desk.run()
    before, folders, replies = desk.balances, desk.folders, len(desk.smtp.received)
    shutil.copy(backup, desk.store_url.removeprefix("sqlite:///"))
    assert desk.balances == {"10042": "100.00", "10043": "250.00"}

    since = (NOW - timedelta(days=1)).strftime("%Y-%m-%d")
    for known in (1, 4):
        rescanned = desk.saldopost("messages", "rescan", "--since", since)
        assert rescanned.returncode == 0, rescanned.stderr
        assert f"known: {known}" in rescanned.stdout
    assert (desk.balances, desk.folders, desk.states) == (
        before, folders, ["applied", "applied", "applied", "refused"],
    )  # fmt: skip
    desk.run()
    assert len(desk.smtp.received) == replies, "nobody was answered a second time"


def test_a_back_up_while_it_is_written_is_whole(store_url: str, desk: Desk, tmp_path: Path) -> None:
    if not store_url.startswith("sqlite"):
        pytest.skip("PostgreSQL has back-up programs of its own")
    desk.send(books("100"))
    desk.run()
    writer = sqlite3.connect(store_url.removeprefix("sqlite:///"))
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE balance SET open_import = 1")
    assert desk.saldopost("backup", str(tmp_path / "backup.db")).returncode == 0
    writer.rollback()
    writer.close()
    copy = sqlite3.connect(tmp_path / "backup.db")
    assert sorted(copy.execute("SELECT open_import FROM balance")) == [(10000,), (25000,)]
    copy.close()


def test_status_tells_of_a_mailbox_that_refuses_the_login(desk: Desk) -> None:
    desk.send(books("100"))
    desk.run()
    assert desk.saldopost("status").returncode == 0
    wrong = desk.config.read_text().replace(desk.account.password, "wrong")
    desk.config.write_text(wrong)
    desk.run(1)
    told: Callable[[], Answer] = lambda: desk.saldopost("status", "--format", "json")  # noqa: E731
    assert told().returncode == 1
    found = json.loads(told().stdout)
    assert found["mailboxes"][0]["trouble"] == "login"
    assert "refuses the login" in found["needs"][0]["what"]
    assert desk.account.password not in told().stdout
