"""Mails that come together are remembered together, and the next is read while one is settled."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_bytes

import pytest
from children import children_of
from exports import Account, OpenItem, export
from mails import mail
from programs import wait_until
from ways import make_way

from daemon import reading
from daemon import way as way_module
from daemon.ahead import Ahead, Begun
from daemon.children import NoChild
from daemon.mailbox import FetchedMail
from daemon.reading import Reading
from daemon.unavailable import MailMetBug
from daemon.way import Examined, Way
from parsers.handover import Limits
from store import messages
from store.balances import iterate_balances
from store.database import Store
from store.records import MailKey, Outcome, StoreUnavailable

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def way(store: Store) -> Way:
    return started_anew(store, 1)


def started_anew(store: Store, seed: int) -> Way:
    way = make_way(store, lambda: NOW, seed)
    return replace(way, intake=replace(way.intake, secret=token_bytes))


def fetched(uid: int, amount: str = "1.00", sender: str = "boekhouding@bakker.example") -> FetchedMail:
    books = (Account("10042", (OpenItem("1", amount),), "Bakker"),)
    moment = NOW - timedelta(days=1) + timedelta(minutes=uid)
    raw = mail(("ARs_1.xml", export(books)), date=moment, sender=sender, message_id=f"<{uid}@bakker.example>")
    return FetchedMail(MailKey("main", "INBOX", 7, uid), len(raw), NOW, raw)


def process_all(way: Way, mails: Sequence[FetchedMail]) -> list[str | None]:
    return [way.process(one, mails[position:]) for position, one in enumerate(mails, start=1)]


def tries(way: Way) -> dict[int, int]:
    with way.store.read() as tx:
        return {message.key.uid: message.tries for message in messages.list_messages(tx)}


def test_mails_that_come_together_end_one_after_the_other(way: Way) -> None:
    mails = [fetched(1, "1.00"), fetched(2, "2.00", sender="eve@evil.example"), fetched(3, "3.00"), fetched(4, "4.00")]
    assert process_all(way, mails) == ["applied", "quarantined", "applied", "applied"]
    assert tries(way) == {1: 1, 2: 1, 3: 1, 4: 1}
    with way.store.read() as tx:
        assert [row.open_import for row in iterate_balances(tx)] == [400]


def test_what_kills_us_is_tried_alone_and_fails_no_mail_that_came_with_it(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer, *others = mails = [fetched(uid, f"{uid}.00") for uid in (1, 2, 3)]
    read = way_module.read_mail

    class Killed(BaseException):
        """The process is gone; what it had in memory is too."""

    def die(raw: bytes, limits: object) -> object:
        if raw == killer.raw:
            raise Killed
        return read(raw, limits)  # type: ignore[arg-type]

    monkeypatch.setattr(way_module, "read_mail", die)
    for after in (1, 2, 3):
        with pytest.raises(Killed):
            started_anew(way.store, after).process(killer, others)
        assert tries(way) == {1: after, 2: 1, 3: 1}
    assert process_all(started_anew(way.store, 4), mails) == ["failed", "applied", "applied"]
    assert tries(way) == {1: 4, 2: 2, 3: 2}


def test_a_store_that_is_away_costs_no_mail_a_try(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [fetched(uid, f"{uid}.00") for uid in (1, 2)]
    with monkeypatch.context() as broken:
        broken.setattr(messages, "finish", _be_away)
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                way.process(mails[0], mails[1:])
    assert process_all(way, mails) == ["applied", "applied"]
    assert tries(way) == {1: 1, 2: 1}


def test_a_process_that_cannot_be_had_costs_no_mail_a_try(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [fetched(uid, f"{uid}.00") for uid in (1, 2, 3)]
    read, forked = way_module.read_mail, []

    def fork(raw: bytes, limits: Limits) -> AbstractContextManager[Reading]:
        forked.append(raw)
        if len(forked) > 1:
            raise NoChild("No process could be forked")
        return read(raw, limits)

    with monkeypatch.context() as poor:
        poor.setattr(way_module, "read_mail", fork)
        assert way.process(mails[0], mails[1:]) == "applied"
        for _ in range(5):
            for mail in mails[1:]:
                with pytest.raises(NoChild):
                    way.process(mail)
    assert process_all(way, mails) == ["applied", "applied", "applied"]
    assert tries(way) == {1: 1, 2: 1, 3: 1}


def test_a_bug_with_a_mail_that_is_read_ahead_is_that_mails_bug(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [fetched(uid, f"{uid}.00") for uid in (1, 2, 3)]
    examine = Way.examine

    def fail(self: Way, one: FetchedMail, *rest: object) -> object:
        if one is mails[1]:
            raise ZeroDivisionError
        return examine(self, one, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Way, "examine", fail)
    assert way.process(mails[0], mails[1:]) == "applied"
    with pytest.raises(MailMetBug):
        way.process(mails[1], mails[2:])
    assert way.process(mails[2]) == "applied"


def test_what_was_read_ahead_is_given_up_when_another_mail_comes(way: Way) -> None:
    mails = [fetched(uid, f"{uid}.00") for uid in (1, 2, 3)]
    assert way.process(mails[0], mails[1:]) == "applied"
    assert way.process(mails[2]) == "applied"
    assert way.process(mails[1]) == "refused"  # older by now
    assert way.process(replace(mails[0])) == "applied"  # as it ended


def _be_away(*_given: object) -> None:
    raise StoreUnavailable("away")


def test_what_nobody_takes_is_given_back_and_the_thread_ends(store: Store) -> None:
    others = set(threading.enumerate())
    way = replace(started_anew(store, 1), ahead=Ahead(idle=0.05))
    assert way.process(fetched(1, "1.00"), [fetched(uid, f"{uid}.00") for uid in (2, 3)]) == "applied"
    for reader in set(threading.enumerate()) - others:
        reader.join(10)
        assert not reader.is_alive()
    wait_until(lambda: not children_of(reading._children.pid), "the children's end", 10)
    assert way.process(fetched(2, "2.00")) == "applied"


def test_without_a_thread_each_mail_is_read_when_its_turn_comes(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert process_all(way, [fetched(uid, f"{uid}.00") for uid in (1, 2, 3)]) == ["applied", "applied", "applied"]


def test_a_try_without_a_process_is_not_counted_by_the_next_daemon_either(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork(_raw: bytes, _limits: Limits) -> AbstractContextManager[Reading]:
        raise NoChild("No process could be forked")

    with monkeypatch.context() as poor:
        poor.setattr(way_module, "read_mail", fork)
        for seed in range(5):
            with pytest.raises(NoChild):
                started_anew(way.store, seed).process(fetched(1))
    assert way.process(fetched(1)) == "applied"
    assert tries(way) == {1: 1}


def test_what_cannot_be_given_back_is_no_other_mails_matter() -> None:
    ahead, key = Ahead(), MailKey("main", "INBOX", 7, 1)
    broken, wanted = ExitStack(), Begun(Examined(None, Outcome("ignored", "x")), None, None, ExitStack())
    broken.callback(_be_away)
    ahead.begin(key, lambda: Begun(Examined(None, Outcome("ignored", "x")), None, None, broken))
    other = replace(key, uid=2)
    ahead.begin(other, lambda: wanted)
    assert ahead.take(other) is wanted
