"""`saldopost`, but it dies at a named point: `python crashing.py POINT MARKER saldopost-arguments…`.

Nothing in the program knows of this: the functions at hand are wrapped here, in a process of its own.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = (
    "fetched, nothing stored",
    "remembered, nothing read",
    "inside the transaction",
    "committed, before SMTP",
    "250 seen, not marked",
    "reply sent, before MOVE",
    "MOVE sent, no answer",
    "moved, not noted",
)
AFTER_THE_REPLY = ("reply sent, before MOVE", "MOVE sent, no answer", "moved, not noted")
DIED = 99


def wrap(owner: Any, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, around(getattr(owner, name)))


def before(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *_given, **_named: os._exit(DIED)


def after(real: Callable[..., Any]) -> Callable[..., Any]:
    def act(*given: Any, **named: Any) -> None:
        real(*given, **named)
        os._exit(DIED)

    return act


def after_waiting(real: Callable[..., Any]) -> Callable[..., Any]:
    async def act(*given: Any, **named: Any) -> None:
        await real(*given, **named)
        os._exit(DIED)

    return act


def once_marked(
    die: Callable[[Callable[..., Any]], Callable[..., Any]], marker: Path
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Die there, but not before the test has made the file: the courier, in another thread, goes on until then."""

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any, **named: Any) -> None:
            limit = time.monotonic() + 20
            while not marker.exists() and time.monotonic() < limit:
                time.sleep(0.01)
            die(real)(*given, **named)

        return act

    return around


def lay(point: str, marker: Path) -> None:
    import imapclient

    from daemon import courier, mailbox, way
    from store import messages

    match point:
        case "fetched, nothing stored":
            wrap(way.Way, "process", before)
        case "remembered, nothing read":
            wrap(way, "read_mail", before)
        case "inside the transaction":
            wrap(messages, "finish", after)
        case "committed, before SMTP":
            wrap(courier, "deliver", before)
        case "250 seen, not marked":
            wrap(courier, "deliver", after_waiting)
        case "reply sent, before MOVE":
            wrap(mailbox.Mailbox, "move", once_marked(before, marker))
        case "MOVE sent, no answer":
            wrap(imapclient.IMAPClient, "move", once_marked(after, marker))
        case "moved, not noted":
            wrap(mailbox.Mailbox, "move", once_marked(after, marker))
        case _:
            raise ValueError(point)


if __name__ == "__main__":
    lay(sys.argv[1], Path(sys.argv[2]))
    from daemon.commands import main

    main(sys.argv[3:])
