import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd would listen."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield listening


def test_systemd_hears_what_it_is_told(systemd: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "as in the environment"})
    notifier.status("2 mailboxes, all reached")
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    notifier.close()
    heard = [systemd.recv(100) for _ in range(4)]
    assert heard == [b"STATUS=2 mailboxes, all reached", b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_the_same_status_is_not_said_twice(systemd: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "as in the environment"})
    for text in ("one", "one", "two", "one"):
        notifier.status(text)
    notifier.close()
    assert [systemd.recv(100) for _ in range(3)] == [b"STATUS=one", b"STATUS=two", b"STATUS=one"]


def test_without_systemd_nothing_is_said_and_nothing_fails() -> None:
    notifier = Notifier({})
    notifier.ready()
    notifier.status("well")
    notifier.close()
    assert notifier.watchdog_seconds is None


@pytest.mark.parametrize(
    ("microseconds", "seconds"), [("600000000", 600.0), ("1500000", 1.5), ("0", None), ("", None), ("soon", None)]
)
def test_the_watchdog_is_as_systemd_says(microseconds: str, seconds: float | None) -> None:
    assert Notifier({"WATCHDOG_USEC": microseconds}).watchdog_seconds == seconds
