"""What would an export change: the staged accounts and items held against the store, by sets.

Runs on the connection of a staging area, for one side of one administration. Only temporary tables are written:
`staged_account` holds the figures of every account before and after, `staged_opened` and `staged_closed` the items
that differ. CROSS JOIN keeps SQLite to the order written here, which needs no statistics to be the right one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from store import foreseeing, imports
from store.matching import match_accounts
from store.records import AccountChange, Comparison, CurrencyTotal, Position, Subledger
from store.signs import find_signs
from store.staged import ALL_ITEMS, PLACE, SAME
from store.statements import Statement, Values

LARGEST = 10  # changes of each kind that a comparison names


def compare(
    tx: Connection, subledger: Subledger, as_of: date | None, files: Collection[str], known_at: Position | None
) -> Comparison:
    """Fill the temporary tables and add up what they say.

    `known_at` is where the subledger was when `early` looked at the blocks: if it moved since, that counts for nothing.
    """
    standing = imports.find_standing(tx, subledger)
    is_still_there = known_at == (standing.last.id if standing.last else None, standing.account_version)
    of = {"administration": subledger.administration, "side": subledger.side, "is_still_there": is_still_there}
    ambiguous = match_accounts(tx, subledger, is_still_there=is_still_there)
    _analyze(tx, "staged_match")
    for step in (_FORGET_ACCOUNTS, _FORGET_OPENED, _FORGET_CLOSED, _NUMBER_REPEATED, _ADD_UP, _ADD_ABSENT):
        step.run(tx, of)
    _analyze(tx, "staged_account")
    figures = _Figures(*_FIGURES.run(tx, of).one())
    opened, closed = figures.items, 0
    if standing.items:
        opened = _FIND_OPENED.run(tx, of).count
        closed = standing.items + opened - figures.items
        if closed:
            _analyze(tx, "staged_opened")
            _FIND_CLOSED.run(tx, of)
            _analyze(tx, "staged_closed")
    foreseeing.foresee(tx, subledger)
    signs = find_signs(
        tx,
        subledger,
        standing.last,
        known=standing.items,
        opened=opened,
        closed=closed,
        as_of=as_of,
        files=files,
    )
    lowest, highest = _CURRENCIES.run(tx).one()
    currencies = (_TOTAL_OF_ONE_CURRENCY if lowest == highest else _TOTALS_BY_CURRENCY).run(tx, of)
    return Comparison(
        subledger=subledger,
        last=standing.last,
        account_version=standing.account_version,
        items=figures.items,
        items_before=standing.items,
        opened=opened,
        closed=closed,
        accounts=figures.accounts,
        accounts_before=standing.accounts,
        total_before=standing.total,
        total_after=figures.total,
        gross_before=standing.gross,
        gross_after=figures.gross,
        changed=figures.changed,
        created=figures.created,
        zeroed=figures.zeroed,
        reopened_accounts=figures.reopened,
        largest=_list_changes(tx, _LARGEST, of),
        largest_created=_list_changes(tx, _LARGEST_CREATED, of),
        largest_zeroed=_list_changes(tx, _LARGEST_ZEROED, of),
        largest_reopened=_list_changes(tx, _LARGEST_REOPENED, of) if figures.reopened else (),
        currencies=tuple(CurrencyTotal(*row) for row in currencies),
        nameless=_COUNT_NAMELESS.run(tx, of).scalar(),
        ambiguous=ambiguous,
        vanished=figures.vanished,
        ts_d_before=standing.ts_d,
        **signs._asdict(),
    )


def iterate_changes(
    tx: Connection,
    subledger: Subledger,
    limits: Mapping[int, int],
    waiting: Mapping[int, tuple[int, int]],
    *,
    everything: bool,
) -> Iterator[AccountChange]:
    """Every account that differs, or every account that was compared, by code.

    `limits` as `credit.find_limits` has it, none for creditors; `waiting` as `foreseeing.find_waiting`, or
    `find_counting`. Only temporary tables are read: it may take as long as it takes.
    """
    rows = tx.execute(
        _ALL_ACCOUNTS if everything else _CHANGED_ACCOUNTS,
        {"side": subledger.side},
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        code, name, exact_id, before, after, is_new, place, oldest_due = row
        limit = limits.get(place)
        open_invoices, in_transit = waiting.get(place, (0, 0))
        yield AccountChange(
            code,
            name,
            exact_id,
            before,
            after,
            bool(is_new),
            credit_limit=limit,
            credit_room=None if limit is None else limit - after - open_invoices - in_transit,
            oldest_due=oldest_due or "",
            open_invoices=open_invoices,
            in_transit=in_transit,
        )


def _analyze(tx: Connection, table: str) -> None:
    """PostgreSQL needs its statistics now: no background process sees temporary tables."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"ANALYZE {table}")


def _list_changes(tx: Connection, query: Statement, of: Values) -> tuple[AccountChange, ...]:
    return tuple(_read(row) for row in query.run(tx, of))


def _read(row: Sequence[Any]) -> AccountChange:
    code, name, exact_id, before, after, is_new = row
    return AccountChange(code, name, exact_id, before, after, bool(is_new))


class _Figures(NamedTuple):
    items: int
    accounts: int
    total: int
    gross: int
    changed: int
    created: int
    zeroed: int
    reopened: int
    vanished: int


_FORGET_ACCOUNTS = Statement("DELETE FROM staged_account WHERE side = :side")
_FORGET_OPENED = Statement("DELETE FROM staged_opened WHERE side = :side")
_FORGET_CLOSED = Statement("DELETE FROM staged_closed WHERE side = :side")

# Items that share account, number and due date are told apart by `seq`, in an order that depends on what they say; only
# for those that say the same on where they stand. Only accounts with such items, or with several sums, are looked at.
_NUMBER_REPEATED = Statement("""
    UPDATE staged_item SET seq = numbered.seq
    FROM (SELECT i.block, i.number, i.due_date, i.line, row_number() OVER (
              PARTITION BY b.account, i.number, i.due_date
              ORDER BY i.invoice_date, i.your_ref, i.description, i.currency,
                       i.invoice_dc, i.invoice_fc, i.open_dc, i.open_fc, i.block, i.line) - 1 AS seq
          FROM (SELECT b.account FROM staged_block AS b CROSS JOIN staged_sum AS s
                WHERE b.side = :side AND s.block = b.block
                GROUP BY b.account HAVING count(*) > 1 OR sum(s.items) > sum(s.distinct_items)) AS suspect
          CROSS JOIN staged_block AS b
          CROSS JOIN staged_item AS i
          WHERE b.account = suspect.account AND i.block = b.block) AS numbered
    WHERE staged_item.block = numbered.block AND staged_item.number = numbered.number
      AND staged_item.due_date = numbered.due_date AND staged_item.line = numbered.line
      AND staged_item.seq <> numbered.seq""")

_ADD_UP = Statement("""
    INSERT INTO staged_account (side, account, account_id, exact_id, code, name, is_new, is_renamed, has_balance,
                                is_known, items_before, items, open_fc, gross, before, after)
    SELECT :side, m.account, m.account_id, m.exact_id, m.code, m.name,
           m.account_id IS NULL,
           known.id IS NOT NULL AND (
               (m.name <> '' AND m.name <> known.name)
               OR (m.code IS NOT NULL AND (known.code IS NULL OR known.code <> m.code))
               OR (m.exact_id IS NOT NULL AND known.exact_id IS NULL)),
           stored.account_id IS NOT NULL,
           coalesce(:is_still_there AND added.blocks = 1 AND added.items = added.distinct_items
                    AND added.known_as = m.account_id, false),
           coalesce(stored.items, 0), added.items, added.open_fc, added.gross,
           coalesce(stored.open_import, 0), added.open_dc
    FROM (SELECT m.account, count(s.block) AS blocks, min(k.account_id) AS known_as,
                 sum(s.distinct_items) AS distinct_items, CAST(coalesce(sum(s.items), 0) AS BIGINT) AS items,
                 CAST(coalesce(sum(s.open_fc), 0) AS BIGINT) AS open_fc,
                 CAST(coalesce(sum(s.gross), 0) AS BIGINT) AS gross,
                 CAST(coalesce(sum(s.open_dc), 0) AS BIGINT) AS open_dc
          FROM staged_match AS m
          CROSS JOIN staged_block AS b
          LEFT JOIN staged_sum AS s ON s.block = b.block
          LEFT JOIN staged_known AS k ON k.block = s.block
          WHERE m.side = :side AND b.account = m.account
          GROUP BY m.account) AS added
    CROSS JOIN staged_match AS m
    LEFT JOIN account AS known ON known.id = m.account_id
    LEFT JOIN balance AS stored ON stored.account_id = m.account_id AND stored.side = :side
    WHERE m.account = added.account""")

_ADD_ABSENT = Statement("""
    INSERT INTO staged_account (side, account_id, exact_id, code, name,
                                is_new, is_renamed, has_balance, is_known, items_before, items, open_fc, gross,
                                before, after)
    SELECT :side, known.id, known.exact_id, known.code, known.name,
           false, false, true, false, stored.items, 0, 0, 0, stored.open_import, 0
    FROM account AS known
    CROSS JOIN balance AS stored
    WHERE known.administration = :administration
      AND stored.account_id = known.id AND stored.side = :side AND (stored.items > 0 OR stored.open_import <> 0)
      AND NOT EXISTS (SELECT 1 FROM staged_match AS m WHERE m.account_id = known.id AND m.side = :side)""")

_FIGURES = Statement("""
    SELECT CAST(coalesce(sum(items), 0) AS BIGINT) AS items,
           count(CASE WHEN items > 0 THEN 1 END) AS accounts,
           CAST(coalesce(sum(after), 0) AS BIGINT) AS total,
           CAST(coalesce(sum(gross), 0) AS BIGINT) AS gross,
           count(CASE WHEN before <> after THEN 1 END) AS changed,
           count(CASE WHEN is_new THEN 1 END) AS created,
           count(CASE WHEN before <> 0 AND after = 0 THEN 1 END) AS zeroed,
           count(CASE WHEN NOT is_new AND before = 0 AND after <> 0 THEN 1 END) AS reopened,
           count(CASE WHEN items_before > 0 AND items = 0 THEN 1 END) AS vanished
    FROM staged_account WHERE side = :side""")

_FIND_OPENED = Statement(f"""
    INSERT INTO staged_opened (block, number, due_date, line, side, account)
    SELECT i.block, i.number, i.due_date, i.line, :side, a.account {ALL_ITEMS}
      AND NOT a.is_known
      AND NOT EXISTS (SELECT 1 FROM open_item AS o
                      WHERE o.account_id = a.account_id AND o.side = :side AND o.closed_by IS NULL AND {SAME})
    UNION ALL
    SELECT early.block, early.number, early.due_date, early.line, :side, a.account
    FROM staged_early_opened AS early
    CROSS JOIN staged_block AS b
    CROSS JOIN staged_account AS a
    WHERE b.block = early.block AND a.account = b.account AND a.side = :side AND a.is_known""")  # noqa: S608

# Only accounts of which fewer items were found again than are open can have lost any.
_FIND_CLOSED = Statement(f"""
    INSERT INTO staged_closed (id, side, account)
    SELECT o.id, :side, lost.account
    FROM (SELECT a.account, a.account_id
          FROM staged_account AS a
          LEFT JOIN (SELECT account, count(*) AS items FROM staged_opened WHERE side = :side GROUP BY account) AS new
            ON new.account = a.account
          WHERE a.side = :side AND NOT a.is_known AND a.items_before > a.items - coalesce(new.items, 0)) AS lost
    CROSS JOIN open_item AS o
    WHERE o.account_id = lost.account_id AND o.side = :side AND o.closed_by IS NULL
      AND NOT EXISTS (SELECT 1 FROM staged_block AS b
                      CROSS JOIN staged_item AS i
                      WHERE b.account = lost.account AND i.block = b.block AND {SAME})
    UNION ALL
    SELECT early.id, :side, a.account
    FROM staged_early_closed AS early
    CROSS JOIN staged_block AS b
    CROSS JOIN staged_account AS a
    WHERE b.block = early.block AND a.account = b.account AND a.side = :side AND a.is_known""")  # noqa: S608

_CURRENCIES = Statement("SELECT min(lowest_currency), max(highest_currency) FROM staged_sum")
_TOTAL_OF_ONE_CURRENCY = Statement("""
    SELECT first.currency, added.items, added.open_fc, added.open_dc
    FROM (SELECT CAST(sum(items) AS BIGINT) AS items, CAST(sum(open_fc) AS BIGINT) AS open_fc,
                 CAST(sum(after) AS BIGINT) AS open_dc
          FROM staged_account WHERE side = :side) AS added
    CROSS JOIN (SELECT currency FROM staged_item LIMIT 1) AS first
    WHERE added.items > 0""")
_TOTALS_BY_CURRENCY = Statement(f"""
    SELECT i.currency, count(*), CAST(sum(i.open_fc) AS BIGINT), CAST(sum(i.open_dc) AS BIGINT) {ALL_ITEMS}
    GROUP BY i.currency ORDER BY i.currency""")
_COUNT_NAMELESS = Statement(
    "SELECT count(*) FROM staged_block WHERE side = :side AND exact_id IS NULL AND code IS NULL"
)

_CHANGE = "SELECT code, name, exact_id, before, after, is_new FROM staged_account WHERE side = :side"
_LARGEST_FIRST = f"ORDER BY abs(after - before) DESC, code, name, exact_id LIMIT {LARGEST}"
_LARGEST = Statement(f"{_CHANGE} AND before <> after {_LARGEST_FIRST}")
_LARGEST_CREATED = Statement(f"{_CHANGE} AND is_new {_LARGEST_FIRST}")
_LARGEST_REOPENED = Statement(f"{_CHANGE} AND NOT is_new AND before = 0 AND after <> 0 {_LARGEST_FIRST}")
_LARGEST_ZEROED = Statement(f"{_CHANGE} AND before <> 0 AND after = 0 {_LARGEST_FIRST}")
_WHOLE_CHANGE = f"""
    SELECT code, name, exact_id, before, after, is_new, {PLACE} AS place,
           (SELECT min(i.due_date) FROM staged_block AS b CROSS JOIN staged_item AS i
            WHERE b.account = a.account AND i.block = b.block AND i.open_dc > 0 AND i.due_date <> '') AS oldest_due
    FROM staged_account AS a WHERE side = :side"""  # noqa: S608
_ALL_ACCOUNTS = text(f"{_WHOLE_CHANGE} ORDER BY code, name, exact_id")
_CHANGED_ACCOUNTS = text(f"{_WHOLE_CHANGE} AND (before <> after OR is_new) ORDER BY code, name, exact_id")
