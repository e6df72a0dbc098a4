"""What is open by days past the due date: of the store, and of an export that is being looked at.

Calendar dates are text of one form (ISO 8601), so that they are compared as text. One that is not a date counts as
what it sorts like.
"""

import operator
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection, text

from store.records import AgedBalance, AgedTotal, Ageing, Side, Subledger
from store.statements import Statement


def age_staged(tx: Connection, subledger: Subledger, as_of: date, after: int = -1) -> Ageing:
    """The staged items of one side, without those of accounts that have neither ID nor code.

    `age_early` was called, for the same day, for the blocks up to `after`.
    """
    aged = _STAGED.run(tx, {"side": subledger.side, "after": after} | _days(as_of)).one()
    if after < 0:
        return Ageing(*aged)
    early = _EARLY.run(tx, {"side": subledger.side}).one()
    return Ageing(*map(operator.add, aged, early))


def age_early(tx: Connection, after: int, last: int, as_of: date) -> None:
    """Have the staged items of the blocks above `after`, up to `last`, ready for `age_staged`."""
    _AGE_EARLY.run(tx, {"after": after, "last": last} | _days(as_of))


def iterate_ageing(
    tx: Connection, as_of: date, *, administration: str | None = None, side: Side | None = None
) -> Iterator[AgedBalance]:
    """Every account that has or had something open, as `iterate_balances` has them; read row by row."""
    wanted = _wanted(administration, side)
    query = text(f"SELECT {_ACCOUNT}, {_RANGES} {_OPEN} {wanted} GROUP BY {_ACCOUNT}, a.id ORDER BY 1, 2, 3, a.id")
    given = {"administration": administration, "side": side} | _days(as_of)
    for row in tx.execute(query, given, execution_options={"yield_per": 1000}):
        of, on, code, name, exact_id, currency, open_import, *ranges = row
        yield AgedBalance(of, on, code, name, exact_id, currency, open_import, Ageing(*ranges))


def list_ageing_totals(
    tx: Connection, as_of: date, *, administration: str | None = None, side: Side | None = None
) -> list[AgedTotal]:
    """The totals of each side of each administration that has or had something open."""
    wanted = _wanted(administration, side)
    query = text(f"SELECT {_SIDE}, {_RANGES} {_OPEN} {wanted} GROUP BY {_SIDE} ORDER BY 1, 2")
    rows = tx.execute(query, {"administration": administration, "side": side} | _days(as_of))
    return [AgedTotal(Subledger(row[0], row[1]), row[2], Ageing(*row[3:])) for row in rows]


def _wanted(administration: str | None, side: Side | None) -> str:
    """The condition as SQL: one with OR NULL in it would keep SQLite from its indexes."""
    conditions = ["a.administration = :administration"] * (administration is not None) + ["b.side = :side"] * (
        side is not None
    )
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _days(as_of: date) -> dict[str, str]:
    """The first due dates that count as not due, 1-30, 31-60 and 61-90 days overdue."""
    return {
        "due": as_of.isoformat(),
        "due_30": (as_of - timedelta(days=30)).isoformat(),
        "due_60": (as_of - timedelta(days=60)).isoformat(),
        "due_90": (as_of - timedelta(days=90)).isoformat(),
    }


_RANGES = """
    CAST(coalesce(sum(CASE WHEN i.due_date >= :due THEN i.open_dc END), 0) AS BIGINT) AS not_due,
    CAST(coalesce(sum(CASE WHEN i.due_date < :due AND i.due_date >= :due_30 THEN i.open_dc END), 0) AS BIGINT)
        AS days_1_30,
    CAST(coalesce(sum(CASE WHEN i.due_date < :due_30 AND i.due_date >= :due_60 THEN i.open_dc END), 0) AS BIGINT)
        AS days_31_60,
    CAST(coalesce(sum(CASE WHEN i.due_date < :due_60 AND i.due_date >= :due_90 THEN i.open_dc END), 0) AS BIGINT)
        AS days_61_90,
    CAST(coalesce(sum(CASE WHEN i.due_date < :due_90 THEN i.open_dc END), 0) AS BIGINT) AS over_90"""

_STAGED = Statement(f"""
    SELECT {_RANGES}
    FROM staged_item AS i
    CROSS JOIN staged_block AS b
    WHERE i.block > :after AND b.block = i.block AND b.side = :side
      AND (b.exact_id IS NOT NULL OR b.code IS NOT NULL)""")  # noqa: S608
_SUMS = ", ".join(f"CAST(coalesce(sum({name}), 0) AS BIGINT)" for name in Ageing._fields)
_EARLY = Statement(f"SELECT {_SUMS} FROM staged_aged WHERE side = :side")  # noqa: S608
_AGE_EARLY = Statement(f"""
    INSERT INTO staged_aged (page, side, {", ".join(Ageing._fields)})
    SELECT b.page, b.side, {_SUMS}
    FROM (SELECT i.block, {_RANGES} FROM staged_item AS i
          WHERE i.block > :after AND i.block <= :last GROUP BY i.block) AS aged
    CROSS JOIN staged_block AS b
    WHERE b.block = aged.block AND (b.exact_id IS NOT NULL OR b.code IS NOT NULL)
    GROUP BY b.page, b.side""")  # noqa: S608

_OPEN = """
    FROM account AS a
    JOIN balance AS b ON b.account_id = a.id
    JOIN subledger AS s ON s.administration = a.administration AND s.side = b.side
    LEFT JOIN open_item AS i ON i.account_id = a.id AND i.side = b.side AND i.closed_by IS NULL"""
_SIDE = "a.administration, b.side, s.currency"
_ACCOUNT = "a.administration, b.side, a.code, a.name, a.exact_id, s.currency, b.open_import"
