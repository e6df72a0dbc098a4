from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.amounts import LARGEST_SUM, AmountReader, WrongAmount, currency_digits


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("123.45", 12345),
        ("-123.45", -12345),
        ("+410.5", 41050),
        ("4.105E2", 41050),
        ("4105e-1", 41050),
        ("1210", 121000),
        ("1210.", 121000),
        (".5", 50),
        ("-.5", -50),
        ("0", 0),
        ("-0", 0),
        ("-0.001", 0),
        ("0.30000000000000004", 30),
        ("0.125", 13),
        ("0.005", 1),
        ("-0.005", -1),
        ("2.675", 268),
        ("1.004999", 100),
        ("1E-400", 0),
        (" \n12.50\t", 1250),
        ("00000000000012.50", 1250),
        ("12345678.90", 1234567890),
        ("-1234567890123.45", -123456789012345),
    ],
)
def test_an_amount_becomes_cents_rounded_half_up(text: str, cents: int) -> None:
    assert AmountReader(2).read(text) == cents


@pytest.mark.parametrize("text", ["1E16", "1" * 20, "1E999999999", "-1E99"])
def test_an_amount_no_book_has_is_too_large(text: str) -> None:
    with pytest.raises(WrongAmount, match="amount-too-large"):
        AmountReader(2).read(text)


@pytest.mark.parametrize(
    "text", [".", "-", "+", "e5", "1e", "1.2.3", "1 2", "½", "１２", "1e5e5", "0" * 500, "1E9999999999"]
)
def test_what_is_no_amount_is_invalid(text: str) -> None:
    with pytest.raises(WrongAmount, match="amount-invalid"):
        AmountReader(2).read(text)


@given(st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False), st.integers(0, 4))
def test_any_decimal_is_rounded_as_decimal_does(number: Decimal, digits: int) -> None:
    expected = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP).scaleb(digits)
    assert AmountReader(digits).read(str(number)) == int(expected)


@given(st.text(max_size=20))
def test_text_is_an_amount_or_a_wrong_amount(text: str) -> None:
    with suppress(WrongAmount):
        assert isinstance(AmountReader(2).read(text), int)


def test_no_sum_can_leave_64_bits() -> None:
    amounts = AmountReader(2)
    for _ in range(LARGEST_SUM // 10**17):
        amounts.read("1E15")
    with pytest.raises(WrongAmount, match="amount-too-large"):
        amounts.read("1E15")


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XXX", 2), ("nonsense", 2)])
def test_each_currency_has_its_digits(currency: str, digits: int) -> None:
    assert currency_digits(currency) == digits
