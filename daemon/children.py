"""The daemon's hold on its children: they are forked from another process, and killed once they are let go of."""

import atexit
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from threading import Lock

from daemon import forkserver
from daemon.forkserver import CONTROL, ENDED, FAILED, FORKED, WORD, Order, give
from parsers.frames import enlarge
from parsers.handover import TARGET, Limits, SentFile
from parsers.protocol import Kind

PATIENCE = 5.0  # seconds for a word about a child
SETTINGS = "SALDOPOST_"  # how their names begin in the environment: passwords may be among them


class NoChild(Exception):
    """No process could be forked, or the one that forks them is gone."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that has been handed its files. Made by `Children.fork`."""

    requests: "Connection[bytes, bytes]"
    frames: "Connection[bytes, bytes]"
    lifeline: socket.socket

    def pid(self) -> int:
        """Its process ID, to be asked once. Raises NoChild."""
        return self._hear(FORKED)

    def exit_code(self) -> int:
        """How it ended; below zero, the signal. Waits for the end, five seconds at most. Raises NoChild."""
        return self._hear(ENDED)

    def kill(self) -> None:
        """At once, whatever it does."""
        self.lifeline.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of it: it is killed if it has not ended. Nobody waits for that."""
        self.requests.close()
        self.frames.close()
        self.lifeline.close()

    def _hear(self, wanted: bytes) -> int:
        self.lifeline.settimeout(PATIENCE)
        try:
            while data := self.lifeline.recv(WORD.size):
                word, number = WORD.unpack(data)
                if word == wanted:
                    return int(number)
                if word == FAILED:
                    raise NoChild(os.strerror(number))
        except TimeoutError as error:
            raise NoChild("the process that forks children does not answer") from error
        raise NoChild("the process that forks children has ended")


class Children:
    """The process that children are forked from. It is started anew if it is gone, and ends with this one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._modules: Sequence[str] = ()
        self._control: socket.socket | None = None
        self.pid = 0

    def start(self, modules: Sequence[str]) -> None:
        """Have it load these modules; nothing happens if it runs already. Nobody waits until they are loaded."""
        with self._lock:
            if self._control is None:
                self._modules = modules
                self._control = self._start()
                atexit.register(self.close)

    def fork(self, kind: Kind, files: Sequence[SentFile], limits: Limits, target: str = TARGET) -> Child:
        """A child with these open files, which may be closed from here on. Raises OSError for want of descriptors."""
        order = Order(kind, tuple(file.name for file in files), limits, target)
        with ExitStack() as given, ExitStack() as undone:
            asked, requests = Pipe(duplex=False)
            given.enter_context(asked)
            undone.enter_context(requests)
            frames, answered = Pipe(duplex=False)
            given.enter_context(answered)
            undone.enter_context(frames)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            given.enter_context(theirs)
            undone.enter_context(ours)
            enlarge(answered)
            self._give(order, [asked.fileno(), answered.fileno(), theirs.fileno(), *(file.fd for file in files)])
            undone.pop_all()
            return Child(requests, frames, ours)

    def close(self) -> None:
        """End it, and every child. At the latest, that is when this process ends."""
        atexit.unregister(self.close)
        with self._lock:
            if self._control is not None:
                self._control.close()
                self._control = None

    def _give(self, order: Order, fds: Sequence[int]) -> None:
        with self._lock:
            if not self._modules:
                raise NoChild("the process that forks children was not started")
            if self._control is not None:
                try:
                    give(self._control, order, fds)
                except (BrokenPipeError, ConnectionResetError):
                    self._control.close()
                    self._control = None
                    with suppress(ChildProcessError):
                        os.waitpid(self.pid, os.WNOHANG)
                else:
                    return
            self._control = self._start()
            give(self._control, order, fds)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        # Modules are found where this process finds them, and never in whatever directory it stands in (-P).
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        with theirs:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-m", forkserver.__name__, *self._modules],
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), CONTROL),
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                ],
            )
        return ours
