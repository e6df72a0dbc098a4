"""One mail is handed to the SMTP server, byte for byte, and what became of that is told in one word."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import aiosmtplib
import structlog
from aiosmtplib.email import parse_address
from structlog.contextvars import bound_contextvars

from daemon.smtp_connection import hang_up, said
from daemon.tally import TALLY
from store.records import ClaimedMail

_TOO_LARGE = 552  # the one refusal of a sender that speaks of a mail, not of us (RFC 5321 section 4.3.2)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attempt:
    """`sent`; `at once`: not taken, but only this connection is to blame; `later`: not taken, or nobody knows;
    `never`: refused for good."""

    mail: ClaimedMail
    outcome: Literal["sent", "at once", "later", "never"]
    error: str = ""


async def deliver(mail: ClaimedMail, smtp: aiosmtplib.SMTP, data_timeout: float) -> Attempt:
    """Hand over one mail. Afterwards the connection is either fit for the next mail or closed."""
    attempt = await _hand_over(mail, smtp, data_timeout)
    TALLY.count_sending(attempt.outcome)
    with bound_contextvars(ref=mail.ref) if mail.ref is not None else nullcontext():
        _tell(attempt)
    return attempt


def _tell(attempt: Attempt) -> None:
    mail, error = attempt.mail, attempt.error
    match attempt.outcome:
        case "sent":
            log.info("mail-sent", outbox=mail.id, message_id=mail.message_id, kind=mail.kind)
        case "never":
            log.error("mail-given-up", error=error, outbox=mail.id, message_id=mail.message_id, kind=mail.kind)
        case _:
            log.warning(
                "mail-not-taken",
                error=error,
                tries=mail.tries,
                outbox=mail.id,
                message_id=mail.message_id,
                kind=mail.kind,
            )


async def _hand_over(mail: ClaimedMail, smtp: aiosmtplib.SMTP, data_timeout: float) -> Attempt:
    try:
        await _speak(mail, smtp, data_timeout)
    except aiosmtplib.SMTPResponseException as error:
        return await _answered(mail, smtp, error)
    except aiosmtplib.SMTPNotSupported as error:
        return Attempt(mail, "never", said(error))
    except (aiosmtplib.SMTPException, OSError) as error:  # whether the mail was taken, nobody knows
        hang_up(smtp)
        return Attempt(mail, "later", said(error))
    except ValueError as error:  # the address cannot be written in a command
        await _reset(smtp)
        return Attempt(mail, "never", said(error))
    except Exception as error:  # a bug with one mail must not stop the others
        log.exception("courier-met-a-bug", outbox=mail.id)
        await _reset(smtp)
        return Attempt(mail, "later", f"bug: {error!r}")
    return Attempt(mail, "sent")


async def _speak(mail: ClaimedMail, smtp: aiosmtplib.SMTP, data_timeout: float) -> None:
    options, encoding = [], "ascii"
    for address in (mail.envelope_sender, mail.recipient):
        if parse_address(address) != address:  # aiosmtplib would send what it can make of it
            raise ValueError(f"not one plain address: {address!r}")
    if smtp.supports_extension("size"):
        options.append(f"SIZE={len(mail.raw)}")
    if not mail.raw.isascii() and smtp.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    if not (mail.envelope_sender + mail.recipient).isascii():
        if not smtp.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("the server takes only ASCII addresses (no SMTPUTF8)")
        options.append("SMTPUTF8")
        encoding = "utf-8"
    await smtp.mail(mail.envelope_sender, options=options, encoding=encoding)
    await smtp.rcpt(mail.recipient, encoding=encoding)
    await smtp.data(mail.raw, timeout=data_timeout)


async def _answered(mail: ClaimedMail, smtp: aiosmtplib.SMTP, error: aiosmtplib.SMTPResponseException) -> Attempt:
    """The server said no: to this mail, or to us."""
    to_us = isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code >= 500 and error.code != _TOO_LARGE
    if error.code == 421:  # it says goodbye, perhaps after so many mails
        hang_up(smtp)
        return Attempt(mail, "at once", said(error))
    if to_us or error.code < 400:
        hang_up(smtp)
        return Attempt(mail, "later", said(error))
    await _reset(smtp)
    return Attempt(mail, "never" if error.code >= 500 else "later", said(error))


async def _reset(smtp: aiosmtplib.SMTP) -> None:
    """Make the connection fit for the next mail, or close it."""
    try:
        await smtp.rset()
    except (aiosmtplib.SMTPException, OSError):
        hang_up(smtp)
