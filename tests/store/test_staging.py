import threading

import pytest
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, item, new_import, stage

from parsers.records import Block, Item
from store.balances import iterate_balances
from store.database import Store
from store.imports import find_standing, list_files, list_imports
from store.records import AccountChange, CurrencyTotal, EffectStands, ImportMoved
from store.schema import open_item
from store.staging import BLOCK_COLUMNS, ITEM_COLUMNS


def balances(store: Store, side: str = "receivable") -> dict[str | None, int]:
    with store.read() as tx:
        return {row.code: row.open_import for row in iterate_balances(tx, administration="nl01", side=side)}


def test_the_columns_are_those_that_the_parsers_give():
    assert Block._fields == BLOCK_COLUMNS
    assert Item._fields == ITEM_COLUMNS
    kept = set(open_item.columns.keys())
    assert set(ITEM_COLUMNS) - kept == {"block"}
    assert kept - set(ITEM_COLUMNS) == {"id", "account_id", "side", "seq", "opened_by", "closed_by"}


def test_a_first_export_makes_accounts_and_balances(store: Store):
    comparison = apply_export(store, [Account("1", [("A", 100), ("B", -30)], name="Jansen"), Account("2", [("C", 5)])])

    assert balances(store) == {"1": 70, "2": 5}
    assert (comparison.items, comparison.opened, comparison.closed) == (3, 3, 0)
    assert (comparison.accounts, comparison.created, comparison.changed, comparison.zeroed) == (2, 2, 2, 0)
    assert (comparison.total_before, comparison.total_after, comparison.gross_after) == (0, 75, 135)
    assert comparison.largest[0] == AccountChange("1", "Jansen", None, 0, 70, True)
    assert comparison.currencies == (CurrencyTotal("EUR", 3, 75, 75),)
    assert comparison.last is None


def test_the_next_export_changes_only_what_differs(store: Store):
    apply_export(store, [Account("1", [("A", 100), ("B", 200)]), Account("2", [("C", 5)]), Account("3", [("D", 9)])])
    comparison = apply_export(store, [Account("1", [("A", 100), ("B", 150)]), Account("3", [("D", 9)])])

    assert balances(store) == {"1": 250, "2": 0, "3": 9}
    assert (comparison.items_before, comparison.items, comparison.opened, comparison.closed) == (4, 3, 1, 2)
    assert (comparison.accounts_before, comparison.accounts, comparison.zeroed, comparison.changed) == (3, 2, 1, 2)
    assert (comparison.total_before, comparison.total_after) == (314, 259)
    assert (comparison.gross_before, comparison.gross_after) == (314, 259)
    assert comparison.largest_zeroed == (AccountChange("2", "Bakker", None, 5, 0, False),)
    with store.read() as tx:
        changes = tx.execute(
            text("SELECT import_id, before, after FROM balance_change ORDER BY import_id, after DESC")
        ).all()
        lives = tx.execute(text("SELECT number, opened_by, closed_by FROM open_item ORDER BY id")).all()
    assert changes == [(1, 0, 300), (1, 0, 9), (1, 0, 5), (2, 300, 250), (2, 5, 0)]
    assert lives == [("A", 1, None), ("B", 1, 2), ("C", 1, 2), ("D", 1, None), ("B", 2, None)]


def test_the_same_export_again_changes_nothing(store: Store):
    export = [Account("1", [("A", 100), ("A", 100), ("A", 7)]), Account("2", [("", -5)])]
    apply_export(store, export)
    comparison = apply_export(store, export[::-1])

    assert (comparison.opened, comparison.closed, comparison.changed, comparison.created) == (0, 0, 0, 0)
    assert balances(store) == {"1": 207, "2": -5}


def test_a_change_of_any_field_closes_the_item_and_opens_it_anew(store: Store):
    before = item("A", 100)
    apply_export(store, [Account("1", [before])])
    for name in ITEM_COLUMNS[1:]:
        old = getattr(before, name)
        changed = before._replace(**{name: old + 1 if isinstance(old, int) else f"{old}x"})
        comparison = apply_export(store, [Account("1", [changed])])
        assert (name, comparison.opened, comparison.closed) == (name, 1, 1)
        before = changed


def test_both_sides_of_one_account_are_kept_apart(store: Store):
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 100)]), Account("1", [("A", 40)], side="payable")])
        receivable, payable = staging.compare(RECEIVABLE), staging.compare(PAYABLE)
        with staging.transaction() as tx:
            staging.apply(tx, payable, new_import(PAYABLE), "EUR", NOW)
            staging.apply(tx, receivable, new_import(RECEIVABLE), "EUR", NOW)

    assert (receivable.total_after, payable.total_after) == (100, 40)
    assert balances(store, "receivable") == {"1": 100}
    assert balances(store, "payable") == {"1": 40}
    with store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM account")).scalar() == 1


def test_a_page_that_was_dropped_counts_for_nothing(store: Store):
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 100), ("A", 100)], page=0), Account("2", [("B", 5)], page=1)])
        assert staging.compare(RECEIVABLE).items == 3
        staging.drop_page(0)
        comparison = staging.compare(RECEIVABLE)
    assert (comparison.items, comparison.accounts, comparison.total_after) == (1, 1, 5)


def test_several_blocks_of_one_account_are_added_up_over_the_pages(store: Store):
    export = [Account("1", [("A", 1), ("B", 2)]), Account("2", [("C", 4)]), Account("1", [("A", 8)], page=1)]
    comparison = apply_export(store, export)
    assert comparison.accounts == 2
    assert balances(store) == {"1": 11, "2": 4}
    assert apply_export(store, export[::-1]).opened == 0


def test_an_account_without_items_is_known_with_nothing_open(store: Store):
    comparison = apply_export(store, [Account("1", name="Jansen")])
    assert (comparison.items, comparison.accounts, comparison.created) == (0, 0, 1)
    assert balances(store) == {"1": 0}


def test_an_export_of_nothing_closes_all(store: Store):
    apply_export(store, [Account("1", [("A", 100)])])
    comparison = apply_export(store, [])
    assert (comparison.items, comparison.closed, comparison.zeroed) == (0, 1, 1)
    assert comparison.currencies == ()
    assert balances(store) == {"1": 0}


def test_items_that_cancel_out_are_still_closed(store: Store):
    apply_export(store, [Account("1", [("A", 100), ("B", -100)]), Account("2", [("C", 1)])])
    comparison = apply_export(store, [Account("2", [("C", 1)])])
    assert (comparison.closed, comparison.changed) == (2, 0)
    with store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM open_item WHERE closed_by IS NULL")).scalar() == 1


def test_currencies_are_totalled_apart(store: Store):
    dollars = item("B", 90, currency="USD", open_fc=100, invoice_fc=100)
    comparison = apply_export(store, [Account("1", [("A", 5), dollars, dollars._replace(number="C")])])
    assert comparison.currencies == (CurrencyTotal("EUR", 1, 5, 5), CurrencyTotal("USD", 2, 200, 180))


def test_all_accounts_or_only_those_that_differ_can_be_listed(store: Store):
    apply_export(store, [Account("1", [("A", 100)]), Account("2", [("B", 5)]), Account("3", [("C", 6)])])
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 100)]), Account("2", [("B", 7)]), Account("4", [("D", 0)])])
        staging.compare(RECEIVABLE)
        changed = list(staging.iterate_changes(RECEIVABLE))
        everything = [change.code for change in staging.iterate_changes(RECEIVABLE, everything=True)]
    assert [(change.code, change.before, change.after, change.is_new) for change in changed] == [
        ("2", 5, 7, False),
        ("3", 6, 0, False),
        ("4", 0, 0, True),
    ]
    assert everything == ["1", "2", "3", "4"]


def test_an_import_applied_since_the_comparison_is_noticed_and_nothing_is_written(store: Store):
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 100)])])
        stale = staging.compare(RECEIVABLE)
        apply_export(store, [Account("1", [("A", 70)])])
        with pytest.raises(ImportMoved), staging.transaction() as tx:
            staging.apply(tx, stale, new_import(), "EUR", NOW)
        assert balances(store) == {"1": 70}
        fresh = staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            staging.apply(tx, fresh, new_import(), "EUR", NOW)
    assert (fresh.total_before, fresh.created, balances(store)) == (70, 0, {"1": 100})


def test_of_two_writers_at_once_one_has_to_compare_again(store: Store):
    compared = threading.Barrier(2)
    outcomes: list[str] = []

    def write(amount: int) -> None:
        with store.staging() as staging:
            stage(staging, [Account("1", [("A", amount)]), Account("2", [("B", amount)], exact_id=f"id-{amount}")])
            comparison = staging.compare(RECEIVABLE)
            compared.wait(10)
            try:
                with staging.transaction() as tx:
                    staging.apply(tx, comparison, new_import(), "EUR", NOW)
                outcomes.append("applied")
            except ImportMoved:
                outcomes.append("moved")

    writers = [threading.Thread(target=write, args=(amount,)) for amount in (10, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert sorted(outcomes) == ["applied", "moved"]
    with store.read() as tx:
        assert len(list_imports(tx)) == 1


def test_two_sides_at_once_create_their_common_accounts_once(store: Store):
    compared = threading.Barrier(2)
    failures: list[Exception] = []

    def write(subledger, names) -> None:
        try:
            with store.staging() as staging:
                stage(
                    staging, [Account(name, [("A", 1)], exact_id=f"id-{name}", side=subledger.side) for name in names]
                )
                comparison = staging.compare(subledger)
                compared.wait(10)
                with staging.transaction() as tx:
                    staging.apply(tx, comparison, new_import(subledger), "EUR", NOW)
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    names = [str(number) for number in range(50)]
    writers = [
        threading.Thread(target=write, args=(RECEIVABLE, names)),
        threading.Thread(target=write, args=(PAYABLE, names[::-1])),
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert failures == []
    assert balances(store, "receivable") == balances(store, "payable") == dict.fromkeys(sorted(names), 1)
    with store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM account")).scalar() == 50


def test_an_effect_that_stands_is_not_repeated(store: Store):
    again = new_import()
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 100)])])
        comparison = staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, again, "EUR", NOW)
        comparison = staging.compare(RECEIVABLE)
        with pytest.raises(EffectStands, match="7KQ2-M4"), staging.transaction() as tx:
            staging.apply(tx, comparison, again, "EUR", NOW)
    with store.read() as tx:
        assert len(list_imports(tx)) == 1


def test_the_import_that_stands_is_described_with_its_files(store: Store):
    comparison = apply_export(store, [Account("1", [("A", 100)])])
    with store.read() as tx:
        standing = find_standing(tx, RECEIVABLE)
        assert standing.last is not None
        assert list_files(tx, standing.last.id)[0].sha256 == standing.last.files[0]
    assert (standing.items, standing.accounts, standing.total, standing.gross) == (1, 1, 100, 100)
    assert standing.last.ordered_at == NOW
    assert comparison.last is None
