"""Amounts and dates as spreadsheets write them. What could mean two things is refused, never guessed.

How cells are separated tells where a spreadsheet comes from: semicolons are written where the comma is the decimal
mark, commas where the point is.
"""

import re

from parsers.amounts import AmountReader, WrongAmount
from parsers.dates import read_date

_DAY_FIRST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})", re.ASCII)


class AmountCells:
    """Amounts to minor units.

    In a file with semicolons the comma is the decimal mark and points group thousands, in one with commas it is the
    other way round; a lone mark before one or two last digits is a decimal mark in either. An amount is taken if it
    has one meaning only: not `1.500` in a file with tabs, nor of a currency with three digits in one with semicolons.
    """

    def __init__(self, delimiter: str, digits: int) -> None:
        marks = {";": [(",", ".")], ",": [(".", ",")]}.get(delimiter, [(",", "."), (".", ",")])
        unclear = ".," if len(marks) > 1 else marks[0][1] if digits > 2 else ""  # alone, before three digits
        self._is_unclear = re.compile(rf"[^.,]*[{unclear}][0-9]{{3}}", re.ASCII).fullmatch if unclear else None
        self._patterns: list[re.Pattern[str]] = []
        fraction = f"[0-9]{{1,{min(digits, 2)}}}" if digits else "(?!)"
        for mark, group in marks:
            whole = rf"[0-9]+|[0-9]{{1,3}}(?:[{group} \u00a0\u202f'’][0-9]{{3}})+"
            self._patterns += (
                re.compile(rf"([+-]?)({whole})(?:{re.escape(mark)}([0-9]{{0,{digits}}}))?", re.ASCII),
                re.compile(rf"([+-]?)([0-9]+){re.escape(group)}({fraction})", re.ASCII),
            )
        self._amounts = AmountReader(digits)

    def read(self, text: str) -> int:
        """Raises `WrongAmount`, also for more digits than the currency has."""
        found = next(filter(None, (pattern.fullmatch(text) for pattern in self._patterns)), None)
        if not found or (self._is_unclear and self._is_unclear(text)):
            raise WrongAmount("amount-invalid")
        sign, whole, fraction = found.groups()
        return self._amounts.read(f"{sign}{re.sub('[^0-9]', '', whole)}.{fraction or ''}".rstrip("."))


def read_day(text: str, delimiter: str) -> str | None:
    """A date as YYYY-MM-DD; None if it is not one.

    It is written so; in a file with semicolons also with the day first, as all do who write the decimal comma.
    """
    found = _DAY_FIRST.fullmatch(text) if delimiter == ";" else None
    if not found:
        return read_date(text)
    day, _, month, year = found.groups()
    return read_date(f"{year}-{month:0>2}-{day:0>2}")
