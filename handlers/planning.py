"""What becomes of each side of a reading: what is planned for it, given what is in the store and what waits there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from handlers.decide import Decision, Source, decide, fingerprint, older_than_held, still_waiting
from handlers.pages import PageSet, assemble, sides
from handlers.policy import Policy
from handlers.report import Settled
from handlers.taking import Taken, stage
from parsers.protocol import Blocks, Frame, Items
from parsers.records import File, Side
from store import holding
from store.database import Store
from store.records import Comparison, HeldImport, ImportFile, Subledger
from store.staging import Staging


class KeptGone(Exception):
    """The files of a held import are not kept any more: they have to be mailed again."""


# Reads files of a held import again: the files, and the first page and block number that are free.
Reread = Callable[[Sequence[ImportFile], Policy, int, int], Iterable[Frame]]


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


class Planner:
    """Plans each side, as often as it takes. Pages of an earlier mail are read again once, when they are needed."""

    def __init__(
        self,
        taken: Taken,
        staging: Staging,
        store: Store,
        policy: Policy,
        source: Source,
        now: datetime,
        reread: Reread,
    ) -> None:
        self.staging, self.store, self.policy, self.source = staging, store, policy, source
        self.now, self.reread = now, reread
        self.planned_under = fingerprint(policy)
        self._sets = [assemble(side, taken.files) for side in sides(taken.files)]
        self._joined: dict[Side, _Joined] = {}
        self._next = (taken.next_page, taken.next_block)
        for index in {file.index for pages in self._sets for file in pages.repeated}:
            staging.drop_page(index)

    def plan(self) -> list[Plan]:
        """A plan for each side."""
        return [self._plan_side(pages) for pages in self._sets]

    def _plan_side(self, pages: PageSet) -> Plan:
        subledger = Subledger(self.policy.code, pages.side)
        with self.store.read() as tx:
            held = holding.find_held(tx, subledger)
        self._forget_joined(pages.side, held)
        return replace(self._plan_beside(pages, held), waiting=held)

    def _plan_beside(self, pages: PageSet, held: HeldImport | None) -> Plan:
        """The plan, given what waits for an answer."""
        if held is None:
            return self._decided(pages, self.source, None)
        if _files(held) == pages.hashes and held.planned_under == self.planned_under:
            return self._waiting(pages, held)
        if not pages.complete and (union := self._join(pages, held)):
            return self._decided(union, _later(self.source, held), held)
        plan = self._decided(pages, self.source, None)
        if plan.act == "record" or _key(self.source) >= (held.ordered_at, held.arrived_at, held.uid):
            return plan
        older = older_than_held(held.ref, held.ordered_at)
        settled = Settled(plan.comparison.subledger, pages.files, older, plan.comparison)
        return replace(plan, settled=settled, act="record")

    def _decided(self, pages: PageSet, source: Source, joined: HeldImport | None) -> Plan:
        comparison = self._compare(pages, source)
        decision = decide(pages, comparison, source, self.policy, self.planned_under)
        settled = describe(self.staging, pages, decision, comparison, source, self.policy, self.now)
        act: Literal["apply", "hold", "record"] = "record"
        if decision.state in ("applied", "held"):
            act = "apply" if decision.state == "applied" else "hold"
        return Plan(settled, comparison, self.planned_under, source, act, joined)

    def _waiting(self, pages: PageSet, held: HeldImport) -> Plan:
        """The very files that wait already: the same question again, under the same id."""
        source = _later(self.source, held)
        comparison = self._compare(pages, source)
        decision = decide(pages, comparison, source, self.policy, self.planned_under)
        waiting = still_waiting(replace(decision, approvable=held.approvable), held.ref, held.recorded_at)
        settled = Settled(comparison.subledger, pages.files, waiting, comparison, held.id)
        return Plan(settled, comparison, self.planned_under, self.source, "wait", held)

    def _compare(self, pages: PageSet, source: Source) -> Comparison:
        subledger = Subledger(self.policy.code, pages.side)
        return self.staging.compare(subledger, as_of(source, self.policy), pages.hashes)

    def _join(self, pages: PageSet, held: HeldImport) -> PageSet | None:
        """The pages together with those that wait, if they belong to one export as far as their numbers tell."""
        if not held.reason.startswith("pages-") or held.planned_under != self.planned_under:
            return None
        if pages.side not in self._joined:
            own = set(pages.hashes)
            files = [file for file in held.files if file.sha256 not in own]
            frames = self.reread(files, self.policy, *self._next)
            taken = stage(_of_side(pages.side, frames), self.staging, *self._next)
            self._next = (taken.next_page, taken.next_block)
            if {file.sha256 for file in files} - {file.sha256 for file in taken.files}:
                raise KeptGone(
                    f"pages of import {held.id} ({held.ref}), to which others came, cannot be read any more: reject it,"
                    " and mail all pages again"
                )
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
    staging: Staging,
    pages: PageSet,
    decision: Decision,
    comparison: Comparison,
    source: Source,
    policy: Policy,
    now: datetime,
) -> Settled:
    """What the report tells of one side; ageing, credit limits and own invoices where balances change."""
    subledger, rules = comparison.subledger, policy.invoices
    settled = Settled(subledger, pages.files, decision, comparison)
    if decision.state != "applied":
        return settled
    one_by_one = policy.mode == "invoices"
    return replace(
        settled,
        ageing=staging.ageing(subledger, as_of(source, policy)),
        crossed=tuple(staging.credit_crossings(subledger)),
        own=staging.own_summary(subledger, now, rules.in_transit_days),
        tracked=staging.tracked_summary(subledger, rules.tolerance_cents) if one_by_one else None,
    )


def as_of(source: Source, policy: Policy) -> date:
    """The day of an export, as people at the administration count it."""
    return source.ordered_at.astimezone(ZoneInfo(policy.time_zone)).date()


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


def _files(held: HeldImport) -> tuple[str, ...]:
    return tuple(sorted(file.sha256 for file in held.files))


def _key(source: Source) -> tuple[datetime, datetime, int]:
    return source.ordered_at, source.arrived_at, source.uid


def _later(source: Source, held: HeldImport) -> Source:
    """An export over several mails is as new as the newest of them."""
    return max(source, Source(held.ordered_at, held.arrived_at, held.uid), key=_key)
