"""The views as another program sees them: by SQL alone, and with the columns that the page in docs/ names."""

import re
from pathlib import Path

import pytest
from own_files import own, take
from sqlalchemy import text
from staged_exports import NOW, Account, apply_export, item, new_import, stage

from store import batches
from store.balances import iterate_balances
from store.database import Store
from store.own_records import InvoiceChoice
from store.records import Subledger
from store.subledgers import note_settings

PAGE = Path(__file__).parents[2] / "docs" / "sql-views.md"


def apply_in(store: Store, currency: str, administration: str, accounts: list[Account]) -> None:
    of = Subledger(administration, "receivable")
    with store.staging() as staging:
        stage(staging, accounts)
        comparison = staging.compare(of)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(of), currency, NOW)


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [
        ("EUR", 5, "0.05"),
        ("EUR", -5, "-0.05"),
        ("EUR", -123456, "-1234.56"),
        ("EUR", 0, "0.00"),
        ("EUR", 9_007_199_254_740_993_01, "9007199254740993.01"),
        ("JPY", -150, "-150"),
        ("KWD", 1001, "1.001"),
    ],
)
def test_amounts_are_written_out_with_the_digits_of_their_currency(
    store: Store, currency: str, amount: int, shown: str
):
    apply_in(store, currency, "nl01", [Account("1", [("A", amount)])])
    with store.read() as tx:
        row = tx.execute(text("SELECT * FROM open_balance")).mappings().one()
    assert (row["open_import"], row["open_import_text"], row["open_total_text"]) == (amount, shown, shown)
    assert row["digits"] == {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    assert (row["credit_limit"], row["credit_limit_text"]) == (None, None)


def test_a_balance_is_the_sum_of_exports_and_own_invoices(store: Store):
    apply_export(store, [Account("1", [("A", 250)], exact_id="id-1", name="Jansen")])
    with store.write() as tx:
        tx.execute(text("UPDATE balance SET open_invoices = 30"))
        tx.execute(text("UPDATE account SET credit_limit = 100000"))
    with store.read() as tx:
        row = dict(tx.execute(text("SELECT * FROM open_balance")).mappings().one())
    assert row == {
        "administration": "nl01",
        "side": "receivable",
        "code": "1",
        "exact_id": "id-1",
        "name": "Jansen",
        "currency": "EUR",
        "digits": 2,
        "open_import": 250,
        "open_invoices": 30,
        "in_transit": 0,
        "open_total": 280,
        "credit_limit": 100000,
        "open_import_text": "2.50",
        "open_invoices_text": "0.30",
        "in_transit_text": "0.00",
        "open_total_text": "2.80",
        "credit_limit_text": "1000.00",
    }


@pytest.mark.parametrize(("adds", "total"), [(False, 250), (True, 280)])
def test_what_is_in_transit_is_added_to_the_total_where_the_settings_say_so(store: Store, adds: bool, total: int):
    apply_export(store, [Account("1", [("A", 250)])])
    take(store, [own("B", 30)])
    with store.write() as tx:
        batches.batch(tx, "nl01", InvoiceChoice(), "W10", NOW, "jan")
        note_settings(tx, "nl01", "EUR", adds_in_transit=not adds)
        note_settings(tx, "nl01", "EUR", adds_in_transit=adds)
    with store.read() as tx:
        row = tx.execute(text("SELECT open_invoices, in_transit, in_transit_text, open_total FROM open_balance")).one()
        assert tuple(row) == (0, 30, "0.30", total)
        assert [row.open_total for row in iterate_balances(tx)] == [total]


def test_an_own_invoice_is_shown_in_both_currencies(store: Store):
    note = own("C-7", 1234, "KLANT-1", kind="credit-note", exact_code="1", currency="KWD", amount_fc=5001)
    take(store, [note._replace(customer_name="Jansen", vat_amount_fc=9)])
    with store.read() as tx:
        row = tx.execute(text("SELECT * FROM own_invoice_now")).mappings().one()
    assert (row["customer_code"], row["code"], row["name"], row["linked_by"]) == ("KLANT-1", "1", "Jansen", "code")
    assert (row["amount_dc_text"], row["amount_fc_text"], row["vat_amount_fc_text"]) == ("-12.34", "-5.001", "-0.009")
    assert (row["status"], row["batch"], row["currency"], row["invoice_digits"]) == ("open", None, "EUR", 3)


def test_an_item_is_shown_in_both_currencies_while_it_is_open(store: Store):
    dinars = item("B", 900, currency="KWD", open_fc=-3001, invoice_fc=4000, invoice_dc=1200)
    apply_export(store, [Account("1", [("A", 5), dinars])])
    apply_export(store, [Account("1", [dinars])])
    with store.read() as tx:
        row = tx.execute(text("SELECT * FROM open_item_now")).mappings().one()
    assert (row["number"], row["currency"], row["item_currency"], row["item_digits"]) == ("B", "EUR", "KWD", 3)
    assert (row["open_dc_text"], row["open_fc_text"]) == ("9.00", "-3.001")
    assert (row["invoice_dc_text"], row["invoice_fc_text"], row["opened_by"]) == ("12.00", "4.000", 1)


@pytest.mark.parametrize("view", ["open_balance", "open_item_now", "own_invoice_now"])
def test_the_page_names_every_column_in_order(store: Store, view: str):
    section = PAGE.read_text().partition(f"## `{view}`")[2].partition("\n## ")[0]
    named = [
        name for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]
    with store.read() as tx:
        assert sorted(named) == sorted(tx.execute(text(f"SELECT * FROM {view}")).keys())


def test_the_queries_on_the_page_run(store: Store):
    apply_export(store, [Account("1", [("A", 5)])])
    take(store, [own("B", 30)])
    with store.write() as tx:
        batches.batch(tx, "nl01", InvoiceChoice(), "W10", NOW, "jan")
    queries = re.findall(r"```sql\n(.+?)```", PAGE.read_text(), re.DOTALL)
    assert len(queries) >= 2
    with store.read() as tx:
        for query in queries:
            assert tx.execute(text(query)).all()
