from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.cards import CardSpool
from parsers.records import Card
from store.records import AccountCard


@pytest.fixture
def spool() -> Iterator[CardSpool]:
    with CardSpool() as made:
        yield made


def card(code: str, page: int = 0, **changes: bool | None) -> Card:
    return Card(page, None, code, "Bakker", 100)._replace(**changes)


def codes(spool: CardSpool) -> list[str | None]:
    return [one.code for one in spool]


def test_cards_come_out_as_the_store_takes_them_and_as_often_as_asked(spool: CardSpool) -> None:
    spool.add([Card(3, "id", None, "Bakker", None, True)])
    spool.add([])
    assert list(spool) == list(spool) == [AccountCard("id", None, "Bakker", None, True, may_create=True)]


def test_a_refused_file_takes_back_its_own_cards(spool: CardSpool) -> None:
    spool.add([card("1")])
    spool.add([card("2", page=1)])
    spool.add([card("3", page=1)])
    spool.drop(1)
    spool.drop(2)
    spool.add([card("4", page=3)])
    assert codes(spool) == ["1", "4"]


@pytest.mark.parametrize(
    ("is_customer", "is_supplier", "may_create"),
    [(None, None, True), (True, False, True), (False, True, True), (False, False, False), (False, None, False)],
)
def test_who_is_neither_customer_nor_supplier_is_not_made_an_account(
    spool: CardSpool, is_customer: bool | None, is_supplier: bool | None, may_create: bool
) -> None:
    spool.add([card("1", is_customer=is_customer, is_supplier=is_supplier)])
    assert [one.may_create for one in spool] == [may_create]


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=12), st.sampled_from([500, 10**6]))
def test_whatever_was_refused_the_rest_is_there_in_memory_or_not(files: list[tuple[int, bool]], in_memory: int) -> None:
    kept: list[str] = []
    with CardSpool() as spool:
        spool._file._max_size = in_memory  # type: ignore[attr-defined]
        for page, (count, is_refused) in enumerate(files):
            added = [f"{page}-{number}" for number in range(count)]
            for start in range(0, count, 10):
                spool.add([card(code, page) for code in added[start : start + 10]])
            if is_refused:
                spool.drop(page)
            else:
                kept += added
        assert codes(spool) == kept
