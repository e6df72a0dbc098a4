from collections.abc import Iterable
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, new_import, stage

from store.accounts import apply_cards
from store.balances import iterate_balances
from store.database import Store
from store.records import AccountCard, CardChanges, CreditCrossing, ImportMoved

ID_1, ID_2, ID_3 = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))
Row = tuple[str | None, str | None, str, int | None]


def card(
    code: str | None = None,
    exact_id: str | None = None,
    name: str = "",
    limit: int | None = None,
    *,
    unlimited: bool = False,
    may_create: bool = True,
) -> AccountCard:
    return AccountCard(exact_id, code, name, limit, unlimited, may_create)


def apply(store: Store, *cards: AccountCard, administration: str = "nl01") -> CardChanges:
    with store.write() as tx:
        return apply_cards(tx, administration, "EUR", cards)


def rows(store: Store, administration: str = "nl01") -> list[Row]:
    """ID, code, name and limit of each account, in the order in which they were made."""
    query = text("SELECT exact_id, code, name, credit_limit FROM account WHERE administration = :of ORDER BY id")
    with store.read() as tx:
        return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query, {"of": administration})]


def test_cards_make_accounts_and_change_them(store: Store) -> None:
    first = apply(store, card("1", ID_1, "Jansen", 500), card("2", name="Bakker"))
    assert (first.cards, first.created, first.changed) == (2, 2, 0)
    second = apply(store, card("3", ID_1, "Jansen B.V.", 600), card("2", limit=5))
    assert second == CardChanges(cards=2, created=0, changed=2, renamed=1, limits=2, over=0)
    assert rows(store) == [(ID_1, "3", "Jansen B.V.", 600), (None, "2", "Bakker", 5)]


def test_what_is_known_already_changes_nothing(store: Store) -> None:
    cards = (card("1", ID_1, "Jansen", 500), card("2", name="Bakker", unlimited=True))
    apply(store, *cards)
    again = apply(store, *cards)
    assert again == CardChanges(2, 0, 0, 0, 0, 0)
    assert again.is_empty


def test_what_a_card_does_not_say_stays(store: Store) -> None:
    apply(store, card("1", ID_1, "Jansen", 500))
    assert apply(store, card(exact_id=ID_1), card("1")).is_empty
    assert rows(store) == [(ID_1, "1", "Jansen", 500)]


def test_a_limit_is_taken_away_only_by_saying_so(store: Store) -> None:
    apply(store, card("1", name="Jansen", limit=0))
    assert apply(store, card("1", unlimited=True)).limits == 1
    assert rows(store) == [(None, "1", "Jansen", None)]


def test_who_may_not_be_made_is_changed_where_known(store: Store) -> None:
    apply(store, card("1", ID_1, "Jansen"))
    changes = apply(store, card("1", ID_1, limit=7, may_create=False), card("2", ID_2, "Prospect", may_create=False))
    assert (changes.created, changes.changed) == (0, 1)
    assert rows(store) == [(ID_1, "1", "Jansen", 7)]


def test_an_account_without_id_gets_the_one_under_which_its_code_is_named(store: Store) -> None:
    apply(store, card("1", name="Jansen"))
    assert apply(store, card("1", ID_1, limit=3)).created == 0
    assert rows(store) == [(ID_1, "1", "Jansen", 3)]


def test_two_ids_that_claim_one_code_are_two_more_accounts(store: Store) -> None:
    apply(store, card("1", name="Jansen"))
    assert apply(store, card("1", ID_1, "Een"), card("1", ID_2, "Twee")).created == 2
    assert rows(store) == [(None, "1", "Jansen", None), (ID_1, "1", "Een", None), (ID_2, "1", "Twee", None)]


def test_a_code_is_never_taken_for_an_account_of_another_id(store: Store) -> None:
    apply(store, card("1", ID_1, "Een"))
    apply(store, card("1", ID_2, "Twee"))
    assert [row[0] for row in rows(store)] == [ID_1, ID_2]


def test_swapped_codes_are_swapped(store: Store) -> None:
    apply(store, card("1", ID_1, "Een"), card("2", ID_2, "Twee"))
    assert apply(store, card("2", ID_1), card("1", ID_2)).changed == 2
    assert rows(store) == [(ID_1, "2", "Een", None), (ID_2, "1", "Twee", None)]


def test_a_code_that_was_set_free_may_be_a_new_account(store: Store) -> None:
    apply(store, card("1", name="Jansen"))
    apply(store, card("1", ID_1), card("9", ID_1), card("1", name="Nieuw"))
    assert rows(store) == [(ID_1, "9", "Jansen", None), (None, "1", "Nieuw", None)]


def test_a_code_finds_the_one_account_that_bears_it(store: Store) -> None:
    apply(store, card("1", ID_1, "Een"))
    apply(store, card("1", limit=4))
    assert rows(store) == [(ID_1, "1", "Een", 4)]


def test_a_code_that_several_bear_is_told_and_nothing_is_written(store: Store) -> None:
    apply(store, card("1", ID_1, "Een"), card("1", ID_2, "Twee"))
    before = rows(store)
    many = [card(f"n{number}", name="Nieuw") for number in range(900)]
    changes = apply(store, card("2", name="Vooraf"), *many, card("1", limit=4))
    assert (changes.ambiguous, changes.created, changes.changed, changes.cards) == (("1",), 0, 0, 902)
    assert rows(store) == before


def test_an_account_without_id_is_meant_by_its_code_though_others_bear_it(store: Store) -> None:
    apply(store, card("1", name="Nul"))
    apply(store, card("1", ID_1, "Een"), card("1", ID_2, "Twee"))
    assert apply(store, card("1", limit=4)).ambiguous == ()
    assert rows(store)[0] == (None, "1", "Nul", 4)


def test_a_later_card_wins_and_fills_in(store: Store) -> None:
    apply(store, card("1", name="Oud", limit=1), card("1", ID_1, name="Nieuw"), card("1", limit=2))
    assert rows(store) == [(ID_1, "1", "Nieuw", 2)]


def test_administrations_know_nothing_of_each_other(store: Store) -> None:
    apply(store, card("1", ID_1, "Een", 1))
    apply(store, card("1", ID_1, "Ander", 2), administration="be02")
    assert (rows(store), rows(store, "be02")) == ([(ID_1, "1", "Een", 1)], [(ID_1, "1", "Ander", 2)])


def test_who_is_above_the_new_limit_and_was_not_above_the_old_one_is_told(store: Store) -> None:
    apply_export(store, [Account(code, [("A", 100)], name=f"Klant {code}") for code in "12345"])
    apply(store, card("1", limit=50), card("2", limit=500))
    changes = apply(
        store, card("1", limit=40), card("2", limit=99), card("3", limit=10), card("4", limit=100), card("5")
    )
    assert (changes.limits, changes.over) == (4, 2)
    assert changes.largest_over == (
        CreditCrossing("3", "Klant 3", 10, 100, 100),
        CreditCrossing("2", "Klant 2", 99, 100, 100),
    )


def test_only_the_farthest_above_are_named(store: Store) -> None:
    codes = [str(number) for number in range(900)]
    apply_export(store, [Account(code, [("A", 1000 + int(code))]) for code in codes])
    changes = apply(store, *(card(code, limit=0) for code in codes))
    assert (changes.over, len(changes.largest_over)) == (900, 10)
    assert [one.code for one in changes.largest_over[:3]] == ["899", "898", "897"]


def test_what_creditors_get_is_held_against_no_limit(store: Store) -> None:
    apply_export(store, [Account("1", [("A", 100)], side="payable")], PAYABLE)
    assert apply(store, card("1", limit=5)).over == 0


def test_own_invoices_count_against_the_limit(store: Store) -> None:
    apply_export(store, [Account("1", [("A", 100)])])
    with store.write() as tx:
        tx.execute(text("UPDATE balance SET open_invoices = 30"))
    assert apply(store, card("1", limit=129)).largest_over[0].after == 130


def test_balances_show_the_limit(store: Store) -> None:
    apply(store, card("1", ID_1, "Jansen", 500))
    apply_export(store, [Account("1", [("A", 100)], exact_id=ID_1)])
    with store.read() as tx:
        assert [row.credit_limit for row in iterate_balances(tx)] == [500]


@pytest.mark.parametrize(
    ("told", "is_anew"),
    [
        (card("1", limit=5), False),
        (card("1", name="Anders"), False),
        (card("1", ID_1), True),
        (card("2", name="Nieuw"), True),
    ],
)
def test_a_comparison_under_way_is_made_again_if_accounts_are_found_otherwise(
    store: Store, told: AccountCard, is_anew: bool
) -> None:
    apply(store, card("1", name="Jansen"))
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 100)])])
        comparison = staging.compare(RECEIVABLE)
        apply(store, told)
        with pytest.raises(ImportMoved) if is_anew else nullcontext(), staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(), "EUR", NOW)


CARDS = st.builds(
    card,
    code=st.sampled_from(["1", "2", "3"]),
    exact_id=st.sampled_from([None, ID_1, ID_2, ID_3]),
    name=st.sampled_from(["", "a", "b"]),
    limit=st.sampled_from([None, 0, 7]),
    unlimited=st.booleans(),
    may_create=st.booleans(),
)


@given(st.lists(st.lists(CARDS, max_size=6), max_size=4))
def test_any_cards_leave_ids_unique_and_settle(store: Store, files: list[list[AccountCard]]) -> None:
    for cards in files:
        before = rows(store)
        changes = apply(store, *cards)
        after = rows(store)
        assert len(after) == len(before) + changes.created
        assert (after == before) if changes.ambiguous else (changes.is_empty == (after == before))
        assert all(new[0] == old[0] or old[0] is None for old, new in zip(before, after, strict=False))
        ids = [row[0] for row in after if row[0]]
        own_codes = [row[1] for row in after if row[0] is None]
        assert (len(set(ids)), len(set(own_codes))) == (len(ids), len(own_codes))


@pytest.mark.parametrize("count", [0, 1, 1001])
def test_any_number_of_cards_is_taken_from_any_iterable(store: Store, count: int) -> None:
    given_cards: Iterable[AccountCard] = (card(str(number), name="x") for number in range(count))
    with store.write() as tx:
        assert apply_cards(tx, "nl01", "EUR", given_cards).created == count
    assert len(rows(store)) == count
