"""Whom Saldopost never answers (RFC 3834 section 2): machines, lists and itself."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from parsers.records import Envelope
from store.records import MessageState

LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
LONGEST_ADDRESS = 320  # RFC 5321 section 4.5.3.1


@dataclass(frozen=True, slots=True)
class Identity:
    """How Saldopost knows itself again.

    `domain` stands in its Message-IDs and X-Loop headers. It must not be a domain in which people write mail, or
    their mail would be taken for our own: `saldopost.example.com` is a good one, `example.com` is not.
    """

    addresses: frozenset[str]  # the addresses it sends from, in any case
    domain: str


def ignored(envelope: Envelope, identity: Identity) -> str | None:
    """Why the mail is none of our business (`own-sender`, `own-message-id`, `loop`, or the parser's word for
    automatic mail such as `auto-submitted`); None for a person's mail.
    """
    if envelope.sender and envelope.sender.casefold() in {address.casefold() for address in identity.addresses}:
        return "own-sender"
    if envelope.message_id and _domain(envelope.message_id) == identity.domain.casefold():
        return "own-message-id"
    if envelope.loop:
        return "loop"
    return envelope.automatic


def unanswered(
    envelope: Envelope, state: MessageState, identity: Identity, arrived_at: datetime, now: datetime, oldest: timedelta
) -> str | None:
    """Why a mail that ended in `state` gets no reply (`state`, `no-sender`, `old`, or what `ignored` says), else None.

    `oldest` is how long ago a mail may have arrived to be still answered: the first run against an old mailbox
    must not flood anyone.
    """
    if state in ("waiting", "quarantined", "ignored", "failed"):
        return "state"
    if envelope.sender is None or mailable(envelope.sender) is None:
        return "no-sender"
    if now - arrived_at > oldest:
        return "old"
    return ignored(envelope, identity)


def mailable(address: str) -> str | None:
    """`address` as any SMTP server takes it, its domain in ASCII; None if it cannot be written so.

    Quoted local parts and those beyond ASCII (RFC 6531) are not served: no bookkeeper has one, forgers do.
    """
    if len(address) > LONGEST_ADDRESS:
        return None
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return f"{local}@{ascii_domain}" if LOCAL_PART.fullmatch(local) and DOMAIN.fullmatch(ascii_domain) else None


def _domain(message_id: str) -> str:
    return message_id.rstrip(">").rpartition("@")[2].casefold()
