from datetime import timedelta
from random import Random

import pytest
from sqlalchemy.exc import IntegrityError
from staged_exports import NOW

from store import messages, outbox
from store.database import Store
from store.records import MailKey, Outcome, OutgoingMail

LEASE = timedelta(minutes=10)


def put(store: Store, number: int, **more) -> int:
    mail = OutgoingMail("jan@bakker.example", "", f"<{number}@saldopost.example>", b"Goed\0\xff", **more)
    with store.write() as tx:
        return outbox.add(tx, mail, NOW)


def claim(store: Store, after: timedelta = timedelta(), limit: int = 10) -> list[int]:
    with store.write() as tx:
        return [mail.id for mail in outbox.claim(tx, NOW + after, limit, LEASE)]


def test_a_claimed_mail_is_nobody_elses_until_the_lease_is_over(store: Store):
    first, second = put(store, 1), put(store, 2)
    assert claim(store, limit=1) == [first]
    assert claim(store) == [second]
    assert claim(store) == []
    with store.write() as tx:
        again = outbox.claim(tx, NOW + LEASE, 1, LEASE)[0]
    assert (again.id, again.tries, again.raw, again.envelope_sender) == (first, 2, b"Goed\0\xff", "")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_two_couriers_at_once_do_not_wait_for_each_other(store: Store):
    first, second = put(store, 1), put(store, 2)
    with store.write() as one, store.write() as other:
        assert [mail.id for mail in outbox.claim(one, NOW, 1, LEASE)] == [first]
        assert [mail.id for mail in outbox.claim(other, NOW, 5, LEASE)] == [second]


def test_what_was_sent_or_given_up_is_never_claimed_again(store: Store):
    sent, failed = put(store, 1), put(store, 2)
    assert claim(store) == [sent, failed]
    with store.write() as tx:
        outbox.mark_sent(tx, [sent], NOW)
        outbox.mark_sent(tx, [], NOW)
        outbox.give_up(tx, failed, "550 no such user")
        outbox.retry(tx, failed, NOW, "too late")
    assert claim(store, timedelta(days=9)) == []
    with store.read() as tx:
        assert outbox.count_states(tx) == {"sent": 1, "failed": 1}
        assert outbox.find_next_try(tx) is None


def test_a_mail_that_was_not_taken_is_tried_again_later(store: Store):
    mail = put(store, 1)
    claim(store)
    with store.write() as tx:
        outbox.retry(tx, mail, NOW + timedelta(hours=1), "451 later")
        assert outbox.find_next_try(tx) == NOW + timedelta(hours=1)
    assert claim(store, timedelta(minutes=59)) == []
    assert claim(store, timedelta(minutes=60)) == [mail]


def test_a_reply_that_waits_can_be_taken_back_until_it_was_tried(store: Store):
    with store.write() as tx:
        message = messages.remember(tx, MailKey("main", "INBOX", 1, 1), 1, NOW, NOW, Random(1))
        waits = OutgoingMail("jan@bakker.example", "", "<1@x>", b"", not_before=NOW + timedelta(minutes=15))
        now = OutgoingMail("jan@bakker.example", "", "<2@x>", b"")
        messages.finish(tx, message.id, Outcome("held", replies=(now, waits)), NOW)
    assert len(claim(store)) == 1
    with store.write() as tx:
        assert outbox.cancel(tx, message.id) == 1
        assert outbox.cancel(tx, message.id) == 0
        assert outbox.count_states(tx) == {"queued": 1, "cancelled": 1}
    assert len(claim(store, timedelta(days=1))) == 1


def test_a_message_id_is_given_once(store: Store):
    put(store, 1)
    with pytest.raises(IntegrityError):
        put(store, 1)
