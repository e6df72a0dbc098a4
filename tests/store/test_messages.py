from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from staged_exports import NOW

from store import messages, outbox
from store.database import Store
from store.records import AlreadyFinished, MailKey, Message, Outcome, OutgoingMail, Place

KEY = MailKey("main", "INBOX", 7, 1)
REPLY = OutgoingMail("jan@bakker.example", "", "<1@saldopost.example>", b"Subject: Verwerkt\r\n\r\nGoed.\r\n")


def remember(store: Store, key: MailKey = KEY, seed: int = 1) -> Message:
    with store.write() as tx:
        return messages.remember(tx, key, 1000, NOW, NOW, Random(seed))


def test_a_mail_is_known_by_where_it_lies_and_each_try_is_counted(store: Store):
    first, second = remember(store), remember(store)
    assert (first.tries, second.tries) == (1, 2)
    assert replace(first, tries=2) == second
    assert not second.is_final
    assert remember(store, replace(KEY, uidvalidity=8)).id != first.id


def test_a_reference_that_is_taken_is_not_given_again(store: Store):
    assert remember(store, seed=1).ref != remember(store, replace(KEY, uid=2), seed=1).ref


def test_what_the_header_says_is_kept(store: Store):
    known = remember(store)
    with store.write() as tx:
        messages.describe(
            tx, known.id, sender="a@b.example", subject="Saldi", rfc_message_id="<x@b>", sent_at=NOW, sha256="00"
        )
    with store.read() as tx:
        found = messages.find_message(tx, known.ref.lower())
    assert found == replace(known, sender="a@b.example", subject="Saldi", message_id="<x@b>", sent_at=NOW, sha256="00")


def test_a_finished_mail_has_its_reply_in_the_outbox_and_only_its_move_is_open(store: Store):
    known = remember(store)
    with store.write() as tx:
        messages.finish(tx, known.id, Outcome("applied", administration="nl01", replies=(REPLY,)), NOW)
    again = remember(store)
    assert (again.state, again.is_final, again.tries, again.moved, again.reply) == ("applied", True, 1, False, "queued")
    with store.write() as tx:
        assert [one.id for one in messages.list_unmoved(tx, "main")] == [known.id]
        messages.mark_moved(tx, [(known.id, "applied", Place("Processed", 7, 1))])
        assert messages.list_unmoved(tx, "main") == []
        assert messages.count_states(tx) == {"applied": 1}


def test_a_mail_gets_one_final_state_and_the_second_writer_takes_nothing_with_it(store: Store):
    known = remember(store)
    with store.write() as tx:
        messages.finish(tx, known.id, Outcome("refused", "xml-truncated", "nl01", (REPLY,)), NOW)
    with pytest.raises(AlreadyFinished):
        add_and_finish(store, known.id)
    with store.read() as tx:
        assert outbox.count_states(tx) == {"queued": 1}
        assert messages.list_messages(tx)[0].state == "refused"


def add_and_finish(store: Store, message_id: int) -> None:
    with store.write() as tx:
        outbox.add(tx, replace(REPLY, message_id="<2@saldopost.example>"), NOW)
        messages.finish(tx, message_id, Outcome("applied"), NOW)


def test_a_mail_that_waits_is_not_final_and_its_try_does_not_count(store: Store):
    known = remember(store)
    with store.write() as tx:
        messages.postpone(tx, known.id, NOW + timedelta(minutes=5), "dns-unavailable")
    with store.read() as tx:
        waiting = messages.list_unmoved(tx, "main")[0]
    assert (waiting.state, waiting.wait_until, waiting.tries) == ("waiting", NOW + timedelta(minutes=5), 0)
    with store.write() as tx:
        messages.finish(tx, known.id, Outcome("ignored", "auto-submitted"), NOW)
        assert messages.list_messages(tx, state="ignored")[0].wait_until is None


def test_messages_are_listed_newest_first_by_what_is_asked(store: Store):
    ids = [remember(store, replace(KEY, uid=uid), uid).id for uid in (1, 2, 3)]
    other = remember(store, replace(KEY, mailbox="other"), 9).id
    with store.write() as tx:
        messages.finish(tx, ids[1], Outcome("held", administration="nl01"), NOW)
        assert [one.id for one in messages.list_messages(tx)] == [other, *ids[::-1]]
        assert [one.id for one in messages.list_messages(tx, mailbox="main", limit=2)] == [ids[2], ids[1]]
        assert [one.id for one in messages.list_messages(tx, administration="nl01", state="held")] == [ids[1]]
        assert messages.find_message(tx, "nothing") is None
