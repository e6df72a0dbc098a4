import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from dovecot_server import Account, Dovecot
from smtp_server import SmtpServer

from daemon.children import NoChild
from daemon.commands.exits import Exit
from daemon.mailbox import FetchedMail
from daemon.mailbox_poll import Process
from daemon.notify import Notifier
from daemon.service import Service
from daemon.settings.models import MailboxSettings, Settings
from store import messages, outbox
from store.database import Store, open_store
from store.records import MailKey, MessageState, Outcome, OutgoingMail, StoreUnavailable

MAIL = b"From: anna@bakker.example\r\nSubject: %s\r\n\r\nHello\r\n"


@pytest.fixture
def local_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield store
    store.close()


def settings(smtp: SmtpServer, *mailboxes: MailboxSettings) -> Settings:
    tables = {
        "smtp": smtp.settings(),
        "mailboxes": mailboxes,
        "administrations": [{"code": "nl01", "name": "Bakker"}],
    }
    return Settings.model_validate(tables)


def state_in_subject(mail: FetchedMail) -> MessageState:
    assert mail.raw is not None
    return mail.raw.split(b"Subject: ")[1].split()[0].decode()  # type: ignore[return-value]


class Way:
    """Gives each mail the state that its subject names, in the store, with a reply if it is applied."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: Counter[int] = Counter()

    def __call__(self, mail: FetchedMail, _following: object = ()) -> MessageState | None:
        self.seen[mail.key.uid] += 1
        now = datetime.now(UTC)
        with self.store.write() as tx:
            message = messages.remember(tx, mail.key, mail.size, mail.arrived_at, now, Random())
        if message.is_final:
            return message.state
        state = state_in_subject(mail)
        reply = OutgoingMail("anna@bakker.example", "", f"<{message.ref}@x.example>", b"Subject: Re\r\n\r\n.\r\n")
        with self.store.write() as tx:
            if state == "waiting":
                messages.postpone(tx, message.id, now + timedelta(hours=1), "dns-away")
                return None
            messages.finish(tx, message.id, Outcome(state, replies=(reply,) if state == "applied" else ()), now)
        return state


def run_once(settings: Settings, store: Store, process: Process) -> Exit:
    return asyncio.run(drain(settings, store, process))


async def drain(settings: Settings, store: Store, process: Process) -> Exit:
    service = Service(settings, store, process, Notifier({}))
    try:
        return await service.run_once()
    finally:
        await asyncio.to_thread(service.close)


def test_mails_end_in_the_folder_of_their_state_and_replies_are_sent(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    states = [b"applied", b"held", b"refused", b"quarantined", b"ignored", b"failed", b"unchanged", b"applied"]
    account.deliver(*(MAIL % state for state in states))
    assert run_once(settings(smtp_server, account.settings()), local_store, Way(local_store)) == Exit.DONE
    assert account.mails() == []
    assert sorted(account.mails("Processed")) == sorted(
        MAIL % state for state in (b"applied", b"applied", b"unchanged")
    )
    assert account.mails("Quarantine") == [MAIL % b"quarantined"]
    assert len(smtp_server.received) == 2
    with local_store.read() as tx:
        assert messages.list_unmoved(tx, account.user) == []
        assert outbox.count_states(tx) == {"sent": 2}


def test_several_mailboxes_with_thousands_of_mails_are_drained(
    dovecot: Dovecot, courier_dovecot: Dovecot, smtp_server: SmtpServer, local_store: Store
) -> None:
    accounts = [dovecot.account(), dovecot.account(), courier_dovecot.account()]
    for account, count in zip(accounts, (2000, 300, 20), strict=True):
        account.deliver(*(MAIL % b"applied" for _ in range(count)))
    threads = set()

    def process(mail: FetchedMail, _following: object = ()) -> MessageState:
        threads.add(threading.current_thread().name)
        return state_in_subject(mail)

    given = settings(smtp_server, *(account.settings() for account in accounts))
    assert run_once(given, local_store, process) == Exit.DONE
    assert [len(account.mails()) for account in accounts] == [0, 0, 0]
    assert len(accounts[0].mails("Processed")) == 2000
    assert len(accounts[2].mails("INBOX.Processed")) == 20
    assert len(threads) == 3


def test_a_dead_server_delays_no_other_mailbox(dovecot: Dovecot, smtp_server: SmtpServer, local_store: Store) -> None:
    dead, alive = dovecot.account(), dovecot.account()
    alive.deliver(MAIL % b"applied")
    given = settings(smtp_server, dead.settings(port=1), alive.settings())
    assert run_once(given, local_store, Way(local_store)) == Exit.UNAVAILABLE
    assert len(alive.mails("Processed")) == 1
    assert len(smtp_server.received) == 1


def test_a_wrong_password_needs_a_person(account: Account, smtp_server: SmtpServer, local_store: Store) -> None:
    given = settings(smtp_server, account.settings(password="wrong"))
    assert run_once(given, local_store, Way(local_store)) == Exit.PERSON


def test_a_bug_with_one_mail_stops_no_other(account: Account, smtp_server: SmtpServer, local_store: Store) -> None:
    account.deliver(MAIL % b"applied", MAIL % b"bug", MAIL % b"applied")
    way = Way(local_store)

    def process(mail: FetchedMail, _following: object = ()) -> MessageState | None:
        if state_in_subject(mail) == "bug":
            raise ZeroDivisionError
        return way(mail)

    assert run_once(settings(smtp_server, account.settings()), local_store, process) == Exit.BUG
    assert account.mails() == [MAIL % b"bug"]
    assert len(account.mails("Processed")) == 2


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is full"), NoChild("No process could be forked")])
def test_what_is_away_leaves_the_mails(
    account: Account, smtp_server: SmtpServer, local_store: Store, error: Exception
) -> None:
    account.deliver(MAIL % b"applied", MAIL % b"applied")
    way = Way(local_store)

    def process(mail: FetchedMail, _following: object = ()) -> MessageState | None:
        if mail.key.uid == 2:
            raise error
        return way(mail)

    assert run_once(settings(smtp_server, account.settings()), local_store, process) == Exit.UNAVAILABLE
    assert len(account.mails("Processed")) == 1, "what was final is moved by the next look"
    assert len(account.mails()) == 1


def test_a_mail_that_waits_is_left_and_not_fetched_before_its_time(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    account.deliver(MAIL % b"waiting")
    way = Way(local_store)
    for _ in range(2):
        assert run_once(settings(smtp_server, account.settings()), local_store, way) == Exit.UNAVAILABLE
    assert way.seen == {1: 1}
    assert account.mails() == [MAIL % b"waiting"]


def test_a_mail_that_was_final_before_a_crash_is_only_moved(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    account.deliver(MAIL % b"held")
    finish(local_store, account, uid=1, state="held")
    way = Way(local_store)
    assert run_once(settings(smtp_server, account.settings()), local_store, way) == Exit.DONE
    assert not way.seen
    assert account.mails("Held") == [MAIL % b"held"]


def test_a_mail_that_was_moved_before_a_crash_is_noted(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    account.deliver(MAIL % b"held")
    finish(local_store, account, uid=1, state="held")
    with account.connect() as client:
        client.select_folder("INBOX")
        client.create_folder("Held")
        client.move([1], "Held")
    assert run_once(settings(smtp_server, account.settings()), local_store, Way(local_store)) == Exit.DONE
    with local_store.read() as tx:
        assert messages.list_unmoved(tx, account.user) == []
    assert len(account.mails("Held")) == 1


def finish(store: Store, account: Account, uid: int, state: MessageState) -> None:
    with account.connect() as client:
        key = MailKey(account.user, "INBOX", client.select_folder("INBOX")[b"UIDVALIDITY"], uid)
    now = datetime.now(UTC)
    with store.write() as tx:
        message = messages.remember(tx, key, 10, now, now, Random())
        messages.finish(tx, message.id, Outcome(state), now)


def test_a_mail_that_is_dragged_back_is_processed_anew(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    account.deliver(MAIL % b"applied")
    way = Way(local_store)
    run_once(settings(smtp_server, account.settings()), local_store, way)
    with account.connect() as client:
        client.select_folder("Processed")
        client.move([1], "INBOX")
    run_once(settings(smtp_server, account.settings()), local_store, way)
    assert way.seen == {1: 1, 2: 1}
    assert len(account.mails("Processed")) == 1


def test_a_server_that_restarts_midway_costs_no_mail_and_no_second_effect(
    own_dovecot: Dovecot, smtp_server: SmtpServer, local_store: Store
) -> None:
    account = own_dovecot.account()
    account.deliver(*(MAIL % b"applied" for _ in range(60)))
    way = Way(local_store)

    def restart(done: threading.Event) -> None:
        own_dovecot.stop()
        own_dovecot.start()  # in the main thread: it dies with the thread that started it
        done.set()

    async def live() -> Exit:
        loop = asyncio.get_running_loop()

        def process(mail: FetchedMail, _following: object = ()) -> MessageState | None:
            if sum(way.seen.values()) == 30:
                done = threading.Event()
                loop.call_soon_threadsafe(restart, done)
                assert done.wait(20)
            return way(mail)

        return await drain(settings(smtp_server, account.settings()), local_store, process)

    assert asyncio.run(live()) == Exit.DONE
    assert len(account.mails("Processed")) == 60
    assert len(smtp_server.received) == 60


def test_replies_that_cannot_be_sent_remain_and_are_told(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    account.deliver(MAIL % b"applied")
    smtp_server.stop()
    assert run_once(settings(smtp_server, account.settings()), local_store, Way(local_store)) == Exit.UNAVAILABLE
    assert len(account.mails("Processed")) == 1
    smtp_server.start()
    assert run_once(settings(smtp_server, account.settings()), local_store, Way(local_store)) == Exit.DONE
    assert len(smtp_server.received) == 1


class Running:
    """A service in the loop of a test."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.task = asyncio.create_task(service.run())

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not await asyncio.to_thread(condition):
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.02)

    async def end(self) -> Exit:
        self.service.stop()
        async with asyncio.timeout(10):
            code = await self.task
        await asyncio.to_thread(self.service.close)
        return code


def test_new_mail_is_found_by_polling_and_answered_at_once(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    async def live() -> None:
        given = settings(smtp_server, account.settings(poll_seconds=1))
        running = Running(Service(given, local_store, Way(local_store), Notifier({})))
        for count in (1, 2):
            account.deliver(MAIL % b"applied")
            await running.until(lambda count=count: len(smtp_server.received) == count)  # type: ignore[misc]
        await running.until(lambda: len(account.mails("Processed")) == 2)
        assert await running.end() == Exit.DONE

    asyncio.run(live())


def test_a_server_that_comes_back_is_used_again(
    own_dovecot: Dovecot, smtp_server: SmtpServer, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.unavailable.FIRST_PAUSE", 0.05)
    account = own_dovecot.account()

    async def live() -> None:
        own_dovecot.stop()
        given = settings(smtp_server, account.settings(poll_seconds=1))
        running = Running(Service(given, local_store, Way(local_store), Notifier({})))
        await asyncio.sleep(0.2)
        account.deliver(MAIL % b"applied")
        own_dovecot.start()  # in the main thread: it dies with the thread that started it
        await running.until(lambda: len(account.mails("Processed")) == 1)
        await running.end()

    asyncio.run(live())


def test_a_signal_lets_the_mail_at_hand_finish_and_begins_no_other(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    account.deliver(*(MAIL % b"applied" for _ in range(5)))
    begun = threading.Event()
    way = Way(local_store)

    def process(mail: FetchedMail, _following: object = ()) -> MessageState | None:
        begun.set()
        time.sleep(0.3)
        return way(mail)

    async def live() -> float:
        service = Service(settings(smtp_server, account.settings()), local_store, process, Notifier({}))
        with service.hearing_signals():
            running = Running(service)
            await asyncio.to_thread(begun.wait, 10)
            os.kill(os.getpid(), signal.SIGTERM)
            started = time.monotonic()
            async with asyncio.timeout(10):
                await running.task
        await asyncio.to_thread(service.close)
        return time.monotonic() - started

    assert asyncio.run(live()) < 3
    assert way.seen == {1: 1}
    assert len(account.mails("Processed")) == 1
    assert len(account.mails()) == 4


HANGING = """
import logging, sys, time
from daemon import service
from daemon.settings.models import Settings
from store.database import open_store

service.LEAVE_AFTER = 0.5
settings = Settings.model_validate_json(sys.stdin.read())

def process(mail, _following):
    print("begun", flush=True)
    time.sleep(3600)

sys.exit(service.serve(settings, open_store(settings.store.url), process))
"""


def test_the_process_ends_in_time_even_if_a_mail_hangs(
    account: Account, smtp_server: SmtpServer, local_store: Store, tmp_path: Path
) -> None:
    account.deliver(MAIL % b"applied")
    mailbox = account.settings().model_dump(exclude_none=True, mode="json") | {"password": account.password}
    tables = {
        "store": {"url": f"sqlite:///{tmp_path / 'store.db'}"},
        "smtp": smtp_server.settings().model_dump(exclude_none=True, mode="json"),
        "mailboxes": [mailbox],
        "administrations": [{"code": "nl01", "name": "Bakker"}],
    }
    daemon = subprocess.Popen([sys.executable, "-c", HANGING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert daemon.stdin is not None
    assert daemon.stdout is not None
    with daemon:
        daemon.stdin.write(json.dumps(tables))
        daemon.stdin.close()
        while "begun" not in (line := daemon.stdout.readline()):
            assert line, "the daemon ended before it began"
        daemon.terminate()
        assert daemon.wait(timeout=10) == 0
    assert account.mails() == [MAIL % b"applied"]


def test_ready_is_said_when_every_mailbox_was_reached_or_has_failed(
    dovecot: Dovecot, smtp_server: SmtpServer, local_store: Store
) -> None:
    told = Told()
    dead, alive = dovecot.account(), dovecot.account()

    async def live() -> None:
        given = settings(smtp_server, dead.settings(port=1), alive.settings())
        running = Running(Service(given, local_store, Way(local_store), told))
        await running.until(lambda: "ready" in told.said)
        assert f"mailboxes: 2, in trouble: {dead.user}; mails done: 0, left: 0" in told.said
        await running.end()

    asyncio.run(live())
    assert "stopping" in told.said


def test_the_watchdog_is_fed_while_mailboxes_rest_and_not_while_one_hangs(
    account: Account, smtp_server: SmtpServer, local_store: Store
) -> None:
    told = Told(watchdog_seconds=0.15)
    release = threading.Event()

    def process(mail: FetchedMail, _following: object = ()) -> MessageState:
        release.wait(10)
        return state_in_subject(mail)

    async def live() -> None:
        running = Running(Service(settings(smtp_server, account.settings(poll_seconds=1)), local_store, process, told))
        await running.until(lambda: told.said.count("alive") >= 3)
        account.deliver(MAIL % b"applied")
        begun = asyncio.get_running_loop().time()
        await running.until(lambda: told.quiet_for(0.6))
        assert asyncio.get_running_loop().time() - begun < 10
        release.set()
        fed = told.said.count("alive")
        await running.until(lambda: told.said.count("alive") > fed)
        await running.end()

    asyncio.run(live())


class Told(Notifier):
    """Notes what systemd would be told."""

    def __init__(self, watchdog_seconds: float | None = None) -> None:
        self.said: list[str] = []
        self.at = time.monotonic()
        self.watchdog_seconds = watchdog_seconds

    def quiet_for(self, seconds: float) -> bool:
        return time.monotonic() - self.at > seconds

    def ready(self) -> None:
        self.said.append("ready")

    def status(self, text: str) -> None:
        self.said.append(text)

    def alive(self) -> None:
        self.said.append("alive")
        self.at = time.monotonic()

    def stopping(self) -> None:
        self.said.append("stopping")
