import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosmtplib
import pytest
from certificates import Certificates
from hypothesis import given
from hypothesis import strategies as st
from smtp_server import HANG_UP, OK, TAKE_AND_HANG_UP, USERNAME, SmtpServer

from daemon.courier import GIVE_UP_AFTER, LONGEST_RETRY, Courier, next_try, probe
from daemon.settings.models import SmtpSettings
from daemon.smtp_connection import SmtpUnavailable, said
from daemon.unavailable import LoginRefused
from store import outbox
from store.database import Store, open_store
from store.records import OutgoingMail

RAW = b"From: saldo@example.com\r\nSubject: Saldo\r\nMessage-ID: <%d@example.com>\r\n\r\nDone.\r\n.\r\n..two dots\r\n"


class Outbox:
    """The outbox of a store, a courier's view of it, and a clock that tests set."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.thread = ThreadPoolExecutor(1)

    def put(self, number: int = 1, **changes: object) -> int:
        mail = {
            "recipient": "anna@bakker.example",
            "envelope_sender": "",
            "message_id": f"<{number}@example.com>",
            "raw": RAW % number,
        }
        with self.store.write() as tx:
            return outbox.add(tx, OutgoingMail(**(mail | changes)), self.now)

    def courier(self, settings: SmtpSettings) -> Courier:
        return Courier(settings, self.store, self.thread, clock=lambda: self.now)

    def send(self, settings: SmtpSettings) -> None:
        """One round of a courier that then goes home."""

        async def round_trip() -> None:
            courier = self.courier(settings)
            try:
                await courier.drain()
            finally:
                await courier.close()

        asyncio.run(round_trip())

    @property
    def states(self) -> dict[str, int]:
        with self.store.read() as tx:
            return outbox.count_states(tx)


@pytest.fixture
def box(sqlite_template: Path, tmp_path: Path) -> Iterator[Outbox]:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    opened = Outbox(store)
    yield opened
    opened.thread.shutdown()
    store.close()


def test_a_mail_arrives_byte_for_byte_with_the_null_sender(box: Outbox, smtp_server: SmtpServer) -> None:
    box.put(7)
    box.send(smtp_server.settings())
    (mail,) = smtp_server.received
    assert mail.raw == RAW % 7
    assert (mail.envelope_sender, mail.recipients) == ("", ("anna@bakker.example",))
    assert box.states == {"sent": 1}


def test_an_envelope_sender_is_used_as_given(box: Outbox, smtp_server: SmtpServer) -> None:
    box.put(envelope_sender="bounces@example.com")
    box.send(smtp_server.settings())
    assert smtp_server.received[0].envelope_sender == "bounces@example.com"


def test_mails_go_out_encrypted_and_logged_in(box: Outbox, secure_smtp_server: SmtpServer) -> None:
    box.put()
    box.send(secure_smtp_server.settings())
    (mail,) = secure_smtp_server.received
    assert mail.over_tls
    assert mail.username == USERNAME


def test_many_mails_share_a_connection(box: Outbox, smtp_server: SmtpServer) -> None:
    for number in range(50):
        box.put(number)
    box.send(smtp_server.settings())
    assert [mail.raw for mail in smtp_server.received] == [RAW % number for number in range(50)]
    assert smtp_server.connections == 1


def test_nobody_connects_when_there_is_nothing_to_send(box: Outbox, smtp_server: SmtpServer) -> None:
    box.send(smtp_server.settings())
    assert smtp_server.connections == 0


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_mail_that_is_not_taken_now_is_sent_later(box: Outbox, smtp_server: SmtpServer, command: str) -> None:
    smtp_server.answer(command, "451 4.7.1 try again later")
    box.put(1)
    box.put(2)
    box.send(smtp_server.settings())
    assert [mail.raw for mail in smtp_server.received] == [RAW % 2]
    assert box.states == {"queued": 1, "sent": 1}
    box.now += timedelta(minutes=2)
    box.send(smtp_server.settings())
    assert [mail.raw for mail in smtp_server.received] == [RAW % 2, RAW % 1]
    assert box.states == {"sent": 2}


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_mail_that_is_refused_is_given_up_and_the_next_one_sent(
    box: Outbox, smtp_server: SmtpServer, command: str
) -> None:
    smtp_server.answer(command, "550 5.1.1 no such user")
    box.put(1)
    box.put(2)
    box.send(smtp_server.settings())
    assert [mail.raw for mail in smtp_server.received] == [RAW % 2]
    assert box.states == {"failed": 1, "sent": 1}


def test_a_server_that_does_not_take_our_sender_loses_no_mail(box: Outbox, smtp_server: SmtpServer) -> None:
    smtp_server.answer("MAIL", "553 5.7.1 sender address rejected")
    box.put()
    with pytest.raises(SmtpUnavailable, match="sender address rejected"):
        box.send(smtp_server.settings())
    assert box.states == {"queued": 1}


def test_a_mail_that_is_never_taken_is_given_up_after_two_days(box: Outbox, smtp_server: SmtpServer) -> None:
    box.put()
    tries = 0
    while box.states == {"queued": 1}:
        tries += 1
        smtp_server.answer("RCPT", "450 mailbox busy")
        box.send(smtp_server.settings())
        box.now += LONGEST_RETRY
    assert box.states == {"failed": 1}
    assert tries == 49
    assert smtp_server.received == []


def test_an_unknown_outcome_is_followed_by_the_same_bytes(box: Outbox, smtp_server: SmtpServer) -> None:
    smtp_server.answer("DATA", TAKE_AND_HANG_UP)
    box.put()
    with pytest.raises(SmtpUnavailable):
        box.send(smtp_server.settings())
    assert box.states == {"queued": 1}
    box.now += timedelta(minutes=2)
    box.send(smtp_server.settings())
    assert [mail.raw for mail in smtp_server.received] == [RAW % 1, RAW % 1]
    assert box.states == {"sent": 1}


def test_a_connection_that_ends_after_some_mails_is_made_again(box: Outbox, smtp_server: SmtpServer) -> None:
    for number in range(3):
        box.put(number)
    smtp_server.answer("MAIL", OK, "421 too many mails on this connection")
    box.send(smtp_server.settings())
    assert sorted(mail.raw for mail in smtp_server.received) == [RAW % number for number in range(3)]
    assert smtp_server.connections == 2


def test_a_lost_connection_delays_one_mail_and_no_other(box: Outbox, smtp_server: SmtpServer) -> None:
    for number in range(3):
        box.put(number)
    smtp_server.answer("RCPT", OK, HANG_UP)
    box.send(smtp_server.settings())
    assert box.states == {"queued": 1, "sent": 2}


def test_a_server_that_is_away_for_three_days_loses_no_mail(box: Outbox, smtp_server: SmtpServer) -> None:
    box.put()
    smtp_server.stop()
    for _ in range(72):
        box.now += timedelta(hours=1)
        with pytest.raises(SmtpUnavailable, match="Check `smtp"):
            box.send(smtp_server.settings())
    smtp_server.start()
    box.send(smtp_server.settings())
    assert box.states == {"sent": 1}


def test_a_wrong_password_is_told_apart_from_an_absent_server(box: Outbox, secure_smtp_server: SmtpServer) -> None:
    box.put()
    with pytest.raises(LoginRefused, match="refuses the login"):
        box.send(secure_smtp_server.settings(password="wrong"))
    assert box.states == {"queued": 1}


def test_an_unknown_certificate_is_refused(box: Outbox, secure_smtp_server: SmtpServer) -> None:
    box.put()
    with pytest.raises(SmtpUnavailable, match="certificate is not trusted"):
        box.send(secure_smtp_server.settings(ca_file=None))
    assert secure_smtp_server.received == []


def test_starttls_is_never_skipped(box: Outbox, smtp_server: SmtpServer, certificates: Certificates) -> None:
    """A server, or someone between, that does not offer STARTTLS gets no mail."""
    box.put()
    with pytest.raises(SmtpUnavailable):
        box.send(smtp_server.settings(security="starttls", ca_file=certificates.authority))
    assert smtp_server.received == []


def test_a_silent_server_is_given_up_within_the_time_limit(box: Outbox) -> None:
    box.put()
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        settings = SmtpServer(port=server.getsockname()[1]).settings(timeout_seconds=1)
        with pytest.raises(SmtpUnavailable):
            box.send(settings)
        assert time.monotonic() - started < 5
    assert box.states == {"queued": 1}


def test_an_address_that_is_no_address_does_not_stop_the_others(box: Outbox, smtp_server: SmtpServer) -> None:
    hostile = ["a@b.example> SIZE=1\r\nRCPT TO:<boss@b.example", "a@b.example,<boss@b.example>", "a@b.example\n"]
    for number, recipient in enumerate(hostile, start=10):
        box.put(number, recipient=recipient)
    box.put(2)
    box.send(smtp_server.settings())
    assert [mail.recipients for mail in smtp_server.received] == [("anna@bakker.example",)]
    assert box.states == {"failed": 3, "sent": 1}


def test_smtputf8_is_asked_for_only_where_an_address_needs_it(box: Outbox, smtp_server: SmtpServer) -> None:
    box.put(1)
    box.put(2, recipient="andré@bakker.example")
    box.send(smtp_server.settings())
    plain, international = smtp_server.received
    assert "SMTPUTF8" not in plain.options
    assert "SMTPUTF8" in international.options
    assert international.recipients == ("andré@bakker.example",)


def test_a_reply_that_waits_is_held_back(box: Outbox, smtp_server: SmtpServer) -> None:
    box.put(not_before=box.now + timedelta(minutes=15))
    box.send(smtp_server.settings())
    assert box.states == {"queued": 1}
    box.now += timedelta(minutes=15)
    box.send(smtp_server.settings())
    assert box.states == {"sent": 1}


def test_draining_once_sends_replies_that_wait_and_counts_what_remains(box: Outbox, smtp_server: SmtpServer) -> None:
    smtp_server.answer("DATA", OK, "451 later")
    box.put(1)
    box.put(2, not_before=box.now + timedelta(minutes=15))
    box.put(3, not_before=box.now + timedelta(minutes=16))

    async def drain_once() -> int:
        return await box.courier(smtp_server.settings()).drain_once()

    assert asyncio.run(drain_once()) == 1
    assert box.states == {"queued": 1, "sent": 2}
    assert asyncio.run(drain_once()) == 1, "what was tried keeps to its schedule"


def test_a_running_courier_sends_at_once_when_woken_and_ends_when_told(box: Outbox, smtp_server: SmtpServer) -> None:
    async def live() -> None:
        courier, stopping = box.courier(smtp_server.settings()), asyncio.Event()
        running = asyncio.create_task(courier.run(stopping))
        for number in range(1, 4):
            await asyncio.to_thread(box.put, number)
            courier.wake()
            async with asyncio.timeout(5):
                while box.states != {"sent": number}:
                    await asyncio.sleep(0.01)
        stopping.set()
        courier.wake()
        async with asyncio.timeout(5):
            await running

    asyncio.run(live())
    assert smtp_server.connections == 1


def test_two_couriers_send_each_mail_once(box: Outbox, smtp_server: SmtpServer) -> None:
    for number in range(40):
        box.put(number)

    async def both() -> None:
        couriers = [box.courier(smtp_server.settings()) for _ in range(2)]
        await asyncio.gather(*(courier.drain() for courier in couriers))
        await asyncio.gather(*(courier.close() for courier in couriers))

    asyncio.run(both())
    assert sorted(mail.raw for mail in smtp_server.received) == sorted(RAW % number for number in range(40))
    assert smtp_server.connections == 2


def test_probing_tells_what_the_server_can_do(smtp_server: SmtpServer) -> None:
    found = asyncio.run(probe(smtp_server.settings()))
    assert "size" in found.extensions
    assert found.largest_mail == 33554432
    assert found.refusal == ""
    assert smtp_server.received == []


def test_a_courier_leaves_no_thread_behind(box: Outbox, smtp_server: SmtpServer) -> None:
    before = threading.active_count()
    box.put()
    box.send(smtp_server.settings())
    assert threading.active_count() <= before + 1  # the store's


@given(st.integers(1, 10_000), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_the_next_try_is_later_but_never_far_off(tries: int, age: timedelta) -> None:
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    at = next_try(tries, created_at, created_at + age)
    if age >= GIVE_UP_AFTER:
        assert at is None
    else:
        assert at is not None
        assert timedelta(seconds=30) <= at - (created_at + age) <= LONGEST_RETRY


def test_what_a_server_says_in_another_encoding_can_be_kept() -> None:
    told = said(aiosmtplib.SMTPResponseException(550, "Empf\udce4nger\0 unbekannt"))
    assert told == "550 Empf?nger? unbekannt"
    assert told.encode()
