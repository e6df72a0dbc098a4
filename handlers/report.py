"""What a reply tells: one mail, side by side and file by file. Filled by the import, put into words by `render`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handlers.decide import Decision
from handlers.policy import Policy
from parsers.records import File, Finding
from store.own_records import BatchChanges, InvoiceChanges, OwnSummary, TrackedSummary
from store.records import Ageing, CardChanges, Comparison, CreditCrossing, ImportState, MessageState, Subledger

Verdict = Literal["applied", "unchanged", "held", "refused", "mixed", "rejected", "closed"]
Answer = Literal["approved", "rejected", "unclear", "blocked", "outdated", "closed"]
"""How the answer to a held report was taken: a yes that was carried out; a no; neither; a yes that does not help; a
yes to figures that have changed since, so that it is asked anew; an answer to what is decided already.
"""

WORST_FIRST: tuple[ImportState, ...] = ("held", "refused", "applied", "unchanged")
GOOD: tuple[Verdict, ...] = ("applied", "rejected", "closed", "unchanged")  # the first that occurs is told

# An answer is a mail of its own, which never waits for anything.
STATES_OF_ANSWERS: dict[Answer, ImportState] = {
    "approved": "applied",
    "rejected": "unchanged",
    "unclear": "refused",
    "blocked": "refused",
    "outdated": "unchanged",
    "closed": "unchanged",
}
VERDICTS_OF_ANSWERS: dict[Answer, Verdict] = {
    "approved": "applied",
    "rejected": "rejected",
    "unclear": "held",
    "blocked": "held",
    "outdated": "held",
    "closed": "closed",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one side."""

    subledger: Subledger
    files: tuple[File, ...]
    decision: Decision
    comparison: Comparison | None = None  # None where nothing was compared
    import_id: int | None = None  # None where it is not known before the import is written
    answer: Answer | None = None  # set where the mail was an answer about this side: `answers.take`
    ageing: Ageing | None = None  # of the balances after an applied import, on the day of the export
    crossed: tuple[CreditCrossing, ...] = ()  # whose balance passed the credit limit, in either direction
    own: OwnSummary | None = None  # what an applied import means for own invoices; None where there are none
    tracked: TrackedSummary | None = None  # what it does to invoices one by one; None in mode `balances`

    @property
    def state(self) -> ImportState:
        """What became of the side as a whole."""
        return self.decision.state


@dataclass(frozen=True, slots=True)
class SettledAccounts:
    """What became of the files of accounts, taken together."""

    files: tuple[File, ...]
    changes: CardChanges

    @property
    def state(self) -> ImportState:
        """Refused as a whole where a code fits several accounts."""
        if self.changes.ambiguous:
            return "refused"
        return "unchanged" if self.changes.is_empty else "applied"

    @property
    def reason(self) -> str:
        """As `Decision.reason`."""
        return {"refused": "list-ambiguous", "unchanged": "accounts-known"}.get(self.state, "")


@dataclass(frozen=True, slots=True)
class SettledInvoices:
    """What became of the files of own invoices, taken together; those that cannot be used are not among them."""

    files: tuple[File, ...]
    changes: InvoiceChanges
    assumed: tuple[str, ...] = ()  # names of files with invoices of which nothing says whose they are
    unfindable: tuple[str, ...] = ()  # numbers that no export can show

    @property
    def state(self) -> ImportState:
        """Never refused: a file that cannot be taken is told of by findings of its own."""
        return "unchanged" if self.changes.is_empty else "applied"

    @property
    def reason(self) -> str:
        """As `Decision.reason`."""
        if self.state == "applied":
            return ""
        return "invoices-older" if self.changes.stale else "invoices-known"


@dataclass(frozen=True, slots=True)
class SettledTransactions:
    """What became of the files of transactions, taken together."""

    files: tuple[File, ...]
    changes: BatchChanges
    alone: bool  # the mail brought nothing else, so that perhaps an export was meant

    @property
    def state(self) -> ImportState:
        """Refused where not one of them means anything here, and neither does the rest of the mail."""
        if self.changes.matched:
            return "applied"
        means_something = self.changes.already or self.changes.remembered
        return "refused" if self.alone and not means_something else "unchanged"

    @property
    def reason(self) -> str:
        """As `Decision.reason`."""
        if self.changes.matched:
            return ""
        if self.state == "refused":
            return "not-transactions"
        if self.changes.already:
            return "transactions-known"
        return "transactions-remembered" if self.changes.remembered else "transactions-unknown"


Other = SettledAccounts | SettledInvoices | SettledTransactions


@dataclass(frozen=True, slots=True)
class Report:
    """All that the reply to one mail is made of."""

    ref: str
    policy: Policy
    received_at: datetime
    subject: str = ""  # of the mail that is answered
    settled: tuple[Settled, ...] = ()
    others: tuple[Other, ...] = ()  # what the mail held beside exports
    refused: tuple[Finding, ...] = ()  # mistakes, by file, or the mail as a whole: none of these files can be used
    notes: tuple[Finding, ...] = ()  # about the mail as a whole, whatever became of its files
    by_hand: bool = False  # the files came by a command: nothing is answered

    @property
    def state(self) -> MessageState:
        """The state of the mail: that of its worst file. A mail with nothing in it is refused."""
        return _of_mail(worst(state for state, _ in (*_parts(self), *_other_parts(self))))

    @property
    def other_state(self) -> MessageState | None:
        """The worst of what the mail held beside exports; None if that was nothing."""
        states = [state for state, _ in _other_parts(self)]
        return _of_mail(worst(states)) if states else None

    @property
    def reason(self) -> str:
        """The code of the finding that decided the state; "" when all was applied."""
        for state, reason in (*_parts(self), *_other_parts(self)):
            if state == self.state and reason:
                return reason
        if self.state == "refused":
            return next((finding.code for finding in (*self.refused, *self.notes)), "nothing-to-import")
        return ""

    @property
    def verdict(self) -> Verdict:
        """Which sentence the reply begins with: that of its best part, or `mixed` where some cannot be used."""
        verdicts = {_verdict(side) for side in self.settled} | {"refused" for _ in self.refused}
        verdicts |= {_verdict_of(other.state) for other in self.others}
        good = next((verdict for verdict in GOOD if verdict in verdicts), None)
        if good:
            return "mixed" if verdicts & {"held", "refused"} else good
        return "held" if "held" in verdicts else "refused"


def worst(states: Iterable[ImportState]) -> ImportState:
    """The state of a mail whose files ended in `states`; refused if there are none."""
    present = set(states)
    return next((state for state in WORST_FIRST if state in present), "refused")


def _parts(report: Report) -> Iterator[tuple[ImportState, str]]:
    """The state of each side, and the code that decided it; "" where the finding itself says it."""
    for side in report.settled:
        yield STATES_OF_ANSWERS[side.answer] if side.answer else side.state, side.decision.reason


def _other_parts(report: Report) -> Iterator[tuple[ImportState, str]]:
    """`_parts`, of what is no side: files that are no exports, and files that cannot be used."""
    for other in report.others:
        yield other.state, other.reason
    for _ in report.refused:
        yield "refused", ""


def _of_mail(state: ImportState) -> MessageState:
    return state if state in ("held", "applied", "unchanged") else "refused"


def _verdict(side: Settled) -> Verdict:
    return VERDICTS_OF_ANSWERS[side.answer] if side.answer else _verdict_of(side.state)


def _verdict_of(state: ImportState) -> Verdict:
    return state if state in ("applied", "unchanged", "held") else "refused"
