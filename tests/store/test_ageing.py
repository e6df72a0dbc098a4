from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from staged_exports import PAYABLE, RECEIVABLE, Account, apply_export, item, stage

from store.ageing import iterate_ageing, list_ageing_totals
from store.balances import iterate_balances
from store.database import Store
from store.records import AgedBalance, AgedTotal, Ageing

TODAY = date(2026, 3, 2)


def due(days_overdue: int, amount: int) -> object:
    return item(f"{days_overdue}", amount, due_date=(TODAY - timedelta(days=days_overdue)).isoformat())


BORDERS = [
    due(-1, 1),
    due(0, 2),
    due(1, 4),
    due(30, 8),
    due(31, 16),
    due(60, 32),
    due(61, 64),
    due(90, 128),
    due(91, 256),
]


def test_days_past_the_due_date_fall_into_five_ranges(store: Store):
    apply_export(store, [Account("1", BORDERS)])
    with store.read() as tx:
        found = list(iterate_ageing(tx, TODAY))
    ranges = Ageing(1 + 2, 4 + 8, 16 + 32, 64 + 128, 256)
    assert found == [AgedBalance("nl01", "receivable", "1", "Bakker", None, "EUR", 511, ranges)]


def test_an_export_is_aged_before_it_is_applied_side_by_side(store: Store):
    with store.staging() as staging:
        stage(staging, [Account("1", BORDERS), Account("1", [due(5, 7)], side="payable"), Account(None, [due(5, 9)])])
        receivable, payable = staging.ageing(RECEIVABLE, TODAY), staging.ageing(PAYABLE, TODAY)
    assert receivable == Ageing(3, 12, 48, 192, 256)
    assert payable == Ageing(0, 7, 0, 0, 0)


def test_an_export_of_nothing_has_no_age(store: Store):
    with store.staging() as staging:
        assert staging.ageing(RECEIVABLE, TODAY) == Ageing(0, 0, 0, 0, 0)


def test_what_is_closed_does_not_age_and_an_account_with_nothing_open_is_there(store: Store):
    apply_export(store, [Account("1", [due(5, 7)]), Account("2", [due(40, 9)])])
    apply_export(store, [Account("2", [due(40, 9)])])
    apply_export(store, [Account("1", [due(100, 3)], side="payable")], PAYABLE)
    with store.read() as tx:
        aged = {(row.side, row.code): row.ageing for row in iterate_ageing(tx, TODAY)}
        assert list_ageing_totals(tx, TODAY) == [
            AgedTotal(PAYABLE, "EUR", Ageing(0, 0, 0, 0, 3)),
            AgedTotal(RECEIVABLE, "EUR", Ageing(0, 0, 9, 0, 0)),
        ]
        assert [row.code for row in iterate_ageing(tx, TODAY, administration="nl01", side="payable")] == ["1"]
        assert list_ageing_totals(tx, TODAY, administration="nowhere") == []
    assert aged == {
        ("payable", "1"): Ageing(0, 0, 0, 0, 3),
        ("receivable", "1"): Ageing(0, 0, 0, 0, 0),
        ("receivable", "2"): Ageing(0, 0, 9, 0, 0),
    }


@given(
    st.lists(
        st.builds(
            Account,
            code=st.sampled_from("ABC"),
            items=st.lists(st.builds(due, st.integers(-400, 400), st.integers(-(10**9), 10**9)), max_size=5),
        ),
        max_size=5,
    ),
    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
)
def test_the_ranges_add_up_to_the_balance_on_any_day(store: Store, export: list[Account], day: date):
    with store.staging() as staging:
        stage(staging, export)
        assert sum(staging.ageing(RECEIVABLE, day)) == staging.compare(RECEIVABLE).total_after
    apply_export(store, export)
    with store.read() as tx:
        aged = [(row.code, sum(row.ageing)) for row in iterate_ageing(tx, day)]
        assert aged == [(row.code, row.open_import) for row in iterate_balances(tx)]
