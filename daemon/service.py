"""The process: every mailbox is looked into on its own, the courier sends, and systemd is told how it goes.

one thread a mailbox    fetches, processes and moves
one thread              does what the courier asks of the store
the asyncio loop        waits, wakes the courier, feeds the watchdog, hears signals
"""

import asyncio
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from daemon.alarms import Alarms
from daemon.alerts import build_alerts
from daemon.commands.exits import Exit, exit_of, worst
from daemon.courier import Courier
from daemon.housekeeping import Housekeeping
from daemon.leases import Leases
from daemon.mailbox import Mailbox
from daemon.mailbox_keeper import Keeper
from daemon.mailbox_poll import Looking, Polled, Process, poll
from daemon.notify import Notifier
from daemon.noting import note_totals
from daemon.settings.models import Settings
from daemon.settings.policies import build_alarm_rules, build_identity
from daemon.settings.problems import SettingsError
from daemon.token_sources import build_token_sources
from daemon.unavailable import LoginRefused, ServerUnavailable, until
from store.clock import Clock
from store.database import Store
from store.records import StoreBroken, StoreUnavailable

CUT_AFTER = 6.0  # seconds after a signal: no IMAP server is waited for any more
LEAVE_AFTER = 9.0  # seconds after a signal: the process ends, whatever it is doing
ALARMS_EVERY = 60.0  # seconds, and whenever a mailbox gets into trouble or out of it

log = structlog.get_logger()


Reloaded = tuple[Settings, Process]  # settings, and what is done with each mail under them
Reload = Callable[[], Reloaded]  # reads the settings anew; raises SettingsError


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
                await service.finish_reading()
            finally:
                service.close()
        if service.renewed is None:
            return code
        settings, process = service.renewed


class Service:
    """The mailboxes, the courier, and what they share. Made and used inside the loop.

    When `run` ends and `renewed` is set, a service with these settings is to take over.
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
        self.renewed: Reloaded | None = None
        self._settings = settings
        self._store = store
        self._notifier = notifier
        self._clock = clock
        self._reload = reload
        self._reloading: asyncio.Task[None] | None = None
        self._read_again = False
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
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
        self._alarms = Alarms(
            store=store,
            rules=build_alarm_rules(settings),
            to=settings.alerts.to,
            sender=settings.smtp.sender if settings.smtp else "",
            domain=build_identity(settings).domain,
            clock=clock,
            secret=secrets.token_bytes,
        )
        self._housekeeping = Housekeeping(store, build_alerts(settings), settings.retention, clock)
        self._troubled: set[str] = set()

    async def run(self) -> Exit:
        """Look and send until told to stop."""
        async with asyncio.TaskGroup() as chores:
            background = [
                chores.create_task(chore)
                for chore in (self._announce(), self._feed_watchdog(), self._watch_over(), self._renew_leases())
            ]
            async with asyncio.TaskGroup() as tasks:
                for keeper in self._keepers:
                    tasks.create_task(keeper.run(self._stopping))
                if self._courier is not None:
                    tasks.create_task(self._courier.run(self._stopping))
                await self._stopping.wait()
            for task in background:
                task.cancel()
        log.info("stopped" if self.renewed is None else "settings-read-anew")
        return Exit.DONE

    async def run_once(self) -> Exit:
        """Drain all mailboxes, then the outbox; replies go out meanwhile."""
        self._exit_if_unfinished = Exit.UNAVAILABLE
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(self._renew_leases())
            sending = tasks.create_task(self._courier.run(drained)) if self._courier is not None else None
            codes = await asyncio.gather(*(keeper.drain(self._stopping) for keeper in self._keepers))
            await self._check_alarms()
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
        self.renewed = None
        self._notifier.stopping()
        self._end_work()
        asyncio.get_running_loop().call_later(CUT_AFTER, self._cut)
        self._leaving = threading.Timer(LEAVE_AFTER, _leave, [self._exit_if_unfinished])
        self._leaving.daemon = True
        self._leaving.start()

    def hear_reload(self) -> None:
        """Read the settings anew, and let the service end if they are right.

        What is being read just now is read again: it may have changed meanwhile.
        """
        self._read_again = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._renew_while_asked())

    async def finish_reading(self) -> None:
        """Wait for settings that are being read, unless nobody needs them any more."""
        if self._reloading is not None and self._leaving is None:
            await self._reloading

    async def _renew_while_asked(self) -> None:
        while self._read_again:
            self._read_again = False
            await self._renew()

    async def _renew(self) -> None:
        if self._reload is None:
            log.warning("settings-not-read-again", hint="this command reads them at its start only")
            return
        try:
            settings, process = await asyncio.to_thread(self._reload)
        except SettingsError as error:
            log.error("settings-refused", problems=str(error), hint="the old ones stay")  # noqa: TRY400
            return
        except Exception:  # whatever it was, the settings at hand still work
            log.exception("settings-met-a-bug")
            return
        if settings.store != self._settings.store:
            log.error("settings-refused", problems="`store` has changed", hint="restart the daemon for another store")
            return
        if self._leaving is not None:
            return
        self._notifier.reloading()
        self.renewed = settings, process
        self._end_work()

    def _end_work(self) -> None:
        self._stopping.set()
        self._threads_stop.set()
        if self._courier is not None:
            self._courier.wake()
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
        handlers = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self.hear_reload}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            if self.renewed is None:
                for number in handlers:
                    loop.remove_signal_handler(number)

    def _look(self, mailbox: Mailbox, advanced: Callable[[], None]) -> Polled:
        return poll(mailbox, self._looking, advanced)

    def _tell(self) -> None:
        """A mailbox got further: there may be replies to send, and something else to say to systemd."""
        if self._courier is not None:
            self._courier.wake()
        troubled = {keeper.name for keeper in self._keepers if keeper.trouble is not None}
        if troubled != self._troubled:
            self._troubled = troubled
            self._changed.set()
        looks = [keeper.last_look() for keeper in self._keepers]
        state = f"in trouble: {', '.join(sorted(troubled))}" if troubled else "all reached"
        done = sum(keeper.finished for keeper in self._keepers)
        backlog = sum(look.backlog for look in looks)
        self._notifier.status(f"mailboxes: {len(looks)}, {state}; mails done: {done}, left: {backlog}")

    async def _watch_over(self) -> None:
        """Alarms are looked after once every mailbox was tried: what an old record says may be over."""
        for keeper in self._keepers:
            await keeper.reached.wait()
        while True:
            await self._check_alarms()
            self._changed.clear()
            await until(self._changed, ALARMS_EVERY)

    async def _check_alarms(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._store_thread, self._check_alarms_in_thread)
        except (StoreUnavailable, StoreBroken) as error:
            log.error("alarms-not-checked", error=str(error))  # noqa: TRY400
        except Exception:  # a bug here must not stop the mailboxes
            log.exception("alarms-met-a-bug")
        if self._courier is not None:
            self._courier.wake()

    def _check_alarms_in_thread(self) -> None:
        if isinstance(self._clock, Clock):
            self._clock.set(self._store)
        self._alarms.check([keeper.last_look() for keeper in self._keepers])
        self._housekeeping.run_due()
        note_totals(self._store, self._settings)

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._leases.renewal)
            try:
                await asyncio.to_thread(self._leases.renew)
            except (StoreUnavailable, StoreBroken) as error:  # they run out, and others may help; no harm is done
                log.warning("leases-not-renewed", error=str(error))

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
