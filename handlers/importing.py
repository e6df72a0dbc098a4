"""From what was read to settled imports: compare, decide, and write what was decided in one piece."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec

from handlers.beside import Beside, apply_beside, is_any
from handlers.decide import Source
from handlers.planning import Plan, Planner, Reread
from handlers.policy import Policy
from handlers.report import Report, Settled
from handlers.taking import Taken
from parsers.records import File, Finding
from store import holding, imports
from store.database import Store, Transaction
from store.records import (
    ImportFile,
    ImportMoved,
    NewImport,
    NotHeld,
    StoreUnavailable,
)
from store.staging import Staging
from store.subledgers import note_settings, renew_accounts

DRY_RUN = "DRY-RUN"  # in place of a reference
MOST_COMPARISONS = 50  # each but the first means that somebody else's import went through

Write = Callable[[Transaction], None]
KeptAs = Callable[[File], int | None]  # under which id the bytes of a file are kept


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from a report: what is written with the imports, and the Message-ID of the reply that asks."""

    write: Write
    report_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What is imported, for whom, and what makes its effect one and the same (`source_sha256`, with the parts).

    `keep` keeps the received bytes, in the transaction that writes the imports. Sender, mailbox and route are those
    of the mail, by which an answer to its report is recognised; None from the command line. A dry run comes to the
    same report and writes nothing.
    """

    ref: str
    policy: Policy
    source: Source
    source_sha256: str
    keep: Callable[[Transaction], KeptAs]
    subject: str = ""
    message_id: int | None = None
    sender: str | None = None
    mailbox: str | None = None
    route: str | None = None
    dry_run: bool = False


def settle(
    taken: Taken,
    staging: Staging,
    store: Store,
    job: Job,
    now: datetime,
    reread: Reread,
    conclude: Callable[[Report], Conclusion],
) -> Report:
    """Decide what becomes of each side of `taken`, and write it in one transaction with what `conclude` adds.

    What is no export is applied last, to the accounts and balances that the exports leave. `conclude` makes what
    follows from the report (the reply, the state of the mail) outside of any lock. If another import of the same side
    goes through in between, all is compared and decided anew. Raises StoreUnavailable, StoreBroken, and what `reread`
    and `conclude` raise; then nothing was written.
    """
    planner = Planner(taken, staging, store, job.policy, job.source, now, reread)
    for _ in range(MOST_COMPARISONS):
        plans = planner.plan()
        try:
            beside = _rehearse(plans, taken, staging, job, now)
            report = Report(
                ref=job.ref,
                policy=job.policy,
                received_at=job.source.arrived_at,
                subject=job.subject,
                settled=tuple(beside.update(plan.settled) for plan in plans),
                others=beside.others,
                refused=(*taken.refused, *beside.refused),
                notes=taken.notes,
            )
            conclusion = conclude(report)
            if job.dry_run:
                return report
            with staging.transaction() as tx:
                keep_rules(tx, job.policy)
                kept_as = job.keep(tx)
                for plan in plans:
                    _write(tx, staging, plan, job, kept_as, conclusion.report_message_id, now)
                tell_others(tx, plans)
                _perform(tx, taken, beside, job, now)
                conclusion.write(tx)
        except (ImportMoved, NotHeld):
            continue
        return report
    raise StoreUnavailable(
        f"other imports of {job.policy.code} went through {MOST_COMPARISONS} times while this one was compared; "
        "it will be tried again"
    )


class _Rehearsed(Exception):
    """Leaves a transaction without a trace."""


def _rehearse(plans: Sequence[Plan], taken: Taken, staging: Staging, job: Job, now: datetime) -> Beside:
    """What the files beside exports will change once the exports of the same mail are written.

    Found by doing it all and taking it back: so the report is rendered outside of the lock, and true all the same.
    """
    beside = Beside()
    if is_any(taken):
        with suppress(_Rehearsed), staging.transaction() as tx:
            for plan in plans:
                _write(tx, staging, plan, job, lambda _file: None, None, now)
            beside = _apply_beside(tx, taken, job, now)
            for plan in plans:
                if plan.act == "apply":
                    staging.note_waiting(tx, plan.comparison.subledger)
            raise _Rehearsed
    return beside


def _perform(tx: Transaction, taken: Taken, rehearsed: Beside, job: Job, now: datetime) -> None:
    """Raises ImportMoved if it comes to something else than was rehearsed, and so reported."""
    if is_any(taken) and _apply_beside(tx, taken, job, now) != rehearsed:
        raise ImportMoved(f"accounts or invoices of {job.policy.code} were changed meanwhile")


def _apply_beside(tx: Transaction, taken: Taken, job: Job, now: datetime) -> Beside:
    by = job.sender or "saldopost import"
    return apply_beside(tx, taken, job.policy, job.source.ordered_at, now, ref=job.ref, by=by)


def new_import(plan: Plan, job: Job, kept_as: KeptAs, report_message_id: str | None) -> NewImport:
    """The record of what `plan` decides."""
    settled, comparison = plan.settled, plan.comparison
    known = {file.sha256: file for file in plan.held.files} if plan.held else {}
    files = tuple(known.get(file.sha256) or _import_file(file, settled, kept_as) for file in settled.files)
    return NewImport(
        subledger=settled.subledger,
        ref=job.ref,
        state=settled.decision.state,
        reason=settled.decision.reason,
        source_sha256=job.source_sha256,
        part=",".join(file.part for file in settled.files),
        ordered_at=plan.source.ordered_at,
        arrived_at=plan.source.arrived_at,
        uid=plan.source.uid,
        planned_under=plan.planned_under,
        files=files,
        items=comparison.items,
        accounts=comparison.accounts,
        total=comparison.total_after,
        total_before=comparison.total_before,
        message_id=job.message_id,
        sender=job.sender,
        mailbox=job.mailbox,
        route=job.route,
        approvable=settled.decision.approvable,
        findings=write_findings(settled.decision.findings),
        report_message_id=report_message_id if settled.decision.state == "held" else None,
    )


def write_findings(findings: Iterable[Finding]) -> str:
    """Findings as the JSON that the store keeps."""
    return msgspec.json.encode(list(findings)).decode()


def read_findings(text: str) -> tuple[Finding, ...]:
    """What `write_findings` wrote."""
    return tuple(msgspec.json.decode(text, type=list[Finding]))


def _write(
    tx: Transaction,
    staging: Staging,
    plan: Plan,
    job: Job,
    kept_as: KeptAs,
    report_message_id: str | None,
    now: datetime,
) -> None:
    comparison, currency = plan.comparison, job.policy.currency
    new = new_import(plan, job, kept_as, report_message_id)
    joined = plan.held is not None
    imports.lock_compared(tx, comparison, currency)
    holding.see_what_waits(tx, comparison.subledger, plan.waiting)
    match plan.act:
        case "apply":
            staging.apply(tx, comparison, new, currency, now, joined=joined)
        case "hold":
            holding.hold(tx, comparison, new, currency, now, joined=joined)
        case "wait":
            if plan.held is not None and job.message_id is not None:
                holding.wait_with(tx, plan.held.id, job.message_id)
        case "record":
            import_id = imports.record(tx, new, currency, now)
            if joined:
                holding.end_waiting(tx, comparison.subledger, import_id, now)


def keep_rules(tx: Transaction, policy: Policy) -> None:
    """Have the store reckon totals as the settings say now."""
    adds_in_transit = policy.invoices.in_transit == "add"
    note_settings(tx, policy.code, policy.currency, adds_in_transit=adds_in_transit)


def tell_others(tx: Transaction, plans: Iterable[Plan]) -> None:
    """Have whoever compares the other side now compare again, where accounts were made known."""
    for plan in plans:
        if plan.act == "apply" and plan.comparison.created:
            renew_accounts(tx, plan.comparison.subledger.administration)


def _import_file(file: File, settled: Settled, kept_as: KeptAs) -> ImportFile:
    page = next(page for page in file.pages if page.side == settled.subledger.side)
    return ImportFile(
        name=file.name,
        part=file.part,
        sha256=file.sha256,
        size=file.size,
        count=page.count,
        pagesize=page.pagesize,
        ts_d=page.ts_d,
        kept_id=kept_as(file),
    )
