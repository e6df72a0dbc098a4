"""What goes on beside the mailboxes while the service runs: alarms, housekeeping, leases, and word to systemd."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from daemon.alarms import Alarms
from daemon.alerts import build_alerts
from daemon.housekeeping import Housekeeping
from daemon.leases import Leases
from daemon.mailbox_keeper import Keeper
from daemon.notify import Notifier
from daemon.noting import note_totals
from daemon.settings.models import Settings
from daemon.settings.policies import build_alarm_rules, build_identity
from daemon.unavailable import until
from store.clock import Clock
from store.database import Store
from store.records import StoreBroken, StoreUnavailable

ALARMS_EVERY = 60.0  # seconds, and whenever a mailbox gets into trouble or out of it

log = structlog.get_logger()


class Chores:
    """Each chore is a coroutine that runs until it is cancelled. Made and used inside the loop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        keepers: Sequence[Keeper],
        leases: Leases,
        notifier: Notifier,
        store_thread: ThreadPoolExecutor,
        clock: Callable[[], datetime],
        wake_courier: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._keepers = keepers
        self._leases = leases
        self._notifier = notifier
        self._store_thread = store_thread
        self._clock = clock
        self._wake_courier = wake_courier
        self._changed = asyncio.Event()
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

    def look_soon(self) -> None:
        """Have the alarms looked after now: a mailbox got into trouble or out of it."""
        self._changed.set()

    async def watch_over(self) -> None:
        """Alarms are looked after once every mailbox was tried: what an old record says may be over."""
        for keeper in self._keepers:
            await keeper.reached.wait()
        while True:
            await self.check_alarms()
            self._changed.clear()
            await until(self._changed, ALARMS_EVERY)

    async def check_alarms(self) -> None:
        """Once, now, with what is due of the housekeeping."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._store_thread, self._check_alarms_in_thread)
        except (StoreUnavailable, StoreBroken) as error:
            log.error("alarms-not-checked", error=str(error))  # noqa: TRY400
        except Exception:  # a bug here must not stop the mailboxes
            log.exception("alarms-met-a-bug")
        self._wake_courier()

    def _check_alarms_in_thread(self) -> None:
        if isinstance(self._clock, Clock):
            self._clock.set(self._store)
        self._alarms.check([keeper.last_look() for keeper in self._keepers])
        self._housekeeping.run_due()
        note_totals(self._store, self._settings)

    async def renew_leases(self) -> None:
        """Other daemons leave our mailboxes alone as long as we do this."""
        while True:
            await asyncio.sleep(self._leases.renewal)
            try:
                await asyncio.to_thread(self._leases.renew)
            except (StoreUnavailable, StoreBroken) as error:  # they run out, and others may help; no harm is done
                log.warning("leases-not-renewed", error=str(error))

    async def announce(self) -> None:
        """We are ready when every mailbox was reached once, or has failed and said so in the log."""
        for keeper in self._keepers:
            await keeper.reached.wait()
        log.info("ready", mailboxes=len(self._keepers))
        self._notifier.ready()

    async def feed_watchdog(self) -> None:
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
