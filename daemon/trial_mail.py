"""A mail to see whether replies arrive: sent as a reply is, but at once and not by way of the outbox."""

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from daemon.settings import Settings, build_identity
from daemon.smtp_connection import connect, hang_up
from daemon.smtp_delivery import deliver
from daemon.unavailable import ServerUnavailable
from handlers.reply import compose_alert
from store.records import ClaimedMail

if TYPE_CHECKING:
    from daemon.oauth import TokenSource

TEXT = """\
This is a mail to see whether the replies of Saldopost arrive. There is nothing you need to do.

It was sent by `saldopost check --online --send-to`, from the same address and by the same server as the replies.
"""


class NotTaken(ServerUnavailable):
    """The server took the login, but not the mail."""


async def send_trial(settings: Settings, tokens: "TokenSource | None", recipient: str) -> None:
    """Send it. Raises ServerUnavailable or LoginRefused, with what the server said."""
    assert settings.smtp is not None
    now, domain = datetime.now(UTC), build_identity(settings).domain
    mail = compose_alert(
        "Saldopost: a trial mail", TEXT, recipient, settings.smtp.sender, now, domain, secrets.token_bytes
    )
    smtp = await connect(settings.smtp, tokens)
    try:
        claimed = ClaimedMail(0, mail.recipient, mail.envelope_sender, mail.message_id, mail.raw, "alert", 1, now)
        attempt = await deliver(claimed, smtp, settings.smtp.timeout_seconds)
    finally:
        hang_up(smtp)
    if attempt.outcome != "sent":
        raise NotTaken(f"SMTP server {settings.smtp.host} did not take the mail to {recipient}: {attempt.error}.")
