"""A yes or a no to a held import: read again, compared again, and written only if it is still what was asked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.answers import take
from handlers.decide import Decision, Source, decide, decide_approved, fingerprint
from handlers.importing import (
    MOST_COMPARISONS,
    Conclusion,
    Job,
    keep_rules,
    new_import,
    read_findings,
    tell_others,
)
from handlers.pages import PageSet, assemble
from handlers.planning import KeptGone, Plan, Reread, as_of, describe
from handlers.policy import Policy
from handlers.report import Answer, Settled
from handlers.taking import stage
from store import holding, imports
from store.database import Store, Transaction
from store.records import HeldImport, ImportMoved, NotHeld, StoreUnavailable
from store.staging import Staging


@dataclass(frozen=True, slots=True)
class Asked:
    """A held import, and what a person answered."""

    import_id: int
    policy: Policy
    by: str  # an address, or a user of the command line
    dry_run: bool = False  # come to the same end and write nothing


Conclude = Callable[[Settled], Conclusion]


def approve(asked: Asked, staging: Staging, store: Store, now: datetime, reread: Reread, conclude: Conclude) -> Settled:
    """Apply a held import to which a person said yes; what became of it is in `Settled.answer`.

    `approved`: applied. `outdated`: the balances changed since it was asked, so that it is asked again with new
    figures. `blocked`: no yes helps. `closed`: it is decided already. What `conclude` gives is written in the same
    transaction. Raises KeptGone, StoreUnavailable, StoreBroken, and what `reread` and `conclude` raise.
    """
    read_for: HeldImport | None = None
    for _ in range(MOST_COMPARISONS):
        with store.read() as tx:
            held = holding.find_by_id(tx, asked.import_id)
        if held.state != "held":
            return close(asked, held, store, conclude)
        if read_for is None or read_for.files != held.files:
            staging.clear()
            taken = stage(reread(held.files, asked.policy, 0, 0), staging)
            read_for = held
            if len(taken.files) < len({file.sha256 for file in held.files}):
                raise KeptGone(f"the files of import {held.id} ({held.ref}) cannot be read any more: mail them again")
        plan = _plan(asked, held, assemble(held.subledger.side, taken.files), staging, now)
        try:
            _write(asked, held, plan, staging, now, conclude)
        except (ImportMoved, NotHeld):
            continue
        return plan.settled
    raise StoreUnavailable(f"other imports of {asked.policy.code} went through all the time; it can be tried again")


def reject(asked: Asked, store: Store, now: datetime, conclude: Conclude) -> Settled:
    """End a held import to which a person said no; `rejected`, or `closed` if it is decided already."""
    with store.read() as tx:
        held = holding.find_by_id(tx, asked.import_id)
    if held.state != "held":
        return close(asked, held, store, conclude)
    settled = answered(held, "rejected")
    try:
        _record(asked, store, conclude(settled), lambda tx: holding.reject(tx, held.id, now, asked.by))
    except NotHeld:
        return reject(asked, store, now, conclude)
    return settled


def ask_again(asked: Asked, store: Store, conclude: Conclude) -> Settled:
    """The answer was neither yes nor no: nothing changes. `unclear`, or `closed` if it is decided already."""
    with store.read() as tx:
        held = holding.find_by_id(tx, asked.import_id)
    if held.state != "held":
        return close(asked, held, store, conclude)
    settled = answered(held, "unclear")
    _record(asked, store, conclude(settled))
    return settled


def close(asked: Asked, held: HeldImport, store: Store, conclude: Conclude) -> Settled:
    """The answer comes too late: it says what was decided."""
    settled = answered(held, "closed")
    _record(asked, store, conclude(settled))
    return settled


def _record(
    asked: Asked, store: Store, conclusion: Conclusion, also: Callable[[Transaction], object] = lambda _tx: None
) -> None:
    if asked.dry_run:
        return
    with store.write() as tx:
        also(tx)
        conclusion.write(tx)


def answered(held: HeldImport, answer: Answer) -> Settled:
    """What is told where nothing was read again."""
    state = "rejected" if answer == "rejected" else held.state
    findings = read_findings(held.findings) if answer == "unclear" else ()
    decision = Decision(state, held.reason, findings, held.approvable)
    return take(Settled(held.subledger, (), decision, import_id=held.id), answer, held.ref, held.recorded_at)


def _plan(asked: Asked, held: HeldImport, pages: PageSet, staging: Staging, now: datetime) -> Plan:
    """What the yes comes to, by the balances as they are now."""
    source = Source(held.ordered_at, held.arrived_at, held.uid)
    planned_under = fingerprint(asked.policy)
    comparison = staging.compare(held.subledger, as_of(source, asked.policy), pages.hashes)
    if held.reason.startswith("pages-") and not held.approvable:  # the name of a copy said that a page is missing
        told = tuple(finding for finding in read_findings(held.findings) if finding.code == held.reason)
        pages = replace(pages, reason=held.reason, approvable=False, findings=told)
    decision = decide_approved(pages, comparison, source, asked.policy, planned_under)
    answer: Answer = "approved" if decision.state == "applied" else "blocked"
    base = comparison.last.id if comparison.last else None
    if answer == "approved" and (base != held.base_import_id or planned_under != held.planned_under):
        answer = "outdated"
        anew = decide(pages, comparison, source, asked.policy, planned_under)
        decision = Decision("held", anew.reason or held.reason, anew.findings, approvable=True)
    settled = describe(staging, pages, decision, comparison, source, asked.policy, now)
    settled = take(replace(settled, import_id=held.id), answer, held.ref, held.recorded_at)
    return Plan(settled, comparison, planned_under, source, "apply" if answer == "approved" else "hold", held)


def _write(asked: Asked, held: HeldImport, plan: Plan, staging: Staging, now: datetime, conclude: Conclude) -> None:
    conclusion = conclude(plan.settled)
    if asked.dry_run:
        return
    job = Job(
        ref=held.ref,
        policy=asked.policy,
        source=plan.source,
        source_sha256=held.source_sha256,
        keep=lambda _tx: lambda _file: None,
        message_id=held.message_id,
        sender=held.sender,
        mailbox=held.mailbox,
        route=held.route,
    )
    new = replace(
        new_import(plan, job, lambda _file: None, conclusion.report_message_id), part=held.part, reason=held.reason
    )
    currency = asked.policy.currency
    with staging.transaction() as tx:
        keep_rules(tx, asked.policy)
        imports.lock_compared(tx, plan.comparison, currency)
        holding.see_it_is_held(tx, held.id)
        match plan.settled.answer:
            case "approved":
                staging.apply(tx, plan.comparison, new, currency, now, approved=held.id, by=asked.by)
                tell_others(tx, [plan])
            case "outdated":
                holding.hold_again(tx, held.id, plan.comparison, new, currency, now)
        conclusion.write(tx)
