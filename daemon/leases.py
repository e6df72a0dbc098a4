"""Which mailboxes are ours alone just now, among all daemons that share the store."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from daemon.holders import is_dead, name_holder
from store import leases
from store.database import Store
from store.records import StoreUnavailable

LENGTH = timedelta(seconds=30)  # after which the mailboxes of a daemon that died are taken over


class Leases:
    """Those of one process. Any thread may call it."""

    def __init__(self, store: Store, length: timedelta | None = None) -> None:
        self._store = store
        self._length = LENGTH if length is None else length
        self._holder = name_holder()
        self._held: set[str] = set()
        self._lock = threading.Lock()

    @property
    def renewal(self) -> float:
        """Seconds between two calls of `renew` at most."""
        return self._length.total_seconds() / 3

    @contextmanager
    def alone(self, mailbox: str) -> Iterator[bool]:
        """Whether the mailbox is ours until the end of the block. Raises StoreUnavailable or StoreBroken.

        It is not while another has it, nor while one who has fewer mailboxes wishes for it.
        """
        if not self._take(mailbox):
            yield False
            return
        with self._lock:
            self._held.add(mailbox)
        try:
            yield True
        finally:
            with self._lock:
                self._held.discard(mailbox)
            with suppress(StoreUnavailable), self._store.write() as tx:  # it ends by itself too
                leases.drop(tx, mailbox, self._holder)

    def is_owed(self, mailbox: str) -> bool:
        """Whether we should let go of it, since another who has fewer wishes for it. Raises as `alone` does."""
        with self._store.read() as tx:
            return leases.is_owed(tx, mailbox, self._holder)

    def _take(self, mailbox: str) -> bool:
        with self._store.write() as tx:
            if leases.is_owed(tx, mailbox, self._holder):
                return False
            holder = leases.take(tx, mailbox, self._holder, self._length)
            if is_dead(holder):  # a restart need not wait until the time is over
                holder = leases.take(tx, mailbox, self._holder, self._length, after=holder)
            if holder == self._holder:
                leases.unwish(tx, mailbox, self._holder)
                return True
            leases.wish(tx, mailbox, self._holder, self._length)
            return False

    def renew(self) -> None:
        """Keep what we hold, however long the mail at hand takes. Raises StoreUnavailable or StoreBroken."""
        with self._lock:
            held = sorted(self._held)
        if held:
            with self._store.write() as tx:
                leases.renew(tx, held, self._holder, self._length)
