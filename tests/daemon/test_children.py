"""The process that children are forked from, and the daemon's hold on what it forks."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread

import pytest
from children import children_of
from programs import wait_until

from daemon.children import Child, Children, NoChild
from daemon.forkserver import Forkserver, Order, give
from parsers.frames import receive_frame
from parsers.handover import TARGET, Limits, SentFile
from parsers.protocol import Crashed


@pytest.fixture
def children() -> Iterator[Children]:
    children = Children()
    children.start(["misbehaving"])
    yield children
    children.close()
    with suppress(ChildProcessError):
        os.waitpid(children.pid, 0)


def fork_with(children: Children, directory: Path, count: int, target: str) -> Child:
    with ExitStack() as opened:
        files = []
        for number in range(count):
            file = directory / f"ARs_{number}.xml"
            file.write_text(f"<{number}>")
            files.append(SentFile(file.name, opened.enter_context(file.open("rb")).fileno()))
        return children.fork("files", files, Limits(), target)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_child_holds_its_files_and_no_other_descriptor(children: Children, tmp_path: Path) -> None:
    other = fork_with(children, tmp_path, 2, "misbehaving:spin")
    child = fork_with(children, tmp_path, 2, "misbehaving:show_files")
    assert receive_frame(child.frames) == Crashed("[0, 1, 2] ARs_0.xml=<0> ARs_1.xml=<1>")
    assert child.exit_code() == 0
    for one in (child, other):
        one.close()


def test_hundreds_of_files_go_to_one_child(children: Children, tmp_path: Path) -> None:
    child = fork_with(children, tmp_path, 600, "misbehaving:show_files")
    frame = receive_frame(child.frames)
    assert isinstance(frame, Crashed)
    assert frame.traceback.endswith(" ".join(f"ARs_{number}.xml=<{number}>" for number in range(600)))
    child.close()


def test_a_child_inherits_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be a password among them."""
    monkeypatch.setenv("SALDOPOST_STORE__URL", "postgresql://saldopost:open-sesame@db/saldopost")
    children = Children()
    children.start(["misbehaving"])
    child = children.fork("files", [], Limits(), "misbehaving:show_environment")
    assert receive_frame(child.frames) == Crashed("")
    child.close()
    children.close()


def test_modules_of_the_working_directory_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("daemon", "parsers", "socket", "misbehaving"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    children = Children()
    children.start(["misbehaving"])
    child = children.fork("files", [], Limits(), "misbehaving:show_files")
    assert receive_frame(child.frames) == Crashed("[0, 1, 2] ")
    child.close()
    children.close()


def test_a_child_is_killed_once_it_is_let_go_of(children: Children) -> None:
    child = children.fork("files", [], Limits(), "misbehaving:spin")
    pid = child.pid()
    assert children_of(children.pid) == [pid]
    child.close()
    wait_until(lambda: not children_of(children.pid), "the child's end", 10)


def test_it_is_started_anew_if_it_is_gone(children: Children) -> None:
    gone = children.pid
    os.kill(gone, signal.SIGKILL)
    wait_until(lambda: is_gone(gone), "its end", 10)
    child = children.fork("files", [], Limits(), "misbehaving:show_files")
    assert receive_frame(child.frames) == Crashed("[0, 1, 2] ")
    assert child.exit_code() == 0
    assert children.pid != gone
    assert not Path(f"/proc/{gone}").exists()
    child.close()


def test_without_the_modules_there_are_no_children(capfd: pytest.CaptureFixture[str]) -> None:
    children = Children()
    children.start(["parsers.nowhere"])
    child = children.fork("files", [], Limits())
    with pytest.raises(NoChild, match="has ended"):
        child.exit_code()
    child.close()
    children.close()
    assert "No module named 'parsers.nowhere'" in capfd.readouterr().err


def test_what_was_not_started_forks_nothing() -> None:
    with pytest.raises(NoChild, match="not started"):
        Children().fork("files", [], Limits())


def test_a_child_that_the_system_refuses_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    serving = Thread(target=Forkserver(theirs).serve)
    serving.start()
    children = Children()
    children._modules, children._control = [TARGET], ours
    child = children.fork("files", [], Limits())
    with pytest.raises(NoChild, match="Resource temporarily unavailable"):
        child.exit_code()
    with pytest.raises(EOFError):
        receive_frame(child.frames)
    child.close()
    children.close()
    serving.join(10)
    theirs.close()
    assert not serving.is_alive()


def test_half_an_order_makes_no_child() -> None:
    """The daemon may be gone between two messages."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    give(ours, Order("files", ("ARs_1.xml",), Limits(), TARGET), [0, 1, 2])
    ours.close()
    Forkserver(theirs).serve()
    theirs.close()


DAEMON = """\
import os, sys
from daemon.children import Children
from parsers.handover import Limits
children = Children()
children.start(["misbehaving"])
child = children.fork("files", [], Limits(), "misbehaving:spin")
print(children.pid, child.pid(), flush=True)
sys.stdin.read()
"""


def test_nothing_is_left_running_when_the_daemon_is_killed() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", DAEMON], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as daemon:
        assert daemon.stdout is not None
        pids = [int(pid) for pid in daemon.stdout.readline().split()]
        assert len(pids) == 2
        daemon.kill()
    wait_until(lambda: all(map(is_gone, pids)), "their end", 10)
