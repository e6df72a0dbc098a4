"""From frames to settled imports: stage what was read, compare, decide, and write what was decided in one piece."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from handlers.decide import Source, decide, fingerprint
from handlers.pages import PageSet, assemble, sides
from handlers.policy import Policy
from handlers.report import Report, Settled
from parsers.protocol import Blocks, Broken, Crashed, Done, EnvelopeRead, FileRead, FileRefused, Frame, Items
from parsers.records import File, Finding, Side
from store import holding, imports
from store.database import Transaction
from store.records import Comparison, ImportFile, ImportMoved, NewImport, StoreUnavailable, Subledger
from store.staging import Staging

MOST_COMPARISONS = 50  # each but the first means that somebody else's import went through


@dataclass(frozen=True, slots=True)
class Taken:
    """What one reading gave: the items are staged, this is the rest."""

    files: tuple[File, ...]
    refused: tuple[Finding, ...]
    notes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """What is imported, for whom, and what makes its effect one and the same (`source_sha256`, with the parts)."""

    ref: str
    policy: Policy
    source: Source
    source_sha256: str
    subject: str = ""


Write = Callable[[Transaction], None]


def stage(frames: Iterable[Frame], staging: Staging) -> Taken:
    """Put the blocks and items of one reading into `staging`. A file refused half-way leaves nothing there.

    Raises what `staging` and `frames` raise.
    """
    files: list[File] = []
    refused: list[Finding] = []
    notes: list[Finding] = []
    for frame in frames:
        match frame:
            case Items(rows=items):
                staging.add_items(items)
            case Blocks(rows=blocks):
                staging.add_blocks(blocks)
            case FileRead(file=file):
                files.append(file)
            case FileRefused(index=index, finding=finding):
                staging.drop_page(index)
                refused.append(finding)
            case Done(findings=findings):
                (notes if files or refused else refused).extend(findings)
            case Broken(finding=finding):
                for file in files:
                    staging.drop_page(file.index)
                return Taken((), (finding,), ())
            case EnvelopeRead() | Crashed():
                raise TypeError(f"{type(frame).__name__} is no frame of a file")
    return Taken(tuple(files), tuple(refused), tuple(notes))


def settle(taken: Taken, staging: Staging, job: Job, now: datetime, conclude: Callable[[Report], Write]) -> Report:
    """Decide what becomes of each side of `taken`, and write it in one transaction with what `conclude` adds.

    `conclude` makes what follows from the report (the reply, the state of the mail) outside of any lock, and returns
    what writes it. If another import of the same side goes through in between, all is compared and decided anew.
    Raises StoreUnavailable, StoreBroken, and what `conclude` and its result raise; then nothing was written.
    """
    sets = [assemble(side, taken.files) for side in sides(taken.files)]
    for repeated in {file.index for pages in sets for file in pages.repeated}:
        staging.drop_page(repeated)
    for _ in range(MOST_COMPARISONS):
        plans = [_plan(pages, staging, job) for pages in sets]
        report = Report(
            ref=job.ref,
            policy=job.policy,
            received_at=job.source.arrived_at,
            subject=job.subject,
            settled=tuple(plan.settled for plan in plans),
            refused=taken.refused,
            notes=taken.notes,
        )
        write = conclude(report)
        try:
            with staging.transaction() as tx:
                for plan in plans:
                    _write_import(tx, staging, plan, job, now)
                write(tx)
        except ImportMoved:
            continue
        return report
    raise StoreUnavailable(
        f"other imports of {job.policy.code} went through {MOST_COMPARISONS} times while this one was compared; "
        "it will be tried again"
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    settled: Settled
    comparison: Comparison
    planned_under: str


def _plan(pages: PageSet, staging: Staging, job: Job) -> _Plan:
    subledger = Subledger(job.policy.code, pages.side)
    planned_under = fingerprint(job.policy)
    comparison = staging.compare(subledger)
    decision = decide(pages, comparison, job.source, job.policy, planned_under)
    settled = Settled(subledger, pages.files, decision, comparison)
    return _Plan(settled, comparison, planned_under)


def _write_import(tx: Transaction, staging: Staging, plan: _Plan, job: Job, now: datetime) -> None:
    subledger, decision, comparison = plan.settled.subledger, plan.settled.decision, plan.comparison
    new = NewImport(
        subledger=subledger,
        ref=job.ref,
        state=decision.state,
        reason=decision.reason,
        source_sha256=job.source_sha256,
        part=",".join(file.part for file in plan.settled.files),
        ordered_at=job.source.ordered_at,
        arrived_at=job.source.arrived_at,
        uid=job.source.uid,
        planned_under=plan.planned_under,
        files=tuple(_import_file(file, subledger.side) for file in plan.settled.files),
        items=comparison.items,
        accounts=comparison.accounts,
        total=comparison.total_after,
        total_before=comparison.total_before,
    )
    if decision.state == "applied":
        staging.apply(tx, comparison, new, job.policy.currency, now)
    elif decision.state == "held":
        holding.hold(tx, comparison, new, job.policy.currency, now)
    else:
        imports.record_compared(tx, comparison, new, job.policy.currency, now)


def _import_file(file: File, side: Side) -> ImportFile:
    page = next(page for page in file.pages if page.side == side)
    return ImportFile(
        name=file.name,
        part=file.part,
        sha256=file.sha256,
        size=file.size,
        count=page.count,
        pagesize=page.pagesize,
        ts_d=page.ts_d,
    )
