"""Settings that are read anew while the service runs under the old ones. One for each service, inside its loop."""

import asyncio
from collections.abc import Callable

import structlog

from daemon.mailbox_poll import Process
from daemon.settings.models import Settings
from daemon.settings.problems import SettingsError

Reloaded = tuple[Settings, Process]  # settings, and what is done with each mail under them
Reload = Callable[[], Reloaded]  # reads the settings anew; raises SettingsError

log = structlog.get_logger()


class Renewal:
    """Reads the settings whenever it is asked to; once they are right they stand in `renewed`."""

    def __init__(self, settings: Settings, reload: Reload | None, hand_over: Callable[[], None]) -> None:
        self.renewed: Reloaded | None = None
        self._settings = settings
        self._reload = reload
        self._hand_over = hand_over  # called when `renewed` is set: somebody else is to take over
        self._reading: asyncio.Task[None] | None = None
        self._again = False
        self._is_given_up = False

    def ask(self) -> None:
        """Read the settings anew. What is being read just now is read again: it may have changed meanwhile."""
        self._again = True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._read_while_asked())

    def give_up(self) -> None:
        """The service stops for good: nobody takes over, whatever was read."""
        self._is_given_up = True
        self.renewed = None

    async def finish(self) -> None:
        """Wait for settings that are being read, unless nobody needs them any more."""
        if self._reading is not None and not self._is_given_up:
            await self._reading

    async def _read_while_asked(self) -> None:
        while self._again:
            self._again = False
            await self._read()

    async def _read(self) -> None:
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
        if not self._is_given_up:
            self.renewed = settings, process
            self._hand_over()
