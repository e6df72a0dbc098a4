"""Small writes that wait a moment for a transaction that takes them along: one commit for both."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection

Work = Callable[[Connection], Any]
Take = Callable[[Connection], None]


class LeftBehind(Exception):
    """No transaction took the work along, or the one that did came to nothing, and so did the work."""


class Together:
    """What waits in this process. Any thread may ask, and any transaction takes along what is there."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[tuple[Work, Future[Any]]] = []

    def ask(self, work: Work, patience: float) -> Any:
        """What `work` returned, once that is committed. Raises LeftBehind if none comes within `patience` (seconds)."""
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((work, future))
        try:
            return future.result(patience)
        except TimeoutError:
            if future.cancel():
                raise LeftBehind from None
            return future.result()  # just taken along

    @contextmanager
    def company(self) -> Iterator[Take]:
        """To be held around a transaction: it gives what does the waiting work, to be called right before the commit.

        Work that fails is undone by itself (whoever asked does it again, alone), and is no matter of the transaction's.
        """
        boarded: list[Future[Any]] = []
        done: list[tuple[Future[Any], Any]] = []

        def take(tx: Connection) -> None:
            with self._lock:
                waiting, self._waiting = self._waiting, []
            boarding = [(work, future) for work, future in waiting if future.set_running_or_notify_cancel()]
            boarded.extend(future for _, future in boarding)
            for work, future in boarding:
                savepoint = tx.begin_nested()
                try:
                    result = work(tx)
                except Exception:  # noqa: BLE001 - raised where it was asked for, when it fails alone too
                    savepoint.rollback()
                else:
                    savepoint.commit()
                    done.append((future, result))

        try:
            yield take
        except BaseException:
            done.clear()
            raise
        finally:
            for future, result in done:
                future.set_result(result)
            for future in boarded:
                if not future.done():
                    future.set_exception(LeftBehind())
