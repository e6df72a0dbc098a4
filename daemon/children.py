"""The daemon's hold on its children: they are forked from another process, and killed once they are let go of."""

import atexit
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from threading import Lock

from daemon import forkserver
from daemon.forkserver import CONTROL, ENDED, FAILED, FORKED, UNHEARD, WORD, Order, give
from parsers.frames import enlarge
from parsers.handover import TARGET, Limits, SentFile
from parsers.protocol import Kind

PATIENCE = 60.0  # seconds for a child to be forked: after a cold start much is to be loaded first
GRACE = 1.0  # seconds for the process that forks children to end by itself
GOODBYE = 5.0  # seconds for a child that hung up to have ended
SECRETS = ("SALDOPOST_", "PG")  # how names in the environment begin that may hold passwords: settings, and libpq's


class NoChild(Exception):
    """There is no process that could read a mail or a file: none was read. Nothing is lost: try again later."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that has been handed its files. Made by `Children.fork`."""

    pid: int
    requests: "Connection[bytes, bytes]"
    frames: "Connection[bytes, bytes]"
    lifeline: socket.socket
    handle: int | None  # stands for the process, whatever has its ID later (pidfd_open(2)); None if it is gone already

    def exit_code(self) -> int | None:
        """How it ended; below zero, the signal. Waits for the end, five seconds at most; None if nobody knows."""
        self.lifeline.settimeout(GOODBYE)
        with suppress(TimeoutError):
            word, number = _hear(self.lifeline)
            if word == ENDED:
                return number
        return None

    def kill(self) -> None:
        """At once, whatever it does."""
        if self.handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def close(self) -> None:
        """Let go of it: it is killed if it has not ended. Nobody waits for that."""
        self.kill()
        if self.handle is not None:
            os.close(self.handle)
        for end in (self.requests, self.frames, self.lifeline):
            end.close()


def _hear(lifeline: socket.socket) -> tuple[bytes, int]:
    """The next word; none, if the other side is gone. Raises TimeoutError."""
    data = lifeline.recv(WORD.size)
    if not data:
        return b"", 0
    word, number = WORD.unpack(data)
    return word, number


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
        """A child with these open files, which may be closed from here on. Raises NoChild."""
        names = tuple(file.name.encode("utf-8", "surrogateescape") for file in files)
        order = Order(kind, names, limits, target)
        try:
            child = self._fork(order, files) or self._fork(order, files)
        except OSError as error:
            raise NoChild(f"No process can be had to read mails: {error}.") from error
        if child is None:
            raise NoChild("The process that forks the readers of mails ends before it forks one; see the log.")
        return child

    def _fork(self, order: Order, files: Sequence[SentFile]) -> Child | None:
        """None if the process that forks children was gone; it is started anew the next time then."""
        with ExitStack() as given, ExitStack() as undone:
            asked, requests = Pipe(duplex=False)
            given.enter_context(asked)
            undone.enter_context(requests)
            frames, answered = Pipe(duplex=False)
            given.enter_context(answered)
            undone.enter_context(frames)
            enlarge(answered)
            ordered = self._order(order, [asked.fileno(), answered.fileno(), *(file.fd for file in files)])
            if ordered is None:
                return None
            lifeline, pid = ordered
            undone.enter_context(lifeline)
            handle = None
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
            undone.pop_all()
            return Child(pid, requests, frames, lifeline, handle)

    def close(self) -> None:
        """End it, and every child. At the latest, that is when this process ends. None is forked afterwards."""
        atexit.unregister(self.close)
        if not self._lock.acquire(timeout=GRACE):  # somebody waits for it to listen: it ends with this process
            return
        try:
            self._modules = ()
            if self._control is not None:
                self._control.close()
                self._control = None
        finally:
            self._lock.release()

    def _order(self, order: Order, fds: Sequence[int]) -> tuple[socket.socket, int] | None:
        """The lifeline and the process ID of a new child; None as `_fork`. Raises NoChild."""
        with ExitStack() as undone:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undone.enter_context(ours)
            with theirs:
                control = self._give(order, [*fds[:2], theirs.fileno(), *fds[2:]])
            if control is None:
                return None
            ours.settimeout(PATIENCE)
            try:
                word, number = _hear(ours)
            except TimeoutError as error:
                self._drop(control, grace=0)
                raise NoChild("The process that forks the readers of mails does not answer.") from error
            if word == FAILED:
                raise NoChild(f"No process could be forked to read mails: {os.strerror(number)}.")
            if word != FORKED:
                self._drop(control)
                return None
            undone.pop_all()
            return ours, number

    def _give(self, order: Order, fds: Sequence[int]) -> socket.socket | None:
        """What the order was given to; None if that was gone. Raises NoChild."""
        with self._lock:
            if not self._modules:
                raise NoChild("The process that forks the readers of mails was not started.")
            if self._control is None:
                self._control = self._start()
            control = self._control
            try:
                give(control, order, fds)
            except (BrokenPipeError, ConnectionResetError):
                self._end()
                return None
            except ValueError as error:
                raise NoChild(f"Not to be read at once: {error}.") from error
            except OSError:  # half of the order may be there
                self._end(grace=0)
                raise
            return control

    def _drop(self, control: socket.socket, grace: float = GRACE) -> None:
        with self._lock:
            if self._control is control:
                self._end(grace)

    def _end(self, grace: float = GRACE) -> None:
        """See it ended, or killed: not by hanging up, for other children that it forked live on."""
        assert self._control is not None
        try:
            handle = os.pidfd_open(self.pid)
            try:
                if not grace or not wait([handle], grace):
                    os.kill(self.pid, signal.SIGKILL)
            finally:
                os.close(handle)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        finally:
            self._control.close()
            self._control = None

    def _start(self) -> socket.socket:
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(SECRETS)}
        # Modules are found where this process finds them, and never in whatever directory it stands in (-P).
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ExitStack() as undone, theirs:
            undone.enter_context(ours)
            ours.settimeout(PATIENCE)
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-m", forkserver.__name__, *self._modules],
                environment,
                setsigmask=UNHEARD,  # from its first moment
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), CONTROL),
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                ],
            )
            undone.pop_all()
        return ours
