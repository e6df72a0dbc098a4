"""One mail's way: from bytes to a final state, the balances and the reply, on both databases."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from exports import Account, OpenItem, export
from mails import SENDER, mail
from ways import make_way

from daemon.mailbox import FetchedMail
from daemon.way import Way
from parsers.handover import Limits
from store import messages
from store.balances import iterate_balances
from store.database import Store
from store.outbox import claim
from store.records import AlreadyFinished, MailKey, Message, MessageState

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ARRIVED = NOW - timedelta(minutes=5)


class Office:
    """A way over a fresh store, and mails that arrive one after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.uid = 0
        self.limits = Limits()
        self.now = NOW

    @property
    def way(self) -> Way:
        return make_way(self.store, lambda: self.now, self.uid, limits=self.limits)

    def receive(self, raw: bytes | None, arrived_at: datetime = ARRIVED) -> MessageState | None:
        self.uid += 1
        return self.process(raw, arrived_at)

    def process(self, raw: bytes | None, arrived_at: datetime = ARRIVED) -> MessageState | None:
        key = MailKey("main", "INBOX", 7, self.uid)
        return self.way.process(FetchedMail(key, len(raw or b""), arrived_at, raw))

    def balances(self) -> dict[tuple[str, str | None], int]:
        with self.store.read() as tx:
            return {(row.side, row.code): row.open_import for row in iterate_balances(tx)}

    def messages(self) -> list[Message]:
        with self.store.read() as tx:
            return messages.list_messages(tx)

    def replies(self) -> list[EmailMessage]:
        with self.store.write() as tx:
            sent = claim(tx, NOW, 100, timedelta(minutes=1))
        parsed = [message_from_bytes(mail.raw, policy=policy.default) for mail in sent]
        assert all(isinstance(reply, EmailMessage) for reply in parsed)
        return parsed


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def text_of(reply: EmailMessage) -> str:
    body = reply.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


BOOKS = (
    Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),
    Account("10043", (OpenItem("3", "250"),), "Smit"),
)


def test_an_export_becomes_balances_and_a_reply(office: Office) -> None:
    assert office.receive(mail(("ARs_1.xml", export(BOOKS)))) == "applied"

    assert office.balances() == {("receivable", "10042"): 9980, ("receivable", "10043"): 25000}
    (reply,) = office.replies()
    (message,) = office.messages()
    assert reply["To"] == SENDER
    assert reply["In-Reply-To"] == "<export-1@bakker.example>"
    assert message.ref in text_of(reply)
    assert "349.80" in text_of(reply)
    assert (message.state, message.administration, message.reply) == ("applied", "nl01", "queued")


def test_both_sides_in_one_mail_are_applied_together(office: Office) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("APs_1.xml", export(payable=BOOKS[:1]))
    raw = mail(("ARs_1.xml", export(BOOKS)), ("crediteuren.zip", zipped.getvalue()))

    assert office.receive(raw) == "applied"
    assert office.balances()["payable", "10042"] == 9980
    assert len(office.replies()) == 1


def test_an_account_absent_from_the_next_export_is_zero(office: Office) -> None:
    small = Account("10044", (OpenItem("4", "1.50"),), "De Wit")
    office.receive(mail(("ARs_1.xml", export((*BOOKS, small)))))
    assert office.receive(mail(("ARs_1.xml", export(BOOKS)), date=ARRIVED)) == "applied"
    assert office.balances()["receivable", "10044"] == 0


def test_the_same_export_again_is_unchanged(office: Office) -> None:
    raw = mail(("ARs_1.xml", export(BOOKS)))
    assert [office.receive(raw), office.receive(raw)] == ["applied", "unchanged"]
    assert len(office.replies()) == 2


def test_an_earlier_mail_that_comes_later_changes_nothing(office: Office) -> None:
    office.receive(mail(("ARs_1.xml", export(BOOKS))))
    stale = mail(("ARs_1.xml", export(BOOKS[:1])), date=datetime(2026, 3, 1, tzinfo=UTC))
    assert office.receive(stale) == "refused"
    assert office.balances()["receivable", "10043"] == 25000
    assert office.messages()[0].reason == "stale"


def test_an_incomplete_set_of_pages_changes_nothing(office: Office) -> None:
    office.receive(mail(("ARs_1.xml", export(BOOKS))))
    full = export(BOOKS[:1], pagesize=1)
    assert office.receive(mail(("ARs_1.xml", full), date=ARRIVED)) == "held"
    assert office.balances()["receivable", "10043"] == 25000


def test_pages_of_one_mail_are_one_export(office: Office) -> None:
    first, second = export(BOOKS[:1], pagesize=1), export([], pagesize=1)
    assert office.receive(mail(("ARs_2.xml", second), ("ARs_1.xml", first))) == "applied"
    assert office.balances() == {("receivable", "10042"): 9980}


def test_an_empty_export_does_not_wipe_balances(office: Office) -> None:
    office.receive(mail(("ARs_1.xml", export(BOOKS))))
    assert office.receive(mail(("ARs_1.xml", export([])), date=ARRIVED)) == "held"
    assert sum(office.balances().values()) == 34980


def test_a_mail_that_cannot_be_used_says_what_is_wrong_and_where(office: Office) -> None:
    cut = export(BOOKS)[:700]
    assert office.receive(mail(("ARs_1.xml", cut))) == "refused"
    (reply,) = office.replies()
    assert "ARs_1.xml" in text_of(reply)
    assert "line" in text_of(reply)
    assert office.balances() == {}


def test_half_of_a_mail_is_used_and_the_other_half_named(office: Office) -> None:
    raw = mail(("ARs_1.xml", export(BOOKS)), ("APs_1.xml", export(payable=BOOKS)[:700]))
    assert office.receive(raw) == "refused"
    assert office.balances() == {("receivable", "10042"): 9980, ("receivable", "10043"): 25000}
    assert "APs_1.xml" in text_of(office.replies()[0])


def test_a_stranger_is_quarantined_and_never_answered(office: Office) -> None:
    assert office.receive(mail(("ARs_1.xml", export(BOOKS)), sender="eve@evil.example")) == "quarantined"
    assert (office.balances(), office.replies()) == ({}, [])
    assert office.messages()[0].reason == "no-route"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (("Auto-Submitted", "auto-replied"), "auto-submitted"),
        (("List-Id", "<news.bakker.example>"), "list"),
        (("X-Loop", "saldopost.example.com"), "loop"),
    ],
)
def test_automatic_mail_is_ignored(office: Office, header: tuple[str, str], reason: str) -> None:
    assert office.receive(mail(("ARs_1.xml", export(BOOKS)), headers=(header,))) == "ignored"
    assert (office.balances(), office.replies()) == ({}, [])
    assert office.messages()[0].reason == reason


def test_our_own_mail_is_ignored(office: Office) -> None:
    assert office.receive(mail(sender="Saldopost <saldo@example.com>")) == "ignored"


def test_a_mail_of_long_ago_counts_but_is_not_answered(office: Office) -> None:
    arrived = NOW - timedelta(days=30)
    assert office.receive(mail(("ARs_1.xml", export(BOOKS))), arrived_at=arrived) == "applied"
    assert office.replies() == []


def test_bounces_go_where_the_settings_say(office: Office) -> None:
    way = office.way
    intake = replace(way.intake, bounces_to="bounces@example.com")
    office.uid = 1
    key = MailKey("main", "INBOX", 7, 1)
    raw = mail(("ARs_1.xml", export(BOOKS)))
    assert replace(way, intake=intake).process(FetchedMail(key, len(raw), ARRIVED, raw)) == "applied"
    with office.store.write() as tx:
        (sent,) = claim(tx, NOW, 1, timedelta(minutes=1))
    assert sent.envelope_sender == "bounces@example.com"


def test_a_mail_above_the_limit_is_quarantined_unread(office: Office) -> None:
    assert office.receive(None) == "quarantined"
    assert office.messages()[0].reason == "mail-too-large"


def test_a_mail_that_is_final_is_not_processed_again(office: Office) -> None:
    raw = mail(("ARs_1.xml", export(BOOKS)))
    office.receive(raw)
    assert office.process(raw) == "applied"
    assert len(office.messages()) == 1
    assert len(office.replies()) == 1


def test_what_kills_its_reader_is_refused_and_the_next_mail_goes_on(office: Office) -> None:
    office.limits = Limits(cpu_seconds=1)
    endless = export([Account(str(number)) for number in range(100)]).replace(b"<Messages>", b"<x/>" * 2_500_000)
    assert office.receive(mail(("ARs_1.xml", endless))) == "refused"
    assert office.receive(mail(("ARs_1.xml", export(BOOKS)))) == "applied"


def test_nothing_is_half_applied_when_the_message_is_finished_elsewhere(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish: Callable[..., None] = messages.finish

    def finish_twice(*arguments: object) -> None:
        finish(*arguments)
        finish(*arguments)

    monkeypatch.setattr(messages, "finish", finish_twice)
    with pytest.raises(AlreadyFinished):
        office.receive(mail(("ARs_1.xml", export(BOOKS))))
    assert (office.balances(), office.replies()) == ({}, [])
    assert office.messages()[0].state is None
