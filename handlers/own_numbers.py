"""How the number of an own invoice looks in Exact's list of open items."""

import re

from handlers.policy import NumberRule
from parsers.records import Side

_INTEGER = re.compile(r"\+?0*([0-9]+)", re.ASCII)


def to_exact(number: str, side: Side, rule: NumberRule) -> str:
    """What `number` is in Exact; "" for one that can stand for nothing there.

    Receivable: Exact's number is an integer, written without leading zeros as in `Item.number`, and "" where it is 0.
    Payable: the supplier's number stands in Exact as text (YourRef), so no rule changes it.
    """
    number = " ".join(number.split())
    if side == "payable":
        return number
    if rule == "digits":
        number = "".join(character for character in number if character in "0123456789")
    whole = _INTEGER.fullmatch(number)
    exact = whole.group(1) if whole else number
    return "" if exact == "0" else exact


def is_findable(exact: str, side: Side) -> bool:
    """Whether an item in an export can have it: Exact's own number is an integer (schema: OutstandingItem/@number)."""
    return exact not in ("", "0") and (side == "payable" or _INTEGER.fullmatch(exact) is not None)
