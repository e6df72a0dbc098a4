from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staged_exports import RECEIVABLE, Account, apply_export, item

from store.balances import find_account, iterate_balances, iterate_items
from store.database import Store
from store.records import AccountAmbiguous, AccountUnknown, Balance

CENTS = st.integers(-(10**12), 10**12)
ITEMS = st.lists(
    st.builds(
        item,
        number=st.sampled_from(["", "1", "2", "20260001"]),
        open_dc=CENTS,
        due_date=st.sampled_from(["2026-01-01", "2026-02-01"]),
        description=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3),
        currency=st.sampled_from(["EUR", "USD"]),
    ),
    max_size=6,
)
EXPORTS = st.lists(st.builds(Account, code=st.sampled_from("ABCDE"), items=ITEMS), max_size=8)


def sums(export: list[Account]) -> dict[str | None, int]:
    totals: Counter[str | None] = Counter()
    for account in export:
        totals[account.code] += sum(whole.open_dc for whole in account.items)
    return dict(totals)


@given(first=EXPORTS, second=EXPORTS)
def test_balances_are_the_exact_sums_and_a_second_import_of_the_same_changes_nothing(
    store: Store, first: list[Account], second: list[Account]
):
    before = apply_export(store, first)
    assert before.total_after == sum(sums(first).values())
    for export in (second, second[::-1]):
        comparison = apply_export(store, export)
        with store.read() as tx:
            stored = {row.code: row.open_import for row in iterate_balances(tx, administration="nl01")}
            kept = tx.execute(text("SELECT count(*) FROM open_item WHERE closed_by IS NULL")).scalar()
            counted = tx.execute(text("SELECT sum(items) FROM balance")).scalar() or 0
        absent = dict.fromkeys(stored, 0)
        assert stored == absent | sums(second)
        assert kept == counted == comparison.items == sum(len(account.items) for account in second)
        assert comparison.total_after == sum(stored.values())
        assert comparison.gross_after == sum(abs(i.open_dc) for account in second for i in account.items)
    assert (comparison.opened, comparison.closed, comparison.changed) == (0, 0, 0)


def test_a_balance_has_all_its_figures(store: Store):
    apply_export(store, [Account("1", [("A", 250)], exact_id="id-1", name="Jansen")])
    with store.write() as tx:
        tx.execute(text("UPDATE balance SET open_invoices = 30"))
    with store.read() as tx:
        rows = list(iterate_balances(tx))
    assert rows == [Balance("nl01", "receivable", "1", "Jansen", "id-1", "EUR", 250, 30, 0, 280, None)]


def test_balances_can_be_asked_for_one_administration_and_side(store: Store):
    apply_export(store, [Account("2", [("A", 1)]), Account("10", [("B", 2)])])
    apply_export(store, [Account("1", [("A", 4)], side="payable")], type(RECEIVABLE)("be01", "payable"))
    with store.read() as tx:
        assert [row.code for row in iterate_balances(tx)] == ["1", "10", "2"]
        assert [row.code for row in iterate_balances(tx, administration="nl01")] == ["10", "2"]
        assert [row.open_import for row in iterate_balances(tx, side="payable")] == [4]
        assert list(iterate_balances(tx, administration="nowhere")) == []


def test_the_items_behind_a_balance_are_its_open_ones(store: Store):
    apply_export(store, [Account("1", [("A", 100), ("B", 50)])])
    apply_export(store, [Account("1", [("B", 50), ("C", 7)])])
    with store.read() as tx:
        items = list(iterate_items(tx, find_account(tx, "nl01", "1").id))
    assert [(row.number, row.open_dc, row.opened_by) for row in items] == [("B", 50, 1), ("C", 7, 2)]


def test_an_account_is_found_by_code_then_id_then_a_part_of_its_name(store: Store):
    guid = "0a000000-0000-0000-0000-000000000001"
    apply_export(
        store,
        [
            Account("100", name="Müller GmbH", exact_id=guid),
            Account("GMBH", name="Bakker 100"),
            Account("7", name="Bak"),
        ],
    )
    with store.read() as tx:
        assert find_account(tx, "nl01", " 100 ").name == "Müller GmbH"
        assert find_account(tx, "nl01", "{" + guid.upper() + "}").code == "100"
        assert find_account(tx, "nl01", "MÜLLER").code == "100"
        assert find_account(tx, "nl01", "GMBH").name == "Bakker 100"
        with pytest.raises(AccountAmbiguous, match="2 accounts of nl01") as ambiguous:
            find_account(tx, "nl01", "bak")
        with pytest.raises(AccountUnknown, match="'Visser'"):
            find_account(tx, "nl01", "Visser")
    assert [account.code for account in ambiguous.value.candidates] == ["7", "GMBH"]
