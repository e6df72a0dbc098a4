"""What a compared export means for own invoices once it is applied: foreseen from its new items, by the same rules.

Runs on the connection of a staging area, for one side of one administration; only `staged_own` is written.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from store import staged
from store.own_records import OwnSummary, Recognised
from store.recognising import ALIKE, KEYS, LOST_TWIN, NOT_ANOTHERS, NUMBERED, VERDICT, V, unknown
from store.records import Subledger
from store.schema import Moment
from store.statements import Statement

MOST_NAMED = 10  # invoices of each kind


def foresee(tx: Connection, subledger: Subledger) -> None:
    """Fill `staged_own` with the waiting own invoices that the new items show, or may show."""
    of = {"administration": subledger.administration, "side": subledger.side}
    _FORGET.run(tx, of)
    if _ANY_WAITING.run(tx, of).first():
        new = NEW_ITEMS if ANY_BEFORE.run(tx, of).first() else ALL_ITEMS
        for key in KEYS[subledger.side]:
            tx.execute(text(_by_account(new, key)), of)
        if tx.execute(_ANY_LOST, of).first():
            tx.execute(text(_elsewhere(new, KEYS[subledger.side])), of)
        if tx.dialect.name == "postgresql":  # no background process sees temporary tables
            tx.exec_driver_sql("ANALYZE staged_own")


def summarise_own(tx: Connection, subledger: Subledger, now: datetime, in_transit_days: int) -> OwnSummary:
    """See `Staging.own_summary`."""
    of: dict[str, object] = {"administration": subledger.administration, "side": subledger.side}
    if _ANY_WAITING.run(tx, of).first() is None:
        return OwnSummary()
    figures = tx.execute(_FIGURES, of).one()
    handed_over = now - timedelta(days=in_transit_days)
    overdue = tx.execute(_OVERDUE, of | {"before": handed_over}).all() if figures.in_transit else []
    ambiguous = tx.execute(_AMBIGUOUS, of).all()
    unmatched = tx.execute(_UNMATCHED, of).all()
    return OwnSummary(
        recognised=figures.recognised,
        recognised_dc=figures.recognised_dc,
        largest=tuple(_read(row, now) for row in tx.execute(_LARGEST, of)) if figures.recognised else (),
        open=figures.open,
        open_dc=figures.open_dc,
        in_transit=figures.in_transit,
        in_transit_dc=figures.in_transit_dc,
        ambiguous=tuple(_read(row, now) for row in ambiguous),
        ambiguous_count=ambiguous[0].of_all if ambiguous else 0,
        overdue=tuple(_read(row, now) for row in overdue),
        overdue_count=overdue[0].of_all if overdue else 0,
        unmatched=tuple((row.code, row.name) for row in unmatched),
        unmatched_count=unmatched[0].of_all if unmatched else 0,
    )


def find_waiting(tx: Connection, subledger: Subledger) -> dict[int, tuple[int, int]]:
    """By account ID: the sums of the own invoices that go on waiting, not handed over and in transit."""
    of = {"administration": subledger.administration, "side": subledger.side}
    return {
        account_id: (open_dc, in_transit_dc) for account_id, open_dc, in_transit_dc in _WAITING_BY_ACCOUNT.run(tx, of)
    }


def find_counting(tx: Connection, subledger: Subledger) -> dict[int, tuple[int, int]]:
    """The same where the export is applied already, in this transaction, as the balances have it.

    An account that the export brings is named as `staged.PLACE` names it.
    """
    rows = _COUNTED.run(tx, {"side": subledger.side})
    return {place: (open_invoices, in_transit) for place, open_invoices, in_transit in rows}


def _read(row: Row[Any], now: datetime) -> Recognised:
    days = (now - row.batched_at).days if row.batched_at else 0
    return Recognised(row.number, row.customer_code, row.code, row.name, row.amount_dc, days)


_STAGED = """
            SELECT a.account_id, a.account, i.number, i.your_ref, i.invoice_date, i.currency, i.invoice_fc,
                   i.open_fc, i.invoice_dc, i.open_dc"""
NEW_ITEMS = _STAGED + staged.NEW_ITEMS
ALL_ITEMS = _STAGED + staged.ALL_ITEMS
ANY_BEFORE = Statement("SELECT 1 FROM staged_account WHERE side = :side AND items_before > 0 LIMIT 1")

_COUNTING = f"{V} AND coalesce(v.status, '') IN ('open', 'in-transit')"  # found by number: not by the index on account
_FORGET = Statement("DELETE FROM staged_own WHERE side = :side")
_WAITING = f"{V} AND v.status IN ('open', 'in-transit')"
_ANY_WAITING = Statement(f"SELECT 1 FROM own_invoice AS v WHERE {_WAITING} LIMIT 1")  # noqa: S608


def _by_account(new: str, key: str) -> str:
    return f"""
    INSERT INTO staged_own (invoice, side, account_id, verdict, amount_dc)
    SELECT v.id, :side, v.account_id, {VERDICT}, v.amount_dc
    FROM ({new}) AS i
    CROSS JOIN own_invoice AS v
    WHERE {_COUNTING} AND {NUMBERED} AND v.exact_number = i.{key} AND v.account_id = i.account_id"""  # noqa: S608


def _brought(account: str) -> str:
    """SQL: whether Exact knows the account of this id (an expression) by the export."""
    return f"""EXISTS (SELECT 1 FROM staged_match AS m
                            CROSS JOIN staged_account AS s
                            WHERE m.account_id = {account} AND m.side = :side AND s.account = m.account
                              AND s.side = :side AND (s.items > 0 OR m.exact_id IS NOT NULL))"""  # noqa: S608


def _elsewhere(new: str, keys: tuple[str, ...]) -> str:
    selects = (
        f"""SELECT v.id, v.account_id, v.amount_dc, coalesce(i.account_id, -1 - i.account) AS place,
                 CASE WHEN {LOST_TWIN} THEN 1 ELSE 0 END AS twins
          FROM ({new}) AS i
          CROSS JOIN own_invoice AS v
          WHERE {_COUNTING} AND {_LOST} AND NOT v.ambiguous AND v.exact_number = i.{key}
            AND {ALIKE} AND {NOT_ANOTHERS}"""  # noqa: S608
        for key in keys
    )
    return f"""
    INSERT INTO staged_own (invoice, side, account_id, verdict, amount_dc)
    SELECT id, :side, account_id, CASE WHEN min(place) = max(place) AND max(twins) = 0 THEN 2 ELSE 1 END, amount_dc
    FROM ({" UNION ALL ".join(selects)}) AS one
    GROUP BY id, account_id, amount_dc"""  # noqa: S608


_LOST = f"{NUMBERED} AND {unknown('v.account_id')} AND NOT {_brought('v.account_id')}"
_ANY_LOST = text(f"SELECT 1 FROM own_invoice AS v WHERE {_WAITING} AND {_LOST} LIMIT 1")  # noqa: S608

_VERDICTS = """(SELECT invoice, max(verdict) AS verdict FROM staged_own WHERE side = :side AND verdict > 0
                GROUP BY invoice)"""
_STILL = "coalesce(f.verdict, 0) < 2"
_FIGURES = text(f"""
    SELECT count(CASE WHEN f.verdict = 2 THEN 1 END) AS recognised,
           CAST(coalesce(sum(CASE WHEN f.verdict = 2 THEN v.amount_dc END), 0) AS BIGINT) AS recognised_dc,
           count(CASE WHEN {_STILL} AND v.status = 'open' THEN 1 END) AS open,
           CAST(coalesce(sum(CASE WHEN {_STILL} AND v.status = 'open' THEN v.amount_dc END), 0) AS BIGINT) AS open_dc,
           count(CASE WHEN {_STILL} AND v.status = 'in-transit' THEN 1 END) AS in_transit,
           CAST(coalesce(sum(CASE WHEN {_STILL} AND v.status = 'in-transit' THEN v.amount_dc END), 0) AS BIGINT)
               AS in_transit_dc
    FROM own_invoice AS v LEFT JOIN {_VERDICTS} AS f ON f.invoice = v.id
    WHERE {_WAITING}""")  # noqa: S608
_ONE = f"""
    SELECT v.number, u.code AS customer_code, a.code, a.name, v.amount_dc, v.batched_at, count(*) OVER () AS of_all
    FROM own_invoice AS v
    JOIN customer AS u ON u.id = v.customer_id
    JOIN account AS a ON a.id = v.account_id
    LEFT JOIN {_VERDICTS} AS f ON f.invoice = v.id
    WHERE {_WAITING}"""  # noqa: S608
_IN_ORDER = f"v.number, v.id LIMIT {MOST_NAMED}"
_MOMENTS = {"batched_at": Moment()}
_LARGEST = text(f"{_ONE} AND f.verdict = 2 ORDER BY abs(v.amount_dc) DESC, {_IN_ORDER}").columns(**_MOMENTS)
_AMBIGUOUS = text(f"{_ONE} AND {_STILL} AND (v.ambiguous OR f.verdict = 1) ORDER BY {_IN_ORDER}").columns(**_MOMENTS)
_OVERDUE = (
    text(
        f"{_ONE} AND {_STILL} AND v.status = 'in-transit' AND v.batched_at < :before ORDER BY v.batched_at, {_IN_ORDER}"
    )
    .bindparams(bindparam("before", type_=Moment()))
    .columns(**_MOMENTS)
)
_UNMATCHED = text(f"""
    SELECT u.code, u.name, count(*) OVER () AS of_all
    FROM customer AS u
    WHERE u.id IN (SELECT v.customer_id FROM own_invoice AS v LEFT JOIN {_VERDICTS} AS f ON f.invoice = v.id
                   WHERE {_WAITING} AND {_STILL})
      AND {unknown("u.account_id")} AND NOT {_brought("u.account_id")}
    ORDER BY u.code LIMIT {MOST_NAMED}""")  # noqa: S608
_WAITING_BY_ACCOUNT = Statement(f"""
    SELECT v.account_id,
           CAST(coalesce(sum(CASE v.status WHEN 'open' THEN v.amount_dc END), 0) AS BIGINT) AS open_dc,
           CAST(coalesce(sum(CASE v.status WHEN 'in-transit' THEN v.amount_dc END), 0) AS BIGINT) AS in_transit_dc
    FROM own_invoice AS v LEFT JOIN {_VERDICTS} AS f ON f.invoice = v.id
    WHERE {_WAITING} AND {_STILL} GROUP BY v.account_id""")  # noqa: S608
_COUNTED = Statement(f"""
    SELECT {staged.PLACE} AS place, b.open_invoices, b.in_transit
    FROM staged_account AS a
    CROSS JOIN balance AS b
    WHERE a.side = :side AND b.account_id = a.account_id AND b.side = :side
      AND (b.open_invoices <> 0 OR b.in_transit <> 0)""")  # noqa: S608
