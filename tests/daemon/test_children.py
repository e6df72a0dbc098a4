"""The process that children are forked from, and the daemon's hold on what it forks."""

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from children import children_of
from programs import wait_until

from daemon import children as children_module
from daemon.children import Child, Children, NoChild
from daemon.forkserver import Forkserver, Order, give
from parsers.frames import receive_frame
from parsers.handover import TARGET, Limits, SentFile
from parsers.protocol import Crashed, Frame


@contextmanager
def started() -> Iterator[Children]:
    """What forks children, with all that the test has set up around it."""
    children = Children()
    children.start(["misbehaving"])
    try:
        yield children
    finally:
        children.close()


@pytest.fixture
def children() -> Iterator[Children]:
    with started() as children:
        yield children


def see_files(children: Children) -> Frame:
    """What a new child without files says of its descriptors."""
    child = children.fork("files", [], Limits(), "misbehaving:show_files")
    try:
        return receive_frame(child.frames)
    finally:
        child.close()


NO_FILES = Crashed("[0, 1, 2] ")


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
    other.close()  # killed, and reaped later
    assert see_files(children) == NO_FILES
    child.close()


def test_a_child_holds_nothing_that_the_daemon_was_given(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        with started() as children:
            assert see_files(children) == NO_FILES


def test_hundreds_of_files_go_to_one_child(children: Children, tmp_path: Path) -> None:
    child = fork_with(children, tmp_path, 600, "misbehaving:show_files")
    frame = receive_frame(child.frames)
    assert isinstance(frame, Crashed)
    assert frame.traceback.endswith(" ".join(f"ARs_{number}.xml=<{number}>" for number in range(600)))
    child.close()


def test_files_with_names_that_do_not_fit_into_an_order_are_refused(children: Children, tmp_path: Path) -> None:
    with (tmp_path / "ARs.xml").open("wb") as file:
        files = [SentFile("x" * 255, file.fileno())] * 600
        with pytest.raises(NoChild, match="too many files with long names"):
            children.fork("files", files, Limits())
    child = fork_with(children, tmp_path, 1, "misbehaving:show_files")
    assert receive_frame(child.frames) == Crashed("[0, 1, 2] ARs_0.xml=<0>")
    child.close()


def test_an_order_that_is_cut_off_is_given_anew(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What forks children may have fewer descriptors left than there are files."""
    children = Children()
    children.start(["misbehaving"])
    child = fork_with(children, tmp_path, 1, "misbehaving:show_files")
    gone = children.pid
    resource.prlimit(gone, resource.RLIMIT_NOFILE, (10, 10))
    for one in (child, fork_with(children, tmp_path, 20, "misbehaving:show_files")):
        frame = receive_frame(one.frames)
        assert isinstance(frame, Crashed)
        assert "ARs_0.xml=<0>" in frame.traceback
        one.close()
    assert children.pid != gone
    assert "an order was cut off" in capfd.readouterr().err
    children.close()


@pytest.mark.parametrize("name", ["SALDOPOST_STORE__URL", "saldopost_store__url", "PGPASSWORD"])
def test_a_child_inherits_no_password(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "postgresql://saldopost:open-sesame@db/saldopost")
    with started() as children:
        child = children.fork("files", [], Limits(), "misbehaving:show_environment")
        frame = receive_frame(child.frames)
        child.close()
    assert isinstance(frame, Crashed)
    assert "PYTHONPATH" in frame.traceback
    assert "sesame" not in frame.traceback


def test_modules_of_the_working_directory_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("daemon", "parsers", "socket", "misbehaving"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    with started() as children:
        assert see_files(children) == NO_FILES


def test_a_child_is_killed_once_it_is_let_go_of(children: Children) -> None:
    child = children.fork("files", [], Limits(), "misbehaving:spin")
    pid = child.pid
    assert children_of(children.pid) == [pid]
    child.close()
    wait_until(lambda: not children_of(children.pid), "the child's end", 10)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_child_is_killed_without_help(children: Children, number: signal.Signals) -> None:
    child = children.fork("files", [], Limits(), "misbehaving:spin")
    for pid in (children.pid, child.pid):
        os.kill(pid, number if pid == children.pid else signal.SIGSTOP)
    child.close()
    wait_until(lambda: is_gone(child.pid), "the child's end", 10)
    os.kill(children.pid, signal.SIGKILL)


def test_who_started_the_daemon_may_have_ignored_the_ends_of_children() -> None:
    """That is inherited by what the daemon starts."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children = Children()
    try:
        children.start(["misbehaving"])
    finally:
        signal.signal(signal.SIGCHLD, before)
    for _ in range(2):
        child = children.fork("files", [], Limits(), "misbehaving:show_files")
        assert receive_frame(child.frames) == Crashed("[0, 1, 2] ")
        assert child.exit_code() == 0
        child.close()
    children.close()


@pytest.mark.parametrize("what", ["posix_spawn", "pidfd_open"])
def test_a_system_that_has_none_to_give_is_no_bug(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_more: object) -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    children = Children()
    children._modules = ["misbehaving"]
    with monkeypatch.context() as poor:
        poor.setattr(os, what, refuse)
        with pytest.raises(NoChild, match="Resource temporarily unavailable"):
            children.fork("files", [], Limits())
    assert see_files(children) == NO_FILES
    children.close()


def test_it_is_started_anew_if_it_is_gone(children: Children) -> None:
    gone = children.pid
    os.kill(gone, signal.SIGKILL)
    child = children.fork("files", [], Limits(), "misbehaving:show_files")
    assert receive_frame(child.frames) == Crashed("[0, 1, 2] ")
    assert child.exit_code() == 0
    assert children.pid != gone
    assert not Path(f"/proc/{gone}").exists()
    child.close()


def test_a_child_is_waited_for(children: Children) -> None:
    """However long that takes, none of it counts as time that a mail took."""
    os.kill(children.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        forking = thread.submit(children.fork, "files", [], Limits(), "misbehaving:show_files")
        with pytest.raises(TimeoutError):
            forking.result(0.1)
        os.kill(children.pid, signal.SIGCONT)
        child = forking.result(10)
    assert receive_frame(child.frames) == Crashed("[0, 1, 2] ")
    child.close()


def test_one_that_never_answers_is_replaced(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children_module, "PATIENCE", 0.2)
    gone = children.pid
    os.kill(gone, signal.SIGSTOP)
    with pytest.raises(NoChild, match="does not answer"):
        children.fork("files", [], Limits())
    assert is_gone(gone)
    monkeypatch.undo()
    assert see_files(children) == NO_FILES


def test_without_the_modules_there_are_no_children(capfd: pytest.CaptureFixture[str]) -> None:
    children = Children()
    children.start(["parsers.nowhere"])
    with pytest.raises(NoChild, match="see the log"):
        children.fork("files", [], Limits())
    children.close()
    assert "No module named 'parsers.nowhere'" in capfd.readouterr().err


def test_what_was_not_started_forks_nothing(children: Children) -> None:
    children.close()
    for one in (Children(), children):
        with pytest.raises(NoChild, match="not started"):
            one.fork("files", [], Limits())


def test_a_child_that_the_system_refuses_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    serving = Thread(target=Forkserver(theirs).serve)
    serving.start()
    children = Children()
    children._modules, children._control = [TARGET], ours
    with pytest.raises(NoChild, match="Resource temporarily unavailable"):
        children.fork("files", [], Limits())
    children.close()
    serving.join(10)
    theirs.close()
    assert not serving.is_alive()


def test_half_an_order_makes_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon may be gone between two messages."""
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("half an order was carried out"))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    give(ours, Order("files", (b"ARs_1.xml",), Limits(), TARGET), [0, 1, 2])
    ours.close()
    Forkserver(theirs).serve()
    theirs.close()


def test_a_message_that_does_not_belong_to_an_order_ends_it() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for _ in range(2):
        give(ours, Order("files", (b"ARs_1.xml",), Limits(), TARGET), [0, 1, 2])
    with pytest.raises(OSError, match="half an order"):
        Forkserver(theirs).serve()
    ours.close()
    theirs.close()


DAEMON = """\
import os, sys
from daemon.children import Children
from parsers.handover import Limits
children = Children()
children.start(["misbehaving"])
child = children.fork("files", [], Limits(), "misbehaving:spin")
print(children.pid, child.pid, flush=True)
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
