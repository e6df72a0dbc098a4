"""Servers that are away or turn us away: what is raised, and how long they are left alone."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from store.records import StoreBroken

FIRST_PAUSE = 5.0  # seconds
LONGEST_PAUSE = 300.0
PERSONS_PAUSE = 900.0  # where only a person can help
PATIENCE = 3  # failures after which a person is waited for


class ServerUnavailable(Exception):
    """The server cannot be reached or does not do as asked. Nothing is lost: try again later."""


class LoginRefused(Exception):
    """The server does not accept user and password: a person is needed. Asking often may get the address banned."""


def pause(failures: int, first: float, longest: float, random: Callable[[], float]) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, less up to a half by chance.

    `random` gives numbers from 0 to 1. Chance keeps many clients of one server from coming back at once.
    """
    doubled = first * 2 ** min(failures - 1, 30)
    return min(longest, doubled) * (1 - random() / 2)


def pause_for(error: Exception, failures: int, random: Callable[[], float]) -> float:
    """Seconds to leave a server or the store alone after this error, the last of so many failures in a row."""
    if isinstance(error, LoginRefused | StoreBroken) and failures >= PATIENCE:
        return PERSONS_PAUSE
    return pause(failures, FIRST_PAUSE, LONGEST_PAUSE, random)


async def until(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long; whether it happened."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
