"""What a child is started with. Light: the daemon hands it over without loading what reads mails.

The child's own module brings the parsers, the mathematics of signatures and their libraries: some twenty megabytes.
"""

from dataclasses import dataclass

TARGET = "parsers.child:main"  # what a child calls

PRELOAD = ["parsers.child"]
"""Loaded before any child is forked: every module, codec and table that files need, for a child may open no file."""

GARBAGE_AT = 20_000  # objects between two looks for garbage: a frame is a thousand of them, and none is garbage

PRELOAD_FOR_MAILS = [*PRELOAD, "parsers.signatures", "parsers.warmed"]
"""What mails need besides, and what has them read faster."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use; going over ends it."""

    memory: int = 1024 * 1024 * 1024  # bytes of address space
    cpu_seconds: int = 60


@dataclass(frozen=True, slots=True)
class SentFile:
    """An open file that goes to a child at its start."""

    name: str
    fd: int
