from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.amounts import WrongAmount
from parsers.cells import AmountCells, read_day


@pytest.mark.parametrize(
    ("delimiter", "text", "cents"),
    [
        (";", "1500", 150000),
        (";", "1.500", 150000),
        (";", "1.500,00", 150000),
        (";", "1500,5", 150050),
        (";", "1500.50", 150050),
        (";", "1.234.567", 123456700),
        (";", "1 500,00", 150000),
        (";", "1\u202f500", 150000),
        (";", "1'500.5", None),
        (";", "1,500", None),
        (";", "1.50.000", None),
        (",", "1,500", 150000),
        (",", "1,500.00", 150000),
        (",", "1500,5", 150050),
        (",", "1500.5", 150050),
        (",", "1.500", None),
        (",", "+5", 500),
        (",", "-5", -500),
        (",", "", None),
        ("\t", "1500", 150000),
        ("\t", "1500.5", 150050),
        ("\t", "1500,50", 150050),
        ("\t", "1.500,00", 150000),
        ("\t", "1,500.00", 150000),
        ("\t", "1.234.567", 123456700),
        ("\t", "1 500", 150000),
        ("\t", "1.500", None),
        ("\t", "-1,500", None),
        ("\t", "1.5.0", None),
        (",", "٣", None),
    ],
)
def test_the_delimiter_says_which_mark_is_decimal(delimiter: str, text: str, cents: int | None) -> None:
    if cents is None:
        with pytest.raises(WrongAmount):
            AmountCells(delimiter, 2).read(text)
    else:
        assert AmountCells(delimiter, 2).read(text) == cents


@given(st.text("+-0123456789., '", max_size=12))
def test_in_a_file_with_tabs_an_amount_means_the_same_to_all_who_understand_it(text: str) -> None:
    def read(delimiter: str) -> int | None:
        with suppress(WrongAmount):
            return AmountCells(delimiter, 2).read(text)
        return None

    meanings = {read(";"), read(",")} - {None}
    assert read("\t") in ({None} | meanings if len(meanings) == 1 else {None})


def test_of_a_currency_with_three_digits_a_lone_mark_is_no_group() -> None:
    semicolons, commas = AmountCells(";", 3), AmountCells(",", 3)
    for cells, clear, unclear in ((semicolons, "1,234", "1.234"), (commas, "1.234", "1,234")):
        assert cells.read(clear) == 1234
        for text in (unclear, f"-{unclear}"):
            with pytest.raises(WrongAmount):
                cells.read(text)
    assert semicolons.read("1.234,000") == semicolons.read("1234") == 1_234_000
    assert semicolons.read("1.234.567") == 1_234_567_000


@given(st.integers(-(10**13), 10**13), st.sampled_from([0, 2, 3]), st.sampled_from([";", ","]), st.booleans())
def test_an_amount_is_read_as_it_was_written(minor: int, digits: int, delimiter: str, grouped: bool) -> None:
    text = f"{minor // 1:,}" if digits == 0 else f"{Decimal(minor).scaleb(-digits):,.{digits}f}"
    text = text if grouped else text.replace(",", "")
    text = text.translate(str.maketrans(".,", ",.")) if delimiter == ";" else text
    assert AmountCells(delimiter, digits).read(text) == minor


@pytest.mark.parametrize(
    ("delimiter", "text", "day"),
    [
        (";", "2026-01-15", "2026-01-15"),
        (";", "15-01-2026", "2026-01-15"),
        (";", "5/1/2026", "2026-01-05"),
        (";", "05.01.2026", "2026-01-05"),
        (";", "15-01/2026", None),
        (";", "15-01-26", None),
        (";", "31-02-2026", None),
        (";", "2026-13-01", None),
        (";", "", None),
        (",", "2026-01-15", "2026-01-15"),
        (",", "01/02/2026", None),
        ("\t", "01-02-2026", None),
    ],
)
def test_a_day_is_read_where_it_can_be_no_other(delimiter: str, text: str, day: str | None) -> None:
    assert read_day(text, delimiter) == day
