"""Looks into one mailbox again and again, in a thread of its own: what happens to one delays no other."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

import structlog

from daemon.children import NoChild
from daemon.commands.exits import Exit, exit_of
from daemon.mailbox import Mailbox
from daemon.mailbox_poll import Polled
from daemon.unavailable import PATIENCE, LoginRefused, ServerUnavailable, pause, pause_for, until
from store.health import Look, Trouble
from store.records import StoreBroken, StoreUnavailable

ATTEMPTS_ONCE = 3  # of `run --once`
STANDBY = 2.0  # seconds until a mailbox that another daemon looks into is tried again

log = structlog.get_logger()
T = TypeVar("T")


class Keeper:
    """One mailbox in the loop. `look` looks into it once, and is called in its thread with our `advanced`."""

    def __init__(
        self,
        mailbox: Mailbox,
        look: Callable[[Mailbox, Callable[[], None]], Polled],
        told: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self.mailbox = mailbox
        self.name = mailbox.settings.name
        self.reached = asyncio.Event()  # or failed, and it stands in the log
        self.trouble: Trouble | None = None  # of the last look
        self.resting = False  # until the next look
        self.progress = 0  # counts looks and mails
        self.finished = 0  # mails that got their final state here
        self._polled = Polled()
        self._polled_at: datetime | None = None
        self._error = ""
        self._look = look
        self._told = told
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, f"mailbox-{self.name}")
        self._failures = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Look at once, then every `poll_seconds`, and less often while that fails; until `stopping` is set."""
        try:
            while not stopping.is_set():
                seconds = await self._look_and_tell(stopping)
                if not stopping.is_set():
                    self.resting = True
                    await self._rest(stopping, seconds)
                    self.resting = False
        finally:
            await self._in_thread(self.mailbox.close)

    async def drain(self, stopping: asyncio.Event) -> Exit:
        """Look until there is nothing left to do, and close."""
        try:
            return await self._drain(stopping)
        finally:
            await self._in_thread(self.mailbox.close)

    def wake(self) -> None:
        """End a rest: the loop is told to stop."""
        if self.resting:
            self.mailbox.cut()

    def last_look(self) -> Look:
        """How it goes, to be written down."""
        return Look(self.name, self._polled_at, self._polled.backlog, self.trouble, self._error)

    def close(self) -> None:
        """Wait for the thread to end."""
        self._thread.shutdown()

    async def _drain(self, stopping: asyncio.Event) -> Exit:
        failures = bugs = 0
        while not stopping.is_set():
            try:
                polled = await self._in_thread(self._look, self.mailbox, self._advance_from_thread)
            except (ServerUnavailable, StoreUnavailable, LoginRefused, StoreBroken, NoChild) as error:
                failures += 1
                self._note(error, "login" if isinstance(error, LoginRefused) else _kind(error, failures))
                if isinstance(error, LoginRefused | StoreBroken) or failures == ATTEMPTS_ONCE:
                    log.error("mailbox-not-drained", mailbox=self.name, error=str(error))  # noqa: TRY400
                    return exit_of(error)
                await until(stopping, pause(failures, 0.5, 5))
                continue
            if polled.elsewhere:
                self.finished += polled.finished
                await until(stopping, 1)
                continue
            self._note_success(polled)
            bugs += bool(polled.failed)
            if not polled.finished and not (polled.failed and bugs <= PATIENCE):
                return Exit.BUG if bugs else Exit.UNAVAILABLE if polled.waiting else Exit.DONE
        return Exit.UNAVAILABLE

    async def _look_and_tell(self, stopping: asyncio.Event) -> float:
        """Look once; returns after how many seconds to look again."""
        try:
            polled = await self._in_thread(self._look, self.mailbox, self._advance_from_thread)
        except (ServerUnavailable, StoreUnavailable, LoginRefused, StoreBroken, NoChild) as error:
            return 0 if stopping.is_set() else self._fail(error)
        except Exception as error:  # a bug with one mailbox must not stop the others
            log.exception("mailbox-met-a-bug", mailbox=self.name)
            await self._in_thread(self.mailbox.close)  # who knows what the connection is up to
            return self._fail(error)
        if self._failures:
            log.info("mailbox-works-again", mailbox=self.name)
        self._failures = 0
        self._note_success(polled)
        self._advance()
        seconds = self.mailbox.settings.poll_seconds
        return min(seconds, STANDBY) if polled.elsewhere else seconds

    async def _rest(self, stopping: asyncio.Event, seconds: float) -> None:
        """Until it is time to look again, or the server tells of new mail."""
        begun = time.monotonic()
        if self.trouble is None and not self._polled.elsewhere:
            try:
                if await self._in_thread(self.mailbox.wait, seconds):
                    return
            except ServerUnavailable as error:  # looked at again when it is time: it may hang up every time
                log.debug("mailbox-hung-up", mailbox=self.name, error=str(error))
            except Exception:  # a bug in waiting must not stop the looking
                log.exception("mailbox-met-a-bug", mailbox=self.name)
                await self._in_thread(self.mailbox.close)
        await until(stopping, max(0.0, seconds - (time.monotonic() - begun)))

    def _fail(self, error: Exception) -> float:
        self._failures += 1
        self._note(error, _kind(error, self._failures))
        seconds = pause_for(error, self._failures)
        tell = log.error if isinstance(error, LoginRefused | StoreBroken) else log.warning
        tell("mailbox-waits", mailbox=self.name, error=str(error), failures=self._failures, seconds=round(seconds))
        self._advance()
        return seconds

    def _note(self, error: Exception, trouble: Trouble) -> None:
        self.trouble, self._error = trouble, f"{self._clock():%Y-%m-%d %H:%M} UTC: {error}"

    def _note_success(self, polled: Polled) -> None:
        self.trouble, self._polled, self._polled_at = None, polled, self._clock()
        self.finished += polled.finished

    def _advance(self) -> None:
        self.progress += 1
        self.reached.set()
        self._told()

    def _advance_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._advance)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await self._loop.run_in_executor(self._thread, work, *arguments)


def _kind(error: Exception, failures: int) -> Trouble:
    """A login counts as refused when it was refused again and again: servers have bad moments."""
    match error:
        case LoginRefused():
            return "login" if failures >= PATIENCE else "server"
        case ServerUnavailable():
            return "server"
        case StoreUnavailable() | StoreBroken():
            return "store"
        case _:
            return "bug"
