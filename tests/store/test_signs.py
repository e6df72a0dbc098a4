"""Each sign of a wrong export, counted on an example; what a count means is for the handlers to judge."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, item, new_import, stage

from store import signs
from store.database import Store
from store.records import Comparison, ImportFile, Subledger
from store.undoing import undo

TODAY = date(2026, 3, 2)
ONE, TWO, THREE = ("00000000-0000-0000-0000-00000000000" + last for last in "123")
ELSEWHERE = Subledger("be01", "receivable")


def compare(
    store: Store, accounts: Sequence[Account], subledger: Subledger = RECEIVABLE, files: Sequence[str] = ()
) -> Comparison:
    with store.staging() as staging:
        stage(staging, accounts)
        return staging.compare(subledger, TODAY, files)


def apply_files(store: Store, accounts: Sequence[Account], *hashes: str, subledger: Subledger = RECEIVABLE) -> int:
    """Apply an export of these files; their `ts_d` is the hash too."""
    files = tuple(ImportFile(f"ARs_{n}.xml", "2", sha256, 1, 1, 2, sha256) for n, sha256 in enumerate(hashes, 1))
    with store.staging() as staging:
        stage(staging, accounts)
        comparison = staging.compare(subledger, TODAY, hashes)
        with staging.transaction() as tx:
            new = new_import(subledger)
            return staging.apply(tx, comparison, replace(new, ref=f"REF{hashes[0]}", files=files), "EUR", NOW)


def test_accounts_that_are_gone_or_stand_there_with_nothing_have_vanished(store: Store):
    apply_export(store, [Account(code, [("A", 5)]) for code in "1234"] + [Account("5")])
    comparison = compare(store, [Account("1", [("A", 5)]), Account("2"), Account("6", [("B", 1)])])
    assert (comparison.vanished, comparison.accounts_before) == (3, 4)


def test_items_not_due_yet_are_gone_only_if_nothing_of_their_number_is_left(store: Store):
    apply_export(
        store,
        [
            Account("1", [item("OVERDUE", due_date="2026-03-01"), item("TODAY", due_date="2026-03-02")]),
            Account("2", [item("PAID", due_date="2026-03-03"), item("PART", 100, due_date="2026-04-01")]),
            Account("3", [item("KEPT", due_date="2026-04-01"), item("KEPT TOO", due_date="2026-04-01")]),
        ],
    )
    part_paid = item("PART", 40, due_date="2026-04-01")
    kept = [item("KEPT", due_date="2026-04-01"), item("KEPT TOO", due_date="2026-04-01")]
    comparison = compare(store, [Account("2", [part_paid]), Account("3", kept)])
    assert (comparison.not_due_gone, comparison.not_due_before) == (1, 2)  # one that is left is enough
    overdue = [Account("1", [item("OVERDUE", due_date="2026-03-01")])]
    comparison = compare(store, overdue)
    assert (comparison.not_due_gone, comparison.not_due_before) == (4, 4)


def test_without_the_day_of_the_export_nothing_is_known_of_what_is_due(store: Store):
    apply_export(store, [Account("1", [item("A", due_date="9999-12-31")])])
    with store.staging() as staging:
        comparison = staging.compare(RECEIVABLE)
    assert (comparison.not_due_gone, comparison.not_due_before) == (0, 0)


def test_items_dated_after_the_latest_in_the_export_are_counted(store: Store):
    dates = ("2026-01-01", "2026-02-01", "2026-02-02", "2026-03-01")
    apply_export(store, [Account("1", [item(day, invoice_date=day) for day in dates])])
    comparison = compare(store, [Account("1", [item("2026-02-01", invoice_date="2026-02-01")])])
    assert (comparison.latest_invoice_date, comparison.later_gone) == ("2026-02-01", 2)
    nothing = compare(store, [Account("1")])
    assert (nothing.latest_invoice_date, nothing.later_gone) == ("", 0)


def test_items_found_again_under_their_number_and_those_that_changed_sign(store: Store):
    apply_export(
        store, [Account("1", [("A", 100), ("B", 50), ("C", -5), ("D", 7), ("E", 1)]), Account("2", [("A", 9)])]
    )
    comparison = compare(store, [Account("1", [("A", -100), ("B", 20), ("C", 5), ("D", 7)])])
    assert (comparison.matched, comparison.sign_changed) == (4, 2)


def test_instalments_of_one_number_change_sign_only_if_all_do(store: Store):
    apply_export(store, [Account("1", [("A", 100), ("A", -10)])])
    comparison = compare(store, [Account("1", [("A", 90), ("A", -5)])])
    assert (comparison.matched, comparison.sign_changed) == (2, 0)


def test_codes_known_under_other_ids_are_conflicts(store: Store):
    apply_export(store, [Account("A", [("1", 1)], ONE), Account("B", [("2", 1)], TWO), Account("C", [("3", 1)])])
    swapped = [Account("B", [("1", 1)], ONE), Account("A", [("2", 1)], TWO)]
    assert compare(store, swapped).id_conflicts == 0
    foreign = [Account("A", [("1", 1)], THREE), Account("C", [("3", 1)], "id-4"), Account("D", [("4", 1)], "id-5")]
    assert compare(store, foreign).id_conflicts == 1


def test_the_same_files_applied_to_another_administration_are_found(store: Store):
    export = [Account("1", [("A", 1)])]
    apply_files(store, export, "f1", "f2", subledger=ELSEWHERE)
    assert compare(store, export, files=("f2", "f1")).elsewhere == "be01"
    assert compare(store, export, files=("f1",)).elsewhere is None
    assert compare(store, export, files=("f1", "f2", "f3")).elsewhere is None
    assert compare(store, export, ELSEWHERE, files=("f1", "f2")).elsewhere is None
    assert compare(store, export).elsewhere is None
    with store.write() as tx:
        undo(tx, 1, NOW, "jan")
    assert compare(store, export, files=("f1", "f2")).elsewhere is None


def test_an_export_of_nothing_belongs_to_everybody(store: Store):
    apply_files(store, [Account("1")], "f1", subledger=ELSEWHERE)
    assert compare(store, [Account("1")], files=("f1",)).elsewhere is None


def test_files_that_were_applied_once_and_replaced_since_are_named(store: Store):
    export = [Account("1", [("A", 1)])]
    apply_files(store, export, "f1")
    assert compare(store, export, files=("f1",)).applied_before is None
    second = apply_files(store, [Account("1", [("A", 2)])], "f2")
    assert compare(store, export, files=("f1",)).applied_before == "REFf1"
    assert compare(store, export, PAYABLE, files=("f1",)).applied_before is None
    with store.write() as tx:
        undo(tx, second, NOW, "jan")
    comparison = compare(store, export, files=("f2",))
    assert (comparison.applied_before, comparison.last and comparison.last.ref) == (None, "REFf1")


def test_the_largest_row_version_of_the_last_import_is_told_by_value(store: Store):
    apply_files(store, [Account("1", [("A", 1)])], "0x00000000FF", "0x100", "0x0001")
    assert compare(store, []).ts_d_before == "0x100"


def test_items_open_again_that_were_gone_are_counted_but_not_those_that_changed(store: Store):
    for items in ([("A", 1), ("B", 100), ("", 5)], [("B", 60)], [("B", 20)]):
        apply_export(store, [Account("1", items)])
    comparison = compare(store, [Account("1", [("A", 1), ("B", 10), ("", 5), ("NEW", 1)])])
    assert comparison.reopened == 1


def test_the_same_item_on_two_pages_is_counted_once(store: Store):
    same = item("A", 100)
    pages = [
        Account("1", [same, item("B", 5)], page=0),
        Account("1", [same, item("B", 6), same], page=1),
        Account("2", [same, same], page=1),
    ]
    assert compare(store, pages).on_two_pages == 1
    assert compare(store, [replace(account, page=0) for account in pages]).on_two_pages == 0
    other_side = [replace(account, side="payable") if account.page else account for account in pages]
    assert compare(store, other_side).on_two_pages == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_stores_tables_are_searched_by_index(store: Store):
    apply_export(store, [Account("1", [("A", 1)])])
    given = {"side": "receivable", "administration": "nl01", "as_of": "", "latest": "", "enough": 1}
    with store.staging() as staging:
        stage(staging, [Account("1", [("B", 1)])])
        staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            for statement in (signs._GONE, signs._NOT_DUE, signs._ID_CONFLICTS, signs._REOPENED):
                steps = [row[-1] for row in tx.execute(text(f"EXPLAIN QUERY PLAN {statement.text}"), given)]
                scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
                assert scanned.isdisjoint({"o", "known", "i", "b"}), steps
