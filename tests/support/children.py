"""A real child from a real forkserver, driven as the daemon drives it."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import BinaryIO

from parsers import child, handover
from parsers.frames import enlarge, receive_frame, send
from parsers.protocol import Broken, Crashed, Done, EnvelopeRead, Frame, Kind, Open, Options, ReadEnvelope

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([*handover.PRELOAD_FOR_MAILS, "misbehaving"])


@dataclass
class Child:
    process: ForkServerProcess
    requests: "Connection[bytes, bytes]"
    frames: "Connection[bytes, bytes]"

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
        self.process.join(10)
        return self.process.exitcode

    def peak(self) -> int:
        """The most memory it held so far, in kilobytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


@contextmanager
def running_child(
    kind: Kind,
    *files: tuple[str, bytes | BinaryIO],
    limits: child.Limits = child.Limits(),  # noqa: B008 - frozen
    target: object = child.main,
) -> Iterator[Child]:
    """A child with these files, killed at the end if it still runs."""
    opened = [(name, _spool(content)) for name, content in files]
    child_requests, requests = CONTEXT.Pipe(duplex=False)
    frames, child_frames = CONTEXT.Pipe(duplex=False)
    enlarge(child_frames)
    sent = tuple(child.SentFile(name, file.fileno()) for name, file in opened)
    process = CONTEXT.Process(target=target, args=(child_requests, child_frames, kind, sent, limits))  # type: ignore[arg-type]
    process.start()
    child_requests.close()
    child_frames.close()
    for _, file in opened:
        file.close()
    try:
        yield Child(process, requests, frames)
    finally:
        requests.close()
        frames.close()
        process.kill()
        process.join()
        process.close()


def _spool(content: bytes | BinaryIO) -> BinaryIO:
    if not isinstance(content, bytes):
        return content
    file = os.fdopen(os.memfd_create("mail"), "wb")
    file.write(content)
    file.flush()
    return file
