import pytest
from sqlalchemy import TextClause, text
from staged_exports import RECEIVABLE, Account, apply_export, stage

from store import applying, comparing
from store.database import Store


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [comparing._FIND_OPENED, comparing._FIND_CLOSED, comparing._ADD_ABSENT, applying._CLOSE_ITEMS],
    ids=["find opened", "find closed", "add absent", "close"],
)
def test_the_stores_tables_are_searched_by_index_without_statistics(store: Store, statement: TextClause):
    apply_export(store, [Account("1", [("A", 1)])])
    with store.staging() as staging:
        stage(staging, [Account("1", [("B", 1)])])
        staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            plan = tx.execute(
                text(f"EXPLAIN QUERY PLAN {statement.text}"),
                {"side": "receivable", "administration": "nl01", "import_id": 1},
            ).all()
            assert tx.execute(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")).scalar() == 0
    steps = [row[-1] for row in plan]
    assert any(step.startswith("SEARCH") for step in steps)
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert scanned.isdisjoint({"open_item", "account", "balance", "staged_item", "o", "known", "stored", "i"}), steps


def test_only_the_largest_changes_are_named_largest_first(store: Store):
    apply_export(store, [Account(f"{code:03}", [("A", 1 + code)]) for code in range(30)])
    with store.staging() as staging:
        stage(staging, [Account(f"{code:03}", [("A", -50 * code)]) for code in range(5, 40)])
        comparison = staging.compare(RECEIVABLE)
    assert [change.code for change in comparison.largest] == [f"{code:03}" for code in range(39, 29, -1)]
    assert [change.code for change in comparison.largest_created] == [f"{code:03}" for code in range(39, 29, -1)]
    assert [change.code for change in comparison.largest_zeroed] == ["004", "003", "002", "001", "000"]
    assert (comparison.created, comparison.zeroed, comparison.changed) == (10, 5, 40)


def test_a_known_account_with_a_balance_again_is_newly_open_and_no_new_one(store: Store):
    apply_export(store, [Account("1", [("A", 100)]), Account("2", [("B", 1)])])
    apply_export(store, [Account("2", [("B", 1)])])
    with store.staging() as staging:
        stage(staging, [Account("1", [("C", 70)]), Account("2", [("B", 2)]), Account("3", [("D", 3)])])
        comparison = staging.compare(RECEIVABLE)
    assert [(change.code, change.before, change.after) for change in comparison.largest_reopened] == [("1", 0, 70)]
    assert (comparison.reopened_accounts, comparison.created) == (1, 1)
