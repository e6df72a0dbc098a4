import pytest

from handlers.cards import account_card
from parsers.records import Card
from store.records import AccountCard


def test_a_card_is_what_the_store_takes() -> None:
    card = Card(3, "id", None, "Bakker", None, True)
    assert account_card(card) == AccountCard("id", None, "Bakker", None, True, may_create=True)


@pytest.mark.parametrize(
    ("is_customer", "is_supplier", "may_create"),
    [(None, None, True), (True, False, True), (False, True, True), (False, False, False), (False, None, False)],
)
def test_who_is_neither_customer_nor_supplier_is_not_made_an_account(
    is_customer: bool | None, is_supplier: bool | None, may_create: bool
) -> None:
    card = Card(0, None, "10042", "Bakker", 100, is_customer=is_customer, is_supplier=is_supplier)
    assert account_card(card).may_create == may_create
