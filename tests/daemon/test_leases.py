from datetime import timedelta

import pytest
from sqlalchemy import text

from daemon import holders
from daemon.leases import Leases
from store import alarms, leases
from store.clock import read_clock
from store.database import Store

LENGTH = timedelta(seconds=30)


def take(store: Store, holder: str, mailbox: str = "main", after: str | None = None) -> str:
    with store.write() as tx:
        return leases.take(tx, mailbox, holder, LENGTH, after=after)


def expire(store: Store) -> None:
    with store.write() as tx:
        tx.execute(text("UPDATE lease SET until = :past"), {"past": "2020-01-01 00:00:00+00:00"})


def test_one_holder_has_a_mailbox_at_a_time(store: Store) -> None:
    assert [take(store, "a"), take(store, "b"), take(store, "a"), take(store, "b", "other")] == ["a", "a", "a", "b"]


def test_a_lease_that_ran_out_is_taken_over(store: Store) -> None:
    take(store, "a")
    expire(store)
    assert take(store, "b") == "b"
    with store.write() as tx:
        leases.renew(tx, ["main"], "a", LENGTH)  # too late
        leases.drop(tx, "main", "a")
    assert take(store, "c") == "b"


def test_a_lease_that_is_renewed_or_dropped(store: Store) -> None:
    take(store, "a")
    expire(store)
    with store.write() as tx:
        leases.renew(tx, ["main"], "a", LENGTH)
    assert take(store, "b") == "a"
    with store.write() as tx:
        leases.drop(tx, "main", "a")
    assert take(store, "b") == "b"


def test_what_a_dead_process_of_this_machine_held_is_free_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, _, token = holders.name_holder().split()
    take(store, f"{machine} 4194305 {token}", "dead")  # above the largest process id that Linux gives
    take(store, f"elsewhere/1 4194305 {token}", "far")
    ours = Leases(store)
    with ours.alone("dead") as dead, ours.alone("far") as far, Leases(store).alone("dead") as ours_too:
        assert (dead, far, ours_too) == (True, False, False)
    with Leases(store).alone("dead") as free:
        assert free


def test_who_has_more_mailboxes_lets_go_of_one_that_another_wishes_for(store: Store) -> None:
    ours, theirs = Leases(store), Leases(store)
    with ours.alone("main") as main, ours.alone("other") as other:
        assert (main, other) == (True, True)
        assert not ours.is_owed("main")
        with theirs.alone("main") as taken:
            assert not taken
        assert ours.is_owed("main")
        assert not ours.is_owed("other")
    with ours.alone("other"):
        with ours.alone("main") as again:  # free, but it is the other's turn
            assert not again
        with theirs.alone("main") as taken:
            assert taken
            assert not theirs.is_owed("main")
            with ours.alone("main") as again:
                assert not again
            assert not theirs.is_owed("main"), "each has one"
    with ours.alone("other"), ours.alone("main") as again:
        assert again, "the wish came true, and is over"


def test_the_clock_is_that_of_the_database(store: Store) -> None:
    with store.read() as tx:
        first, second = read_clock(tx), read_clock(tx)
    assert first <= second
    assert first.utcoffset() == timedelta(0)


def test_an_alarm_is_raised_and_cleared_once(store: Store) -> None:
    with store.write() as tx:
        now = read_clock(tx)
        assert [alarms.raise_alarm(tx, "mailbox:main", now) for _ in range(2)] == [True, False]
        assert list(alarms.list_told(tx)) == ["mailbox:main"]
        assert [alarms.clear_alarm(tx, "mailbox:main") for _ in range(2)] == [True, False]
