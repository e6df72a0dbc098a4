"""When an export may change balances: the rules, in the order in which they are asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.pages import PageSet
from handlers.policy import Policy
from parsers.records import Finding
from store.records import Comparison, ImportState, LastImport


@dataclass(frozen=True, slots=True)
class Source:
    """When an export was made, as far as can be known, and which of two made at one moment came later."""

    ordered_at: datetime
    arrived_at: datetime
    uid: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an export, the code of the finding that decided it ("" when applied), and all there is to say."""

    state: ImportState
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    approvable: bool = False  # held, and a yes may apply it


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules look at."""

    pages: PageSet
    comparison: Comparison
    policy: Policy


Rule = Callable[[Evidence], Finding | None]


def order(date: datetime | None, arrived_at: datetime) -> datetime:
    """What "newer" is measured by: the mail's Date header in UTC, but never later than the server received it."""
    return min(date, arrived_at).astimezone(UTC) if date else arrived_at.astimezone(UTC)


def fingerprint(policy: Policy) -> str:
    """The settings that change what the same bytes come to; under other settings the same export is news."""
    return f"{policy.currency} {policy.mode} negate={','.join(sorted(policy.negate)) or 'none'}"


def decide(pages: PageSet, comparison: Comparison, source: Source, policy: Policy, planned_under: str) -> Decision:
    """What becomes of the export that `pages` are, if `comparison` is what applying it would do.

    `planned_under` is the fingerprint of the settings with which the files were read.
    """
    last = comparison.last
    if last and last.files == pages.hashes and last.planned_under == planned_under:
        return Decision("unchanged", "same-again", (_about("same-again", last), *pages.findings))
    if last and _key(source) < (last.ordered_at, last.arrived_at, last.uid):
        return Decision("refused", "stale", (_about("stale", last), *pages.findings))
    if not pages.complete:
        return Decision("held", pages.reason, pages.findings, approvable=pages.approvable)
    evidence = Evidence(pages, comparison, policy)
    notes = (*pages.findings, *_notes(evidence))
    if refusals := tuple(_ask(REFUSES, evidence)):
        return Decision("refused", refusals[0].code, (*refusals, *notes))
    unmatched = tuple(_ask(UNMATCHED, evidence))
    if doubts := (*unmatched, *_ask(IMPLAUSIBLE, evidence)):
        return Decision("held", doubts[0].code, (*doubts, *notes), approvable=not unmatched)
    return Decision("applied", findings=notes)


def unknown_accounts(evidence: Evidence) -> Finding | None:
    """The setting says that accounts are made elsewhere first."""
    comparison = evidence.comparison
    if evidence.policy.unknown_accounts == "refuse" and comparison.created:
        examples = ", ".join(account.code or account.name for account in comparison.largest_created[:5])
        return Finding("unknown-accounts", values={"accounts": comparison.created, "examples": examples})
    return None


def nameless_accounts(evidence: Evidence) -> Finding | None:
    """An account with neither ID nor code cannot be found again."""
    nameless = evidence.comparison.nameless
    return Finding("nameless-accounts", values={"accounts": nameless}) if nameless else None


def ambiguous_codes(evidence: Evidence) -> Finding | None:
    """A code without an ID that several stored accounts bear."""
    codes = evidence.comparison.ambiguous
    if not codes:
        return None
    return Finding("ambiguous-codes", values={"examples": ", ".join(codes[:5])})


def nothing_open(evidence: Evidence) -> Finding | None:
    """Nothing is open any more although something was: more often an export of nothing than good news."""
    comparison = evidence.comparison
    if comparison.gross_before and not comparison.gross_after:
        return Finding("nothing-open", values={"total": comparison.total_before})
    return None


def first_to_confirm(evidence: Evidence) -> Finding | None:
    """Nothing to compare with, and the administration wants someone to look first."""
    if evidence.comparison.last is None and evidence.policy.rules.first_import == "hold":
        return Finding("first-import-held", values={"total": evidence.comparison.total_after})
    return None


REFUSES: tuple[Rule, ...] = (unknown_accounts,)
UNMATCHED: tuple[Rule, ...] = (nameless_accounts, ambiguous_codes)  # cannot be applied, so no yes helps
IMPLAUSIBLE: tuple[Rule, ...] = (nothing_open, first_to_confirm)  # each sign of a filtered or misdirected export


def _ask(rules: tuple[Rule, ...], evidence: Evidence) -> Iterator[Finding]:
    return (finding for rule in rules if (finding := rule(evidence)))


def _notes(evidence: Evidence) -> Iterator[Finding]:
    """What is worth saying whatever is decided."""
    if evidence.comparison.last is None:
        yield Finding("first-import")


def _about(code: str, last: LastImport) -> Finding:
    return Finding(code, values={"ref": last.ref, "ordered_at": last.ordered_at.isoformat()})


def _key(source: Source) -> tuple[datetime, datetime, int]:
    return source.ordered_at, source.arrived_at, source.uid
