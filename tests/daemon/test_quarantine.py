"""A quarantined mail is released: found again on a real server, processed once, and moved."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from dns_server import DnsServer
from dovecot_server import Account as MailAccount
from exports import Account, OpenItem, export
from mails import mail
from offices import Office

from daemon.leases import Leases
from daemon.mailbox import FetchedMail, Mailbox
from daemon.mailbox_poll import Looking, poll
from daemon.quarantine import NotReleased, release
from store import messages
from store.database import Store
from store.records import Message, MessageState

BOOKS = (Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),)
NOW = datetime.now(UTC).replace(microsecond=0)


class Desk:
    """A mailbox with two quarantined mails of one size, and what is done with them."""

    def __init__(self, store: Store, dns_server: DnsServer, account: MailAccount) -> None:
        self.store, self.account = store, account
        self.office = Office(store, dns_server, clock=NOW)
        self.mailbox = Mailbox(account.settings(name="main"), 10_000_000)
        self.account.deliver(*(self._mail(number) for number in (1, 2)), at=NOW)
        self.poll()

    def _mail(self, number: int) -> bytes:
        return mail(("ARs_1.xml", export(BOOKS)), date=NOW, message_id=f"<{number}@bakker.example>")

    def poll(self) -> None:
        stop = threading.Event()
        looking = Looking(self.store, self.office.way.process, lambda: NOW, stop, Leases(self.store).alone)
        poll(self.mailbox, looking, stop.is_set)

    @property
    def listed(self) -> list[Message]:
        with self.store.read() as tx:
            return messages.list_messages(tx)[::-1]

    def release(self, message: Message) -> MessageState:
        return release(message, self.mailbox, self.store, self.office.way.release)

    def folders(self) -> tuple[int, int, int]:
        """How many mails lie in the inbox, in Quarantine and in Processed."""
        inbox, quarantine, processed = (len(self.account.mails(name)) for name in ("INBOX", "Quarantine", "Processed"))
        return inbox, quarantine, processed


@pytest.fixture
def desk(store: Store, dns_server: DnsServer, account: MailAccount) -> Iterator[Desk]:
    made = Desk(store, dns_server, account)
    yield made
    made.mailbox.close()


def test_a_released_mail_is_applied_answered_and_moved_and_the_other_stays(desk: Desk) -> None:
    first, second = desk.listed
    assert desk.folders() == (0, 2, 0)
    assert first.size == second.size

    assert desk.release(second) == "applied"
    assert desk.folders() == (0, 1, 1)
    assert b"<2@bakker.example>" in desk.account.mails("Processed")[0]
    assert desk.office.balances() == {("receivable", "10042"): 9980}
    assert [(one.ref, one.state, one.moved) for one in desk.listed] == [
        (first.ref, "quarantined", True),
        (second.ref, "applied", True),
    ]
    assert len(desk.office.outgoing()) == 1


def test_the_daemon_goes_on_as_if_nothing_had_been(desk: Desk) -> None:
    desk.release(desk.listed[0])
    before = desk.listed
    desk.poll()
    assert desk.listed == before
    assert desk.folders() == (0, 1, 1)


@pytest.mark.parametrize("finished_by", ["the daemon", "a release"])
def test_a_release_that_was_cut_short_before_the_move_only_moves(desk: Desk, finished_by: str) -> None:
    first = desk.listed[0]
    processed: list[Message] = []

    def process(fetched: FetchedMail, message: Message) -> MessageState:
        processed.append(message)
        desk.office.way.release(fetched, message)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release(first, desk.mailbox, desk.store, process)
    assert desk.folders() == (0, 2, 0)
    if finished_by == "the daemon":
        desk.poll()
    else:
        assert desk.release(desk.listed[0]) == "applied"
    assert desk.folders() == (0, 1, 1)
    assert len(processed) == 1
    assert len(desk.office.outgoing()) == 1


def test_what_is_not_there_any_more_is_said(desk: Desk) -> None:
    first, second = desk.listed
    desk.release(first)
    with pytest.raises(NotReleased, match="is not quarantined, but applied"):
        desk.release(desk.listed[0])
    with desk.account.connect() as client:
        client.select_folder("Quarantine")
        client.delete_messages(client.search())
        client.expunge()
    with pytest.raises(NotReleased, match="was moved or deleted by hand"):
        desk.release(second)
