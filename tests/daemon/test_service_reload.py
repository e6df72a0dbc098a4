"""SIGHUP and SIGTERM that come while the service is busy with an earlier one: none is lost."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dovecot_server import Account

from daemon import service
from daemon.commands.exits import Exit
from daemon.mailbox import FetchedMail
from daemon.mailbox_poll import Process
from daemon.renewal import Reload
from daemon.service import serve
from daemon.settings.models import Settings
from store.database import Store, open_store
from store.records import MessageState

MAIL = b"From: anna@bakker.example\r\nSubject: Saldo\r\n\r\nHello\r\n"
SECONDS = 20  # that anything is waited for, also where other tests keep the machine busy


@pytest.fixture
def local_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield store
    store.close()


@pytest.fixture(autouse=True)
def _leave_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that does not end in time would end the tests: better to see where it hangs."""
    monkeypatch.setattr(service, "LEAVE_AFTER", 600)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where the service says how it goes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(SECONDS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield manager


def settings(*accounts: Account) -> Settings:
    tables = {
        "mailboxes": [account.settings(poll_seconds=1) for account in accounts],
        "administrations": [{"code": "nl01", "name": "Bakker"}],
    }
    return Settings.model_validate(tables)


def leave_all(_mail: FetchedMail, _following: object = ()) -> MessageState | None:
    return None


def serving(
    given: Settings, store: Store, process: Process, reload: Reload, events: Callable[[], object]
) -> tuple[Exit, object]:
    """Serve while `events` happen in another thread, and if that has not ended it, until SIGTERM."""
    ended = threading.Event()

    def happen() -> object:
        try:
            return events()
        finally:
            while not ended.wait(0.01):  # one that is only starting would hear it no more than these tests survive it
                if is_heard(signal.SIGTERM):
                    os.kill(os.getpid(), signal.SIGTERM)
                    break

    with ThreadPoolExecutor(1) as thread:
        happening = thread.submit(happen)
        try:
            code = serve(given, store, process, reload=reload)
        finally:
            ended.set()
        return code, happening.result()


def is_heard(number: signal.Signals) -> bool:
    return signal.getsignal(number) is not signal.SIG_DFL


def tell(number: signal.Signals) -> None:
    """A signal that nobody hears would end the tests: better to fail."""
    assert is_heard(number), f"nobody hears {number.name}"
    os.kill(os.getpid(), number)


def wait_for(manager: socket.socket, word: bytes) -> None:
    while not manager.recv(4096).startswith(word):
        pass


def test_settings_changed_while_they_are_read_are_read_once_more(local_store: Store, told: socket.socket) -> None:
    reading, changed, again = threading.Event(), threading.Event(), threading.Event()

    def reload() -> tuple[Settings, Process]:
        if reading.is_set():
            again.set()
        reading.set()
        assert changed.wait(SECONDS)
        return settings(), leave_all

    def events() -> bool:
        wait_for(told, b"READY")
        tell(signal.SIGHUP)
        assert reading.wait(SECONDS)
        tell(signal.SIGHUP)
        changed.set()
        return again.wait(SECONDS)

    assert serving(settings(), local_store, leave_all, reload, events) == (Exit.DONE, True)


class Hanging:
    """Mails hang until they are released; each reading of the settings gives the number of its own to those after."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.begun, self.released, self.seen = threading.Event(), threading.Event(), threading.Event()
        self.readings = 0
        self.seen_under = 0

    def process(self, _mail: FetchedMail, _following: object = ()) -> MessageState | None:
        self.begun.set()
        self.released.wait(2 * SECONDS)
        return None

    def reload(self) -> tuple[Settings, Process]:
        self.readings += 1
        number = self.readings

        def process(_mail: FetchedMail, _following: object = ()) -> MessageState | None:
            self.seen_under = number
            self.seen.set()
            return None

        return settings(self.account), process


def test_settings_changed_while_the_mail_at_hand_is_finished_are_read_too(
    account: Account, local_store: Store, told: socket.socket
) -> None:
    account.deliver(MAIL)
    hanging = Hanging(account)

    def events() -> int:
        assert hanging.begun.wait(SECONDS)
        for _ in range(2):
            tell(signal.SIGHUP)
            wait_for(told, b"RELOADING")
        hanging.released.set()
        assert hanging.seen.wait(SECONDS)
        return hanging.seen_under

    given = settings(account)
    assert serving(given, local_store, hanging.process, hanging.reload, events) == (Exit.DONE, 2)


def test_told_to_stop_while_the_mail_at_hand_is_finished_it_does_not_begin_anew(
    account: Account, local_store: Store, told: socket.socket
) -> None:
    account.deliver(MAIL)
    hanging = Hanging(account)

    def events() -> bool:
        assert hanging.begun.wait(SECONDS)
        tell(signal.SIGHUP)
        wait_for(told, b"RELOADING")
        tell(signal.SIGTERM)
        wait_for(told, b"STOPPING")
        hanging.released.set()
        return hanging.seen.wait(1)

    given = settings(account)
    assert serving(given, local_store, hanging.process, hanging.reload, events) == (Exit.DONE, False)
