"""Files of own invoices: sent again they are updated, never doubled; and whose account a customer has."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_files import assert_own_sound, figures, own, statuses, take
from sqlalchemy import text
from staged_exports import NOW, Account, apply_export

from store.batches import batch
from store.customers import link, list_customers, unlink
from store.database import Store
from store.own_invoices import end, list_invoices
from store.own_records import Collision, CustomersCollide, InvoiceChoice, OwnTotals, Repeated

ONE, TWO = ("00000000-0000-0000-0000-00000000000" + last for last in "12")
LATER = NOW + timedelta(hours=1)


def links(store: Store) -> dict[str, tuple[str | None, str | None, str]]:
    """Of each own customer: Exact's code and ID of the account, and how it is linked."""
    with store.read() as tx:
        return {one.code: (one.account_code, one.account_exact_id, one.linked_by) for one in list_customers(tx)}


def test_the_same_file_again_changes_nothing(store: Store):
    rows = [own("A", 250), own("B", 30, kind="credit-note", amount_fc=-30)]
    first = take(store, rows)
    assert (first.read, first.created, first.updated, first.unchanged) == (2, 2, 0, 0)
    assert first.totals == (OwnTotals("receivable", 0, 220, 0, 0),)
    again = take(store, rows)
    assert (again.created, again.updated, again.unchanged, again.is_empty) == (0, 0, 2, True)
    assert figures(store) == {("1", "receivable"): (0, 220, 0)}


def test_sent_again_with_other_figures_it_is_updated_and_keeps_its_batch(store: Store):
    take(store, [own("A", 250), own("B", 9)])
    with store.write() as tx:
        batch(tx, "nl01", InvoiceChoice(("A",)), "W10", NOW, "jan")
        end(tx, "nl01", InvoiceChoice(("B",)), "cancelled", NOW, "jan")
    changes = take(store, [own("A", 300, due_date="2026-03-01", vat_amount_fc=7), own("B", 10)], LATER)
    assert (changes.created, changes.updated) == (0, 2)
    assert changes.totals == (OwnTotals("receivable", 0, 0, 250, 300),)
    with store.read() as tx:
        first, second = list_invoices(tx, administration="nl01", side="receivable")
    assert (first.amount_dc, first.due_date, first.vat_amount_fc, first.batch) == (300, "2026-03-01", 7, "W10")
    assert (second.amount_dc, second.status, second.ended_by) == (10, "cancelled", "jan")


def test_an_older_file_never_overwrites(store: Store):
    take(store, [own("A", 300)], LATER)
    changes = take(store, [own("A", 250), own("B", 5)], NOW)
    assert (changes.created, changes.updated, changes.stale) == (1, 0, 1)
    assert figures(store) == {("1", "receivable"): (0, 305, 0)}
    take(store, [own("A", 300)], LATER + timedelta(hours=1))
    assert take(store, [own("A", 250)], LATER).stale == 1


def test_an_invoice_twice_in_one_file_counts_once_and_is_told_if_it_differs(store: Store):
    changes = take(store, [own("A", 250, line=2), own("A", 250, line=3), own("A", 40, line=4), own("B", 1, line=5)])
    assert changes.repeated[0] == Repeated("1", "A", 2, 4)
    assert (changes.read, changes.created) == (4, 2)
    assert figures(store) == {("1", "receivable"): (0, 41, 0)}


def test_an_invoice_whose_number_in_exact_changes_is_looked_for_anew(store: Store):
    apply_export(store, [Account("1", [("20260001", 250)])])
    take(store, [own("FAC-2026-0001", 250)])
    assert statuses(store) == ["open"]
    take(store, [own("FAC-2026-0001", 250, exact_number="20260001")], LATER)
    assert statuses(store) == ["seen"]


def test_two_customers_whom_the_rule_takes_for_one_account_are_named_and_nothing_is_written(store: Store):
    rows = [own("A", 250, "KLANT-1", exact_code="1"), own("B", 5, "01", exact_code="1")]
    changes = take(store, rows)
    assert changes.collisions == (Collision("01", "KLANT-1", "1"),)
    assert changes.is_refused
    assert figures(store) == {}
    take(store, rows[:1])
    assert take(store, rows[1:]).collisions == (Collision("01", "KLANT-1", "1"),)
    with store.write() as tx:
        link(tx, "nl01", "EUR", "01", tx.execute(text("SELECT id FROM account")).scalar_one())
    assert not take(store, rows).is_refused
    assert figures(store) == {("1", "receivable"): (0, 255, 0)}
    with pytest.raises(CustomersCollide, match="'01' and 'KLANT-1' are both '1'"), store.write() as tx:
        unlink(tx, "nl01", "EUR", "01")


def test_of_three_customers_that_collide_each_is_named(store: Store) -> None:
    rows = [own("A", 100, code, exact_code="1") for code in ("C-1", "A-1", "B-1")]
    named = (Collision("A-1", "B-1", "1"), Collision("A-1", "C-1", "1"))
    assert take(store, rows).collisions == named
    take(store, rows[:1])
    assert take(store, rows[1:]).collisions == named


def test_amounts_that_no_figure_could_hold_are_refused_before_anything_is_written(store: Store) -> None:
    most = 10**18
    assert take(store, [own("A", most)]).created == 1
    for rows in ([own("B", most)], [own("B", -most, "2")], [own("B", 10**17), own("C", 10**17)]):
        changes = take(store, rows)
        assert (changes.is_too_large, changes.is_refused) == (True, True)
    assert take(store, [own("B", 10**17)]).created == 1
    with store.write() as tx:
        end(tx, "nl01", InvoiceChoice(("A",)), "cancelled", NOW, "jan")
    assert take(store, [own("C", -(10**17))]).created == 1
    assert figures(store) == {}


def test_unknown_customers_are_refused_where_none_may_be_created(store: Store):
    apply_export(store, [Account("1", [("Z", 1)], ONE)])
    changes = take(store, [own("A", 250, "1"), own("B", 5, "2", customer_name="Jansen")], may_create=False)
    assert changes.unknown == (("2", "Jansen"),)
    assert changes.is_refused
    assert figures(store) == {("1", "receivable"): (1, 0, 0)}
    assert not take(store, [own("A", 250, "1")], may_create=False).is_refused


def test_a_customer_is_linked_by_id_first_and_by_code_only_without_one(store: Store):
    apply_export(store, [Account("1", [("Z", 1)], ONE), Account("2", [("Y", 1)], TWO), Account("3", [("X", 1)])])
    take(store, [own("A", 1, "1", exact_id=TWO), own("B", 1, "2"), own("C", 1, "3", exact_id=ONE[:-1] + "9")])
    assert links(store) == {
        "1": ("2", TWO, "exact-id"),
        "2": ("2", TWO, "code"),
        "3": ("3", None, "code"),
    }


def test_a_code_of_two_ids_is_nobodys(store: Store):
    apply_export(store, [Account("1", [("Z", 1)], ONE), Account("1", [("Y", 1)], TWO)])
    changes = take(store, [own("A", 1, "1")])
    assert changes.unmatched == (("1", ""),)
    assert links(store) == {"1": ("1", None, "code")}


def test_another_rule_for_codes_leads_to_the_account_and_takes_the_sums_along(store: Store):
    apply_export(store, [Account("1", [("Z", 1)], ONE)])
    take(store, [own("A", 250, "KLANT-1")])
    assert figures(store)["KLANT-1", "receivable"] == (0, 250, 0)
    changes = take(store, [own("A", 250, "KLANT-1", exact_code="1")], LATER)
    assert (changes.updated, changes.unchanged, changes.unmatched) == (0, 1, ())
    assert figures(store) == {("1", "receivable"): (1, 250, 0)}
    with store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM open_balance")).scalar_one() == 1


def test_own_invoices_are_listed_by_what_is_asked_for(store: Store):
    take(store, [own("A", 250, "1"), own("B", 5, "2", side="payable"), own("FAC-1", 7, "2", exact_number="1")])

    def listed(**wanted: object) -> list[str]:
        with store.read() as tx:
            return [one.number for one in list_invoices(tx, **wanted)]

    assert listed() == ["B", "A", "FAC-1"]
    assert listed(administration="nl02") == []
    assert listed(side="payable") == ["B"]
    assert listed(numbers=("1", "A")) == ["A", "FAC-1"]
    assert listed(status="seen") == []


@given(
    files=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from("AB"),
                st.sampled_from(["1", "2"]),
                st.sampled_from(["receivable", "payable"]),
                st.sampled_from(["invoice", "credit-note"]),
                st.integers(-(10**15), 10**15),
            ),
            max_size=6,
        ),
        max_size=4,
    )
)
def test_what_counts_is_the_sum_of_the_last_word_on_each_invoice(store: Store, files):
    with store.write() as tx:
        for table in ("own_invoice", "customer", "balance", "account"):
            tx.execute(text(f"DELETE FROM {table}"))
    last = {}
    for number, rows in enumerate(files):
        made = [own(of, amount, customer, side=side, kind=kind) for of, customer, side, kind, amount in rows]
        take(store, made, NOW + timedelta(hours=number))
        last |= {row[:4]: -abs(row[4]) if row[3] == "credit-note" else row[4] for row in rows}
    sums: dict[tuple[str, str], int] = {}
    for (_, customer, side, _), amount in last.items():
        sums[customer, side] = sums.get((customer, side), 0) + amount
    assert figures(store) == {key: (0, amount, 0) for key, amount in sums.items() if amount}
    with store.read() as tx:
        assert_own_sound(tx)
