"""How many digits the currencies have that occur: kept beside the amounts, so that SQL alone can write them out."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from store.statements import Statement


def digits_of(code: str) -> int:
    """Digits after the point (Unicode CLDR): EUR 2, JPY 0, KWD 3; 2 for a currency that is not known."""
    from babel.core import get_global  # a tenth of a second to load, and needed once a currency

    fractions = get_global("currency_fractions")
    digits: int = fractions.get(code, fractions["DEFAULT"])[0]
    return digits


def keep_currencies(tx: Connection, codes: Iterable[str]) -> None:
    """Note the digits of those that the store does not know yet. What was noted once never changes."""
    wanted = set(codes)
    known = {code for (code,) in _KNOWN.run(tx)}
    if unknown := sorted(wanted - known):
        tx.execute(_INSERT, [{"code": code, "digits": digits_of(code)} for code in unknown])


_KNOWN = Statement("SELECT code FROM currency")
_INSERT = text("INSERT INTO currency (code, digits) VALUES (:code, :digits) ON CONFLICT DO NOTHING")
