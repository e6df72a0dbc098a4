"""One mail is read ahead: while a mail is compared, answered and committed, the child of the next is at work."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from daemon.reading import Reading
from store.records import MailKey

if TYPE_CHECKING:
    from daemon.way import Examined


@dataclass(frozen=True, slots=True)
class Begun:
    """A mail whose header block was examined, and whose files are being read if it may be opened."""

    reading: Reading
    examined: "Examined"
    child: ExitStack  # ends the child


class Ahead:
    """What was begun of the mails to come: at most one of each mailbox, in a thread of its own.

    For each mailbox only one thread may call it. What nobody takes ends with the process, as its child hears no more.
    """

    def __init__(self) -> None:
        self._begun: dict[str, tuple[MailKey, Future[Begun | None]]] = {}

    def begin(self, key: MailKey, begin: Callable[[], Begun | None]) -> None:
        """Have `begin` called now, beside what the caller goes on with."""
        future: Future[Begun | None] = Future()
        self._begun[key.mailbox] = key, future
        Thread(target=_fulfil, args=(future, begin), name=f"ahead-{key.mailbox}", daemon=True).start()

    def take(self, key: MailKey) -> Begun | None:
        """What was begun of this mail, if anything; of any other it is given up. Raises what `begin` raised."""
        begun_key, future = self._begun.pop(key.mailbox, (None, None))
        if future is None:
            return None
        if begun_key == key:
            return future.result()
        if future.exception() is None and (begun := future.result()) is not None:
            begun.child.close()
        return None


def _fulfil(future: "Future[Begun | None]", begin: Callable[[], Begun | None]) -> None:
    try:
        future.set_result(begin())
    except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
        future.set_exception(error)
