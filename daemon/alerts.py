"""Mails to the people who look after Saldopost: once each, and without amounts or anything that a mail says inside."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daemon.settings.models import Settings
from daemon.settings.policies import build_identity
from handlers.etiquette import Identity
from handlers.reply import compose_alert
from store import notices, outbox
from store.database import Transaction

DAY = timedelta(days=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alerts:
    """Without recipients (setting `alerts.to`) the log alone is told."""

    to: tuple[str, ...]
    sender: str  # From, `Name <address>`
    identity: Identity
    secret: Callable[[int], bytes]  # for Message-IDs

    def tell(self, tx: Transaction, topic: str, subject: str, text: str, now: datetime, every: timedelta = DAY) -> bool:
        """Put an alert into the outbox unless one of this `topic` was within `every`, in the caller's transaction.

        Returns whether it was told.
        """
        if not notices.take(tx, topic, now, every):
            return False
        log.warning("alert", topic=topic, subject=subject)
        for address in self.to:
            mail = compose_alert(
                f"Saldopost: {subject}", text, address, self.sender, now, self.identity.domain, self.secret
            )
            outbox.add(tx, mail, now)
        return True


def build_alerts(settings: Settings) -> Alerts:
    sender = settings.smtp.sender if settings.smtp else ""
    return Alerts(settings.alerts.to, sender, build_identity(settings), secrets.token_bytes)
