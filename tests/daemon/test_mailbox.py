import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from dovecot_server import Account, Dovecot
from hypothesis import given
from hypothesis import strategies as st

from daemon.mailbox import FetchedMail, Mailbox, sequence_set
from daemon.mailbox_connection import MailboxUnavailable
from daemon.unavailable import LoginRefused
from parsers.headers import LARGEST_BLOCK

MAIL = b"From: a@example.com\r\nSubject: %d\r\n\r\nHello\r\n"
LIMIT = 100_000


@contextmanager
def opened(account: Account, largest_mail: int = LIMIT, **changes: object) -> Iterator[Mailbox]:
    mailbox = Mailbox(account.settings(**changes), largest_mail)
    try:
        yield mailbox
    finally:
        mailbox.close()


def fetched(mailbox: Mailbox) -> list[FetchedMail]:
    return list(mailbox.fetch(mailbox.list()))


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_mails_are_fetched_as_they_are_over_each_kind_of_connection(account: Account, security: str) -> None:
    arrived_at = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
    account.deliver(MAIL % 1, at=arrived_at)
    port = account.server.tls_port if security == "tls" else account.server.port
    with opened(account, security=security, port=port) as mailbox:
        (mail,) = fetched(mailbox)
    assert mail.raw == MAIL % 1
    assert (mail.size, mail.arrived_at) == (len(MAIL % 1), arrived_at)
    assert (mail.key.mailbox, mail.key.folder, mail.key.uid) == (account.user, "INBOX", 1)
    assert mail.key.uidvalidity > 0


def test_fetching_leaves_a_mail_unread(account: Account) -> None:
    account.deliver(MAIL % 1)
    with opened(account) as mailbox:
        fetched(mailbox)
    with account.connect() as client:
        client.select_folder("INBOX")
        assert len(client.search("UNSEEN")) == 1


def test_an_empty_folder_has_no_mails(account: Account) -> None:
    with opened(account) as mailbox:
        assert mailbox.list() == ()
        assert fetched(mailbox) == []


def test_a_mail_above_the_limit_is_told_of_but_never_fetched(account: Account) -> None:
    header = b"Subject: big\r\n\r\n"
    account.deliver(MAIL % 1, header + b"x" * 78 * 2000, MAIL % 3)
    with opened(account) as mailbox:
        mails = fetched(mailbox)
    assert [mail.raw for mail in mails] == [MAIL % 1, None, MAIL % 3]
    assert [mail.header for mail in mails] == [None, header, None]
    assert mails[1].size > LIMIT
    with account.connect() as client:
        client.select_folder("INBOX")
        assert len(client.search("UNSEEN")) == 3


def test_of_an_endless_header_no_more_is_fetched_than_a_reader_takes(account: Account) -> None:
    account.deliver(b"".join(b"X-Long-%d: %s\r\n" % (number, b"x" * 900) for number in range(500)) + b"\r\nHello\r\n")
    with opened(account) as mailbox:
        (mail,) = fetched(mailbox)
    assert mail.header is not None
    assert len(mail.header) == LARGEST_BLOCK + 1


def test_a_mail_that_vanishes_while_others_are_fetched_is_left_out(account: Account) -> None:
    account.deliver(*(MAIL % number for number in range(30)))
    with opened(account) as mailbox, account.connect() as other:
        mails = mailbox.fetch(mailbox.list())
        first = next(mails)
        other.select_folder("INBOX")
        other.delete_messages([5, 25])
        other.expunge()
        assert [mail.key.uid for mail in (first, *mails)] == [*range(1, 25), *range(26, 31)]


def test_a_moved_mail_is_in_the_folder_of_its_state_and_nowhere_else(account: Account) -> None:
    account.deliver(*(MAIL % number for number in range(1, 8)))
    with opened(account) as mailbox:
        applied, held, refused, quarantined, ignored, failed, unchanged = mailbox.list()
        mailbox.move([applied], "applied")
        mailbox.move([unchanged], "unchanged")
        mailbox.move([held], "held")
        mailbox.move([refused], "refused")
        mailbox.move([quarantined], "quarantined")
        mailbox.move([ignored], "ignored")
        mailbox.move([failed], "failed")
    assert account.mails() == []
    assert account.mails("Processed") == [MAIL % 1, MAIL % 7]
    for number, folder in enumerate(["Held", "Refused", "Quarantine", "Ignored", "Failed"], start=2):
        assert account.mails(folder) == [MAIL % number]


def test_folders_that_are_made_are_subscribed_to(account: Account) -> None:
    account.deliver(MAIL % 1)
    with opened(account) as mailbox:
        mailbox.move(mailbox.list(), "held")
    with account.connect() as client:
        assert "Held" in [name for _, _, name in client.list_sub_folders()]


def test_folders_lie_below_inbox_where_the_server_wants_them_there(courier_dovecot: Dovecot) -> None:
    account = courier_dovecot.account()
    account.deliver(MAIL % 1)
    with opened(account) as mailbox:
        assert mailbox.probe().missing_folders == ("Processed", "Held", "Refused", "Quarantine", "Ignored", "Failed")
        mailbox.move(mailbox.list(), "applied")
        assert "Processed" not in mailbox.probe().missing_folders
    assert account.mails("INBOX.Processed") == [MAIL % 1]


def test_a_server_without_move_namespace_and_uidplus_loses_no_mail(bare_dovecot: Dovecot) -> None:
    account = bare_dovecot.account()
    account.deliver(MAIL % 1, MAIL % 2, MAIL % 3)
    with account.connect() as other:
        other.select_folder("INBOX")
        other.delete_messages([2])  # by someone else, and not for us to expunge
    with opened(account) as mailbox:
        assert mailbox.list() == (1, 3)
        assert "neither MOVE nor UIDPLUS" in mailbox.probe().warnings[0]
        mailbox.move([1], "applied")
        assert mailbox.list() == (3,)
    assert account.mails("INBOX.Processed") == [MAIL % 1]
    assert account.mails() == [MAIL % 1, MAIL % 2, MAIL % 3]


def test_moving_a_mail_that_is_gone_already_is_no_error(account: Account) -> None:
    account.deliver(MAIL % 1, MAIL % 2)
    with opened(account) as mailbox, account.connect() as other:
        uids = mailbox.list()
        other.select_folder("INBOX")
        other.delete_messages([1])
        other.expunge()
        mailbox.move(uids, "applied")
    assert account.mails("Processed") == [MAIL % 2]


def test_a_target_folder_that_was_deleted_meanwhile_is_made_again(account: Account) -> None:
    account.deliver(MAIL % 1, MAIL % 2)
    with opened(account) as mailbox, account.connect() as other:
        mailbox.list()
        mailbox.move([1], "applied")
        other.delete_folder("Processed")
        mailbox.move([2], "applied")
    assert account.mails("Processed") == [MAIL % 2]


def test_mails_are_never_moved_after_uidvalidity_changed(account: Account) -> None:
    account.deliver(MAIL % 1, MAIL % 2)
    with opened(account, folder="Exports") as mailbox, account.connect() as other:
        other.create_folder("Exports")
        other.append("Exports", MAIL % 1)
        uids = mailbox.list()
        other.delete_folder("Exports")
        other.create_folder("Exports")
        other.append("Exports", MAIL % 2)
        with pytest.raises(MailboxUnavailable):
            mailbox.move(uids, "applied")
        assert [mail.raw for mail in fetched(mailbox)] == [MAIL % 2]
    assert account.mails("Processed") == []


def test_a_folder_that_does_not_exist_is_named(account: Account) -> None:
    with opened(account, folder="Nowhere") as mailbox, pytest.raises(MailboxUnavailable, match="Nowhere"):
        mailbox.list()


def test_mails_are_not_moved_into_the_folder_that_is_read(account: Account) -> None:
    with account.connect() as client:
        client.create_folder("Processed")
        client.append("Processed", MAIL % 1)
    with opened(account, folder="Processed") as mailbox:
        uids = mailbox.list()
        with pytest.raises(MailboxUnavailable, match="another `folder`"):
            mailbox.move(uids, "applied")


def test_two_thousand_mails_are_fetched_in_order_and_moved_at_once(account: Account) -> None:
    account.deliver(*(MAIL % number for number in range(2000)))
    with opened(account) as mailbox:
        uids = mailbox.list()
        assert sorted(mail.raw for mail in mailbox.fetch(uids)) == sorted(MAIL % number for number in range(2000))
        mailbox.move(uids, "applied")
        assert mailbox.list() == ()
    assert len(account.mails("Processed")) == 2000


def test_a_huge_folder_is_listed_in_pages(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.mailbox._SEARCH_PAGE", 7)
    account.deliver(*(MAIL % number for number in range(30)))
    with account.connect() as other:
        other.select_folder("INBOX")
        other.delete_messages([3, 29])
    with opened(account) as mailbox:
        assert mailbox.list() == tuple(uid for uid in range(1, 31) if uid not in (3, 29))


def test_a_wrong_password_is_told_apart_from_an_absent_server(account: Account) -> None:
    with opened(account, password="wrong") as mailbox, pytest.raises(LoginRefused, match="Check `username`"):
        mailbox.list()


def test_a_password_outside_ascii_reaches_the_server_whole(account: Account) -> None:
    with opened(account, password="wachtwoord-é€") as mailbox, pytest.raises(LoginRefused, match="Check `username`"):
        mailbox.list()


def test_a_port_where_nobody_listens_is_named(account: Account) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with opened(account, port=port) as mailbox, pytest.raises(MailboxUnavailable, match=f"localhost:{port}.*refused"):
        mailbox.list()


def test_an_unknown_certificate_is_refused(account: Account) -> None:
    with opened(account, ca_file=None) as mailbox, pytest.raises(MailboxUnavailable, match="`ca_file`"):
        mailbox.list()


def test_starttls_is_never_skipped(account: Account) -> None:
    """A server, or someone between, that does not offer STARTTLS gets no password."""
    heard: list[bytes] = []
    with (
        talking(b"* OK ready\r\n", heard) as port,
        opened(account, security="starttls", port=port) as mailbox,
        pytest.raises(MailboxUnavailable),
    ):
        mailbox.list()
    assert not [line for line in heard if b"LOGIN" in line or b"AUTHENTICATE" in line]


def test_tls_on_a_plain_port_says_what_to_check(account: Account) -> None:
    with opened(account, port=account.server.port) as mailbox, pytest.raises(MailboxUnavailable, match="`security`"):
        mailbox.list()


@pytest.mark.parametrize("greeting", [b"", b"* OK ready\r\n"])
def test_a_silent_server_is_given_up_within_the_time_limit(account: Account, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)
                while connection.recv(1000):
                    pass

        thread = threading.Thread(target=accept)
        thread.start()
        started = time.monotonic()
        settings = {"port": server.getsockname()[1], "security": "none", "timeout_seconds": 1}
        with opened(account, **settings) as mailbox, pytest.raises(MailboxUnavailable, match="within 1 s"):
            mailbox.list()
        assert time.monotonic() - started < 5
        thread.join()


def test_a_garbled_answer_is_a_server_that_is_unavailable(account: Account) -> None:
    with (
        talking(b"\xff\xfe nonsense (((\r\n", []) as port,
        opened(account, security="none", port=port) as mailbox,
        pytest.raises(MailboxUnavailable),
    ):
        mailbox.list()


def test_a_server_that_was_restarted_is_found_again(own_dovecot: Dovecot) -> None:
    account = own_dovecot.account()
    account.deliver(MAIL % 1)
    with opened(account) as mailbox:
        assert mailbox.list() == (1,)
        own_dovecot.stop()
        with pytest.raises(MailboxUnavailable):
            mailbox.list()
        own_dovecot.start()
        assert [mail.raw for mail in fetched(mailbox)] == [MAIL % 1]
        own_dovecot.stop()
        own_dovecot.start()
        assert mailbox.list() == (1,), "a connection that died while idle is no failure"


def test_a_wait_for_the_server_can_be_cut_from_another_thread(account: Account) -> None:
    with opened(account) as mailbox:
        mailbox.list()
        mailbox.cut()
        with pytest.raises(MailboxUnavailable):
            mailbox.move([1], "applied")


@given(st.sets(st.integers(1, 60)))
def test_a_sequence_set_means_exactly_these_uids(uids: set[int]) -> None:
    meant = set()
    for run in sequence_set(sorted(uids)).split(",") if uids else []:
        first, _, last = run.partition(":")
        meant |= set(range(int(first), int(last or first) + 1))
    assert meant == uids


@contextmanager
def talking(greeting: bytes, heard: list[bytes]) -> Iterator[int]:
    """A server that greets, and knows no command but CAPABILITY; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                connection.sendall(greeting)
                for line in lines:
                    heard.append(line)
                    tag, command = line.split()[:2]
                    known = command == b"CAPABILITY"
                    answer = b"* CAPABILITY IMAP4rev1\r\n%s OK\r\n" if known else b"%s BAD unknown\r\n"
                    connection.sendall(answer % tag)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()
