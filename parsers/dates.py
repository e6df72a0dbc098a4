"""Calendar dates as Exact writes them (xsd:date)."""

import re
from datetime import date

_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_DATE_AND_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T00:00:00(?:\.0+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)


def read_date(text: str) -> str | None:
    """The date as YYYY-MM-DD without its zone; None if it is not one. Midnight behind it is forgiven (xsd:dateTime)."""
    text = text.strip(" \t\r\n")
    match = _DATE.fullmatch(text) or _DATE_AND_MIDNIGHT.fullmatch(text)
    if not match:
        return None
    try:
        date.fromisoformat(match.group(1))
    except ValueError:
        return None
    return match.group(1)


def is_unlikely(day: str) -> bool:
    """A date that stands for none, such as 1900-01-01 or 9999-12-31."""
    return not "1950" <= day < "2100"
