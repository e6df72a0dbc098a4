"""Invoices followed one by one, as one export after the other shows them."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from staged_exports import NOW, RECEIVABLE, Account, apply_export, item, new_import, stage

from store.balances import iterate_balances
from store.database import Store
from store.own_records import TrackedChange, TrackedGroup, TrackedInvoice
from store.records import Side, Subledger
from store.tracking import iterate_tracked, mark_paid, unmark_paid
from store.undoing import undo


def apply_at(store: Store, hours: int, items: list, side: Side = "receivable") -> None:
    """The items of one account in an export of that hour."""
    of = Subledger("nl01", side)
    at = NOW + timedelta(hours=hours)
    with store.staging() as staging:
        stage(staging, [Account("1", items, side=side)])
        comparison = staging.compare(of)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(of, ordered_at=at), "EUR", at)


def follow(store: Store, **wanted: object) -> dict[str, TrackedInvoice]:
    with store.read() as tx:
        return {one.number: one for one in iterate_tracked(tx, "nl01", **({"paid_too": True} | wanted))}


def test_an_invoice_is_paid_in_part_then_whole_and_opened_again(store: Store):
    kept = ("Z", 1)
    apply_at(store, 0, [item("A", 100), kept])
    apply_at(store, 1, [item("A", 60, invoice_fc=100, invoice_dc=100), kept])
    tracked = follow(store)["A"]
    assert (tracked.state, tracked.original_dc, tracked.open_dc, tracked.first_seen) == ("part-paid", 100, 60, NOW)
    apply_at(store, 2, [kept])
    tracked = follow(store)["A"]
    assert (tracked.state, tracked.open_dc) == ("paid", 0)
    assert [(one.import_id, one.at, one.amount_dc) for one in tracked.payments] == [
        (2, NOW + timedelta(hours=1), 40),
        (3, NOW + timedelta(hours=2), 60),
    ]
    assert follow(store, paid_too=False).keys() == {"Z"}
    apply_at(store, 3, [item("A", 100), kept])
    tracked = follow(store)["A"]
    assert (tracked.state, tracked.reopened, tracked.last_change) == ("open", 1, NOW + timedelta(hours=3))
    with store.write() as tx:
        undo(tx, 4, NOW, "jan")
    assert (follow(store)["A"].state, follow(store)["A"].reopened) == ("paid", 0)


def test_instalments_are_one_invoice(store: Store):
    terms = [item("A", 50, due_date=f"2026-0{month}-01") for month in (3, 4)]
    apply_at(store, 0, terms)
    apply_at(store, 1, terms[1:])
    tracked = follow(store)["A"]
    assert (tracked.state, tracked.original_dc, tracked.open_dc, tracked.due_date) == (
        "part-paid",
        100,
        50,
        "2026-04-01",
    )
    assert [one.amount_dc for one in tracked.payments] == [50]


def test_what_another_currency_is_worth_is_no_payment(store: Store):
    apply_at(store, 0, [item("A", 100, currency="USD", open_fc=120, invoice_fc=120)])
    apply_at(store, 1, [item("A", 90, currency="USD", open_fc=120, invoice_fc=120, invoice_dc=100)])
    tracked = follow(store)["A"]
    assert (tracked.state, tracked.currency, tracked.open_fc, tracked.payments) == ("open", "USD", 120, ())


@pytest.mark.parametrize(("tolerance", "state"), [(4, "part-paid"), (5, "paid")])
def test_a_remainder_within_the_tolerance_counts_as_paid_and_stays_in_the_balance(
    store: Store, tolerance: int, state: str
):
    apply_at(store, 0, [item("A", 100)])
    apply_at(store, 1, [item("A", 5, invoice_fc=100, invoice_dc=100)])
    assert follow(store, tolerance=tolerance)["A"].state == state
    with store.read() as tx:
        assert [row.open_import for row in iterate_balances(tx)] == [5]


def test_a_mark_by_hand_stays_until_it_is_taken_back_and_changes_no_balance(store: Store):
    apply_at(store, 0, [item("A", 100)])
    with store.write() as tx:
        assert mark_paid(tx, "nl01", ("A",), NOW, "jan").matched == 1
        assert mark_paid(tx, "nl01", ("A",), NOW, "piet").already == 1
        assert mark_paid(tx, "nl01", ("X", "0"), NOW, "jan").unknown == ("X", "0")
    apply_at(store, 1, [item("A", 60, invoice_fc=100, invoice_dc=100)])
    tracked = follow(store, paid_too=False)["A"]
    assert (tracked.state, tracked.marked_at, tracked.marked_by, tracked.open_dc) == ("paid-by-hand", NOW, "jan", 60)
    with store.write() as tx:
        assert unmark_paid(tx, "nl01", ("A",)).matched == 1
        assert unmark_paid(tx, "nl01", ("A",)).already == 1
    assert follow(store)["A"].state == "part-paid"
    with store.read() as tx:
        assert [row.open_import for row in iterate_balances(tx)] == [60]


def test_a_number_of_several_accounts_is_marked_on_none_until_one_is_named(store: Store):
    apply_export(store, [Account("1", [("A", 100)]), Account("2", [("A", 50)])])
    with store.write() as tx:
        assert mark_paid(tx, "nl01", ("A",), NOW, "jan").ambiguous == ("A",)
        second = tx.execute(text("SELECT id FROM account WHERE code = '2'")).scalar_one()
        assert mark_paid(tx, "nl01", ("A",), NOW, "jan", account_id=second).matched == 1


def test_payables_are_found_by_the_suppliers_number_too(store: Store):
    apply_at(store, 0, [item("90001", 100, your_ref="INV7"), ("0", 3), ("", 4)], "payable")
    assert follow(store, side="payable", numbers=("INV7",)).keys() == {"90001"}
    assert follow(store).keys() == {"90001"}
    assert follow(store, side="receivable") == {}
    with store.write() as tx:
        assert mark_paid(tx, "nl01", ("INV7",), NOW, "jan").matched == 1


def test_the_report_of_an_export_tells_what_became_of_the_invoices(store: Store):
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 5), ("A", 6), ("B", -7), ("", 9)])])
        staging.compare(RECEIVABLE)
        new = staging.tracked_summary(RECEIVABLE).new
        assert (new.count, new.amount_dc, new.largest[0]) == (2, 18, TrackedChange("1", "Bakker", "A", 0, 11))
    apply_at(store, 0, [("P", 10), ("Q", 20), ("R", 30), ("S", 40)])
    apply_at(store, 1, [("P", 10), ("Q", 20), ("R", 30)])
    with store.staging() as staging:
        stage(staging, [Account("1", [("Q", 5), ("R", 30), ("S", 40)]), Account("2", [("N", 8)])])
        staging.compare(RECEIVABLE)
        summary = staging.tracked_summary(RECEIVABLE)
        assert staging.tracked_summary(RECEIVABLE, tolerance=5).paid.count == 2
    assert summary.paid == TrackedGroup(1, 10, (TrackedChange("1", "Bakker", "P", 10, 0),))
    assert summary.part_paid == TrackedGroup(1, 15, (TrackedChange("1", "Bakker", "Q", 20, 5),))
    assert summary.reopened == TrackedGroup(1, 40, (TrackedChange("1", "Bakker", "S", 0, 40),))
    assert summary.new == TrackedGroup(1, 8, (TrackedChange("2", "Bakker", "N", 0, 8),))


def test_sides_are_followed_apart(store: Store):
    apply_at(store, 0, [item("A", 100)])
    apply_at(store, 1, [item("A", 30)], "payable")
    with store.read() as tx:
        assert [(one.side, one.open_dc) for one in iterate_tracked(tx, "nl01")] == [
            ("payable", 30),
            ("receivable", 100),
        ]
