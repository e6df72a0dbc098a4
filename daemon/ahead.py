"""Mails are read ahead: while one is compared, answered and committed, the files of the next two are laid out."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING
from weakref import finalize

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


class Ahead:
    """What was begun of the mails to come of each mailbox, in a thread of the mailbox, one after the other.

    For each mailbox only one thread may call it. What nobody takes ends with the process, as its child hears no more.
    """

    def __init__(self) -> None:
        self._begun: dict[str, dict[MailKey, Future[Begun | None]]] = defaultdict(dict)
        self._errands: dict[str, SimpleQueue[Errand | None]] = {}
        finalize(self, _dismiss, self._errands)

    def begin(self, key: MailKey, begin: Callable[[], Begun | None]) -> None:
        """Have `begin` called beside what the caller goes on with, unless the mail was begun already."""
        begun = self._begun[key.mailbox]
        if key in begun:
            return
        begun[key] = Future()
        if key.mailbox not in self._errands:
            errands = self._errands[key.mailbox] = SimpleQueue()
            Thread(target=_run, args=(errands,), name=f"ahead-{key.mailbox}", daemon=True).start()
        self._errands[key.mailbox].put((begun[key], begin))

    def take(self, key: MailKey) -> Begun | None:
        """What was begun of this mail, if anything; of others before it, it is given up. Raises what `begin` raised."""
        begun = self._begun[key.mailbox]
        for other in tuple(begun):
            future = begun.pop(other)
            if other == key:
                return future.result()
            if future.exception() is None and (given_up := future.result()) is not None:
                given_up.until_settled.close()
        return None


def _run(errands: "SimpleQueue[Errand | None]") -> None:
    while (errand := errands.get()) is not None:
        future, begin = errand
        try:
            future.set_result(begin())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        del errand, future, begin  # nothing of a mail is kept until the next one comes


def _dismiss(errands: "dict[str, SimpleQueue[Errand | None]]") -> None:
    for one in errands.values():
        one.put(None)
