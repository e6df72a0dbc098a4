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


def show_environment(requests: Any, frames: Any, kind: Kind, files: Sequence[SentFile], limits: Limits) -> None:
    """Say all of it."""
    send(frames, Crashed(repr(dict(os.environ))))


def show_files(requests: Any, frames: Any, kind: Kind, files: Sequence[SentFile], limits: Limits) -> None:
    """Say what the files hold, and which other descriptors are open."""
    others = {int(name) for name in os.listdir("/proc/self/fd")} - {sent.fd for sent in files}
    others -= {requests.fileno(), frames.fileno()}
    open_ones = [fd for fd in sorted(others) if os.path.exists(f"/proc/self/fd/{fd}")]
    read = " ".join(f"{sent.name}={os.pread(sent.fd, 100, 0).decode()}" for sent in files)
    send(frames, Crashed(f"{open_ones} {read}"))


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
