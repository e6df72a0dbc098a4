"""The daemon's side of the child that reads: one process per mail, killed when it takes too long.

What kills the child is the sender's file: it comes out as a `Broken` frame, and the daemon goes on.
"""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime

from daemon.children import Child, Children, NoChild
from daemon.forkserver import OUT_OF_MEMORY
from parsers.frames import receive_frame, send
from parsers.handover import PRELOAD, PRELOAD_FOR_MAILS, Limits, SentFile
from parsers.protocol import (
    Broken,
    Crashed,
    Done,
    EnvelopeRead,
    Frame,
    Kind,
    Open,
    Options,
    ReadEnvelope,
    ReadText,
    Request,
    TextRead,
    Verified,
    Verify,
)
from parsers.records import Finding, Key, Refused, Verdict

PATIENCE = 2.0  # wall time, as a multiple of the CPU time that the child may have

_children = Children()


class ReadingCrashed(Exception):
    """A bug in the child, and the text is its traceback; or it came to an end that no mail leads to."""


def start_reading(*, mails: bool = True) -> None:
    """Start the process that children are forked from; it loads what they need while the caller goes on.

    Without `mails` the children can read files, but verify no signatures.
    """
    _children.start(PRELOAD_FOR_MAILS if mails else PRELOAD)


class Reading:
    """A conversation with one child. Made by `read_mail` and `read_files`."""

    def __init__(self, child: Child, patience: float) -> None:
        self._child = child
        self._patience = patience

    def envelope(self) -> EnvelopeRead:
        """What the header block says. Raises Refused if the mail kills its reader, ReadingCrashed for a bug."""
        frame = next(self._converse(ReadEnvelope()))
        match frame:
            case EnvelopeRead():
                return frame
            case Broken(finding=finding):
                raise Refused(finding)
            case _:
                raise ReadingCrashed(f"{type(frame).__name__} came where an envelope was asked for")

    def verify(self, keys: Sequence[Key], moment: datetime) -> list[Verdict]:
        """One verdict for each signature whose key is given, as of `moment`. Raises as `envelope` does."""
        frame = next(self._converse(Verify(list(keys), moment)))
        match frame:
            case Verified(verdicts=verdicts):
                return verdicts
            case Broken(finding=finding):
                raise Refused(finding)
            case _:
                raise ReadingCrashed(f"{type(frame).__name__} came where verdicts were asked for")

    def text(self) -> str:
        """What the sender wrote above the quote. Raises Refused and ReadingCrashed as `envelope` does."""
        frame = next(self._converse(ReadText()))
        match frame:
            case TextRead(text=text):
                return text
            case Broken(finding=finding):
                raise Refused(finding)
            case _:
                raise ReadingCrashed(f"{type(frame).__name__} came where a text was asked for")

    def open(self, options: Options) -> Iterator[Frame]:
        """The frames of all files, as `parsers.protocol` has them; the last is `Done` or `Broken`.

        Raises ReadingCrashed for a bug.
        """
        for frame in self._converse(Open(options)):
            yield frame
            if isinstance(frame, Done | Broken):
                return

    def hang_up(self) -> None:
        """There is nothing more to ask: the child ends by itself, while nobody waits for it yet."""
        self._child.requests.close()

    def _converse(self, request: Request) -> Iterator[Frame]:
        try:
            send(self._child.requests, request)
            while True:
                frame = self._receive()
                if isinstance(frame, Crashed):
                    raise ReadingCrashed(frame.traceback)
                yield frame
        except (EOFError, BrokenPipeError):
            yield Broken(Finding(self._cause_of_death()))

    def _receive(self) -> Frame:
        """The next frame. Only the time that the child makes us wait counts against its patience."""
        began = time.monotonic()
        if not self._child.frames.poll(max(0.0, self._patience)):
            self._child.kill()
            return Broken(Finding("too-much-time"))
        self._patience -= time.monotonic() - began
        return receive_frame(self._child.frames)

    def _cause_of_death(self) -> str:
        """Raises ReadingCrashed where it was not the mail's doing."""
        code = self._child.exit_code()
        if code == -signal.SIGXCPU:
            return "too-much-time"
        if code is not None and (code < 0 or code == OUT_OF_MEMORY):
            return "reader-died"
        raise ReadingCrashed(f"the process that read it is gone; its exit code is {code}")


def memory_file(name: str) -> int:
    """A descriptor of a nameless file in memory, to be closed. Raises NoChild: without one nothing can be read."""
    try:
        return os.memfd_create(name, os.MFD_CLOEXEC)
    except OSError as error:
        raise NoChild(f"No file can be had to lay a mail in: {error}.") from error


@contextmanager
def read_mail(raw: bytes, limits: Limits) -> Iterator[Reading]:
    """A child that has been handed the mail; it is killed at the end of the block, whatever it does. Raises NoChild."""
    fd = memory_file("mail")
    try:
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(raw)
        with read_mail_from(fd, limits) as reading:
            yield reading
    finally:
        os.close(fd)


def read_mail_from(fd: int, limits: Limits) -> AbstractContextManager[Reading]:
    """The same for a mail that lies in an open file."""
    return _converse("mail", [SentFile("", fd)], limits)


@contextmanager
def read_files(files: Sequence[SentFile], limits: Limits) -> Iterator[Reading]:
    """A child that has been handed open files; the time that it may take grows with their size. Raises NoChild."""
    megabytes = sum(os.fstat(file.fd).st_size for file in files) // 1_000_000
    with _converse("files", files, replace(limits, cpu_seconds=limits.cpu_seconds + megabytes)) as reading:
        yield reading


@contextmanager
def _converse(kind: Kind, files: Sequence[SentFile], limits: Limits) -> Iterator[Reading]:
    child = _children.fork(kind, files, limits)
    try:
        yield Reading(child, patience=limits.cpu_seconds * PATIENCE)
    finally:
        child.close()
