"""A rendered reply as the bytes of a mail. Nothing that a stranger wrote can break it or send it elsewhere."""

import re
from binascii import b2a_qp
from collections.abc import Callable
from datetime import UTC, datetime
from email.header import Header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from typing import Literal

from handlers.etiquette import mailable
from handlers.language import clean
from handlers.render import Rendered
from handlers.spreadsheet import Attachment
from parsers.records import Envelope
from store.records import OutgoingMail

Random = Callable[[int], bytes]  # so many unguessable bytes: `secrets.token_bytes`

MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")
ANCESTORS = 20  # references kept
LONGEST_SUBJECT = 200

# The older policy: the modern one raises on malformed values and encodes long message IDs as words.
ON_THE_WIRE = compat32.clone(linesep="\r\n")


def compose(
    rendered: Rendered,
    to: str,
    sender: str,
    envelope: Envelope,
    ref: str,
    now: datetime,
    own_domain: str,
    random: Random,
    *,
    message_id: str | None = None,
    reply_to: str | None = None,
) -> OutgoingMail:
    """The reply to `to`, the authenticated sender of the mail that `envelope` tells of, and to nobody else.

    `sender` is the setting, `Name <address>`. The envelope sender is null (RFC 3834 section 3.3). The Message-ID is
    `message_id` or a new one, and unguessable: who answers it has seen it. Programs find what became of the mail in
    X-Saldopost-Ref, X-Saldopost-State and X-Saldopost-Codes. Raises ValueError if `to` cannot be written to
    (`etiquette.mailable`).

    `reply_to` is an address of ours at which answers are expected, if it is not that of `sender`. It is left out if
    it cannot be written to.
    """
    body = MIMEMultipart("alternative", boundary=f"={random(12).hex()}")
    body.attach(_text(rendered.text, "plain"))
    body.attach(_text(rendered.html, "html"))
    message = body
    if rendered.attachment is not None:
        message = MIMEMultipart("mixed", boundary=f"={random(12).hex()}.", _subparts=[body, _part(rendered.attachment)])
    identity = message_id or new_message_id(own_domain, random)
    _address(message, rendered.subject, to, sender, now, own_domain, identity)
    if reply_to and (address := mailable(reply_to)):
        message["Reply-To"] = address
    message["Auto-Submitted"] = "auto-replied"
    message["X-Saldopost-Ref"] = _ascii(clean(ref, 40))
    if rendered.state:
        message["X-Saldopost-State"] = rendered.state
        message["X-Saldopost-Codes"] = ", ".join(rendered.codes)
    if thread := _thread(envelope):
        message["In-Reply-To"] = thread[-1]
        message["References"] = "\n ".join(thread)
    return _outgoing(message, "reply")


def compose_alert(
    subject: str, text: str, to: str, sender: str, now: datetime, own_domain: str, random: Random
) -> OutgoingMail:
    """A plain mail to the people who run Saldopost. Raises ValueError if `to` cannot be written to."""
    message = _text(text, "plain")
    _address(message, subject, to, sender, now, own_domain, new_message_id(own_domain, random))
    message["Auto-Submitted"] = "auto-generated"
    return _outgoing(message, "alert")


def new_message_id(own_domain: str, random: Random) -> str:
    """A Message-ID that nobody can guess (RFC 5322 section 3.6.4)."""
    return f"<{random(16).hex()}@{own_domain}>"


def _address(
    message: Message, subject: str, to: str, sender: str, now: datetime, own_domain: str, message_id: str
) -> None:
    recipient = mailable(to)
    if recipient is None:
        raise ValueError(f"{clean(to)!r} is not an address that a mail can be sent to")
    name, address = parseaddr(sender)
    message["From"] = formataddr((clean(name), address))
    message["To"] = recipient
    message["Subject"] = Header(clean(subject, LONGEST_SUBJECT), "utf-8", header_name="Subject").encode()
    message["Date"] = format_datetime(now.astimezone(UTC))
    message["Message-ID"] = message_id
    message["X-Loop"] = own_domain
    message["X-Auto-Response-Suppress"] = "All"


def _outgoing(message: Message, kind: Literal["reply", "alert"]) -> OutgoingMail:
    return OutgoingMail(
        recipient=str(message["To"]),
        envelope_sender="",
        message_id=str(message["Message-ID"]),
        raw=message.as_bytes(policy=ON_THE_WIRE),
        kind=kind,
    )


def _thread(envelope: Envelope) -> list[str]:
    """The message IDs to refer to (RFC 5322 section 3.6.4): the first, the latest, and at the end the mail itself."""
    if envelope.message_id is None or not MESSAGE_ID.fullmatch(envelope.message_id):
        return []
    earlier = [known for known in envelope.references or envelope.in_reply_to if MESSAGE_ID.fullmatch(known)]
    if len(earlier) >= ANCESTORS:
        earlier = [earlier[0], *earlier[-(ANCESTORS - 2) :]]
    return [*earlier, envelope.message_id]


def _text(text: str, subtype: Literal["plain", "html"]) -> MIMENonMultipart:
    """Quoted-printable: seven bits, short lines, and still readable. `MIMEText` takes ten times as long over it."""
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(_encodable(text).encode()).decode("ascii"))
    return part


def _part(attachment: Attachment) -> MIMEApplication:
    part = MIMEApplication(attachment.content, "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    part.add_header("Content-Disposition", "attachment", filename=attachment.name)
    return part


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
