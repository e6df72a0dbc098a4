"""Looks into one mailbox again and again, in a thread of its own: what happens to one delays no other."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from daemon.commands.exits import Exit, exit_of
from daemon.mailbox import Mailbox
from daemon.mailbox_poll import Polled
from daemon.unavailable import LoginRefused, ServerUnavailable, pause, pause_for, until
from store.records import StoreBroken, StoreUnavailable

ATTEMPTS_ONCE = 3  # of `run --once`

log = structlog.get_logger()
T = TypeVar("T")


class Keeper:
    """One mailbox in the loop. `look` looks into it once, and is called in its thread with our `advanced`."""

    def __init__(
        self,
        mailbox: Mailbox,
        look: Callable[[Mailbox, Callable[[], None]], Polled],
        told: Callable[[], None],
        random: Callable[[], float],
    ) -> None:
        self.mailbox = mailbox
        self.name = mailbox.settings.name
        self.reached = asyncio.Event()  # or failed, and it stands in the log
        self.trouble: str | None = None  # why the last look failed
        self.resting = False  # until the next look
        self.progress = 0  # counts looks and mails
        self._look = look
        self._told = told
        self._random = random
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, f"mailbox-{self.name}")
        self._failures = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Look at once, then every `poll_seconds`, and less often while that fails; until `stopping` is set."""
        try:
            while not stopping.is_set():
                seconds = await self._look_and_tell(stopping)
                self.resting = True
                await until(stopping, seconds)
                self.resting = False
        finally:
            await self._in_thread(self.mailbox.close)

    async def drain(self, stopping: asyncio.Event) -> Exit:
        """Look until there is nothing left to do, and close."""
        try:
            return await self._drain(stopping)
        finally:
            await self._in_thread(self.mailbox.close)

    def close(self) -> None:
        """Wait for the thread to end."""
        self._thread.shutdown()

    async def _drain(self, stopping: asyncio.Event) -> Exit:
        failures = 0
        while not stopping.is_set():
            try:
                polled = await self._in_thread(self._look, self.mailbox, self._advance_from_thread)
            except (ServerUnavailable, StoreUnavailable, LoginRefused, StoreBroken) as error:
                failures += 1
                if isinstance(error, LoginRefused | StoreBroken) or failures == ATTEMPTS_ONCE:
                    log.error("mailbox-not-drained", mailbox=self.name, error=str(error))  # noqa: TRY400
                    return exit_of(error)
                await until(stopping, pause(failures, 0.5, 5, self._random))
                continue
            if not polled.finished:
                return Exit.BUG if polled.failed else Exit.UNAVAILABLE if polled.waiting else Exit.DONE
        return Exit.UNAVAILABLE

    async def _look_and_tell(self, stopping: asyncio.Event) -> float:
        """Look once; returns after how many seconds to look again."""
        try:
            await self._in_thread(self._look, self.mailbox, self._advance_from_thread)
        except (ServerUnavailable, StoreUnavailable, LoginRefused, StoreBroken) as error:
            return 0 if stopping.is_set() else self._fail(error)
        except Exception as error:  # a bug with one mailbox must not stop the others
            log.exception("mailbox-met-a-bug", mailbox=self.name)
            return self._fail(error)
        if self._failures:
            log.info("mailbox-works-again", mailbox=self.name)
        self._failures, self.trouble = 0, None
        self._advance()
        return self.mailbox.settings.poll_seconds

    def _fail(self, error: Exception) -> float:
        self._failures += 1
        self.trouble = str(error)
        seconds = pause_for(error, self._failures, self._random)
        tell = log.error if isinstance(error, LoginRefused | StoreBroken) else log.warning
        tell("mailbox-waits", mailbox=self.name, error=str(error), failures=self._failures, seconds=round(seconds))
        self._advance()
        return seconds

    def _advance(self) -> None:
        self.progress += 1
        self.reached.set()
        self._told()

    def _advance_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._advance)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await self._loop.run_in_executor(self._thread, work, *arguments)
