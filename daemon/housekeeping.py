"""What is done once a day, by whichever daemon is first: the digest of quarantined mails, and deleting what is old."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from daemon.alerts import DAY, Alerts
from daemon.settings.models import RetentionSettings
from parsers.display import visible
from store import forgetting, messages, notices
from store.database import Store, Transaction
from store.records import Message

DIGEST = "quarantine-digest"
PURGE = "purge"
MOST_LISTED = 50

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Housekeeping:
    store: Store
    alerts: Alerts
    retention: RetentionSettings
    clock: Callable[[], datetime]

    def run_due(self) -> None:
        """Do what was not done within a day. Raises StoreUnavailable and StoreBroken."""
        now = self.clock()
        with self.store.read() as tx:  # most of the time there is nothing to write
            found = self._undigested(tx, now)
            purged_at = notices.last_told(tx, PURGE)
        if found:
            with self.store.write() as tx:
                subject = f"mails in quarantine: {_many(len(found))}"
                self.alerts.tell(tx, DIGEST, subject, _text(found), now)
        if purged_at is None or now - purged_at >= DAY:
            with self.store.write() as tx:
                is_ours = notices.take(tx, PURGE, now, DAY)
            if is_ours:
                self._purge()

    def _undigested(self, tx: Transaction, now: datetime) -> list[Message]:
        """The mails quarantined since the last digest; none within a day after it."""
        since = notices.last_told(tx, DIGEST)
        if since is not None and now - since < DAY:
            return []
        return messages.list_quarantined(tx, since or now - DAY, MOST_LISTED)

    def _purge(self) -> None:
        now = self.clock()
        old_mails = now - timedelta(days=self.retention.messages_days)
        mails = self._repeat(forgetting.purge_mails, old_mails)
        old_files = now - timedelta(days=self.retention.files_days)
        files = self._repeat(forgetting.purge_files, old_files)
        with self.store.write() as tx:
            forgetting.purge_alerts(tx, old_mails)
            forgetting.purge_handed_over(tx, old_files)
        if mails or files:
            log.info("purged", mails=mails, files=files)

    def _repeat(self, purge: Callable[[Transaction, datetime], int], before: datetime) -> int:
        """One transaction after the other, so that nobody waits long."""
        count = 0
        while True:
            with self.store.write() as tx:
                purged = purge(tx, before)
            count += purged
            if purged < forgetting.AT_ONCE:
                return count


def _text(found: list[Message]) -> str:
    """Only the address of a sender is shown, and it is nobody's promise: anybody can write any From."""
    lines = [
        f"{message.ref}  {message.arrived_at:%Y-%m-%d %H:%M} UTC  {message.reason}"
        f"  {visible(message.sender or 'no sender', 80)}  {message.administration or ''}".rstrip()
        for message in found
    ]
    more = "There are more: see `saldopost messages list --state quarantined`.\n" if len(found) == MOST_LISTED else ""
    return (
        "These mails were quarantined since the last digest: nobody was answered, and nothing in them was opened.\n\n"
        + "\n".join(lines)
        + f"\n{more}\n"
        "What each reason means is in docs/sender-trust.md. `saldopost messages release REF` processes one after all.\n"
    )


def _many(count: int) -> str:
    return f"{count} or more" if count == MOST_LISTED else str(count)
