"""What a child is started with. Light: the daemon hands it over without loading what reads mails.

The child's own module brings the parsers, the mathematics of signatures and their libraries: some twenty megabytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

from parsers.protocol import Kind

PRELOAD = ["parsers.child"]
"""For `set_forkserver_preload`: every module, codec and table that files need, for a child may open no file."""

GARBAGE_AT = 20_000  # objects between two looks for garbage: a frame is a thousand of them, and none is garbage

PRELOAD_FOR_MAILS = [*PRELOAD, "parsers.signatures", "parsers.warmed"]
"""What mails need besides, and what has them read faster."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use; going over ends it."""

    memory: int = 1024 * 1024 * 1024  # bytes of address space
    cpu_seconds: int = 60


class SentFile:
    """An open file that goes to a child at its start."""

    def __init__(self, name: str, fd: int) -> None:
        self.name, self.fd = name, fd

    def __reduce__(self) -> tuple[Any, ...]:
        # Works only while a process is being started: then the descriptor is duplicated for it.
        return _take_over, (self.name, reduction.DupFd(self.fd))


def _take_over(name: str, duplicate: Any) -> SentFile:
    return SentFile(name, duplicate.detach())


def main(
    requests: "Connection[bytes, bytes]",
    frames: "Connection[bytes, bytes]",
    kind: Kind,
    files: Sequence[SentFile],
    limits: Limits,
) -> None:
    """`parsers.child.main`, which is loaded in the child; where it is preloaded, that takes nothing."""
    from parsers import child

    child.main(requests, frames, kind, files, limits)
