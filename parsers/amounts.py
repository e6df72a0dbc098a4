"""Amounts as Exact writes them (xsd:float) to whole minor units."""

import re
from decimal import ROUND_HALF_UP, Decimal

from babel.core import get_global

LARGEST_SUM = 2**60  # of the absolute amounts that one reader saw, so that no sum of theirs leaves 64 bits
CURRENCIES: frozenset[str] = frozenset(get_global("all_currencies"))
_LONGEST = 400  # characters; a double in full has 309 digits before the point
_FRACTIONS = get_global("currency_fractions")

_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,9})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?[0-9.']*,[0-9]*", re.ASCII)


class WrongAmount(ValueError):
    """Text that is no amount; `code` says in what way."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def currency_digits(currency: str) -> int:
    """How many digits a currency has after the point: EUR 2, JPY 0, KWD 3; 2 for one that is not known."""
    digits: int = _FRACTIONS.get(currency, _FRACTIONS["DEFAULT"])[0]
    return digits


class AmountReader:
    """Turns text into minor units of one currency, and guards that no sum of them can leave 64 bits."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self._unit = Decimal(1).scaleb(-digits)
        self._scales: list[int] = [10 ** (digits - given) for given in range(digits + 1)]
        self._gross = 0

    def read(self, text: str | None) -> int:
        """Rounds half up, away from zero. Raises `WrongAmount`: `amount-missing`, `amount-invalid`, `amount-comma`,
        `amount-not-finite`, `amount-too-large`.
        """
        if text is None:
            raise WrongAmount("amount-missing")
        whole, _, fraction = text.partition(".")
        # Plain and short, as nearly all are: too small for any number of them in one reading to leave 64 bits.
        if len(fraction) <= self.digits and len(whole) < 8:
            figures = whole + fraction
            if (figures[1:] if figures[:1] == "-" else figures).isdecimal() and figures.isascii():
                return int(figures) * self._scales[len(fraction)]
        return self._read_float(text.strip(" \t\r\n"))

    def _read_float(self, text: str) -> int:
        if not text:
            raise WrongAmount("amount-missing")
        if len(text) > _LONGEST or not _FLOAT.fullmatch(text):
            raise WrongAmount(_what_is_wrong(text))
        number = Decimal(text)
        if number.adjusted() > 15:
            raise WrongAmount("amount-too-large")
        amount = int(number.quantize(self._unit, ROUND_HALF_UP).scaleb(self.digits))
        self._gross += abs(amount)
        if self._gross > LARGEST_SUM:
            raise WrongAmount("amount-too-large")
        return amount


def _what_is_wrong(text: str) -> str:
    if _NOT_FINITE.fullmatch(text[:_LONGEST]):
        return "amount-not-finite"
    return "amount-comma" if _WITH_COMMA.fullmatch(text[:_LONGEST]) else "amount-invalid"
