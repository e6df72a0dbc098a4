"""From what was read to settled imports: compare, decide, and write what was decided in one piece."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from handlers.beside import Beside, apply_beside, is_any
from handlers.decide import Decision, Source, decide, fingerprint, older_than_held, still_waiting
from handlers.pages import PageSet, assemble, sides
from handlers.policy import Policy
from handlers.report import Report, Settled
from handlers.taking import Taken, stage
from parsers.protocol import Blocks, Frame, Items
from parsers.records import File, Finding, Side
from store import holding, imports
from store.database import Store, Transaction
from store.records import (
    Comparison,
    HeldImport,
    ImportFile,
    ImportMoved,
    NewImport,
    NotHeld,
    StoreUnavailable,
    Subledger,
)
from store.staging import Staging
from store.subledgers import renew_accounts

DRY_RUN = "DRY-RUN"  # in place of a reference
MOST_COMPARISONS = 50  # each but the first means that somebody else's import went through

Write = Callable[[Transaction], None]
KeptAs = Callable[[File], int | None]  # under which id the bytes of a file are kept

# Reads files of a held import again: the files, and the first page and block number that are free.
Reread = Callable[[Sequence[ImportFile], Policy, int, int], Iterable[Frame]]


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
    planner = _Planner(taken, staging, store, job, reread)
    for _ in range(MOST_COMPARISONS):
        plans = planner.plan()
        try:
            beside = _rehearse(plans, taken, staging, job, now)
            report = Report(
                ref=job.ref,
                policy=job.policy,
                received_at=job.source.arrived_at,
                subject=job.subject,
                settled=tuple(plan.settled for plan in plans),
                others=beside.others,
                refused=(*taken.refused, *beside.refused),
                notes=taken.notes,
            )
            conclusion = conclude(report)
            if job.dry_run:
                return report
            with staging.transaction() as tx:
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


def _rehearse(plans: Sequence["Plan"], taken: Taken, staging: Staging, job: Job, now: datetime) -> Beside:
    """What the files beside exports will change once the exports of the same mail are written.

    Found by doing it all and taking it back: so the report is rendered outside of the lock, and true all the same.
    """
    beside = Beside()
    if is_any(taken):
        with suppress(_Rehearsed), staging.transaction() as tx:
            for plan in plans:
                _write(tx, staging, plan, job, lambda _file: None, None, now)
            beside = _apply_beside(tx, taken, job, now)
            raise _Rehearsed
    return beside


def _perform(tx: Transaction, taken: Taken, rehearsed: Beside, job: Job, now: datetime) -> None:
    """Raises ImportMoved if it comes to something else than was rehearsed, and so reported."""
    if is_any(taken) and _apply_beside(tx, taken, job, now) != rehearsed:
        raise ImportMoved(f"accounts or invoices of {job.policy.code} were changed meanwhile")


def _apply_beside(tx: Transaction, taken: Taken, job: Job, now: datetime) -> Beside:
    by = job.sender or "saldopost import"
    return apply_beside(tx, taken, job.policy, job.source.ordered_at, now, ref=job.ref, by=by)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written of one side."""

    settled: Settled
    comparison: Comparison
    planned_under: str
    source: Source
    act: Literal["apply", "hold", "wait", "record"]
    held: HeldImport | None = None  # the one that waits with these very files (`wait`), or whose pages are joined
    waiting: HeldImport | None = None  # the one that waits, whether or not it has to do with this


@dataclass(frozen=True, slots=True)
class _Joined:
    """The pages of a held import, read again beside those of this mail."""

    held: HeldImport
    files: tuple[File, ...]


class _Planner:
    """Plans each side, as often as it takes. Pages of an earlier mail are read again once, when they are needed."""

    def __init__(self, taken: Taken, staging: Staging, store: Store, job: Job, reread: Reread) -> None:
        self.taken, self.staging, self.store, self.job, self.reread = taken, staging, store, job, reread
        self.planned_under = fingerprint(job.policy)
        self._sets = [assemble(side, taken.files) for side in sides(taken.files)]
        self._joined: dict[Side, _Joined] = {}
        self._next = (taken.next_page, taken.next_block)
        for index in {file.index for pages in self._sets for file in pages.repeated}:
            staging.drop_page(index)

    def plan(self) -> list[Plan]:
        return [self._plan_side(pages) for pages in self._sets]

    def _plan_side(self, pages: PageSet) -> Plan:
        subledger = Subledger(self.job.policy.code, pages.side)
        with self.store.read() as tx:
            held = holding.find_held(tx, subledger)
        self._forget_joined(pages.side, held)
        return replace(self._plan_beside(pages, held), waiting=held)

    def _plan_beside(self, pages: PageSet, held: HeldImport | None) -> Plan:
        """The plan, given what waits for an answer."""
        if held is None:
            return self._decided(pages, self.job.source, None)
        if _files(held) == pages.hashes and held.planned_under == self.planned_under:
            return self._waiting(pages, held)
        if not pages.complete and (union := self._join(pages, held)):
            return self._decided(union, _later(self.job.source, held), held)
        plan = self._decided(pages, self.job.source, None)
        if plan.act == "record" or _key(self.job.source) >= (held.ordered_at, held.arrived_at, held.uid):
            return plan
        older = older_than_held(held.ref, held.ordered_at)
        settled = Settled(plan.comparison.subledger, pages.files, older, plan.comparison)
        return replace(plan, settled=settled, act="record")

    def _decided(self, pages: PageSet, source: Source, joined: HeldImport | None) -> Plan:
        comparison = self._compare(pages, source)
        decision = decide(pages, comparison, source, self.job.policy, self.planned_under)
        settled = describe(self.staging, pages, decision, comparison, source, self.job.policy)
        act: Literal["apply", "hold", "record"] = "record"
        if decision.state in ("applied", "held"):
            act = "apply" if decision.state == "applied" else "hold"
        return Plan(settled, comparison, self.planned_under, source, act, joined)

    def _waiting(self, pages: PageSet, held: HeldImport) -> Plan:
        """The very files that wait already: the same question again, under the same id."""
        source = _later(self.job.source, held)
        comparison = self._compare(pages, source)
        decision = decide(pages, comparison, source, self.job.policy, self.planned_under)
        waiting = still_waiting(replace(decision, approvable=held.approvable), held.ref, held.recorded_at)
        settled = Settled(comparison.subledger, pages.files, waiting, comparison, held.id)
        return Plan(settled, comparison, self.planned_under, self.job.source, "wait", held)

    def _compare(self, pages: PageSet, source: Source) -> Comparison:
        policy = self.job.policy
        return self.staging.compare(Subledger(policy.code, pages.side), as_of(source, policy), pages.hashes)

    def _join(self, pages: PageSet, held: HeldImport) -> PageSet | None:
        """The pages together with those that wait, if they belong to one export as far as their numbers tell."""
        if not held.reason.startswith("pages-") or held.planned_under != self.planned_under:
            return None
        if pages.side not in self._joined:
            own = set(pages.hashes)
            files = [file for file in held.files if file.sha256 not in own]
            frames = self.reread(files, self.job.policy, *self._next)
            taken = stage(_of_side(pages.side, frames), self.staging, *self._next)
            self._next = (taken.next_page, taken.next_block)
            self._joined[pages.side] = _Joined(held, taken.files)
        union = assemble(pages.side, (*pages.files, *pages.repeated, *self._joined[pages.side].files))
        if union.reason == "pages-mixed":
            self._forget_joined(pages.side, None)
            return None
        return union

    def _forget_joined(self, side: Side, held: HeldImport | None) -> None:
        """Drop what was joined, unless it is what waits still."""
        joined = self._joined.get(side)
        if joined is not None and joined.held != held:
            for file in joined.files:
                self.staging.drop_page(file.index)
            del self._joined[side]


def describe(
    staging: Staging, pages: PageSet, decision: Decision, comparison: Comparison, source: Source, policy: Policy
) -> Settled:
    """What the report tells of one side; ageing and credit limits where balances change."""
    settled = Settled(comparison.subledger, pages.files, decision, comparison)
    if decision.state != "applied":
        return settled
    return replace(
        settled,
        ageing=staging.ageing(comparison.subledger, as_of(source, policy)),
        crossed=tuple(staging.credit_crossings(comparison.subledger)),
    )


def as_of(source: Source, policy: Policy) -> date:
    """The day of an export, as people at the administration count it."""
    return source.ordered_at.astimezone(ZoneInfo(policy.time_zone)).date()


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


def _of_side(side: Side, frames: Iterable[Frame]) -> Iterator[Frame]:
    """Without the accounts and items of the other side, which a file may have too: they were dealt with."""
    kept: set[int] = set()
    for frame in frames:
        match frame:
            case Blocks(rows=blocks):
                if own := [block for block in blocks if block.side == side]:
                    kept |= {block.block for block in own}
                    yield Blocks(own)
            case Items(rows=items):
                yield Items([item for item in items if item.block in kept])
            case _:
                yield frame


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


def _files(held: HeldImport) -> tuple[str, ...]:
    return tuple(sorted(file.sha256 for file in held.files))


def _key(source: Source) -> tuple[datetime, datetime, int]:
    return source.ordered_at, source.arrived_at, source.uid


def _later(source: Source, held: HeldImport) -> Source:
    """An export over several mails is as new as the newest of them."""
    return max(source, Source(held.ordered_at, held.arrived_at, held.uid), key=_key)
