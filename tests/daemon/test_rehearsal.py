"""What a rehearsal tells of mails that were met before, that cannot be judged, or that it stumbles over."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from dovecot_server import Account
from exports import Account as Debtor
from exports import export
from mails import mail
from signing import Signer
from ways import ROUTE, make_way

from daemon.intake import Intake
from daemon.mailbox import Mailbox
from daemon.rehearsal import Rehearsed, rehearse
from daemon.trust import Keys
from handlers.caps import Caps
from handlers.policy import Route
from parsers.records import Signature
from store import messages
from store.database import Store
from store.records import MailKey, Message, Outcome, Place

NOW = datetime.now(UTC)
EXPORT = mail(("ARs_1.xml", export((Debtor(),))), date=NOW)


class Desk:
    def __init__(self, account: Account, store: Store) -> None:
        self.account, self.store = account, store

    def mailbox(self) -> Mailbox:
        return Mailbox(self.account.settings(name="main"), 10_000_000, readonly=True)

    def rehearse(self, route: Route = ROUTE, caps: Caps | None = None) -> list[Rehearsed]:
        def ask_in_vain(_signatures: Iterable[Signature]) -> Keys:
            return Keys((), ("no name server answers",))

        mailbox = self.mailbox()
        try:
            way = make_way(self.store, lambda: NOW, 1, routes=(route,), lookup=ask_in_vain, caps=caps)
            return list(rehearse(mailbox, way))
        finally:
            mailbox.close()

    def remember(self, tries: int = 1) -> Message:
        """The mail is known since the daemon looked at it."""
        mailbox = self.mailbox()
        (uid,) = mailbox.list()
        (found,) = mailbox.fetch([uid])
        mailbox.close()
        with self.store.write() as tx:
            for _ in range(tries):
                message = messages.remember(tx, found.key, found.size, found.arrived_at, NOW, Random(1))
        return message

    def known(self) -> list[Message]:
        with self.store.read() as tx:
            return messages.list_messages(tx)


@pytest.fixture
def desk(account: Account, store: Store) -> Desk:
    account.deliver(EXPORT)
    return Desk(account, store)


def test_a_mail_that_is_known_keeps_its_reference(desk: Desk) -> None:
    message = desk.remember()
    (told,) = desk.rehearse()
    assert told.state == "applied"
    assert f"Reference: {message.ref}" in told.reply
    assert desk.known() == [message]


def test_a_mail_that_was_tried_too_often_would_fail(desk: Desk) -> None:
    desk.remember(tries=3)
    (told,) = desk.rehearse()
    assert (told.state, told.reason, told.reply) == ("failed", "tried-too-often", "")


def test_a_mail_that_waits_is_left_until_its_time(desk: Desk) -> None:
    message = desk.remember()
    with desk.store.write() as tx:
        messages.postpone(tx, message.id, NOW + timedelta(minutes=5), "dns-unavailable")
    assert [(told.state, told.reason) for told in desk.rehearse()] == [("waiting", "dns-unavailable")]


def test_a_mail_that_is_decided_and_only_lacks_its_move_is_told_as_decided(desk: Desk) -> None:
    message = desk.remember()
    with desk.store.write() as tx:
        messages.finish(tx, message.id, Outcome("refused", "stale", "nl01"), NOW)
    assert [(told.state, told.reason, told.reply) for told in desk.rehearse()] == [("refused", "stale", "")]


def test_a_mail_whose_sender_cannot_be_judged_now_would_wait(account: Account, store: Store) -> None:
    account.deliver(Signer().sign(EXPORT.replace(b"\n", b"\r\n"), signed=("from", "subject", "date")))
    desk = Desk(account, store)
    (told,) = desk.rehearse(Route("main", ("*@bakker.example",), (), "nl01", ("dkim",)))
    assert (told.state, told.reason, told.sender) == ("waiting", "dns-unavailable", "boekhouding@bakker.example")
    assert desk.known() == []


def test_a_mail_that_lies_elsewhere_and_is_to_be_processed_anew_is_rehearsed_too(desk: Desk) -> None:
    message = desk.remember()
    with desk.account.connect() as client:
        client.create_folder("Refused")
        client.select_folder("INBOX")
        client.move([message.key.uid], "Refused")
        lies = Place("Refused", client.select_folder("Refused", readonly=True)[b"UIDVALIDITY"], client.search()[0])
    with desk.store.write() as tx:
        messages.finish(tx, message.id, Outcome("refused", "stale", "nl01"), NOW)
        messages.mark_moved(tx, [(message.id, "refused", lies)])
        messages.retry(tx, message.id, "Refused")
    before = desk.known()
    assert [told.state for told in desk.rehearse()] == ["applied"]
    assert desk.known() == before
    assert desk.account.count("Refused") == 1


def test_a_mail_that_meets_a_bug_does_not_stand_in_the_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.account.deliver(mail(sender="eve@evil.example"))

    def stumble(*_arguments: object) -> Outcome:
        raise ZeroDivisionError

    monkeypatch.setattr(Intake, "settle", stumble)
    assert [(told.state, told.reason) for told in desk.rehearse()] == [(None, "bug"), ("quarantined", "no-route")]


def test_a_reply_for_which_there_were_too_many_is_told_as_left_out(desk: Desk) -> None:
    (told,) = desk.rehearse(caps=Caps(sender_hour=0))
    assert (told.state, told.withheld) == ("applied", "withhold: replies-sender-hour")
    assert desk.known() == []


def test_a_mail_above_the_limit_is_told_of_without_being_fetched(desk: Desk) -> None:
    small = Mailbox(desk.account.settings(name="main"), 100, readonly=True)
    (told,) = rehearse(small, make_way(desk.store, lambda: NOW, 1))
    small.close()
    assert (told.mail.raw, told.state, told.reason) == (None, "refused", "mail-too-large")
    assert "Reference: DRY-RUN" in told.reply
    assert told.mail.key == MailKey("main", "INBOX", told.mail.key.uidvalidity, 1)
