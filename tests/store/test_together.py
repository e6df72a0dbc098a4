"""Small writes that ride on another transaction: done once, with it or alone, and never half."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from programs import wait_until
from sqlalchemy import Connection, text
from staged_exports import NOW

from store import outbox
from store.database import Store
from store.records import OutgoingMail
from store.together import LeftBehind, Take

FOREVER = 60.0  # seconds: longer than any test may take


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def put(tx: Connection, number: int) -> int:
    return outbox.add(tx, OutgoingMail("jan@bakker.example", "", f"<{number}@saldopost.example>", b"Goed"), NOW)


def claimable(store: Store) -> int:
    with store.write() as tx:
        return len(outbox.claim(tx, NOW, 10, timedelta(minutes=1)))


class Asked:
    """A write that was asked for in another thread, and waits."""

    def __init__(self, store: Store, aside: ThreadPoolExecutor, patience: float = FOREVER) -> None:
        self.calls = 0
        self.done: Future[str] = aside.submit(store.write_soon, self.work, patience)
        wait_until(lambda: store._together._waiting or self.done.done(), "that it waits", 10)

    def work(self, tx: Connection) -> str:
        self.calls += 1
        put(tx, 1)
        return "done"


def test_it_is_committed_with_what_another_thread_writes(store: Store, aside: ThreadPoolExecutor) -> None:
    with store.write() as tx:
        asked = Asked(store, aside)
        put(tx, 2)
        assert asked.calls == 0
    assert asked.done.result(10) == "done"
    assert asked.calls == 1
    assert claimable(store) == 2


def test_it_is_committed_with_an_import(store: Store, aside: ThreadPoolExecutor) -> None:
    asked = Asked(store, aside)
    with store.staging() as staging, staging.transaction():
        pass
    assert asked.done.result(10) == "done"
    assert claimable(store) == 1


def test_it_goes_alone_when_nobody_comes(store: Store, aside: ThreadPoolExecutor) -> None:
    assert Asked(store, aside, patience=0.0).done.result(10) == "done"
    assert claimable(store) == 1


def test_a_transaction_that_comes_to_nothing_leaves_it_behind(store: Store, aside: ThreadPoolExecutor) -> None:
    asked = Asked(store, aside)
    with pytest.raises(RuntimeError), store._together.company() as take, store._writer.begin() as tx:
        fail_after(take, tx)
    assert asked.done.result(10) == "done"
    assert asked.calls == 2
    assert claimable(store) == 1


def fail_after(take: Take, tx: Connection) -> None:
    take(tx)
    raise RuntimeError("the disk is full")


def test_what_fails_is_undone_and_disturbs_nobody(store: Store, aside: ThreadPoolExecutor) -> None:
    asked = Asked(store, aside)

    def fail(tx: Connection) -> None:
        put(tx, 3)
        tx.execute(text("SELECT nothing FROM nowhere"))

    failed: Future[None] = Future()
    store._together._waiting.append((fail, failed))
    with store.write() as tx:
        put(tx, 2)
    assert asked.done.result(10) == "done"
    assert asked.calls == 1
    with pytest.raises(LeftBehind):
        failed.result(10)
    assert claimable(store) == 2


def test_one_that_is_taken_back_takes_nothing_along(store: Store, aside: ThreadPoolExecutor) -> None:
    asked = Asked(store, aside)
    with pytest.raises(ZeroDivisionError), store.write():
        raise ZeroDivisionError
    assert asked.calls == 0
    with store.write():
        pass
    assert asked.done.result(10) == "done"
    assert claimable(store) == 1


def test_what_the_work_raises_is_raised_where_it_was_asked_for(store: Store, aside: ThreadPoolExecutor) -> None:
    def divide(_tx: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        aside.submit(store.write_soon, divide, 0.0).result(10)
    assert claimable(store) == 0
