import pytest

from parsers.amounts import WrongAmount
from parsers.cells import AmountCells


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
        (",", "٣", None),
    ],
)
def test_the_delimiter_says_which_mark_is_decimal(delimiter: str, text: str, cents: int | None) -> None:
    if cents is None:
        with pytest.raises(WrongAmount):
            AmountCells(delimiter, 2).read(text)
    else:
        assert AmountCells(delimiter, 2).read(text) == cents
