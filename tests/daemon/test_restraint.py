"""How many replies go out, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from random import Random

import pytest

from daemon.alerts import Alerts
from daemon.restraint import Restraint
from handlers.caps import Caps
from handlers.etiquette import Identity
from store import messages, outbox
from store.database import Store
from store.records import MailKey, MessageState, Outcome, OutgoingMail

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
JAN = "jan@bakker.example"


class Desk:
    """Finishes mails one after the other, each with one reply."""

    def __init__(self, store: Store, caps: Caps) -> None:
        self.store, self.now, self.count = store, NOW, 0
        identity = Identity(frozenset({"saldo@example.com"}), "saldopost.example.com")
        alerts = Alerts(("beheer@example.com",), "Saldopost <saldo@example.com>", identity, Random(1).randbytes)
        self.restraint = Restraint(caps, 1, alerts, lambda: self.now)

    def finish(self, recipient: str = JAN, state: MessageState = "applied", code: str = "nl01") -> list[OutgoingMail]:
        self.count += 1
        with self.store.write() as tx:
            key = MailKey("main", "INBOX", 1, self.count)
            message = messages.remember(tx, key, 1, self.now, self.now, Random(self.count))
            reply = OutgoingMail(recipient, "", f"<{self.count}@saldopost.example.com>", b"Verdict: 1.234,56")
            outcome = self.restraint.restrain(tx, Outcome(state, "", code, (reply,)))
            messages.finish(tx, message.id, outcome, self.now)
        return list(outcome.replies)

    def alerts(self) -> list[str]:
        with self.store.write() as tx:
            claimed = outbox.claim(tx, self.now, 1000, timedelta(days=10))
        mails = [message_from_bytes(mail.raw, policy=policy.default) for mail in claimed if mail.kind == "alert"]
        return [f"{mail['To']} {mail['Subject']}\n{mail.get_content()}" for mail in mails]  # type: ignore[attr-defined]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, Caps(sender_hour=2, sender_day=3, all_hour=5, all_hour_per_administration=1))


def test_over_the_hours_cap_a_reply_is_left_out_until_there_is_room(desk: Desk) -> None:
    assert [len(desk.finish()) for _ in range(4)] == [1, 1, 0, 0]
    desk.now += timedelta(hours=1)
    assert len(desk.finish()) == 1


def test_over_the_days_cap_there_is_room_on_the_next_day(desk: Desk) -> None:
    for _ in range(2):
        desk.finish()
    desk.now += timedelta(hours=2)
    assert [len(desk.finish()) for _ in range(2)] == [1, 0]
    desk.now += timedelta(days=1)
    assert len(desk.finish()) == 1


def test_other_senders_and_administrations_are_counted_apart(desk: Desk) -> None:
    for _ in range(3):
        desk.finish()
    assert len(desk.finish("piet@bakker.example")) == 1
    assert len(desk.finish(code="nl02")) == 1


def test_the_breaker_counts_replies_to_everybody(desk: Desk) -> None:
    sent = [len(desk.finish(f"{number}@bakker.example")) for number in range(7)]
    assert sent == [1, 1, 1, 1, 1, 0, 0]


def test_the_report_of_a_held_import_waits_and_keeps_the_rate(desk: Desk) -> None:
    waits = [(desk.finish(state="held")[0].not_before or NOW) - NOW for _ in range(7)]
    assert waits == [timedelta(hours=hours) for hours in (0, 0, 1, 1, 2, 2, 3)]


def test_a_report_that_waits_for_pages_waits_no_less(desk: Desk) -> None:
    for _ in range(2):
        desk.finish()
    with desk.store.write() as tx:
        late = OutgoingMail(JAN, "", "<late@saldopost.example.com>", b"", not_before=NOW + timedelta(days=1))
        outcome = desk.restraint.restrain(tx, Outcome("held", "", "nl01", (late,)))
    assert outcome.replies == (replace(late, not_before=NOW + timedelta(days=1)),)


def test_people_are_told_once_a_day_and_no_figure_is_in_it(desk: Desk) -> None:
    for _ in range(9):
        desk.finish()
    (alert,) = desk.alerts()
    assert alert.startswith("beheer@example.com Saldopost: too many replies")
    assert "nl01" in alert
    assert "replies-sender-hour" in alert
    assert "1.234,56" not in alert
    desk.now += timedelta(days=1)
    for _ in range(3):
        desk.finish()
    assert len(desk.alerts()) == 1
