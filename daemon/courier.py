"""The courier takes finished mails out of the outbox to the SMTP server, byte for byte, until each is gone.

taken by the server         sent
4xx, or nobody knows        the same bytes again later, for two days
5xx                         given up, and said in the log
the server is away          the mails wait for it, however long
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, TypeVar

import aiosmtplib
import structlog

from daemon.holders import is_dead, name_holder
from daemon.settings.models import SmtpSettings
from daemon.smtp_connection import SmtpUnavailable, connect, hang_up, said
from daemon.smtp_delivery import Attempt, deliver
from daemon.unavailable import LoginRefused, ServerUnavailable, pause, pause_for, until
from store import outbox
from store.database import Store, Transaction
from store.records import ClaimedMail, StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from daemon.oauth import TokenSource

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=2)
LONGEST_NAP = 30.0  # seconds; other processes put mails into the outbox too
SOON = 0.05  # seconds for which a note of ours waits for a commit that takes it along
RECENT = 1.0  # seconds for which mails are believed to come after one came
LINGER = 5.0  # seconds for which an idle connection is kept

_DATA_PATIENCE = 10  # times the time-out: giving up too early sends a mail twice (RFC 5321 section 4.5.3.2.6)
_COMMANDS = 6  # waits before the data, at most

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SmtpProbe:
    """What `check --online` tells of the SMTP server."""

    extensions: tuple[str, ...]
    largest_mail: int | None  # bytes; None when the server does not say
    refusal: str = ""  # why it would take no reply from us: what it says to its envelope, addressed to ourselves


class Courier:
    """Sends from one asyncio loop; what it asks of the store runs in `store_thread`."""

    def __init__(
        self,
        settings: SmtpSettings,
        store: Store,
        store_thread: Executor,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tokens: "TokenSource | None" = None,
    ) -> None:
        self.settings = settings
        self._tokens = tokens
        self._store = store
        self._store_thread = store_thread
        self._clock = clock
        self._holder = name_holder()
        self._woken = asyncio.Event()
        self._woken_at = -RECENT
        self._smtp: aiosmtplib.SMTP | None = None
        self._sent_on_connection = 0
        self._data_timeout = settings.timeout_seconds * _DATA_PATIENCE
        self._lease = timedelta(seconds=settings.timeout_seconds * (_DATA_PATIENCE + _COMMANDS))

    def wake(self) -> None:
        """There may be something to send. To be called in the loop's thread."""
        self._woken_at = time.monotonic()
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send whatever becomes due, until `stopping` is set and `wake` called; the mail at hand is finished first."""
        failures = 0
        while not stopping.is_set():
            self._woken.clear()
            try:
                await self.drain(stopping)
                failures = 0
                if not await until(self._woken, LINGER):
                    await self.close()
                    await until(self._woken, await self._until_next())
            except (ServerUnavailable, LoginRefused, StoreUnavailable, StoreBroken) as error:
                failures += 1
                seconds = pause_for(error, failures)
                log.warning("courier-waits", error=str(error), failures=failures, seconds=round(seconds))
                await until(stopping, seconds)
            except Exception as error:  # a bug here must not stop the mailboxes
                failures += 1
                log.exception("courier-met-a-bug")
                await until(stopping, pause_for(error, failures))
        await self.close()

    async def drain(self, stopping: asyncio.Event | None = None, *, held_back: bool = False) -> None:
        """Send all that is due, and with `held_back` the replies that were to wait for a while too.

        Raises SmtpUnavailable, LoginRefused or StoreUnavailable; what was not sent is tried again.
        """
        if not await self._in_store(self._is_anything_due, held_back):
            return
        attempt: Attempt | None = None
        try:
            while stopping is None or not stopping.is_set():
                # Connected first: while the server is away no mail is claimed, and its tries do not count.
                if self._smtp is None or not self._smtp.is_connected:
                    if attempt is not None:
                        await self._in_store(self._settle, attempt)
                        attempt = None
                    self._smtp = await connect(self.settings, self._tokens)
                    self._sent_on_connection = 0
                mail = await self._in_store(self._settle_and_claim, attempt, held_back)
                attempt = None
                if mail is None:
                    return
                attempt = await deliver(mail, self._smtp, self._data_timeout)
                if attempt.outcome == "sent":
                    self._sent_on_connection += 1
                elif attempt.outcome != "never" and not self._smtp.is_connected and self._sent_on_connection == 0:
                    raise SmtpUnavailable(f"SMTP server {self.settings.host}: {attempt.error}.")
        finally:
            if attempt is not None:
                await self._in_store(self._settle, attempt)

    async def drain_once(self) -> int:
        """Send everything, replies that were to wait too, and close; returns how many mails remain in the outbox."""
        try:
            await self.drain(held_back=True)
        finally:
            await self.close()
        states = await self._in_store(lambda: self._read(outbox.count_states))
        return states.get("queued", 0)

    async def close(self) -> None:
        """Say goodbye if the server still listens; never raises."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None and smtp.is_connected:
            try:
                await smtp.quit()
            except (aiosmtplib.SMTPException, OSError):
                hang_up(smtp)

    def _is_anything_due(self, held_back: bool) -> bool:
        for holder in self._read(outbox.list_claimants):
            if is_dead(holder):  # a courier of this machine that crashed
                with self._store.write() as tx:
                    outbox.release(tx, holder, self._clock())
        due = self._read(outbox.find_next_try)
        return due is not None and (held_back or due <= self._clock())

    def _settle_and_claim(self, attempt: Attempt | None, held_back: bool) -> ClaimedMail | None:
        """What became of the last mail, and the claim of the next: one commit, while mails come in one with theirs."""

        def work(tx: Transaction) -> ClaimedMail | None:
            if attempt is not None:
                self._note(tx, attempt)
            claimed = outbox.claim(tx, self._clock(), 1, self._lease, held_back=held_back, holder=self._holder)
            return claimed[0] if claimed else None

        mails_come = not held_back and time.monotonic() - self._woken_at < RECENT
        return self._store.write_soon(work, SOON if mails_come else 0)

    def _settle(self, attempt: Attempt) -> None:
        with self._store.write() as tx:
            self._note(tx, attempt)

    def _note(self, tx: Transaction, attempt: Attempt) -> None:
        mail, now = attempt.mail, self._clock()
        if attempt.outcome == "sent":
            outbox.mark_sent(tx, [mail.id], now)
        elif attempt.outcome == "at once":
            outbox.retry(tx, mail.id, now, attempt.error)
        elif attempt.outcome == "later" and (at := next_try(mail.tries, mail.created_at, now)):
            outbox.retry(tx, mail.id, at, attempt.error)
        else:
            outbox.give_up(tx, mail.id, attempt.error)

    async def _until_next(self) -> float:
        due = await self._in_store(lambda: self._read(outbox.find_next_try))
        return LONGEST_NAP if due is None else min(LONGEST_NAP, max(0.0, (due - self._clock()).total_seconds()))

    def _read(self, question: Callable[[Transaction], T]) -> T:
        with self._store.read() as tx:
            return question(tx)

    async def _in_store(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, work, *arguments)


def next_try(tries: int, created_at: datetime, now: datetime) -> datetime | None:
    """When a mail that was not taken is tried again; None when it was tried long enough."""
    if now - created_at >= GIVE_UP_AFTER:
        return None
    return now + timedelta(seconds=pause(tries, FIRST_RETRY.total_seconds(), LONGEST_RETRY.total_seconds()))


async def probe(settings: SmtpSettings, tokens: "TokenSource | None" = None) -> SmtpProbe:
    """Connect, log in, and begin a mail that is never sent. Raises SmtpUnavailable or LoginRefused."""
    smtp = await connect(settings, tokens)
    try:
        extensions = dict(smtp.esmtp_extensions)
        refusal = ""
        try:
            await smtp.mail(settings.bounces_to or "")
            await smtp.rcpt(parseaddr(settings.sender)[1])
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            refusal = said(error)
    finally:
        hang_up(smtp)
    size = extensions.get("size", "")
    return SmtpProbe(tuple(sorted(extensions)), int(size) if size.isdigit() and int(size) > 0 else None, refusal)
