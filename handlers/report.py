"""What a reply tells: one mail, side by side and file by file. Filled by the import, put into words by `render`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handlers.decide import Decision
from handlers.policy import Policy
from parsers.records import File, Finding
from store.records import Ageing, Comparison, CreditCrossing, ImportState, MessageState, Subledger

Verdict = Literal["applied", "unchanged", "held", "refused", "mixed"]

WORST_FIRST: tuple[ImportState, ...] = ("held", "refused", "applied", "unchanged")


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one side."""

    subledger: Subledger
    files: tuple[File, ...]
    decision: Decision
    comparison: Comparison | None = None  # None where nothing was compared
    import_id: int | None = None  # None where it is not known before the import is written
    ageing: Ageing | None = None  # of the balances after an applied import, on the day of the export
    crossed: tuple[CreditCrossing, ...] = ()  # whose balance passed the credit limit, in either direction

    @property
    def state(self) -> ImportState:
        """What became of the side as a whole."""
        return self.decision.state


@dataclass(frozen=True, slots=True)
class Report:
    """All that the reply to one mail is made of."""

    ref: str
    policy: Policy
    received_at: datetime
    subject: str = ""  # of the mail that is answered
    settled: tuple[Settled, ...] = ()
    refused: tuple[Finding, ...] = ()  # a file each, or the mail as a whole, that cannot be used
    notes: tuple[Finding, ...] = ()  # about the mail as a whole, whatever became of its files

    @property
    def state(self) -> MessageState:
        """The state of the mail: that of its worst file. A mail with nothing in it is refused."""
        return _message_state(worst(_states(self)))

    @property
    def reason(self) -> str:
        """The code of the finding that decided the state; "" when all was applied."""
        for side in self.settled:
            if side.state == self.state and side.decision.reason:
                return side.decision.reason
        if self.state == "refused":
            return next((finding.code for finding in (*self.refused, *self.notes)), "nothing-to-import")
        return ""

    @property
    def verdict(self) -> Verdict:
        """Which sentence the reply begins with: that of its best part, or `mixed` where some cannot be used."""
        states = set(_states(self))
        good, bad = states & {"applied", "unchanged"}, states & {"held", "refused"}
        if good and bad:
            return "mixed"
        if good:
            return "applied" if "applied" in good else "unchanged"
        return "held" if "held" in bad else "refused"


def worst(states: Iterable[ImportState]) -> ImportState:
    """The state of a mail whose files ended in `states`; refused if there are none."""
    present = set(states)
    return next((state for state in WORST_FIRST if state in present), "refused")


def _states(report: Report) -> list[ImportState]:
    return [side.state for side in report.settled] + ["refused" for _ in report.refused]


def _message_state(state: ImportState) -> MessageState:
    return state if state in ("held", "applied", "unchanged") else "refused"
