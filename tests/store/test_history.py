"""Random histories against a small model of what must be true: the balances are those of the imports that stand.

The model keeps, for each side, the stack of exports that were applied and not undone. Whatever was held, approved,
rejected, superseded or taken back before, the store must say what the last of them says, item by item, and the views,
the sums, the history and the recorded changes must agree with it.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, item, new_import, stage

from store import holding, imports
from store.balances import iterate_balances, iterate_history, iterate_items
from store.database import Store
from store.records import ImportMoved, NotLast, Subledger
from store.undoing import undo

Items = tuple[tuple[str, int], ...]
Export = dict[str, Items]

CODES = "ABCD"
SUBLEDGERS = st.sampled_from([RECEIVABLE, PAYABLE])
EXPORTS = st.dictionaries(
    st.sampled_from(CODES),
    st.lists(st.tuples(st.sampled_from(["", "1", "2", "3"]), st.integers(-50, 200)), max_size=4).map(tuple),
    max_size=4,
)


@dataclass
class Side:
    """One subledger as it must be: (import id, export) of those that stand, oldest first, and what waits for a yes."""

    stack: list[tuple[int, Export]] = field(default_factory=list)
    held: tuple[int, Export, int | None] | None = None  # its id, its export, the import that stood

    @property
    def last_id(self) -> int | None:
        return self.stack[-1][0] if self.stack else None

    @property
    def export(self) -> Export:
        return self.stack[-1][1] if self.stack else {}


def rows(export: Export, side: str) -> list[Account]:
    """With IDs for the first two accounts, by code alone for the others."""
    ids = {"A": "id-a", "B": "id-b"}
    return [
        Account(code, [item(*one) for one in items], ids.get(code), f"Klant {code}", side=side)
        for code, items in export.items()
    ]


class Histories(RuleBasedStateMachine):
    store: Store

    def __init__(self) -> None:
        super().__init__()
        with self.store.write() as tx:
            for table in ("open_item", "balance", "balance_change", "account_change", "account", "import_file"):
                tx.execute(text(f"DELETE FROM {table}"))
            tx.execute(text("DELETE FROM import"))
            tx.execute(text("DELETE FROM subledger"))
        self.sides = {RECEIVABLE: Side(), PAYABLE: Side()}
        self.states: dict[int, str] = {}
        self.now = NOW

    def tick(self):
        self.now += timedelta(minutes=1)
        return self.now

    @rule(of=SUBLEDGERS, export=EXPORTS)
    def apply(self, of: Subledger, export: Export) -> None:
        with self.store.staging() as staging:
            self._apply(staging, of, export)

    def _apply(self, staging, of: Subledger, export: Export) -> None:
        side = self.sides[of]
        stage(staging, rows(export, of.side))
        comparison = staging.compare(of)
        before = Counter(one for code, items in side.export.items() for one in with_code(code, items))
        after = Counter(one for code, items in export.items() for one in with_code(code, items))
        assert comparison.opened >= (after - before).total()  # repeated items are told apart by their order
        assert comparison.opened - comparison.closed == after.total() - before.total()
        with staging.transaction() as tx:
            import_id = staging.apply(tx, comparison, new_import(of), "EUR", self.tick())
        if side.held:
            self.states[side.held[0]] = "superseded"
            side.held = None
        side.stack.append((import_id, export))
        self.states[import_id] = "applied"

    @rule(of=SUBLEDGERS, export=EXPORTS)
    def hold(self, of: Subledger, export: Export) -> None:
        side = self.sides[of]
        with self.store.staging() as staging:
            stage(staging, rows(export, of.side))
            comparison = staging.compare(of)
            with staging.transaction() as tx:
                new = new_import(of, state="held", approvable=True)
                import_id = holding.hold(tx, comparison, new, "EUR", self.tick())
        if side.held:
            self.states[side.held[0]] = "superseded"
        side.held = (import_id, export, side.last_id)
        self.states[import_id] = "held"

    @precondition(lambda self: any(side.held for side in self.sides.values()))
    @rule(of=SUBLEDGERS)
    def approve(self, of: Subledger) -> None:
        side = self.sides[of]
        if side.held is None:
            return
        import_id, export, base = side.held
        with self.store.staging() as staging:
            stage(staging, rows(export, of.side))
            comparison = staging.compare(of)
            held = holding.find_held(staging._connection, of)
            assert held is not None
            assert (held.id, held.base_import_id) == (import_id, base)
            with staging.transaction() as tx:
                if base == side.last_id:
                    staging.apply(tx, comparison, new_import(of), "EUR", self.tick(), approved=import_id, by="jan")
                else:
                    holding.hold_again(tx, import_id, comparison, new_import(of, approvable=True), "EUR", self.tick())
        if base == side.last_id:
            side.stack.append((import_id, export))
            side.held = None
            self.states[import_id] = "applied"
        else:
            side.held = (import_id, export, side.last_id)

    @precondition(lambda self: any(side.held for side in self.sides.values()))
    @rule(of=SUBLEDGERS)
    def reject(self, of: Subledger) -> None:
        side = self.sides[of]
        if side.held is None:
            return
        with self.store.write() as tx:
            holding.reject(tx, side.held[0], self.tick(), "jan")
        self.states[side.held[0]] = "rejected"
        side.held = None

    @precondition(lambda self: any(side.stack for side in self.sides.values()))
    @rule(of=SUBLEDGERS, times=st.integers(1, 3))
    def take_back(self, of: Subledger, times: int) -> None:
        self._take_back(of, times)

    def _take_back(self, of: Subledger, times: int) -> None:
        side = self.sides[of]
        for _ in range(min(times, len(side.stack))):
            import_id, _ = side.stack.pop()
            with self.store.write() as tx:
                assert undo(tx, import_id, self.tick(), "jan").last_import_id == side.last_id
            self.states[import_id] = "undone"
            with pytest.raises(NotLast), self.store.write() as tx:
                undo(tx, import_id, self.now, "jan")

    @rule(first=SUBLEDGERS, second=SUBLEDGERS, one=EXPORTS, other=EXPORTS, undone=st.booleans())
    def two_writers(self, first: Subledger, second: Subledger, one: Export, other: Export, undone: bool) -> None:
        """The second compares, the first goes through, and the second writes only if nothing moved under it."""
        with self.store.staging() as slow:
            stage(slow, rows(other, second.side))
            comparison = slow.compare(second)
            moved = first == second
            if undone and self.sides[first].stack:
                moved = True  # accounts of the other side may be gone
                self._take_back(first, 1)
            else:
                with self.store.staging() as fast:
                    self._apply(fast, first, one)
            side = self.sides[second]
            try:
                with slow.transaction() as tx:
                    import_id = slow.apply(tx, comparison, new_import(second), "EUR", self.tick())
            except ImportMoved:
                assert moved
                return
            assert not moved
            if side.held:
                self.states[side.held[0]] = "superseded"
                side.held = None
            side.stack.append((import_id, other))
            self.states[import_id] = "applied"

    @invariant()
    def balances_are_those_of_the_imports_that_stand(self) -> None:
        with self.store.read() as tx:
            stored = {(row.side, row.code): row.open_import for row in iterate_balances(tx)}
            shown = {
                (row.side, row.code): row.open_import for row in tx.execute(text("SELECT * FROM open_balance")).all()
            }
        expected = {
            (of.side, code): sum(amount for _, amount in items)
            for of, side in self.sides.items()
            for code, items in side.export.items()
        }
        known = {(of.side, code): 0 for of, side in self.sides.items() for _, export in side.stack for code in export}
        assert stored == shown == known | expected

    @invariant()
    def items_and_their_history_are_those_of_the_imports_that_stand(self) -> None:
        with self.store.read() as tx:
            accounts = {row.code: row.id for row in tx.execute(text("SELECT id, code FROM account"))}
            for of, side in self.sides.items():
                for code in CODES:
                    if code not in accounts:
                        assert not side.export.get(code)
                        continue
                    items = [row for row in iterate_items(tx, accounts[code]) if row.side == of.side]
                    now = Counter((row.number, row.open_dc) for row in items)
                    assert now == Counter(side.export.get(code, ()))
                    history = [row for row in iterate_history(tx, accounts[code]) if row.side == of.side]
                    order = {import_id: position for position, (import_id, _) in enumerate(side.stack)}
                    for position, (_, export) in enumerate(side.stack):
                        then = Counter(
                            (row.number, row.open_dc)
                            for row in history
                            if order[row.opened_by] <= position
                            and (row.closed_by is None or order[row.closed_by] > position)
                        )
                        assert then == Counter(export.get(code, ()))

    @invariant()
    def every_import_is_in_its_state_and_the_last_one_stands(self) -> None:
        with self.store.read() as tx:
            listed = imports.list_imports(tx)
            assert {one.id: one.state for one in listed} == self.states
            for of, side in self.sides.items():
                last = imports.find_standing(tx, of).last
                assert (last.id if last else None) == side.last_id
                held = holding.find_held(tx, of)
                assert (held.id if held else None) == (side.held[0] if side.held else None)

    @invariant()
    def what_each_import_changed_leads_from_one_to_the_next(self) -> None:
        with self.store.read() as tx:
            for side in self.sides.values():
                before: Export = {}
                for import_id, export in side.stack:
                    changes = {row.code: (row.before, row.after) for row in imports.iterate_changes(tx, import_id)}
                    sums = {code: (total(before, code), total(export, code)) for code in {*before, *export}}
                    assert changes == {code: change for code, change in sums.items() if change[0] != change[1]}
                    before = export


def total(export: Export, code: str) -> int:
    return sum(amount for _, amount in export.get(code, ()))


def with_code(code: str, items: Items) -> list[tuple[str, str, int]]:
    return [(code, *one) for one in items]


def test_any_history_ends_at_the_balances_of_the_imports_that_stand(store: Store) -> None:
    few = settings(max_examples=max(settings().max_examples // 4, 1), stateful_step_count=15, derandomize=True)
    run_state_machine_as_test(type("Here", (Histories,), {"store": store}), settings=few)
