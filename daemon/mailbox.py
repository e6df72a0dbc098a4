"""One IMAP folder: what lies in it, fetched and moved by UID. Blocking, and used from one thread.

Nothing that a mail says ever becomes part of an IMAP command: commands hold UIDs and folder names of ours alone.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING

import structlog
from imapclient import DELETED, IMAPClient

from daemon.mailbox_connection import CommandRefused, MailboxUnavailable, connect, translated
from daemon.mailbox_folders import STATE_FOLDERS, Folders
from daemon.mailbox_idle import idle
from daemon.mailbox_places import find_mail, forget_places, read_places
from daemon.settings.models import MailboxSettings
from parsers.headers import LARGEST_BLOCK
from store.records import MailKey, Message, MessageState, Place

if TYPE_CHECKING:
    from daemon.oauth import TokenSource

_SEARCH_PAGE = 10_000  # imaplib takes no line above a million bytes
_COMMAND_UIDS = 500  # RFC 7162 section 4: servers take command lines of 8,192 octets
_BATCH_MAILS = 20
_BATCH_BYTES = 4 * 1024 * 1024

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail as the server has it."""

    key: MailKey
    size: int  # RFC822.SIZE
    arrived_at: datetime  # INTERNALDATE, in UTC
    raw: bytes | None  # None: above the limit, and never fetched
    header: bytes | None = None  # of a mail above the limit, its header block; cut after what a reader takes


@dataclass(frozen=True, slots=True)
class MailboxProbe:
    """What `check --online` tells of a mailbox."""

    capabilities: tuple[str, ...]
    mails: int
    missing_folders: tuple[str, ...]  # will be made when the first mail goes there
    warnings: tuple[str, ...]


class Mailbox:
    """A folder of an IMAP server. Every method may raise MailboxUnavailable; `list` connects, and is called first.

    After MailboxUnavailable the connection is gone; the next `list` makes a new one. `list` may raise LoginRefused.
    """

    def __init__(
        self,
        settings: MailboxSettings,
        largest_mail: int,
        tokens: "TokenSource | None" = None,
        *,
        readonly: bool = False,
    ) -> None:
        self.settings = settings
        self.readonly = readonly  # not even \Recent changes (RFC 3501 section 6.3.2)
        self.tokens = tokens
        self.largest_mail = largest_mail
        self.uidvalidity = 0
        self.uidnext = 0  # that no mail of the last `list` had yet; 0 if the server does not say
        self._client: IMAPClient | None = None
        self._folders: Folders | None = None
        self._told_that_moves_stay = False

    def list(self) -> tuple[int, ...]:
        """The UIDs in the folder, the oldest first, without those that are flagged as deleted."""
        if self._client is not None:
            try:
                return self._list()
            except MailboxUnavailable as error:  # many servers and firewalls cut what is idle for a while
                log.debug("mailbox-reconnects", mailbox=self.settings.name, error=str(error))
                self.close()
        self._client = connect(self.settings, self.tokens)
        with self._speaking() as client:
            self._folders = Folders(client)
        return self._list()

    def key(self, uid: int) -> MailKey:
        """The identity of a mail since the last `list`."""
        return MailKey(self.settings.name, self.settings.folder, self.uidvalidity, uid)

    def fetch(self, uids: Sequence[int]) -> Iterator[FetchedMail]:
        """The mails in this order, without those that are gone meanwhile. \\Seen is left as it is."""
        for batch in self.fetch_batches(uids):
            yield from batch

    def fetch_batches(self, uids: Sequence[int]) -> Iterator[Sequence[FetchedMail]]:
        """The same, as many at a time as are fetched together."""
        for some in _chunks(uids, _COMMAND_UIDS):
            with self._speaking() as client:
                facts = client.fetch(some, ["RFC822.SIZE", "INTERNALDATE"])
            sizes = {uid: facts[uid][b"RFC822.SIZE"] for uid in some if b"RFC822.SIZE" in facts.get(uid, {})}
            for batch in _batches(sizes, self.largest_mail):
                wanted = [uid for uid in batch if sizes[uid] <= self.largest_mail]
                bodies = self._bodies(wanted) if wanted else {}
                mails = []
                for uid in batch:
                    raw = bodies.pop(uid, None)
                    if raw is None and sizes[uid] <= self.largest_mail:
                        continue
                    if raw is not None and len(raw) > self.largest_mail:  # some servers only estimate sizes
                        raw = None
                    arrived_at = _arrival(facts[uid].get(b"INTERNALDATE"))
                    header = self._header(uid) if raw is None else None
                    mails.append(FetchedMail(self.key(uid), sizes[uid], arrived_at, raw, header))
                yield mails

    def list_of_size(self, size: int) -> Sequence[int]:
        """The UIDs of the mails in the folder that have so many bytes (RFC822.SIZE)."""
        found = []
        for some in _chunks(self._list(), _COMMAND_UIDS):
            with self._speaking() as client:
                facts = client.fetch(some, ["RFC822.SIZE"])
            found += [uid for uid in some if facts.get(uid, {}).get(b"RFC822.SIZE") == size]
        return found

    def folder_of(self, state: MessageState) -> str | None:
        """The server's name of the folder for mails in this state; None if it does not exist."""
        with self._speaking():
            assert self._folders is not None
            return self._folders.find(STATE_FOLDERS[state])

    def move(self, uids: Sequence[int], state: MessageState) -> dict[int, Place]:
        """Move mails to the folder of their state; those already gone are no error. Verified: none is left behind.

        Returns where each lies now. On a server with neither MOVE nor UIDPLUS they stay where they were, flagged as
        deleted, which `list` skips: a plain EXPUNGE could remove mails that someone else has flagged.
        """
        listed = self.uidvalidity
        self._select()
        if self.uidvalidity != listed:
            raise self._gone(f"UIDVALIDITY went from {listed} to {self.uidvalidity}; all mails will be looked at again")
        return self._move_all(sorted(uids), STATE_FOLDERS[state])

    def list_moved(self, name: str, since: date) -> Sequence[FetchedMail]:
        """The mails in our folder `name` that arrived since a day, unread, under keys of that folder.

        Another folder is selected afterwards.
        """
        path = self._path(name)
        if path is None:
            return []
        with self._speaking() as client:
            uidvalidity = client.select_folder(path, readonly=True)[b"UIDVALIDITY"]
            uids = client.search(["UNDELETED", "SINCE", since])
        found = []
        for some in _chunks(sorted(uids), _COMMAND_UIDS):
            with self._speaking() as client:
                facts = client.fetch(some, ["RFC822.SIZE", "INTERNALDATE"])
            for uid in some:
                key = MailKey(self.settings.name, path, uidvalidity, uid)
                if b"RFC822.SIZE" in facts.get(uid, {}):
                    arrived_at = _arrival(facts[uid].get(b"INTERNALDATE"))
                    found.append(FetchedMail(key, facts[uid][b"RFC822.SIZE"], arrived_at, None))
        return found

    def find(self, message: Message, name: str) -> Place | None:
        """Where a mail lies in our folder `name`; None if it is not there. Another folder is selected afterwards."""
        lies, path = message.lies, self._path(name)
        if path is None:
            return None
        with self._speaking() as client:
            if lies is not None and lies.uid is not None and lies.folder == name:
                selected = client.select_folder(path, readonly=True)
                same = selected[b"UIDVALIDITY"] == lies.uidvalidity
                if same and client.search(f"UID {lies.uid} UNDELETED"):
                    return lies
            found = find_mail(client, path, message.size, message.arrived_at, message.sha256)
        return Place(name, *found) if found is not None else None

    def fetch_from(self, place: Place, mail: FetchedMail) -> FetchedMail | None:
        """The same mail with its bytes, from one of our folders; None if it is gone. That folder is selected then."""
        path = self._path(place.folder)
        if path is None or place.uid is None:
            return None
        with self._speaking() as client:
            client.select_folder(path, readonly=True)
        if mail.size > self.largest_mail:
            return replace(mail, raw=None, header=self._header(place.uid))
        raw = self._bodies([place.uid]).get(place.uid)
        return None if raw is None else replace(mail, raw=raw)

    def move_from(self, place: Place, state: MessageState) -> Place:
        """Move a mail that `find` has found to the folder of its new state. Another folder is selected afterwards."""
        path = self._path(place.folder)
        if path is None or place.uid is None or place.folder == STATE_FOLDERS[state]:
            return place
        with self._speaking() as client:
            client.select_folder(path)
        return self._move_all([place.uid], STATE_FOLDERS[state])[place.uid]

    def wait(self, seconds: float) -> bool:
        """Wait until mail arrives, at most so long; False at once if the server cannot tell (no IDLE)."""
        with self._speaking() as client:
            if not client.has_capability("IDLE"):
                return False
        listed = self.uidvalidity
        if self._select()[1] != self.uidnext or self.uidvalidity != listed:  # mail came while we were busy
            return True
        with self._speaking() as client:
            idle(client, seconds)
        return True

    def probe(self) -> MailboxProbe:
        """Log in, look at the folder and change nothing."""
        mails = self.list()
        assert self._folders is not None
        with self._speaking() as client:
            capabilities = tuple(sorted(one.decode() for one in client.capabilities()))
            missing = self._folders.missing()
        warnings = []
        if not {"MOVE", "UIDPLUS"} & set(capabilities):
            warnings.append("The server has neither MOVE nor UIDPLUS: moved mails stay behind, flagged as deleted.")
        if self.settings.security == "none":
            warnings.append("The password crosses the network in the clear.")
        return MailboxProbe(capabilities, len(mails), missing, tuple(warnings))

    def close(self) -> None:
        """Log out if the server still answers; never raises."""
        client, self._client, self._folders = self._client, None, None
        if client is not None:
            client.__exit__(None, None, None)

    def cut(self) -> None:
        """Make a wait for the server in another thread end now. The only method that another thread may call."""
        client = self._client
        if client is not None:
            with suppress(OSError):
                client.socket().shutdown(socket.SHUT_RDWR)

    def _list(self) -> tuple[int, ...]:
        exists, self.uidnext = self._select()
        if exists <= _SEARCH_PAGE:
            with self._speaking() as client:
                return tuple(sorted(client.search("UNDELETED")))
        uids: set[int] = set()
        for first in range(1, exists + 1, _SEARCH_PAGE):
            last = min(first + _SEARCH_PAGE - 1, exists)
            with self._speaking() as client:
                uids.update(client.search(f"{first}:{last} UNDELETED"))
        return tuple(sorted(uids))

    def _select(self) -> tuple[int, int]:
        """Select the folder anew and note its UIDVALIDITY; returns how many mails it has, and the UID of the next."""
        with self._speaking() as client:
            selected = client.select_folder(self.settings.folder, self.readonly)
        if b"UIDVALIDITY" not in selected:
            raise self._gone("the server gives no UIDVALIDITY: mails cannot be told apart there")
        self.uidvalidity = selected[b"UIDVALIDITY"]
        return int(selected[b"EXISTS"]), int(selected.get(b"UIDNEXT", 0))

    def _bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The raw mails; one that the server itself cannot read does not stand in the way of the others."""
        try:
            with self._speaking() as client:
                fetched = client.fetch(uids, ["BODY.PEEK[]"])
        except CommandRefused as error:
            if len(uids) > 1:
                return {uid: raw for one in uids for uid, raw in self._bodies([one]).items()}
            log.warning("mail-unreadable", mailbox=self.settings.name, uid=uids[0], error=str(error))
            return {}
        # After another session's MOVE the body is None.
        return {uid: fetched[uid][b"BODY[]"] for uid in uids if fetched.get(uid, {}).get(b"BODY[]") is not None}

    def _header(self, uid: int) -> bytes | None:
        """The header block of a mail in the selected folder; None if it is gone, or the server cannot read it."""
        try:
            with self._speaking() as client:
                fetched = client.fetch([uid], [f"BODY.PEEK[HEADER]<0.{LARGEST_BLOCK + 1}>"])
        except CommandRefused as error:
            log.warning("mail-unreadable", mailbox=self.settings.name, uid=uid, error=str(error))
            return None
        header: bytes | None = fetched.get(uid, {}).get(b"BODY[HEADER]<0>")
        return header[: LARGEST_BLOCK + 1] if header is not None else None

    def _ensure(self, name: str) -> str:
        with self._speaking():
            assert self._folders is not None
            folder = self._folders.ensure(name)
        if folder == self.settings.folder:
            raise self._gone(f"mails are read from {folder}, to which they would be moved: set another `folder`")
        return folder

    def _move_all(self, uids: Sequence[int], name: str) -> dict[int, Place]:
        """Move mails out of the selected folder, and see to it that none is left there."""
        places: dict[int, Place] = {}
        for some in _chunks(uids, _COMMAND_UIDS):
            mails = sequence_set(some)
            with self._speaking() as client:
                forget_places(client)
            try:
                self._move(mails, self._ensure(name))
            except CommandRefused:  # perhaps the folder was deleted since it was found
                if self._folders is not None:
                    self._folders.forget()
                self._move(mails, self._ensure(name))
            with self._speaking() as client:
                told = read_places(client, name, len(some))
                left = client.search(f"UID {mails} UNDELETED")
            if left:
                raise self._gone(f"{len(left)} mails are still in their folder after the server moved them to {name}")
            places |= {uid: told.get(uid, Place(name)) for uid in some}
        return places

    def _path(self, name: str) -> str | None:
        with self._speaking():
            assert self._folders is not None
            return self._folders.find(name)

    def _move(self, mails: str, folder: str) -> None:
        with self._speaking() as client:
            if client.has_capability("MOVE"):
                client.move(mails, folder)
                return
            client.copy(mails, folder)
            client.add_flags(mails, [DELETED], silent=True)
            if client.has_capability("UIDPLUS"):
                client.uid_expunge(mails)
            elif not self._told_that_moves_stay:
                self._told_that_moves_stay = True
                log.warning("moved-mails-stay-flagged-as-deleted", mailbox=self.settings.name, lacks="MOVE, UIDPLUS")

    @contextmanager
    def _speaking(self) -> Iterator[IMAPClient]:
        """The connection; after anything but a plain NO it is not to be used again."""
        if self._client is None:
            raise self._gone("not connected")
        try:
            with translated(self.settings):
                yield self._client
        except CommandRefused:
            raise
        except MailboxUnavailable:
            if self._client is not None:
                with suppress(OSError):
                    self._client.shutdown()
            self._client = self._folders = None
            raise

    def _gone(self, what: str) -> MailboxUnavailable:
        return MailboxUnavailable(f"mailbox {self.settings.name} at {self.settings.host}: {what}.")


def sequence_set(uids: Sequence[int]) -> str:
    """Ascending UIDs as IMAP writes them, runs as ranges: `1:3,7` (RFC 3501, sequence-set)."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][-1] + 1:
            runs[-1][1:] = [uid]
        else:
            runs.append([uid])
    return ",".join(":".join(map(str, run)) for run in runs)


def _arrival(internal_date: datetime | None) -> datetime:
    """INTERNALDATE in UTC; now, where the server gives none or an impossible one."""
    try:
        return internal_date.astimezone(UTC) if internal_date is not None else datetime.now(UTC)
    except OverflowError:
        return datetime.now(UTC)


def _chunks(uids: Sequence[int], size: int) -> Iterator[list[int]]:
    rest = iter(uids)
    while chunk := list(islice(rest, size)):
        yield chunk


def _batches(sizes: dict[int, int], largest: int) -> Iterator[list[int]]:
    """UIDs to fetch at a time, by count and by bytes; what is above the limit takes no bytes."""
    batch: list[int] = []
    total = 0
    for uid, size in sizes.items():
        counted = size if size <= largest else 0
        if batch and (len(batch) == _BATCH_MAILS or total + counted > _BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += counted
    if batch:
        yield batch
