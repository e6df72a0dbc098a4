import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staged_exports import RECEIVABLE, Account, apply_export, new_import, stage

from store.database import Store

ONE, TWO, THREE = ("00000000-0000-0000-0000-00000000000" + last for last in "123")


def accounts(store: Store) -> set[tuple[str | None, str | None, str, int]]:
    """Every account: Exact ID, code, name, open balance."""
    query = "SELECT exact_id, code, name, open_import FROM account JOIN balance ON account_id = id"
    with store.read() as tx:
        return {tuple(row) for row in tx.execute(text(query))}


def test_codes_swapped_between_two_ids_follow_the_ids(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een"), Account("B", [("2", 20)], TWO, "Twee")])
    comparison = apply_export(store, [Account("B", [("1", 10)], ONE, "Een"), Account("A", [("2", 20)], TWO, "Twee")])
    assert accounts(store) == {(ONE, "B", "Een", 10), (TWO, "A", "Twee", 20)}
    assert (comparison.created, comparison.changed, comparison.opened, comparison.closed) == (0, 0, 0, 0)


def test_a_renamed_account_keeps_its_balance_and_a_blank_name_renames_nothing(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een"), Account("B", [("2", 20)], None, "Twee")])
    apply_export(store, [Account("A", [("1", 10)], ONE, "Anders"), Account("B", [("2", 20)], None, "")])
    assert accounts(store) == {(ONE, "A", "Anders", 10), (None, "B", "Twee", 20)}


def test_a_code_that_the_file_leaves_out_is_kept(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een")])
    apply_export(store, [Account(None, [("1", 12)], ONE, "Een")])
    assert accounts(store) == {(ONE, "A", "Een", 12)}


def test_two_ids_under_one_code_are_two_accounts(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een"), Account("A", [("1", 20)], TWO, "Twee")])
    assert accounts(store) == {(ONE, "A", "Een", 10), (TWO, "A", "Twee", 20)}


def test_a_known_code_without_id_gets_the_id_of_the_file(store: Store):
    apply_export(store, [Account("A", [("1", 10)], None, "Een")])
    comparison = apply_export(store, [Account("A", [("1", 10)], ONE, "Een")])
    assert accounts(store) == {(ONE, "A", "Een", 10)}
    assert (comparison.created, comparison.opened) == (0, 0)


def test_a_known_code_goes_to_neither_of_two_ids(store: Store):
    apply_export(store, [Account("A", [("1", 10)], None, "Een")])
    comparison = apply_export(store, [Account("A", [("1", 10)], ONE, "Een"), Account("A", [("2", 5)], TWO, "Twee")])
    assert accounts(store) == {(None, "A", "Een", 0), (ONE, "A", "Een", 10), (TWO, "A", "Twee", 5)}
    assert comparison.created == 2


def test_a_code_without_id_finds_the_account_that_has_one(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een")])
    comparison = apply_export(store, [Account("A", [("1", 10)], None, "Een")])
    assert accounts(store) == {(ONE, "A", "Een", 10)}
    assert (comparison.created, comparison.ambiguous) == (0, ())


def test_a_code_without_id_beside_the_same_code_with_one_is_the_same_account(store: Store):
    export = [Account("A", [("1", 10)], None, "Een"), Account("A", [("1", 7)], ONE, "Een")]
    apply_export(store, export)
    assert accounts(store) == {(ONE, "A", "Een", 17)}
    assert apply_export(store, export[::-1]).opened == 0


def test_both_spellings_of_an_account_known_by_code_alone_become_one(store: Store):
    apply_export(store, [Account("A", [("1", 10)], None, "Een")])
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een"), Account("A", [("2", 7)], None, "Een")])
    assert accounts(store) == {(ONE, "A", "Een", 17)}


def test_a_code_counts_as_the_file_gives_it_not_as_the_store_remembers_it(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een")])
    apply_export(store, [Account("B", [("1", 10)], ONE, "Een"), Account("A", [("2", 5)], None, "Nieuw")])
    assert accounts(store) == {(ONE, "B", "Een", 10), (None, "A", "Nieuw", 5)}


def test_a_code_without_id_that_fits_two_accounts_is_reported(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een"), Account("A", [("2", 20)], TWO, "Twee")])
    with store.staging() as staging:
        stage(staging, [Account("A", [("3", 30)]), Account("C", [("4", 40)])])
        comparison = staging.compare(RECEIVABLE)
    assert comparison.ambiguous == ("A",)
    assert comparison.created == 2


def test_a_block_with_neither_id_nor_code_is_counted_and_cannot_be_applied(store: Store):
    with store.staging() as staging:
        stage(staging, [Account(None, [("1", 10)]), Account("A", [("2", 5)], THREE)])
        comparison = staging.compare(RECEIVABLE)
        assert (comparison.nameless, comparison.accounts, comparison.total_after) == (1, 1, 5)
        with pytest.raises(ValueError, match="neither ID nor code"), staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(), "EUR", new_import().arrived_at)


def test_accounts_of_another_administration_are_others(store: Store):
    apply_export(store, [Account("A", [("1", 10)], ONE, "Een")])
    comparison = apply_export(store, [Account("A", [("1", 10)], ONE, "Een")], type(RECEIVABLE)("be01", "receivable"))
    assert comparison.created == 1
    assert len(accounts(store)) == 1  # the same figures; one row each in both
    with store.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM account")).scalar() == 2


MIXED = st.lists(
    st.builds(
        Account,
        code=st.sampled_from([None, "A", "B", "C"]),
        exact_id=st.sampled_from([None, ONE, TWO, THREE]),
        items=st.lists(st.tuples(st.sampled_from(["", "1", "2"]), st.integers(-100, 100)), max_size=2),
    ).filter(lambda account: account.code or account.exact_id),
    max_size=6,
)


@given(first=MIXED, second=MIXED)
def test_any_mix_of_ids_and_codes_adds_up_and_is_matched_the_same_way_again(
    store: Store, first: list[Account], second: list[Account]
):
    apply_export(store, first)
    comparison = apply_export(store, second)
    assert comparison.total_after == sum(row[3] for row in accounts_now(store))
    assert comparison.total_after == sum(amount for account in second for _, amount in account.items)
    known = accounts_now(store)
    again = apply_export(store, second[::-1])
    assert (again.opened, again.closed, again.changed, again.created) == (0, 0, 0, 0)
    assert sorted(row[::3] for row in accounts_now(store)) == sorted(row[::3] for row in known)


def accounts_now(store: Store) -> list[tuple[int, str | None, str | None, int]]:
    """Every account: id, Exact ID, code, open balance."""
    query = "SELECT id, exact_id, code, open_import FROM account JOIN balance ON account_id = id ORDER BY id"
    with store.read() as tx:
        return [tuple(row) for row in tx.execute(text(query))]
