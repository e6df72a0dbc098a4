from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.spools import Spool, Spools
from parsers.records import Card, Transaction


@pytest.fixture
def spool() -> Iterator[Spool[Card]]:
    made = Spool(Card)
    yield made
    made.close()


def card(code: str, page: int = 0) -> Card:
    return Card(page, None, code, "Bakker", 100)


def codes(spool: Spool[Card]) -> list[str | None]:
    return [one.code for one in spool]


def test_rows_come_out_as_they_went_in_and_as_often_as_asked(spool: Spool[Card]) -> None:
    rows = [Card(3, "id", None, "Bakker", None, True), card("2", page=3)]
    spool.add(rows)
    spool.add([])
    assert list(spool) == list(spool) == rows


def test_a_refused_file_takes_back_its_own_rows(spool: Spool[Card]) -> None:
    spool.add([card("1")])
    spool.add([card("2", page=1)])
    spool.add([card("3", page=1)])
    spool.drop(1)
    spool.drop(2)
    spool.add([card("4", page=3)])
    assert codes(spool) == ["1", "4"]


def test_rows_of_each_kind_are_kept_apart() -> None:
    one = Transaction(1, 5, "20260001", "70", "receivable", "10042", None, "20260001", "", "2026-01-15", 10000)
    with Spools() as spools:
        spools.cards.add([card("1")])
        spools.transactions.add([one])
        spools.drop(0)
        assert (list(spools.cards), list(spools.invoices), list(spools.transactions)) == ([], [], [one])
        spools.drop(1)
        assert list(spools.transactions) == []


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=12), st.sampled_from([500, 10**6]))
def test_whatever_was_refused_the_rest_is_there_in_memory_or_not(files: list[tuple[int, bool]], in_memory: int) -> None:
    kept: list[str] = []
    spool = Spool(Card)
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
    spool.close()
