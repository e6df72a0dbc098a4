"""One look into a mailbox: every mail goes its way, and those with a final state go to the folder of that state."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from daemon.children import NoChild
from daemon.mailbox import FetchedMail, Mailbox
from daemon.mailbox_errands import put_in_its_place, take_leave
from daemon.unavailable import MailMetBug
from store import messages
from store.database import Store
from store.records import AlreadyFinished, Message, MessageState, Place, StoreBroken, StoreUnavailable

MOVED_TOGETHER = 100  # one by one takes a hundred times as long


class Process(Protocol):
    """What is done with one mail: its final state, committed with all its effects, or None if it is to wait where it
    is. `following` will be given next: they may be made ready.
    """

    def __call__(self, mail: FetchedMail, following: Sequence[FetchedMail] = (), /) -> MessageState | None: ...


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Polled:
    """How many mails got a final state, wait for something, or met a bug of ours."""

    finished: int = 0
    waiting: int = 0
    failed: int = 0
    elsewhere: bool = False  # another daemon looks into this mailbox now, or is about to

    @property
    def backlog(self) -> int:
        """Mails that are left in the folder."""
        return self.waiting + self.failed


@dataclass(frozen=True, slots=True)
class Looking:
    """What a look needs. `alone` gives whether the mailbox is ours for as long as it is held, and `is_owed` whether
    another daemon should have it once the mails at hand are done.
    """

    store: Store
    process: Process
    clock: Callable[[], datetime]
    stopping: threading.Event
    alone: Callable[[str], AbstractContextManager[bool]]
    is_owed: Callable[[str], bool] = lambda _mailbox: False


def poll(mailbox: Mailbox, looking: Looking, advanced: Callable[[], None]) -> Polled:
    """Take every mail in the folder, the oldest first; after `stopping` is set no further one is begun.

    A mail that is final already, and waits for its move only, is moved without being fetched; one that waits is not
    fetched before its time. `advanced` is called when the server was reached and after each mail.

    Raises ServerUnavailable, LoginRefused, StoreUnavailable, StoreBroken and NoChild: mails stay where they are, and
    the next look carries on.
    """
    uids = mailbox.list()
    advanced()
    if not uids and not _list_unmoved(mailbox, looking.store):
        return Polled()
    with looking.alone(mailbox.settings.name) as alone:
        if not alone:
            return Polled(elsewhere=True)
        return _Look(mailbox, looking, advanced).take_all(mailbox.list())


class _Look:
    """One look, and what it counts."""

    def __init__(self, mailbox: Mailbox, looking: Looking, advanced: Callable[[], None]) -> None:
        self._mailbox = mailbox
        self._looking = looking
        self._store = looking.store
        self._advanced = advanced
        self._finished = self._waiting = self._failed = 0
        self._owed = False  # to another daemon

    def take_all(self, uids: Sequence[int]) -> Polled:
        unmoved = _list_unmoved(self._mailbox, self._store)
        present = set(uids)
        here = [one for one in unmoved if not one.lies and one.key.uid in present]
        known = {one.key.uid: one for one in here if one.key == self._mailbox.key(one.key.uid)}
        for page in (uids[first : first + MOVED_TOGETHER] for first in range(0, len(uids), MOVED_TOGETHER)):
            if self._looking.stopping.is_set():
                break
            self._take_page(page, known)
            if self._owed:
                return Polled(self._finished, self._waiting, self._failed, elsewhere=True)
        for message in (one for one in unmoved if one not in known.values()):
            if self._looking.stopping.is_set():
                break
            self._take_elsewhere(message)
        return Polled(self._finished, self._waiting, self._failed)

    def _take_page(self, page: Iterable[int], known: dict[int, Message]) -> None:
        decided: dict[MessageState, list[int]] = defaultdict(list)
        unread = []
        for uid in page:
            message = known.get(uid)
            if message is not None and message.is_final and message.state is not None:
                decided[message.state].append(uid)
            elif message is not None and self._is_early(message):
                self._waiting += 1
            else:
                unread.append(uid)
        try:
            for batch in self._mailbox.fetch_batches(unread):
                for position, mail in enumerate(batch, start=1):
                    if self._looking.stopping.is_set():
                        break
                    state = self._process(mail, batch[position:])
                    if state is not None:
                        decided[state].append(mail.key.uid)
                self._owed = self._looking.is_owed(self._mailbox.settings.name)
                if self._owed:
                    break
        except (StoreUnavailable, StoreBroken, NoChild):
            self._move(decided)
            raise
        self._move(decided)

    def _take_elsewhere(self, message: Message) -> None:
        """A mail that is not in the folder, or of which nobody noted that it is not."""
        mailbox = self._mailbox
        if not message.is_final and message.lies is None:
            take_leave(mailbox, self._store, message, self._looking.clock())
            return
        if not message.is_final and message.lies is not None:  # to be processed anew
            if self._is_early(message):
                self._waiting += 1
                return
            place = mailbox.find(message, message.lies.folder)
            unread = FetchedMail(message.key, message.size, message.arrived_at, None)
            mail = mailbox.fetch_from(place, unread) if place is not None else None
            if mail is None:
                take_leave(mailbox, self._store, message, self._looking.clock())
                return
            state = self._process(mail)
            if state is None:
                return
            with self._store.read() as tx:
                found = messages.find_message(tx, message.ref)
            assert found is not None
            message = found
        put_in_its_place(mailbox, self._store, message)

    def _process(self, mail: FetchedMail, following: Sequence[FetchedMail] = ()) -> MessageState | None:
        """The final state of one mail; None if it waits, or met a bug, or another daemon was faster."""
        try:
            state = self._looking.process(mail, following)
        except (StoreUnavailable, StoreBroken, NoChild, AlreadyFinished) as error:
            if isinstance(error, AlreadyFinished):  # the next look finds what the other decided
                return None
            raise
        except MailMetBug:
            self._failed += 1
            return None
        except Exception:  # one bad mail never stands in the way of the others
            log.exception("mail-met-a-bug", mailbox=mail.key.mailbox, uid=mail.key.uid)
            self._failed += 1
            return None
        self._advanced()
        if state is None or state == "waiting":
            self._waiting += 1
            return None
        self._finished += 1
        return state

    def _move(self, decided: dict[MessageState, list[int]]) -> None:
        places: dict[int, tuple[MessageState, Place]] = {}
        for state, uids in decided.items():
            for uid, place in self._mailbox.move(uids, state).items():
                places[uid] = state, place
            log.info("mails-moved", mailbox=self._mailbox.settings.name, state=state, mails=len(uids))
        if not places:
            return
        moved = {self._mailbox.key(uid): placed for uid, placed in places.items()}
        noted = [(one.id, *moved[one.key]) for one in _list_unmoved(self._mailbox, self._store) if one.key in moved]
        with self._store.write() as tx:
            messages.mark_moved(tx, noted)

    def _is_early(self, message: Message) -> bool:
        return message.wait_until is not None and message.wait_until > self._looking.clock()


def _list_unmoved(mailbox: Mailbox, store: Store) -> list[Message]:
    with store.read() as tx:
        return messages.list_unmoved(tx, mailbox.settings.name)
