"""A real child of the process that children are forked from, driven as the daemon drives it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO

from daemon.children import Child, Children
from parsers import handover
from parsers.frames import receive_frame, send
from parsers.handover import TARGET, Limits, SentFile
from parsers.protocol import Broken, Crashed, Done, EnvelopeRead, Frame, Kind, Open, Options, ReadEnvelope

CHILDREN = Children()


@dataclass
class Running:
    child: Child

    @property
    def requests(self) -> "Connection[bytes, bytes]":
        return self.child.requests

    @property
    def frames(self) -> "Connection[bytes, bytes]":
        return self.child.frames

    @property
    def pid(self) -> int:
        return self.child.pid

    def envelope(self) -> EnvelopeRead:
        send(self.requests, ReadEnvelope())
        frame = receive_frame(self.frames)
        assert isinstance(frame, EnvelopeRead), frame
        return frame

    def open(self, options: Options = Options("EUR")) -> Iterator[Frame]:  # noqa: B008 - frozen
        send(self.requests, Open(options))
        while True:
            frame = receive_frame(self.frames)
            yield frame
            if isinstance(frame, Done | Broken | Crashed):
                return

    def end(self) -> int | None:
        """Hang up, and the exit code."""
        self.requests.close()
        return self.child.exit_code()

    def peak(self) -> int:
        """The most memory it held so far, in kilobytes."""
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def children_of(pid: int) -> list[int]:
    """The processes that it started, as far as they live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running_child(
    kind: Kind,
    *files: tuple[str, bytes | BinaryIO],
    limits: Limits = Limits(),  # noqa: B008 - frozen
    target: str = TARGET,
) -> Iterator[Running]:
    """A child with these files, killed at the end if it still runs."""
    CHILDREN.start([*handover.PRELOAD_FOR_MAILS, "misbehaving"])
    opened = [(name, _spool(content)) for name, content in files]
    child = CHILDREN.fork(kind, [SentFile(name, file.fileno()) for name, file in opened], limits, target)
    for _, file in opened:
        file.close()
    try:
        yield Running(child)
    finally:
        child.close()


def _spool(content: bytes | BinaryIO) -> BinaryIO:
    if not isinstance(content, bytes):
        return content
    file = os.fdopen(os.memfd_create("mail"), "wb")
    file.write(content)
    file.flush()
    return file
