"""The process: every mailbox is looked into on its own, the courier sends, and systemd is told how it goes.

one thread a mailbox    fetches, processes and moves
one thread              does what the courier asks of the store
the asyncio loop        waits, wakes the courier, feeds the watchdog, hears signals
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from daemon.chores import Chores
from daemon.commands.exits import Exit, exit_of, worst
from daemon.courier import Courier
from daemon.leases import Leases
from daemon.mailbox import Mailbox
from daemon.mailbox_keeper import Keeper
from daemon.mailbox_poll import Looking, Polled, Process, poll
from daemon.notify import Notifier
from daemon.renewal import Reload, Renewal
from daemon.settings.models import Settings
from daemon.token_sources import build_token_sources
from daemon.unavailable import LoginRefused, ServerUnavailable
from store.database import Store
from store.records import StoreBroken, StoreUnavailable

CUT_AFTER = 6.0  # seconds after a signal: no IMAP server is waited for any more
LEAVE_AFTER = 9.0  # seconds after a signal: the process ends, whatever it is doing

log = structlog.get_logger()


def serve(
    settings: Settings,
    store: Store,
    process: Process,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    reload: Reload | None = None,
    once: bool = False,
) -> Exit:
    """Run until SIGTERM or SIGINT; with `once`, until every mailbox and the outbox are drained.

    `process` is called in the threads of the mailboxes. After a signal the mails at hand are finished, for at most
    `LEAVE_AFTER` seconds: what is unfinished then is done again after the next start. SIGHUP reads the settings anew
    by `reload`. With `once` the exit code tells whether a server could not be reached, mails or replies remain, or a
    mail met a bug.
    """
    notifier = Notifier(os.environ)
    try:
        return asyncio.run(_live(settings, store, process, notifier, clock, reload, once=once))
    finally:
        notifier.close()


async def _live(
    settings: Settings,
    store: Store,
    process: Process,
    notifier: Notifier,
    clock: Callable[[], datetime],
    reload: Reload | None,
    *,
    once: bool,
) -> Exit:
    while True:
        service = Service(settings, store, process, notifier, clock=clock, reload=reload)
        with service.hearing_signals():
            try:
                code = await (service.run_once() if once else service.run())
                await service.renewal.finish()
            finally:
                service.close()
        if service.renewal.renewed is None:
            return code
        settings, process = service.renewal.renewed


class Service:
    """The mailboxes, the courier, and what they share. Made and used inside the loop.

    When `run` ends and `renewal.renewed` is set, a service with these settings is to take over.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        process: Process,
        notifier: Notifier,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        reload: Reload | None = None,
    ) -> None:
        self._notifier = notifier
        self.renewal = Renewal(settings, reload, self._hand_over)
        self._stopping = asyncio.Event()
        self._threads_stop = threading.Event()
        self._leaving: threading.Timer | None = None
        self._exit_if_unfinished = Exit.DONE
        self._store_thread = ThreadPoolExecutor(1, "store")
        self._leases = Leases(store)
        self._looking = Looking(store, process, clock, self._threads_stop, self._leases.alone, self._leases.is_owed)
        tokens = build_token_sources(settings)
        self._courier = None
        if settings.smtp is not None:
            smtp_tokens = tokens.get(settings.smtp.oauth2)
            self._courier = Courier(settings.smtp, store, self._store_thread, clock=clock, tokens=smtp_tokens)
        self._keepers = [
            Keeper(
                Mailbox(mailbox, settings.limits.largest_mail, tokens.get(mailbox.oauth2)),
                self._look,
                self._tell,
                clock,
            )
            for mailbox in settings.mailboxes
        ]
        self._chores = Chores(
            settings, store, self._keepers, self._leases, notifier, self._store_thread, clock, self._wake_courier
        )
        self._troubled: set[str] = set()

    async def run(self) -> Exit:
        """Look and send until told to stop."""
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(chore)
                for chore in (
                    self._chores.announce(),
                    self._chores.feed_watchdog(),
                    self._chores.watch_over(),
                    self._chores.renew_leases(),
                )
            ]
            async with asyncio.TaskGroup() as tasks:
                for keeper in self._keepers:
                    tasks.create_task(keeper.run(self._stopping))
                if self._courier is not None:
                    tasks.create_task(self._courier.run(self._stopping))
                await self._stopping.wait()
            for task in background:
                task.cancel()
        log.info("stopped" if self.renewal.renewed is None else "settings-read-anew")
        return Exit.DONE

    async def run_once(self) -> Exit:
        """Drain all mailboxes, then the outbox; replies go out meanwhile."""
        self._exit_if_unfinished = Exit.UNAVAILABLE
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(self._chores.renew_leases())
            sending = tasks.create_task(self._courier.run(drained)) if self._courier is not None else None
            codes = await asyncio.gather(*(keeper.drain(self._stopping) for keeper in self._keepers))
            await self._chores.check_alarms()
            drained.set()
            if self._courier is not None and sending is not None:
                self._courier.wake()
                await sending
                codes.append(await self._send_the_rest(self._courier))
            renewing.cancel()
        return worst(codes)

    def stop(self) -> None:
        """Finish what is at hand and leave; in time, whatever happens. No other service takes over then."""
        if self._leaving is not None:
            return
        log.info("stopping")
        self.renewal.give_up()
        self._notifier.stopping()
        self._end_work()
        asyncio.get_running_loop().call_later(CUT_AFTER, self._cut)
        self._leaving = threading.Timer(LEAVE_AFTER, _leave, [self._exit_if_unfinished])
        self._leaving.daemon = True
        self._leaving.start()

    def _hand_over(self) -> None:
        self._notifier.reloading()
        self._end_work()

    def _end_work(self) -> None:
        self._stopping.set()
        self._threads_stop.set()
        self._wake_courier()
        for keeper in self._keepers:
            keeper.wake()

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
        """SIGTERM and SIGINT stop the service; SIGHUP has it read the settings anew.

        Where another is to take over they stay heard: what comes in between is for that one.
        """
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self.renewal.ask}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            if self.renewal.renewed is None:
                for number in handlers:
                    loop.remove_signal_handler(number)

    def _wake_courier(self) -> None:
        if self._courier is not None:
            self._courier.wake()

    def _look(self, mailbox: Mailbox, advanced: Callable[[], None]) -> Polled:
        return poll(mailbox, self._looking, advanced)

    def _tell(self) -> None:
        """A mailbox got further: there may be replies to send, and something else to say to systemd."""
        self._wake_courier()
        troubled = {keeper.name for keeper in self._keepers if keeper.trouble is not None}
        if troubled != self._troubled:
            self._troubled = troubled
            self._chores.look_soon()
        looks = [keeper.last_look() for keeper in self._keepers]
        state = f"in trouble: {', '.join(sorted(troubled))}" if troubled else "all reached"
        done = sum(keeper.finished for keeper in self._keepers)
        backlog = sum(look.backlog for look in looks)
        self._notifier.status(f"mailboxes: {len(looks)}, {state}; mails done: {done}, left: {backlog}")

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
