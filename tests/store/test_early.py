from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, item, new_import, stage

from store import staging as staging_room
from store.database import Store
from store.records import Subledger
from store.staging import Staging
from store.undoing import undo

ONE, TWO = ("00000000-0000-0000-0000-00000000000" + last for last in "12")
TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _look_at_each_block(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(staging_room, "_ADDED_UP_AT_ONCE", 1)


def stage_one_by_one(staging: Staging, export: Sequence[Account], first: int = 0) -> None:
    """Each block in a frame of its own, so that all but the last with items are looked at while it comes in."""
    for number, account in enumerate(export, first):
        stage(staging, [account], number)


def found(staging: Staging, of: Subledger) -> tuple[object, ...]:
    """All that a comparison comes to."""
    comparison = staging.compare(of, TODAY)
    with staging.transaction() as tx:
        opened = tx.execute(text("SELECT block, number, due_date, line, side, account FROM staged_opened")).all()
        closed = tx.execute(text("SELECT id, side, account FROM staged_closed")).all()
    changes = list(staging.iterate_changes(of, everything=True))
    return comparison, sorted(opened), sorted(closed, key=str), changes, staging.ageing(of, TODAY)


def count_early(staging: Staging) -> tuple[int, ...]:
    with staging.transaction() as tx:
        tables = ("staged_known", "staged_early_opened", "staged_early_closed")
        return tuple(tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL looks at everything at the end
def test_what_differs_is_found_while_the_export_comes_in(store: Store):
    apply_export(store, [Account("A", [("1", 10), ("2", 20)], ONE), Account("B", [("3", 30)], TWO)])
    with store.staging() as staging:
        staging.look_early("nl01", TODAY)
        stage_one_by_one(staging, [Account("A", [("1", 10), ("4", 40)], ONE), Account("B", [("3", 30)], TWO)])
        assert count_early(staging) == (1, 1, 1)
        comparison = staging.compare(RECEIVABLE)
        assert (comparison.opened, comparison.closed) == (1, 1)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(), "EUR", NOW)
    with store.read() as tx:
        now = tx.execute(text("SELECT number FROM open_item WHERE closed_by IS NULL ORDER BY number")).scalars().all()
    assert now == ["1", "3", "4"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL looks at everything at the end
def test_a_first_export_is_only_aged(store: Store):
    with store.staging() as staging:
        staging.look_early("nl01", TODAY)
        stage_one_by_one(staging, [Account("A", [("1", 10)], ONE), Account("B", [("3", 30)], TWO)])
        assert count_early(staging) == (0, 0, 0)
        assert staging.compare(RECEIVABLE).opened == 2
        assert sum(staging.ageing(RECEIVABLE, TODAY)) == sum(staging.ageing(RECEIVABLE, date(2027, 1, 1))) == 40


def apply_another(store: Store) -> None:
    apply_export(store, [Account("A", [("1", 10), ("5", 50)], ONE), Account("B", [("3", 31)], TWO)])


def apply_and_undo_another(store: Store) -> None:
    apply_another(store)
    with store.write() as tx:
        undo(tx, 2, NOW, "test")


def undo_the_last(store: Store) -> None:
    """The accounts are gone with it."""
    with store.write() as tx:
        undo(tx, 1, NOW, "test")


def apply_the_other_side(store: Store) -> None:
    apply_export(store, [Account("A", [("1", 10)], ONE, side="payable")], PAYABLE)


@pytest.mark.parametrize("move", [apply_another, apply_and_undo_another, undo_the_last, apply_the_other_side])
def test_what_was_found_counts_for_nothing_once_another_import_went_through(
    store: Store, move: Callable[[Store], None]
):
    apply_export(store, [Account("A", [("1", 10), ("2", 20)], ONE), Account("B", [("3", 30)], TWO)])
    export = [Account("A", [("1", 10), ("4", 40)], ONE), Account("B", [("3", 30)], TWO), Account("C", [("6", 1)])]
    with store.staging() as staging:
        staging.look_early("nl01", TODAY)
        stage_one_by_one(staging, export[:2])
        move(store)
        stage_one_by_one(staging, export[2:], 2)
        ahead = found(staging, RECEIVABLE)
    with store.staging() as staging:
        stage(staging, export)
        assert found(staging, RECEIVABLE) == ahead


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL looks at everything at the end
def test_nothing_of_it_is_left_for_the_next_export(store: Store):
    export = [Account("A", [("1", 10)], ONE), Account("B", [("3", 30)], TWO)]
    apply_export(store, export)
    with store.staging() as staging:
        staging.look_early("nl01", TODAY)
        stage_one_by_one(staging, [Account("A", [("9", 90)], ONE), Account("B", [("3", 30)], TWO)])
    with store.staging() as staging:
        assert count_early(staging) == (0, 0, 0)
        staging.look_early("nl01", TODAY)
        stage_one_by_one(staging, export)
        comparison = staging.compare(RECEIVABLE)
        assert (comparison.opened, comparison.closed, sum(staging.ageing(RECEIVABLE, TODAY))) == (0, 0, 40)


AMBIGUOUS = [
    pytest.param([Account("A", [("1", 10), ("1", 10), ("1", 20)], ONE)], id="repeated"),
    pytest.param([Account("A", [("1", 10)], ONE), Account("A", [("2", 20), ("1", 10)], ONE)], id="in two blocks"),
    pytest.param([Account("A", [("1", 10)], ONE), Account("A", [("2", 20)], None)], id="one block without ID"),
    pytest.param([Account("A", [], ONE), Account("A", [("2", 20)], None)], id="items only without ID"),
]


@pytest.mark.parametrize("after", AMBIGUOUS)
@pytest.mark.parametrize("before", AMBIGUOUS)
def test_accounts_whose_items_must_be_seen_together_are_compared_at_the_end(
    store: Store, before: list[Account], after: list[Account]
):
    apply_export(store, before)
    export = [*after, Account("B", [("3", 30)], TWO)]
    with store.staging() as staging:
        staging.look_early("nl01", TODAY)
        stage_one_by_one(staging, export)
        ahead = found(staging, RECEIVABLE)
    with store.staging() as staging:
        stage(staging, export)
        assert found(staging, RECEIVABLE) == ahead


ITEMS = st.builds(item, st.sampled_from("12"), st.sampled_from([10, -20]), due_date=st.sampled_from(["2026-01-01", ""]))
EXPORTS = st.lists(
    st.builds(
        Account,
        code=st.sampled_from(["A", "B", None]),
        items=st.lists(ITEMS, max_size=4),
        exact_id=st.sampled_from([ONE, TWO, None]),
        page=st.sampled_from([0, 1]),
        side=st.sampled_from(["receivable", "receivable", "payable"]),
    ),
    max_size=6,
).map(lambda accounts: sorted(accounts, key=lambda account: account.page))


@given(EXPORTS, EXPORTS, st.booleans(), st.booleans())
def test_it_comes_to_the_same_as_looking_at_everything_at_the_end(
    store: Store, before: list[Account], after: list[Account], drop: bool, among_others: bool
):
    named = [account for account in before if account.code or account.exact_id]
    for of in (RECEIVABLE, PAYABLE):
        apply_export(store, [account for account in named if account.side == of.side], of)

    def lay_out(staging: Staging) -> None:
        pages = [list(accounts) for _, accounts in groupby(after, key=lambda account: account.page)]
        first = 0
        for accounts in pages:
            stage_one_by_one(staging, accounts, first)
            first += len(accounts)
            if drop and accounts is pages[0]:
                staging.drop_page(accounts[0].page)

    with store.staging() as staging:
        staging.look_early("nl01" if not among_others else "nl02", TODAY)
        lay_out(staging)
        ahead = [found(staging, of) for of in (RECEIVABLE, PAYABLE)]
    with store.staging() as staging:
        lay_out(staging)
        assert [found(staging, of) for of in (RECEIVABLE, PAYABLE)] == ahead
