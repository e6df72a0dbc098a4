"""Not too many replies: what `handlers.caps` permits, decided in the transaction that puts a reply into the outbox."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from daemon.alerts import Alerts
from handlers.caps import Caps, Permission, SentReplies, pause_for, permit
from store import outbox
from store.database import Transaction
from store.records import Outcome, OutgoingMail

TOO_MANY = """\
A mail for the administration {code} was processed, but there were too many replies ({reason}): reports of held
imports wait until later, other replies are left out.

Perhaps a program answers our replies, or somebody sends the same mail again and again. The mails are listed by
`saldopost messages list -a {code}`; how many replies may go out is set in [caps].
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Restraint:
    """Two transactions of several daemons at the same moment may each send the last reply that was permitted."""

    caps: Caps
    administrations: int  # how many there are
    alerts: Alerts
    clock: Callable[[], datetime]

    def restrain(self, tx: Transaction, outcome: Outcome) -> Outcome:
        """The outcome with the replies that are permitted, perhaps later; of others people are told once a day."""
        kept = [self._restrain(tx, reply, outcome) for reply in outcome.replies]
        return replace(outcome, replies=tuple(reply for reply in kept if reply is not None))

    def foresee(self, tx: Transaction, outcome: Outcome) -> str:
        """What `restrain` would do with the replies, and why; "" if they go out. Nobody is told."""
        permissions = [self._ask(tx, reply, outcome)[1] for reply in outcome.replies]
        return ", ".join(f"{one.verdict}: {one.reason}" for one in permissions if one.verdict != "send")

    def _ask(self, tx: Transaction, reply: OutgoingMail, outcome: Outcome) -> tuple[SentReplies, Permission]:
        breaker = self.caps.breaker(self.administrations)
        counts = outbox.count_replies(tx, reply.recipient, outcome.administration, self.clock(), breaker)
        sent = SentReplies(*counts)
        return sent, permit(sent, self.caps, self.administrations, is_held=outcome.state == "held")

    def _restrain(self, tx: Transaction, reply: OutgoingMail, outcome: Outcome) -> OutgoingMail | None:
        now, code = self.clock(), outcome.administration
        sent, permission = self._ask(tx, reply, outcome)
        if permission.verdict == "send":
            return reply
        reason = permission.reason
        log.warning("reply-capped", verdict=permission.verdict, reason=reason, administration=code)
        topic = f"caps:{reason}" if reason == "replies-breaker" else f"caps:{reason}:{code}"
        self.alerts.tell(tx, topic, "too many replies", TOO_MANY.format(code=code, reason=reason), now)
        if permission.verdict == "withhold":
            return None
        until = now + pause_for(sent, self.caps)
        return replace(reply, not_before=max(until, reply.not_before or until))
