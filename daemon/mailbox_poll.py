"""One look into a mailbox: every mail goes its way, and those with a final state go to the folder of that state."""

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from daemon.mailbox import FetchedMail, Mailbox
from store import messages
from store.database import Store
from store.records import AlreadyFinished, Message, MessageState, StoreBroken, StoreUnavailable

MOVED_TOGETHER = 100  # one by one takes a hundred times as long

# What is done with one mail: its final state, committed with all its effects, or None if it is to wait where it is.
Process = Callable[[FetchedMail], MessageState | None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Polled:
    """How many mails got a final state, wait for something, or met a bug of ours."""

    finished: int = 0
    waiting: int = 0
    failed: int = 0


def poll(
    mailbox: Mailbox,
    store: Store,
    process: Process,
    *,
    clock: Callable[[], datetime],
    stopping: threading.Event,
    advanced: Callable[[], None],
) -> Polled:
    """Take every mail in the folder, the oldest first; after `stopping` is set no further one is begun.

    A mail that is final already, and waits for its move only, is moved without being fetched; one that waits is not
    fetched before its time. `advanced` is called when the server was reached and after each mail.

    Raises ServerUnavailable, LoginRefused, StoreUnavailable and StoreBroken: mails stay where they are, and the next
    look carries on.
    """
    uids = mailbox.list()
    advanced()
    known = _recall(mailbox, store, uids)
    finished = waiting = failed = 0
    for page in (uids[first : first + MOVED_TOGETHER] for first in range(0, len(uids), MOVED_TOGETHER)):
        decided: dict[MessageState, list[int]] = defaultdict(list)
        unread = []
        trouble: StoreUnavailable | StoreBroken | None = None
        for uid in page:
            message = known.get(uid)
            if message is not None and message.is_final and message.state is not None:
                decided[message.state].append(uid)
            elif message is not None and message.wait_until is not None and message.wait_until > clock():
                waiting += 1
            else:
                unread.append(uid)
        for mail in mailbox.fetch(unread):
            if stopping.is_set():
                break
            try:
                state = process(mail)
                advanced()
            except (StoreUnavailable, StoreBroken) as error:
                trouble = error
                break
            except AlreadyFinished:  # another daemon was faster; the next look finds what it decided
                continue
            except Exception:  # one bad mail never stands in the way of the others
                log.exception("mail-met-a-bug", mailbox=mail.key.mailbox, uid=mail.key.uid)
                failed += 1
                continue
            if state is None or state == "waiting":
                waiting += 1
                continue
            decided[state].append(mail.key.uid)
            finished += 1
        _move(mailbox, store, decided)
        if trouble is not None:
            raise trouble
        if stopping.is_set():
            break
    return Polled(finished, waiting, failed)


def _recall(mailbox: Mailbox, store: Store, listed: Collection[int]) -> Mapping[int, Message]:
    """What the store knows of the mails in the folder that are not where they belong, by UID."""
    with store.read() as tx:
        unmoved = messages.list_unmoved(tx, mailbox.settings.name)
    here = {message.key.uid: message for message in unmoved if message.key == mailbox.key(message.key.uid)}
    present = set(listed)
    # Final and no longer here: it was moved, and we died before we noted it.
    _note_moved(store, [message.id for uid, message in here.items() if message.is_final and uid not in present])
    return here


def _move(mailbox: Mailbox, store: Store, decided: Mapping[MessageState, list[int]]) -> None:
    for state, uids in decided.items():
        mailbox.move(uids, state)
        log.info("mails-moved", mailbox=mailbox.settings.name, state=state, mails=len(uids))
    moved = {mailbox.key(uid) for uids in decided.values() for uid in uids}
    if moved:
        with store.read() as tx:
            unmoved = messages.list_unmoved(tx, mailbox.settings.name)
        _note_moved(store, [message.id for message in unmoved if message.key in moved])


def _note_moved(store: Store, ids: Iterable[int]) -> None:
    if ids := list(ids):
        with store.write() as tx:
            messages.mark_moved(tx, ids)
