"""Settings that are read anew, as the loop of a service asks for them."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from daemon.renewal import Reloaded, Renewal
from daemon.settings.models import Settings
from daemon.settings.problems import SettingsError

BOOKS = [{"code": "nl01", "name": "Bakker"}]
OLD, MOVED = (
    Settings.model_validate({"store": {"url": f"sqlite:////{name}.db"}, "administrations": BOOKS})
    for name in ("old", "new")
)


def process(*_given: object) -> None:
    """What is done with each mail."""


def read(reload: Callable[[], Reloaded] | None, *, asks: int = 1) -> tuple[Renewal, int]:
    """Ask for new settings so many times in one go. How it ended, and how often somebody was to take over."""
    called: list[Renewal] = []

    async def live() -> Renewal:
        renewal = Renewal(OLD, reload, lambda: called.append(renewal))
        for _ in range(asks):
            renewal.ask()
        await renewal.finish()
        return renewal

    return asyncio.run(live()), len(called)


def test_settings_that_are_right_are_handed_over() -> None:
    new = OLD.model_copy(update={"mailboxes": []})
    renewal, called = read(lambda: (new, process), asks=2)
    assert renewal.renewed == (new, process)
    assert called == 1


def fail() -> Reloaded:
    raise SettingsError([])


def stumble() -> Reloaded:
    raise ZeroDivisionError


def move_store() -> Reloaded:
    return MOVED, process


@pytest.mark.parametrize(
    ("reload", "event"),
    [
        (None, "settings-not-read-again"),
        (fail, "settings-refused"),
        (stumble, "settings-met-a-bug"),
        (move_store, "settings-refused"),
    ],
)
def test_the_old_ones_stay_otherwise(reload: Callable[[], Reloaded] | None, event: str) -> None:
    with capture_logs() as logs:
        renewal, called = read(reload)
    assert (renewal.renewed, called) == (None, 0)
    assert [line["event"] for line in logs] == [event]


def test_what_is_being_read_when_the_service_stops_counts_for_nothing() -> None:
    reading, stopped = threading.Event(), threading.Event()

    def reload() -> Reloaded:
        reading.set()
        assert stopped.wait(20)
        return OLD, process

    async def live() -> Renewal:
        renewal = Renewal(OLD, reload, lambda: pytest.fail("nobody takes over"))
        renewal.ask()
        assert await asyncio.to_thread(reading.wait, 20)
        renewal.give_up()
        stopped.set()
        await renewal.finish()  # at once
        return renewal

    assert asyncio.run(live()).renewed is None
