"""When an export may change balances: the rules, in the order in which they are asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from handlers.pages import PageSet
from handlers.policy import Policy
from handlers.rules import IMPLAUSIBLE, REFUSES, UNMATCHED, Evidence, ask, first_negative, first_to_confirm
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


def order(date: datetime | None, arrived_at: datetime) -> datetime:
    """What "newer" is measured by: the mail's Date header in UTC, but never later than the server received it."""
    return min(date, arrived_at).astimezone(UTC) if date else arrived_at.astimezone(UTC)


def fingerprint(policy: Policy) -> str:
    """The settings that change what the same bytes come to; under other settings the same export is news."""
    return f"{policy.currency} {policy.mode} negate={','.join(sorted(policy.negate)) or 'none'}"


def decide(pages: PageSet, comparison: Comparison, source: Source, policy: Policy, planned_under: str) -> Decision:
    """What becomes of the export that `pages` are, if `comparison` is what applying it would do.

    `planned_under` is the fingerprint of the settings with which the files were read. All doubts are told at once: a
    yes is for everything that the report asked.
    """
    evidence = Evidence(pages, comparison, policy)
    if settled := _settled(evidence, source, planned_under):
        return settled
    doubts = (*_pages_in_doubt(pages), *ask(IMPLAUSIBLE, evidence))
    if doubts:
        return Decision("held", doubts[0].code, (*doubts, *_notes(evidence)), approvable=True)
    return Decision("applied", findings=tuple(_notes(evidence)))


def decide_approved(
    pages: PageSet, comparison: Comparison, source: Source, policy: Policy, planned_under: str
) -> Decision:
    """What becomes of a held export to which a person said yes, read and compared again.

    A yes answers every doubt: whether these are all pages, and whether the figures are right. It does not help where
    a page is known to be missing or accounts cannot be told apart (held still, and not approvable), where accounts
    are unknown and the setting refuses them, or where a newer export was applied meanwhile. Whether `comparison` is
    against the same balances as the report that was answered is for the caller to see to.
    """
    evidence = Evidence(pages, comparison, policy)
    return _settled(evidence, source, planned_under) or Decision("applied", findings=tuple(_notes(evidence)))


def still_waiting(decision: Decision, ref: str, asked_at: datetime) -> Decision:
    """The answer to the very files that are on hold already: the same questions, and since when they wait."""
    waiting = Finding("still-waiting", values={"ref": ref, "asked_at": asked_at.isoformat()})
    return replace(decision, state="held", reason=waiting.code, findings=(waiting, *decision.findings))


def older_than_held(ref: str, ordered_at: datetime) -> Decision:
    """An export that is older than one that waits for an answer: what is newer is asked about first."""
    newer = Finding("older-than-held", values={"ref": ref, "ordered_at": ordered_at.isoformat()})
    return Decision("refused", newer.code, (newer,))


def _settled(evidence: Evidence, source: Source, planned_under: str) -> Decision | None:
    """The decision where no yes is asked for, or none would help."""
    pages, last = evidence.pages, evidence.comparison.last
    if last and last.files == pages.hashes and last.planned_under == planned_under:
        return Decision("unchanged", "same-again", (_about("same-again", last), *pages.findings))
    if last and _key(source) < (last.ordered_at, last.arrived_at, last.uid):
        return Decision("refused", "stale", (_about("stale", last), *pages.findings))
    if not pages.complete and not pages.approvable:
        return Decision("held", pages.reason, pages.findings)
    if refusals := tuple(ask(REFUSES, evidence)):
        return Decision("refused", refusals[0].code, (*refusals, *_notes(evidence)))
    if unmatched := tuple(ask(UNMATCHED, evidence)):
        doubts = (*unmatched, *_pages_in_doubt(pages), *ask(IMPLAUSIBLE, evidence))
        return Decision("held", unmatched[0].code, (*doubts, *_notes(evidence)))
    return None


def _pages_in_doubt(pages: PageSet) -> tuple[Finding, ...]:
    return tuple(finding for finding in pages.findings if finding.code == pages.reason)


def _notes(evidence: Evidence) -> Iterator[Finding]:
    """What is worth saying whatever is decided."""
    yield from (finding for finding in evidence.pages.findings if finding.code != evidence.pages.reason)
    if evidence.comparison.last is None and not (first_negative(evidence) or first_to_confirm(evidence)):
        yield Finding("first-import")


def _about(code: str, last: LastImport) -> Finding:
    return Finding(code, values={"ref": last.ref, "ordered_at": last.ordered_at.isoformat()})


def _key(source: Source) -> tuple[datetime, datetime, int]:
    return source.ordered_at, source.arrived_at, source.uid
