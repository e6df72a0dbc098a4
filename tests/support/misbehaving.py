"""Children that do what a hostile mail might make one do, after the limits were set."""

import os
import socket
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parsers import child
from parsers.frames import send
from parsers.handover import Limits, SentFile
from parsers.protocol import Crashed, Kind


def try_everything(requests: Any, frames: Any, kind: Kind, files: Sequence[SentFile], limits: Limits) -> None:
    """Say what succeeded of what must fail."""
    child.restrict(limits)
    done = []
    attempts = {
        "open": Path("/etc/passwd").read_bytes,
        "write": Path("/tmp/saldopost-test-escape").touch,
        "socket": socket.socket,
        "pipe": os.pipe,
        "dup": lambda: os.dup(1),
        "list": lambda: os.listdir("/"),
        "http": lambda: urllib.request.urlopen("http://127.0.0.1:9"),
        "memory": lambda: bytearray(limits.memory),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
            done.append(name)
        except (OSError, MemoryError):
            pass
    send(frames, Crashed(",".join(done)))


def spin(requests: Any, frames: Any, kind: Kind, files: Sequence[SentFile], limits: Limits) -> None:
    """Never end."""
    child.restrict(limits)
    while True:
        pass


def stumble(requests: Any, frames: Any, kind: Kind, files: Sequence[SentFile], limits: Limits) -> None:
    """Have a bug."""
    child.read_mail = _raise  # type: ignore[assignment]
    child.main(requests, frames, kind, files, limits)


def devour(requests: Any, frames: Any, kind: Kind, files: Sequence[SentFile], limits: Limits) -> None:
    """Ask for more memory than there may be."""
    child.read_mail = lambda raw, options: iter([bytearray(limits.memory)])  # type: ignore[assignment,return-value]
    child.main(requests, frames, kind, files, limits)


def _raise(*_: object) -> Any:
    raise LookupError("a bug")
