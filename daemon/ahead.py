"""Mails are read ahead: while one is compared, answered and committed, the files of the next two are laid out."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

import structlog

from store.records import MailKey

if TYPE_CHECKING:
    from daemon.intake import Opened, TrustedMail
    from daemon.way import Examined


@dataclass(frozen=True, slots=True)
class Begun:
    """A mail whose header block was examined, and whose files were laid out if it may be opened."""

    examined: "Examined"
    trusted: "TrustedMail | None"
    opened: "Opened | None"  # None, too, for a trusted mail that is too large
    until_settled: ExitStack  # gives back the child, and the place where the files are laid out


Errand = tuple["Future[Begun | None]", Callable[[], Begun | None]]

IDLE = 60.0  # seconds after which nobody comes for what was begun: it is given up

log = structlog.get_logger()


class Ahead:
    """What was begun of the mails to come of each mailbox, in a thread of the mailbox, one after the other.

    What nobody takes is given up once nothing was begun for `idle` seconds; the thread ends then too.
    """

    def __init__(self, idle: float = IDLE) -> None:
        self._idle = idle
        self._lock = Lock()
        self._begun: dict[str, dict[MailKey, Future[Begun | None]]] = defaultdict(dict)
        self._errands: dict[str, SimpleQueue[Errand]] = {}

    def begin(self, key: MailKey, begin: Callable[[], Begun | None]) -> None:
        """Have `begin` called beside what the caller goes on with, unless the mail was begun already."""
        with self._lock:
            if key in self._begun[key.mailbox]:
                return
            if key.mailbox not in self._errands and not self._start(key.mailbox):
                return
            future = self._begun[key.mailbox][key] = Future()
            self._errands[key.mailbox].put((future, begin))

    def _start(self, mailbox: str) -> bool:
        """Whether there is a thread; if the system has none to give, each mail is begun when its turn comes."""
        self._errands[mailbox] = SimpleQueue()
        try:
            Thread(target=self._run, args=(mailbox,), name=f"ahead-{mailbox}", daemon=True).start()
        except RuntimeError:
            del self._errands[mailbox]
            return False
        return True

    def take(self, key: MailKey) -> Begun | None:
        """What was begun of this mail, if anything; of others before it, it is given up. Raises what `begin` raised."""
        others = []
        with self._lock:
            begun = self._begun[key.mailbox]
            while begun and (first := next(iter(begun))) != key:
                others.append(begun.pop(first))
            future = begun.pop(key, None)
        for other in others:
            other.add_done_callback(_give_up)
        return None if future is None else future.result()

    def _run(self, mailbox: str) -> None:
        errands = self._errands[mailbox]
        while True:
            try:
                future, begin = errands.get(timeout=self._idle)
            except Empty:
                with self._lock:
                    if not errands.empty():
                        continue
                    del self._errands[mailbox]
                    left = self._begun.pop(mailbox, {})
                break
            try:
                future.set_result(begin())
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                future.set_exception(error)
            del future, begin  # nothing of a mail is kept until the next one comes
        for one in left.values():
            one.add_done_callback(_give_up)


def _give_up(future: "Future[Begun | None]") -> None:
    if future.exception() is None and (begun := future.result()) is not None:
        try:
            begun.until_settled.close()
        except Exception as error:  # noqa: BLE001 - no other mail's matter
            log.warning("mail-read-ahead-not-given-back", error=repr(error))
