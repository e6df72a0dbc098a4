"""An own invoice counts until an export shows it: once, and never again, in whatever order things come."""

from datetime import timedelta

import pytest
from own_files import assert_own_sound, figures, own, own_states, statuses, take
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, item, new_import, stage

from store.batches import batch, mark_transactions, unbatch
from store.customers import link, list_customers, unlink
from store.database import Store
from store.own_invoices import end, list_invoices, resume
from store.own_records import InvoiceChoice, Recognised, TransactionRow
from store.records import AccountUnknown, CreditCrossing
from store.undoing import undo

ONE, TWO = ("00000000-0000-0000-0000-00000000000" + last for last in "12")
ALL = InvoiceChoice()


@pytest.fixture(autouse=True)
def _is_sound(store: Store):
    yield
    with store.read() as tx:
        assert_own_sound(tx)


def hand_over(store: Store, *numbers: str, name: str = "W10"):
    with store.write() as tx:
        return batch(tx, "nl01", InvoiceChoice(numbers), name, NOW, "jan")


def take_back(store: Store, import_id: int) -> None:
    with store.write() as tx:
        undo(tx, import_id, NOW, "jan")


def account_id(store: Store, code: str) -> int:
    with store.read() as tx:
        return tx.execute(text("SELECT id FROM account WHERE code = :code"), {"code": code}).scalar_one()


def test_an_own_invoice_counts_until_an_export_shows_it(store: Store):
    take(store, [own("A", 250, "1"), own("B", 100, "1")])
    assert figures(store) == {("1", "receivable"): (0, 350, 0)}
    apply_export(store, [Account("1", [("A", 250), ("C", 5)])])
    assert figures(store) == {("1", "receivable"): (255, 100, 0)}
    assert statuses(store) == ["seen", "open"]


def test_an_invoice_that_comes_after_it_was_seen_and_paid_never_counts(store: Store):
    apply_export(store, [Account("1", [("A", 250)]), Account("2", [("Z", 1)])])
    apply_export(store, [Account("2", [("Z", 1)])])
    changes = take(store, [own("A", 250, "1")])
    assert (changes.created, changes.seen, changes.unmatched) == (1, 1, ())
    assert figures(store) == {("2", "receivable"): (1, 0, 0)}


@pytest.mark.parametrize("how", ["paid", "cancelled"])
@pytest.mark.parametrize("others", [[], [own("B", 5, "1")]], ids=["alone", "while-another-waits"])
def test_what_a_person_ended_is_recognised_too_when_an_export_shows_it(store: Store, how, others):
    take(store, [own("A", 250, "1"), *others])
    with store.write() as tx:
        end(tx, "nl01", InvoiceChoice(("A",)), how, NOW, "jan")
    apply_export(store, [Account("1", [("A", 250)])])
    with store.read() as tx:
        (one,) = list_invoices(tx, numbers=("A",))
        assert (one.status, one.seen_by) == (how, "account")
    take_back(store, 1)
    with store.read() as tx:
        (one,) = list_invoices(tx, numbers=("A",))
        assert (one.status, one.seen_by) == (how, None)


def test_what_a_person_ended_is_found_elsewhere_once_exact_does_not_know_its_account_any_more(store: Store):
    take(store, [own("A", 250, "1")])
    apply_export(store, [Account("2", [("A", 250)]), Account("3", [("Z", 1)])])
    apply_export(store, [Account("1", [("Y", 1)]), Account("2", [("A", 250)])])
    with store.write() as tx:
        end(tx, "nl01", ALL, "cancelled", NOW, "jan")
    take_back(store, 2)
    with store.read() as tx:
        assert [one.seen_by for one in list_invoices(tx, numbers=("A",))] == ["number-date-amount"]


def test_handed_over_and_then_seen_counts_once(store: Store):
    take(store, [own("A", 250), own("B", 100)])
    changes = hand_over(store, "A")
    assert (changes.matched, changes.amount_dc, changes.batch) == (1, 250, "W10")
    assert figures(store) == {("1", "receivable"): (0, 100, 250)}
    assert hand_over(store, "A").already == 1
    apply_export(store, [Account("1", [("A", 250)])])
    assert figures(store) == {("1", "receivable"): (250, 100, 0)}
    take_back(store, 1)
    assert figures(store) == {("1", "receivable"): (0, 100, 250)}
    assert statuses(store) == ["in-transit", "open"]


def test_undo_lets_it_count_again_as_it_did(store: Store):
    apply_export(store, [Account("1", [("A", 250)], ONE)])
    take(store, [own("A", 250, "1")])
    take_back(store, 1)
    assert figures(store) == {("1", "receivable"): (0, 250, 0)}
    apply_export(store, [Account("1", [("A", 250)], ONE)])
    assert figures(store) == {("1", "receivable"): (250, 0, 0)}


def test_a_credit_note_is_negative_and_is_told_from_an_invoice_of_its_number_by_the_sign(store: Store):
    take(store, [own("A", 250), own("A", 30, kind="credit-note")])
    assert figures(store) == {("1", "receivable"): (0, 220, 0)}
    apply_export(store, [Account("1", [("A", -30)])])
    assert own_states(store) == {("1", "credit-note", "A"): "seen", ("1", "invoice", "A"): "open"}
    assert figures(store) == {("1", "receivable"): (-30, 250, 0)}


def test_customers_that_share_an_account_are_told_apart_by_the_amount(store: Store):
    apply_export(store, [Account("1", [("Z", 1)], ONE)])
    rows = [own("A", 250, code, exact_id=ONE) for code in ("X", "Y")]
    take(store, [rows[0], rows[1]._replace(amount_fc=99, amount_dc=99)])
    apply_export(store, [Account("1", [("A", 99)], ONE)])
    assert own_states(store) == {("X", "invoice", "A"): "open", ("Y", "invoice", "A"): "seen"}
    take(store, rows, NOW + timedelta(1))
    apply_export(store, [Account("1", [("A", 250)], ONE)])
    assert own_states(store) == {("X", "invoice", "A"): "open?", ("Y", "invoice", "A"): "open?"}
    assert figures(store) == {("1", "receivable"): (250, 500, 0)}


def test_an_account_of_our_own_is_taken_over_by_a_later_export(store: Store):
    changes = take(store, [own("A", 250, "KLANT-1", exact_code="1", customer_name="Jansen"), own("B", 5, "2")])
    assert changes.unmatched == (("2", ""), ("KLANT-1", "Jansen"))
    apply_export(store, [Account("1", [("A", 250)], ONE, "Jansen BV")])
    assert figures(store) == {("1", "receivable"): (250, 0, 0), ("2", "receivable"): (0, 5, 0)}
    with store.read() as tx:
        assert [(one.code, one.account_exact_id, one.is_known) for one in list_customers(tx)] == [
            ("2", None, False),
            ("KLANT-1", ONE, True),
        ]


def test_without_an_account_number_date_and_amount_together_tell(store: Store):
    apply_export(store, [Account("9", [("A", 250), item("B", 9, invoice_date="2026-02-01"), ("C", 8)])])
    take(store, [own("A", 250, "X"), own("B", 9, "X"), own("C", 7, "X")])
    assert statuses(store) == ["seen", "open", "open"]
    with store.read() as tx:
        assert [one.seen_by for one in list_invoices(tx, numbers=("A",))] == ["number-date-amount"]


def test_candidates_on_two_accounts_leave_it_counting_and_are_told(store: Store):
    apply_export(store, [Account("8", [("A", 250)]), Account("9", [("A", 250)])])
    changes = take(store, [own("A", 250, "X")])
    assert (changes.ambiguous, statuses(store)) == (1, ["open?"])
    assert figures(store)["X", "receivable"] == (0, 250, 0)


def test_an_item_that_is_another_customers_shows_nothing(store: Store):
    apply_export(store, [Account("9", [("A", 250)])])
    take(store, [own("A", 250, "9"), own("A", 250, "X")])
    assert own_states(store) == {("9", "invoice", "A"): "seen", ("X", "invoice", "A"): "open"}


def test_a_payable_is_seen_by_the_suppliers_number(store: Store):
    take(store, [own("INV7", 250, "1", side="payable"), own("INV8", 5, "1", side="payable")])
    apply_export(store, [Account("1", [item("90001", 250, your_ref="INV7")], side="payable")], PAYABLE)
    assert figures(store) == {("1", "payable"): (250, 5, 0)}
    take_back(store, 1)
    assert figures(store) == {("1", "payable"): (0, 255, 0)}


def test_an_invoice_without_number_is_never_recognised(store: Store):
    take(store, [own("FAC", 250, exact_number=""), own("0", 10)])
    apply_export(store, [Account("1", [("", 250), ("0", 10)])])
    assert statuses(store) == ["open", "open"]


def test_cancelled_and_paid_count_nowhere_until_that_is_taken_back(store: Store):
    take(store, [own("A", 250), own("B", 100), own("C", 10)])
    with store.write() as tx:
        assert end(tx, "nl01", InvoiceChoice(("A",)), "cancelled", NOW, "jan").matched == 1
        assert end(tx, "nl01", InvoiceChoice(("B",)), "paid", NOW, "jan").matched == 1
        assert end(tx, "nl01", InvoiceChoice(("X",)), "paid", NOW, "jan").unknown == ("X",)
    assert figures(store) == {("1", "receivable"): (0, 10, 0)}
    apply_export(store, [Account("1", [("B", 100)])])
    assert statuses(store) == ["cancelled", "paid", "open"]
    with store.write() as tx:
        assert resume(tx, "nl01", ALL, NOW, "jan").matched == 2
    assert statuses(store) == ["open", "seen", "open"]


def test_what_was_not_handed_over_after_all_is_open_again(store: Store):
    take(store, [own("A", 250), own("A", 100, "2")])
    assert hand_over(store, "A").ambiguous == ("A",)
    with store.write() as tx:
        batch(tx, "nl01", ALL, "W10", NOW, "jan")
        assert unbatch(tx, "nl01", InvoiceChoice(customer="2"), NOW, "jan").matched == 1
    assert figures(store) == {("1", "receivable"): (0, 0, 250), ("2", "receivable"): (0, 100, 0)}


def test_a_link_by_hand_moves_the_sums_and_taking_it_back_too(store: Store):
    apply_export(store, [Account("1", [("A", 250)], ONE), Account("2", [("Z", 1)], TWO)])
    take(store, [own("A", 250, "X"), own("B", 30, "X")])
    assert own_states(store)["X", "invoice", "B"] == "open"
    with store.write() as tx:
        link(tx, "nl01", "EUR", "X", account_id(store, "2"))
    assert figures(store) == {("1", "receivable"): (250, 0, 0), ("2", "receivable"): (1, 280, 0)}
    with store.write() as tx:
        link(tx, "nl01", "EUR", "X", account_id(store, "1"))
    assert figures(store) == {("1", "receivable"): (250, 30, 0), ("2", "receivable"): (1, 0, 0)}
    with store.write() as tx:
        assert unlink(tx, "nl01", "EUR", "X")
        assert not unlink(tx, "nl01", "EUR", "X")
    assert figures(store)["X", "receivable"] == (0, 30, 0)
    with store.write() as tx, pytest.raises(AccountUnknown):
        link(tx, "nl01", "EUR", "X", 99)


def test_a_customer_may_be_linked_before_any_of_its_invoices_came(store: Store):
    apply_export(store, [Account("1", [("A", 250)], ONE)])
    with store.write() as tx:
        link(tx, "nl01", "EUR", "X", account_id(store, "1"))
    take(store, [own("A", 250, "X", customer_name="Jansen")])
    with store.read() as tx:
        assert [(one.code, one.name, one.linked_by) for one in list_customers(tx)] == [("X", "Jansen", "hand")]
    assert statuses(store) == ["seen"]


def test_transactions_hand_over_what_they_hold(store: Store):
    take(store, [own("A", 250), own("B", 100), own("B", 30, "2"), own("P1", 9, "3", side="payable")])
    rows = [
        TransactionRow(4, "receivable", "1", None, "A", "", "2026-01-15", 250),
        TransactionRow(9, None, None, None, "B", "", "2026-01-15", -30),
        TransactionRow(14, "payable", "3", None, "77", "P1", "2026-01-15", None),
        TransactionRow(19, "receivable", "1", None, "Z", "", "2026-01-15", 1),
    ]
    with store.write() as tx:
        changes = mark_transactions(tx, "nl01", rows, "7KQ2-M4", NOW, "jan@bakker.example")
        assert (changes.matched, changes.already, changes.unknown, changes.amount_dc) == (3, 0, ("Z",), 289)
        assert mark_transactions(tx, "nl01", rows, "7KQ2-M4", NOW, "jan@bakker.example").already == 3
    assert own_states(store) == {
        ("1", "invoice", "A"): "in-transit",
        ("1", "invoice", "B"): "open",
        ("2", "invoice", "B"): "in-transit",
        ("3", "invoice", "P1"): "in-transit",
    }


def test_the_report_foresees_what_an_export_shows(store: Store):
    take(store, [own("A", 250), own("B", 100), own("C", 30)])
    with store.write() as tx:
        batch(tx, "nl01", InvoiceChoice(("B", "C")), "W10", NOW - timedelta(20), "jan")
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 250), ("C", 30)])])
        staging.compare(RECEIVABLE)
        summary = staging.own_summary(RECEIVABLE, NOW, 14)
    assert (summary.recognised, summary.recognised_dc) == (2, 280)
    assert summary.largest[0] == Recognised("A", "1", "1", "1", 250)
    assert (summary.open, summary.in_transit, summary.in_transit_dc) == (0, 1, 100)
    assert summary.overdue == (Recognised("B", "1", "1", "1", 100, 20),)


def test_the_credit_limit_is_held_against_all_that_counts_and_does_not_flap(store: Store):
    apply_export(store, [Account("1", [("Z", 1)])])
    take(store, [own("A", 250), own("B", 100)])
    hand_over(store, "B")
    with store.write() as tx:
        tx.execute(text("UPDATE account SET credit_limit = 351"))
    with store.staging() as staging:
        stage(staging, [Account("1", [("Z", 1), ("A", 250), ("B", 100)])])
        staging.compare(RECEIVABLE)
        assert staging.credit_crossings(RECEIVABLE) == []
        staging.clear()
        stage(staging, [Account("1", [("Z", 2), ("A", 250), ("B", 100)])])
        comparison = staging.compare(RECEIVABLE)
        crossed = [CreditCrossing("1", "Bakker", 351, 351, 352)]
        assert staging.credit_crossings(RECEIVABLE) == crossed
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(), "EUR", NOW)
        assert staging.credit_crossings(RECEIVABLE) == crossed
