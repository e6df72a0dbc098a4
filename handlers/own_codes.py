"""How the code of an own customer looks in Exact, and which codes a rule cannot keep apart."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from handlers.policy import CodeRule


class Collision(NamedTuple):
    """Two own codes that are one in Exact: nobody knows whose invoices they are then."""

    first: str
    second: str
    exact_code: str


def to_exact(code: str, rule: CodeRule) -> str:
    """What `code` is in Exact. Never "" for a code that is not blank.

    The steps in their order: prefix off, digits only, zeros off, padded, prefix on. A step that would leave nothing of
    the code is left out.
    """
    code = code.strip()
    exact = code.removeprefix(rule.prefix_remove).strip() or code
    if rule.digits_only:
        exact = "".join(character for character in exact if character in "0123456789") or exact
    if rule.strip_zeros:
        exact = exact.lstrip("0") or exact[-1:]
    return f"{rule.prefix_add}{exact.rjust(rule.pad, '0')}" if exact else ""


def collisions(codes: Iterable[str], rule: CodeRule) -> Iterator[Collision]:
    """Each code that comes to the same as an earlier one, with the first of them. The same code again is none."""
    first: dict[str, str] = {}
    for code in dict.fromkeys(code.strip() for code in codes):
        exact = to_exact(code, rule)
        if exact in first:
            yield Collision(first[exact], code, exact)
        elif exact:
            first[exact] = code
