"""The process that children are forked from: what reads mails is loaded here once, and no secret ever is.

`python -m daemon.forkserver MODULE…` loads the modules and takes orders from a socket, the descriptor 3, each with the
open files that belong to it, until the daemon closes its end; then all children are killed. Each order has a lifeline,
a socket: on it the daemon is told the process ID, or why there could be no child, and at the end the exit code (below
zero: the signal). Once the daemon hangs up there, the child is killed.

What `multiprocessing` has for this takes longer for each mail, and its children end with a SIGTERM to all processes of
the service, which is how systemd stops one: the mail at hand would count as one that kills its reader.
"""

import errno
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pkgutil import resolve_name
from selectors import EVENT_READ, PollSelector
from threading import Event, Thread

import msgspec

from parsers.handover import Limits, SentFile
from parsers.protocol import Kind

CONTROL = 3  # the descriptor that orders come by
WORD = struct.Struct("!ci")  # what is said on a lifeline, one of these and a number
FORKED, FAILED, ENDED = b"F", b"E", b"X"  # process ID, `errno`, exit code
MOST_FILES = 250  # in one message of the socket; Linux takes 253
LARGEST_ORDER = 128 * 1024  # bytes
MORE = b"more"  # a message that brings further files of the order before
OUT_OF_MEMORY = 3  # exit code
UNHEARD = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)  # they are the daemon's, which ends its children when done


class Order(msgspec.Struct, frozen=True):
    """One child. Its open files follow: requests, frames, lifeline, then one for each of the names."""

    kind: Kind
    names: tuple[bytes, ...]  # in UTF-8; what is no text, as it stands
    limits: Limits
    target: str  # "module:function", called as `parsers.child.main`


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    ended: int  # a descriptor that can be read once the process has ended (pidfd_open(2))
    lifeline: socket.socket


class Forkserver:
    """Forks a child for each order, and tells what became of it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, _Child] = {}
        self._selector = PollSelector()
        self._selector.register(control, EVENT_READ)

    def serve(self) -> None:
        """Until the daemon is gone. Raises OSError for an order that is cut off; no child is ended by that."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._look_after(key.data)
                elif (taken := take(self._control)) is not None:
                    self._fork(*taken)
                else:
                    for child in self._children.values():
                        os.kill(child.pid, signal.SIGKILL)
                    return

    def _fork(self, order: Order, fds: Sequence[int]) -> None:
        childs = [*fds[:2], *fds[3:]]
        try:
            pid = os.fork()
        except OSError as error:
            _close(childs)
            with socket.socket(fileno=fds[2]) as lifeline, suppress(OSError):
                lifeline.send(WORD.pack(FAILED, error.errno or 0))
            return
        if pid == 0:
            _close([self._control.fileno()])
            _close([fd for child in self._children.values() for fd in (child.ended, child.lifeline.fileno())])
            _run(order, fds)
        _close(childs)
        child = _Child(pid, os.pidfd_open(pid), socket.socket(fileno=fds[2]))
        self._children[pid] = child
        self._selector.register(child.ended, EVENT_READ, child)
        self._selector.register(child.lifeline, EVENT_READ, child)
        with suppress(OSError):
            child.lifeline.send(WORD.pack(FORKED, pid))

    def _look_after(self, child: _Child) -> None:
        """It has ended, or the daemon has hung up."""
        if self._children.get(child.pid) is not child:
            return
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid == 0:
            os.kill(child.pid, signal.SIGKILL)
            with suppress(KeyError):
                self._selector.unregister(child.lifeline)
            return
        del self._children[child.pid]
        with suppress(OSError):
            child.lifeline.send(WORD.pack(ENDED, os.waitstatus_to_exitcode(status)))
        with suppress(KeyError):
            self._selector.unregister(child.lifeline)
        child.lifeline.close()
        self._selector.unregister(child.ended)
        os.close(child.ended)


def give(control: socket.socket, order: Order, fds: Sequence[int]) -> None:
    """Hand an order over. Raises ValueError for one that is too large, and OSError: it may be there in part then."""
    data = msgspec.msgpack.encode(order)
    if len(data) > LARGEST_ORDER:
        raise ValueError("too many files with long names")
    socket.send_fds(control, [data], fds[:MOST_FILES])
    for first in range(MOST_FILES, len(fds), MOST_FILES):
        socket.send_fds(control, [MORE], fds[first : first + MOST_FILES])


def take(control: socket.socket) -> tuple[Order, list[int]] | None:
    """The next order; None when the other side is gone. Raises OSError for one that is cut off."""
    received = _receive(control)
    if received is None:
        return None
    data, fds = received
    order = msgspec.msgpack.decode(data, type=Order)
    while len(fds) < 3 + len(order.names):
        received = _receive(control)
        if received is None:
            return None
        more, rest = received
        if more != MORE:
            raise OSError(errno.EPROTO, "half an order")
        fds += rest
    return order, fds


def _receive(control: socket.socket) -> tuple[bytes, list[int]] | None:
    data, fds, flags, _ = socket.recv_fds(control, LARGEST_ORDER, MOST_FILES)
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise OSError(errno.EMFILE, "an order was cut off: too few descriptors for its files")
    return (data, list(fds)) if data else None


def _run(order: Order, fds: Sequence[int]) -> None:
    """The whole life of a child. Does not return."""
    code = 1
    try:
        requests, frames, lifeline, *rest = fds
        os.close(lifeline)
        files = [
            SentFile(name.decode("utf-8", "surrogateescape"), fd) for name, fd in zip(order.names, rest, strict=True)
        ]
        target = resolve_name(order.target)
        target(
            Connection(requests, writable=False), Connection(frames, readable=False), order.kind, files, order.limits
        )
        code = 0
    except MemoryError:  # there was too little even to say so
        code = OUT_OF_MEMORY
    except BaseException:  # noqa: BLE001 - there is nobody above
        traceback.print_exc()
    finally:
        os._exit(code)


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)


def _load(modules: Sequence[str], done: Event) -> None:
    for module in modules:
        import_module(module)
    done.set()


def main(modules: Sequence[str]) -> None:
    """Load the modules and serve; ends with the exit code 1 if they cannot be loaded, as standard error tells."""
    for number in UNHEARD:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, UNHEARD)  # they were held up until here
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who started the daemon may have ignored it: then none is waited for
    os.closerange(CONTROL + 1, os.sysconf("SC_OPEN_MAX"))  # what the daemon inherited is nothing for children
    # In a thread, whose memory glibc keeps apart: children then allocate theirs in one piece, instead of in gaps all
    # over what is loaded, and 300 of 1,700 pages less are copied for each mail.
    done = Event()
    loading = Thread(target=_load, args=(modules, done))
    loading.start()
    loading.join()
    if not done.is_set():
        os._exit(1)
    Forkserver(socket.socket(fileno=CONTROL)).serve()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
