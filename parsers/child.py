"""The process that reads one mail, or the files of one `import`, and that may be killed at any moment.

For the parent::

    children = Children()                                     # daemon.children
    children.start(PRELOAD_FOR_MAILS)                         # once
    child = children.fork("mail", [SentFile("", fd)], Limits())
    send(child.requests, ReadEnvelope()); receive_frame(child.frames)  # EnvelopeRead; `fd` may be closed by now
    send(child.requests, Open(options))                       # frames up to Done, Broken or Crashed
    child.close()

`EOFError` in place of a frame means that the child died: `child.exit_code()` is -SIGXCPU for too much CPU, -SIGKILL or
-SIGSEGV for the rest. The limit on wall time is the parent's: `child.kill()`. A memfd or an unlinked temporary file
suits a mail; its offset is of no account. For "files" the names are for display and evidence.
"""

import gc
import io
import os
import resource
import traceback
from collections.abc import Iterator, Sequence
from hashlib import sha256
from multiprocessing.connection import Connection
from typing import assert_never

from parsers.answer_text import answer_text
from parsers.authentication import read_facts
from parsers.display import file_name
from parsers.envelope import read_envelope
from parsers.frames import receive_request, send
from parsers.handover import GARBAGE_AT, Limits, SentFile
from parsers.protocol import (
    Broken,
    Crashed,
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
from parsers.reading import read_files, read_mail
from parsers.records import Finding
from parsers.source import Readable, Source


def main(
    requests: "Connection[bytes, bytes]",
    frames: "Connection[bytes, bytes]",
    kind: Kind,
    files: Sequence[SentFile],
    limits: Limits,
) -> None:
    """Answer requests until the daemon hangs up. The whole life of the process."""
    restrict(limits)
    gc.freeze()  # modules stay: nobody need look for garbage among them, and their memory stays shared
    gc.set_threshold(GARBAGE_AT)
    conversation = Conversation(kind, files)
    try:
        while True:
            request = receive_request(requests)
            for frame in conversation.answer(request):
                send(frames, frame)
    except (EOFError, BrokenPipeError):
        return
    except MemoryError:
        conversation.forget()
        send(frames, Broken(Finding("too-much-memory")))
    except Exception:  # noqa: BLE001 - the boundary of the process: the daemon logs it
        send(frames, Crashed(traceback.format_exc()))


def restrict(limits: Limits) -> None:
    """Take away what reading does not need. There is no way back."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The lowest free descriptor: those that are open stay usable, and no other can be made.
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))


class Conversation:
    """What is asked about one mail, or about the files of one `import`, and answered."""

    def __init__(self, kind: Kind, files: Sequence[SentFile]) -> None:
        self.kind = kind
        self.files = [(sent.name, os.fdopen(sent.fd, "rb")) for sent in files]
        self.raw: bytes | None = None

    def answer(self, request: Request) -> Iterator[Frame]:
        match request:
            case ReadEnvelope():
                raw = self._mail()
                yield EnvelopeRead(read_envelope(raw), sha256(raw).hexdigest(), read_facts(raw))
            case Verify(keys, now):
                from parsers.signatures import verify  # not for files given by hand: ten megabytes

                yield Verified(list(verify(self._mail(), keys, now)))
            case ReadText():
                yield TextRead(answer_text(self._mail()))
            case Open(options):
                if self.kind == "mail":
                    yield from read_mail(self._mail(), options)
                else:
                    yield from read_files([_from_file(name, file, options) for name, file in self.files], options)
            case _:
                assert_never(request)

    def close(self) -> None:
        """Let go of what was handed over. The process that ends need not."""
        for _, file in self.files:
            file.close()

    def forget(self) -> None:
        """Make room for the last frame."""
        self.raw = None

    def _mail(self) -> bytes:
        if self.raw is None:
            ((_, file),) = self.files
            file.seek(0)
            self.raw = file.read()
        return self.raw


def _from_file(name: str, file: io.BufferedReader, options: Options) -> Source:
    def opened() -> Readable:
        file.seek(0)
        return file

    shown = file_name(name) or "?"
    return Source(shown, shown, opened, options.largest_plain_file)
