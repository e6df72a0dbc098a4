from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from store import messages, notices, outbox
from store.database import Store, Transaction
from store.records import MailKey, Outcome, OutgoingMail

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_topic_is_told_of_once_in_a_while(store: Store) -> None:
    answers = []
    for moment in (NOW, NOW + DAY / 2, NOW + DAY, NOW + DAY * 1.5):
        with store.write() as tx:
            answers.append(notices.take(tx, "quarantine", moment, DAY))
    assert answers == [True, False, True, False]
    with store.write() as tx:
        assert notices.take(tx, "other", NOW, DAY)
        assert notices.last_told(tx, "quarantine") == NOW + DAY
        assert notices.last_told(tx, "nothing") is None


def test_what_is_not_committed_was_not_told(store: Store) -> None:
    def fail() -> None:
        with store.write() as tx:
            notices.take(tx, "quarantine", NOW, DAY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as tx:
        assert notices.take(tx, "quarantine", NOW, DAY)


def _reply(tx: Transaction, uid: int, recipient: str, administration: str, at: datetime) -> None:
    key = MailKey("main", "INBOX", 1, uid)
    message = messages.remember(tx, key, 1, at, at, Random(uid))
    reply = OutgoingMail(recipient, "", f"<{uid}@saldopost.example.com>", b"")
    messages.finish(tx, message.id, Outcome("applied", "", administration, (reply,)), at)


def test_replies_are_counted_by_sender_administration_and_time(store: Store) -> None:
    with store.write() as tx:
        _reply(tx, 1, "jan@bakker.example", "nl01", NOW - timedelta(minutes=30))
        _reply(tx, 2, "jan@bakker.example", "nl01", NOW - timedelta(hours=3))
        _reply(tx, 3, "jan@bakker.example", "nl01", NOW - timedelta(days=2))
        _reply(tx, 4, "jan@bakker.example", "nl02", NOW)
        _reply(tx, 5, "piet@bakker.example", "nl01", NOW)
        outbox.add(tx, OutgoingMail("jan@bakker.example", "", "<alert@x>", b"", kind="alert"), NOW)
        assert outbox.count_replies(tx, "jan@bakker.example", "nl01", NOW) == (1, 2, 3)
        assert outbox.count_replies(tx, "nobody@bakker.example", "nl01", NOW) == (0, 0, 3)
        assert outbox.count_replies(tx, "jan@bakker.example", "nl01", NOW, many=3) == (1, 2, 3)
        assert outbox.count_replies(tx, "jan@bakker.example", "nl01", NOW, many=100) == (1, 2, 0), "too few to count"


def test_replies_taken_back_do_not_count(store: Store) -> None:
    with store.write() as tx:
        _reply(tx, 1, "jan@bakker.example", "nl01", NOW)
        message = messages.list_messages(tx)[0]
        outbox.cancel(tx, message.id)
        assert outbox.count_replies(tx, "jan@bakker.example", "nl01", NOW) == (0, 0, 0)
