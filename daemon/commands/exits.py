"""The exit codes that scripts rely on, and which error ends in which."""

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Listed from best to worst, as `worst` ranks them."""

    DONE = 0  # applied, unchanged, shown
    REFUSED = 4
    HELD = 3
    PERSON = 1  # a person is needed
    USAGE = 2
    UNAVAILABLE = 75  # a server, the network, the store or a process was not to be had: again later may help
    SETTINGS = 78
    BUG = 70


_RANKS = {code: rank for rank, code in enumerate(Exit)}


def worst(codes: Iterable[Exit]) -> Exit:
    """The one code for several files or steps; DONE for none."""
    return max(codes, key=_RANKS.__getitem__, default=Exit.DONE)


def exit_of(error: Exception) -> Exit:
    """BUG for what nobody expects."""
    # Slow to import, and needed only after something failed.
    from daemon.children import NoChild
    from daemon.settings.problems import SettingsError
    from daemon.unavailable import LoginRefused, ServerUnavailable
    from handlers.planning import KeptGone
    from store.records import StoreBroken, StoreUnavailable

    match error:
        case SettingsError():
            return Exit.SETTINGS
        case StoreUnavailable() | ServerUnavailable() | NoChild():
            return Exit.UNAVAILABLE
        case StoreBroken() | LoginRefused() | KeptGone():
            return Exit.PERSON
        case _:
            return Exit.BUG
