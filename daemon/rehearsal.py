"""What the daemon would do with the mails that lie in the mailboxes now. Nothing is written, moved or sent.

Each mail is fetched, judged, read, compared and answered as ever, by the very same code. It is held against the store
as it is now: what the mails before it would change has not happened.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import structlog

from daemon.children import NoChild
from daemon.intake import TrustedMail
from daemon.mailbox import FetchedMail, Mailbox
from daemon.reading import read_mail
from daemon.trust import Later
from daemon.way import MOST_TRIES, Way
from handlers.importing import DRY_RUN
from handlers.policy import Route
from store import messages
from store.database import Transaction
from store.records import Message, MessageState, Outcome, OutgoingMail, StoreBroken, StoreUnavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would become of one mail. Sender and subject are what it says: not trusted."""

    mail: FetchedMail
    state: MessageState | None  # None: it met a bug of ours
    reason: str
    sender: str = ""
    subject: str = ""
    reply: str = ""  # the text of the reply that would be sent
    withheld: str = ""  # why it would not be sent now after all


def rehearse(mailbox: Mailbox, way: Way) -> Iterator[Rehearsed]:
    """Every mail that the daemon would take now, the oldest first. `mailbox` is to be read-only.

    Raises ServerUnavailable, LoginRefused, StoreUnavailable and StoreBroken.
    """
    way = replace(way, intake=replace(way.intake, dry_run=True))
    for mail in mailbox.fetch(mailbox.list()):
        with way.store.read() as tx:
            known = messages.find_by_key(tx, mail.key)
        yield _take(mail, known, way)
    with way.store.read() as tx:
        retried = [one for one in messages.list_unmoved(tx, mailbox.settings.name) if one.lies and not one.is_final]
    for message in retried:
        assert message.lies is not None
        place = mailbox.find(message, message.lies.folder)
        unread = FetchedMail(message.key, message.size, message.arrived_at, None)
        mail_elsewhere = mailbox.fetch_from(place, unread) if place is not None else None
        if mail_elsewhere is not None:
            yield _take(mail_elsewhere, message, way)


def _take(mail: FetchedMail, known: Message | None, way: Way) -> Rehearsed:
    """As `Way.process` does, without its writing."""
    if known is not None and known.reason == messages.VANISHED:
        known = None
    now = way.clock()
    if known is not None and (known.is_final or (known.wait_until is not None and known.wait_until > now)):
        return Rehearsed(mail, known.state, known.reason, known.sender or "", known.subject or "")
    message = known or _first_sight(mail, way)
    if message.tries >= MOST_TRIES:
        return Rehearsed(mail, "failed", "tried-too-often", message.sender or "", message.subject or "")
    try:
        return _decide(mail, message, way)
    except (StoreUnavailable, StoreBroken, NoChild):
        raise
    except Exception:  # whatever one mail does, the others go on
        log.exception("mail-met-a-bug", mailbox=mail.key.mailbox, uid=mail.key.uid)
        return Rehearsed(mail, None, "bug")


def _decide(mail: FetchedMail, message: Message, way: Way) -> Rehearsed:
    raw = mail.header if mail.raw is None else mail.raw
    if raw is None:
        return Rehearsed(mail, "quarantined", "mail-too-large")
    with read_mail(raw, way.limits) as reading:
        read, found = way.examine(mail, message, reading)
        sender, subject = (read.envelope.sender or "", read.envelope.subject) if read else ("", "")
        match found:
            case Later(reason=reason):
                return Rehearsed(mail, "waiting", reason, sender, subject)
            case Route() as chosen:
                assert read is not None
                trusted = TrustedMail(mail, message, read, reading, chosen, _write_nothing)
                with ExitStack() as until_settled:
                    found = way.intake.settle(trusted, way.intake.open(trusted, until_settled))
    with way.store.read() as tx:
        withheld = way.restraint.foresee(tx, found)
    return Rehearsed(mail, found.state, found.reason, sender, subject, "".join(map(_text, found.replies)), withheld)


def _first_sight(mail: FetchedMail, way: Way) -> Message:
    return Message(
        id=0,
        ref=DRY_RUN,  # it gets one when it is first seen
        key=mail.key,
        size=mail.size,
        arrived_at=mail.arrived_at,
        seen_at=way.clock(),
        tries=0,
        wait_until=None,
        sender=None,
        subject=None,
        message_id=None,
        sent_at=None,
        sha256=None,
        administration=None,
        state=None,
        reason="",
        finished_at=None,
        moved=False,
        lies=None,
        reply="none",
    )


def _text(reply: OutgoingMail) -> str:
    message = message_from_bytes(reply.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def _write_nothing(_tx: Transaction, _outcome: Outcome) -> None:
    raise AssertionError("a rehearsal writes nothing")
