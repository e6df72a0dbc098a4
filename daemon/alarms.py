"""People are told what needs them: a mail when a condition begins to hold, and one when it holds no more."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from handlers.alarms import GIVEN_UP_LATELY, AlarmRules, Condition, find_conditions
from handlers.reply import compose_alert
from store import alarms, outbox
from store.database import Store
from store.health import Look, note_looks, read_health

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alarms:
    """What telling them needs. Several daemons may check at once: each condition is told once all the same."""

    store: Store
    rules: AlarmRules
    to: tuple[str, ...]
    sender: str  # From of the alerts
    domain: str  # of their Message-IDs
    clock: Callable[[], datetime]
    secret: Callable[[int], bytes]

    def check(self, looks: Iterable[Look] = ()) -> tuple[Condition, ...]:
        """Write down how the mailboxes do, put the mails that are due into the outbox; returns what holds now.

        Raises StoreUnavailable or StoreBroken; then nobody was told.
        """
        now = self.clock()
        with self.store.write() as tx:
            note_looks(tx, looks, now)
            conditions = find_conditions(read_health(tx, now, GIVEN_UP_LATELY), self.rules, now)
            told = alarms.list_told(tx)
            holding = {condition.key for condition in conditions}
            raised = [one for one in conditions if one.key not in told and alarms.raise_alarm(tx, one.key, now)]
            cleared = [key for key in told if key not in holding and alarms.clear_alarm(tx, key)]
            if self.sender:
                mails = [*map(_alert, raised), *map(_all_clear, cleared)]
                for to in self.to:
                    for subject, text in mails:
                        mail = compose_alert(subject, text, to, self.sender, now, self.domain, self.secret)
                        outbox.add(tx, mail, now)
        for condition in raised:
            log.error("alarm", condition=condition.key, what=condition.text, mend=condition.mend)
        for key in cleared:
            log.info("alarm-over", condition=key)
        return conditions


def _alert(condition: Condition) -> tuple[str, str]:
    return f"Saldopost needs you: {condition.key}", f"{condition.text}\n\nWhat to do: {condition.mend}\n"


def _all_clear(key: str) -> tuple[str, str]:
    return f"Saldopost, all clear: {key}", f"This holds no more: {key}\n\nNothing has to be done.\n"
