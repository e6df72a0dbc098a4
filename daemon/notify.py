"""What systemd is told (sd_notify(3)). Without systemd nothing happens."""

import time
from collections.abc import Mapping

from sdnotify import SystemdNotifier


class Notifier:
    """Says to the service manager that we are ready, alive, busy with this, or leaving."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # sdnotify reads NOTIFY_SOCKET from the environment of the process, and stays silent without it.
        self._systemd = SystemdNotifier() if environment.get("NOTIFY_SOCKET") else None
        self._said = ""
        self.watchdog_seconds = _watchdog_seconds(environment)

    def ready(self) -> None:
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; what was said before is not said again."""
        if text != self._said:
            self._said = text
            self._tell(f"STATUS={text}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """The settings are read anew; `ready` says when that is done."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def close(self) -> None:
        if self._systemd is not None and self._systemd.socket is not None:
            self._systemd.socket.close()

    def _tell(self, message: str) -> None:
        if self._systemd is not None:
            self._systemd.notify(message)


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """After how long a silence systemd kills us (WATCHDOG_USEC); None if it does not."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() and int(microseconds) > 0 else None
