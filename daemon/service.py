"""The process: every mailbox is looked into on its own, the courier sends, and systemd is told how it goes.

one thread a mailbox    fetches, processes and moves
one thread              does what the courier asks of the store
the asyncio loop        waits, wakes the courier, feeds the watchdog, hears signals
"""

import asyncio
import os
import random as chance
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from daemon.commands.exits import Exit, exit_of, worst
from daemon.courier import Courier
from daemon.mailbox import Mailbox
from daemon.mailbox_keeper import Keeper
from daemon.mailbox_poll import Polled, Process, poll
from daemon.notify import Notifier
from daemon.settings.models import Settings
from daemon.token_sources import build_token_sources
from daemon.unavailable import LoginRefused, ServerUnavailable
from store.database import Store
from store.records import StoreBroken, StoreUnavailable

CUT_AFTER = 6.0  # seconds after a signal: no IMAP server is waited for any more
LEAVE_AFTER = 9.0  # seconds after a signal: the process ends, whatever it is doing

log = structlog.get_logger()


def serve(settings: Settings, store: Store, process: Process, *, once: bool = False) -> Exit:
    """Run until SIGTERM or SIGINT; with `once`, until every mailbox and the outbox are drained.

    `process` is called in the threads of the mailboxes. After a signal the mails at hand are finished, for at most
    `LEAVE_AFTER` seconds: what is unfinished then is done again after the next start. With `once` the exit code tells
    whether a server could not be reached, mails or replies remain, or a mail met a bug.
    """
    notifier = Notifier(os.environ)
    try:
        return asyncio.run(_live(settings, store, process, notifier, once=once))
    finally:
        notifier.close()


async def _live(settings: Settings, store: Store, process: Process, notifier: Notifier, *, once: bool) -> Exit:
    service = Service(settings, store, process, notifier)
    try:
        with service.hearing_signals():
            return await (service.run_once() if once else service.run())
    finally:
        service.close()


class Service:
    """The mailboxes, the courier, and what they share. Made and used inside the loop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        process: Process,
        notifier: Notifier,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._store = store
        self._process = process
        self._notifier = notifier
        self._clock = clock
        self._stopping = asyncio.Event()
        self._threads_stop = threading.Event()
        self._leaving: threading.Timer | None = None
        self._exit_if_unfinished = Exit.DONE
        self._store_thread = ThreadPoolExecutor(1, "store")
        tokens = build_token_sources(settings)
        self._courier = None
        if settings.smtp is not None:
            smtp_tokens = tokens.get(settings.smtp.oauth2)
            self._courier = Courier(
                settings.smtp, store, self._store_thread, clock=clock, random=random, tokens=smtp_tokens
            )
        self._keepers = [
            Keeper(
                Mailbox(mailbox, settings.limits.largest_mail, tokens.get(mailbox.oauth2)),
                self._look,
                self._tell,
                random,
            )
            for mailbox in settings.mailboxes
        ]

    async def run(self) -> Exit:
        """Look and send until told to stop."""
        async with asyncio.TaskGroup() as tasks:
            for keeper in self._keepers:
                tasks.create_task(keeper.run(self._stopping))
            if self._courier is not None:
                tasks.create_task(self._courier.run(self._stopping))
            background = [tasks.create_task(self._announce()), tasks.create_task(self._feed_watchdog())]
            await self._stopping.wait()
            for task in background:
                task.cancel()
        log.info("stopped")
        return Exit.DONE

    async def run_once(self) -> Exit:
        """Drain all mailboxes, then the outbox; replies go out meanwhile."""
        self._exit_if_unfinished = Exit.UNAVAILABLE
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._courier.run(drained)) if self._courier is not None else None
            codes = await asyncio.gather(*(keeper.drain(self._stopping) for keeper in self._keepers))
            drained.set()
            if self._courier is not None and sending is not None:
                self._courier.wake()
                await sending
                codes.append(await self._send_the_rest(self._courier))
        return worst(codes)

    def stop(self) -> None:
        """Finish what is at hand and leave; in time, whatever happens."""
        if self._stopping.is_set():
            return
        log.info("stopping")
        self._notifier.stopping()
        self._stopping.set()
        self._threads_stop.set()
        if self._courier is not None:
            self._courier.wake()
        asyncio.get_running_loop().call_later(CUT_AFTER, self._cut)
        self._leaving = threading.Timer(LEAVE_AFTER, _leave, [self._exit_if_unfinished])
        self._leaving.daemon = True
        self._leaving.start()

    def close(self) -> None:
        """Wait for the threads to end."""
        self._threads_stop.set()
        for keeper in self._keepers:
            keeper.close()
        self._store_thread.shutdown()
        if self._leaving is not None:
            self._leaving.cancel()

    @contextmanager
    def hearing_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop the service; SIGHUP, which would kill it, is only noted."""
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: _tell_to_restart}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _look(self, mailbox: Mailbox, advanced: Callable[[], None]) -> Polled:
        return poll(
            mailbox, self._store, self._process, clock=self._clock, stopping=self._threads_stop, advanced=advanced
        )

    def _tell(self) -> None:
        """A mailbox got further: there may be replies to send, and something else to say to systemd."""
        if self._courier is not None:
            self._courier.wake()
        troubled = [keeper.name for keeper in self._keepers if keeper.trouble is not None]
        text = f"{len(self._keepers)} mailboxes"
        self._notifier.status(f"{text}, in trouble: {', '.join(troubled)}" if troubled else f"{text}, all reached")

    async def _announce(self) -> None:
        """We are ready when every mailbox was reached once, or has failed and said so in the log."""
        for keeper in self._keepers:
            await keeper.reached.wait()
        log.info("ready", mailboxes=len(self._keepers))
        self._notifier.ready()

    async def _feed_watchdog(self) -> None:
        """Only while every mailbox rests between two looks or got further since the last time."""
        seconds = self._notifier.watchdog_seconds
        if seconds is None:
            return
        before: dict[str, int] = {}
        while True:
            await asyncio.sleep(seconds / 3)
            if all(keeper.resting or keeper.progress != before.get(keeper.name) for keeper in self._keepers):
                self._notifier.alive()
            before = {keeper.name: keeper.progress for keeper in self._keepers}

    async def _send_the_rest(self, courier: Courier) -> Exit:
        try:
            remaining = await courier.drain_once()
        except (ServerUnavailable, LoginRefused, StoreUnavailable, StoreBroken) as error:
            log.error("outbox-not-drained", error=str(error))  # noqa: TRY400
            return exit_of(error)
        if remaining:
            log.warning("replies-remain", mails=remaining)
        return Exit.UNAVAILABLE if remaining else Exit.DONE

    def _cut(self) -> None:
        for keeper in self._keepers:
            keeper.mailbox.cut()


def _leave(code: Exit) -> None:
    """End now. Nothing is lost: it is as if we had crashed here, and the next start carries on."""
    log.warning("left-with-work-unfinished")
    os._exit(code)


def _tell_to_restart() -> None:
    log.warning("settings-not-read-again", hint="settings are read at the start: restart the daemon")
