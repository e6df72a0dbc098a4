"""What the header block of a mail says, read from the raw bytes."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice

from parsers.addresses import mailboxes, only_mailbox
from parsers.automatic import automatic_reason
from parsers.charsets import decode_words
from parsers.display import visible
from parsers.headers import Fields, count_fields, read_fields, split_block
from parsers.records import Envelope, Signature

LONGEST_SUBJECT = 200
MOST_SIGNATURES = 5
MOST_REFERENCES = 50
MOST_RECIPIENTS = 200
_MOST_LOOPS = 20

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:-]{1,200}@(?:[A-Za-z0-9._-]{1,200}|\[[A-Za-z0-9.:]{1,60}\])>")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*", re.ASCII)


def read_envelope(raw: bytes) -> Envelope:
    """Never raises, whatever the bytes. A header block over its limits has no sender: what lies beyond was not read."""
    end, _ = split_block(raw)
    block = raw[:end]
    fields = read_fields(block)
    sender = None if fields.overfull else _sender(block, fields)
    delivered_to = _unique(mailbox for value in fields.all("delivered-to") for mailbox in mailboxes(value))
    named = (value for name in ("to", "cc", "delivered-to", "x-original-to") for value in fields.all(name))
    return Envelope(
        message_id=_message_id(fields.all("message-id")),
        sender=sender,
        recipients=_unique(mailbox for value in named for mailbox in mailboxes(value)),
        delivered_to=delivered_to,
        subject=visible(decode_words(fields.first("subject")), LONGEST_SUBJECT),
        date=_date(fields.all("date")),
        in_reply_to=_message_ids(fields.all("in-reply-to")),
        references=_message_ids(fields.all("references")),
        automatic=automatic_reason(fields, sender),
        loop=tuple(visible(value, LONGEST_SUBJECT) for value in fields.all("x-loop")[:_MOST_LOOPS]),
        signatures=tuple(_signatures(fields.all("dkim-signature"))),
    )


def _sender(block: bytes, fields: Fields) -> str | None:
    if count_fields(block, b"from") != 1 or len(fields.all("from")) != 1:
        return None
    return only_mailbox(fields.first("from"))


def _unique(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(addresses), MOST_RECIPIENTS))


def _message_id(values: list[str]) -> str | None:
    return values[0] if len(values) == 1 and _MESSAGE_ID.fullmatch(values[0]) else None


def _message_ids(values: list[str]) -> tuple[str, ...]:
    """The valid ones, the latest of them if there are too many."""
    return tuple(match for value in values for match in _MESSAGE_ID.findall(value))[-MOST_REFERENCES:]


def _date(values: list[str]) -> datetime | None:
    if len(values) != 1:
        return None
    try:
        moment = parsedate_to_datetime(values[0][:200])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _signatures(values: list[str]) -> Iterable[Signature]:
    for index, value in enumerate(values[:MOST_SIGNATURES]):
        tags = [(name.strip(), "".join(text.split())) for name, _, text in (t.partition("=") for t in value.split(";"))]
        domains = [text.lower() for name, text in tags if name == "d"]
        selectors = [text for name, text in tags if name == "s"]
        # A tag that stands twice makes the signature void (RFC 6376 section 3.2).
        if len(domains) == len(selectors) == 1 and _HOST.fullmatch(domains[0]) and _HOST.fullmatch(selectors[0]):
            yield Signature(index, domains[0], selectors[0])
