"""Servers that are away or turn us away: what is raised, and how long they are left alone."""

import asyncio
from contextlib import suppress

from tenacity import RetryCallState, Retrying, wait_random_exponential

from store.records import StoreBroken

FIRST_PAUSE = 5.0  # seconds
LONGEST_PAUSE = 300.0
PERSONS_PAUSE = 900.0  # where only a person can help
PATIENCE = 3  # failures after which a person is waited for


class ServerUnavailable(Exception):
    """The server cannot be reached or does not do as asked. Nothing is lost: try again later."""


class LoginRefused(Exception):
    """The server does not accept user and password: a person is needed. Asking often may get the address banned."""


class MailMetBug(Exception):
    """Processing one mail ended in a bug of ours; the log has it. It is tried again, but not for ever."""


def pause(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row: up to `first`, then twice as long each time, at random.

    At least half of `first`. Chance keeps many clients of one server from coming back at once.
    """
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = max(1, failures)
    return wait_random_exponential(multiplier=first, max=longest, min=first / 2)(state)


def pause_for(error: Exception, failures: int) -> float:
    """Seconds to leave a server or the store alone after this error, the last of so many failures in a row."""
    if isinstance(error, LoginRefused | StoreBroken) and failures >= PATIENCE:
        return PERSONS_PAUSE
    return pause(failures, FIRST_PAUSE, LONGEST_PAUSE)


async def until(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most so long; whether it happened."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
