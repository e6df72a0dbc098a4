"""Signs of an export that is filtered, partial, inverted, old or misdirected: counted, never judged.

Runs after the comparison proper, in its snapshot, and looks only at what differs: items known before that are not in
the export as they were (`staged_closed`), items that are new in it (`staged_opened`), accounts matched for the first
time. Both sides of a difference are searched by index.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, text

from store.records import LastImport, Subledger
from store.staged import ALL_ITEMS, NEW_ITEMS
from store.statements import Statement


class Signs(NamedTuple):
    """Fields of `Comparison`, under the same names."""

    not_due_before: int
    not_due_gone: int
    latest_invoice_date: str
    later_gone: int
    matched: int
    sign_changed: int
    id_conflicts: int
    elsewhere: str | None
    applied_before: str | None
    reopened: int
    on_two_pages: int


def find_signs(
    tx: Connection,
    subledger: Subledger,
    last: LastImport | None,
    *,
    known: int,
    opened: int,
    closed: int,
    as_of: date | None,
    files: Collection[str],
) -> Signs:
    """`known`, `opened` and `closed` are items; `as_of` is the day of the export, `files` the SHA-256 of each page."""
    of: dict[str, Any] = {"administration": subledger.administration, "side": subledger.side}
    latest: str = _LATEST.run(tx, of).scalar()
    day = as_of.isoformat() if as_of else _NEVER
    found = not_due_gone = later_gone = sign_changed = not_due_before = 0
    if closed:
        gone = _GONE.run(tx, of | {"as_of": day, "latest": latest or _NEVER}).one()
        found, not_due_gone, later_gone, sign_changed = gone
    if not_due_gone:  # one that is left is enough to know that not all are gone
        not_due_before = _NOT_DUE.run(tx, of | {"as_of": day, "enough": not_due_gone + 1}).scalar()
    several_pages = _PAGES.run(tx, of).scalar() > 1
    hashes = of | {"files": sorted(set(files)), "count": len(set(files)), "last": last.id if last else None}
    was_seen = bool(files) and _WAS_SEEN.run(tx, {"file": min(files)}).first() is not None
    return Signs(
        not_due_before=not_due_before,
        not_due_gone=not_due_gone,
        latest_invoice_date=latest,
        later_gone=later_gone,
        matched=known - closed + found,
        sign_changed=sign_changed,
        id_conflicts=_ID_CONFLICTS.run(tx, of).scalar(),
        elsewhere=tx.execute(_ELSEWHERE, hashes).scalar() if was_seen and latest else None,
        applied_before=tx.execute(_APPLIED_BEFORE, hashes).scalar() if was_seen else None,
        reopened=(_REOPENED if known else _REOPENED_OF_ALL).run(tx, of).scalar() if last and opened else 0,
        on_two_pages=_ON_TWO_PAGES.run(tx, of).scalar() if several_pages else 0,
    )


_NEVER = "9999-99-99"  # after every date

_LATEST = Statement("""
    SELECT coalesce(max(s.latest_invoice_date), '')
    FROM staged_sum AS s CROSS JOIN staged_block AS b WHERE b.block = s.block AND b.side = :side""")
_PAGES = Statement("SELECT count(DISTINCT page) FROM staged_block WHERE side = :side")

# How an item that is gone or changed compares with those that the export has under its account and number: NULL for
# none, 1 if one of them has the same sign, -1 if all have the other.
_GONE = Statement("""
    SELECT count(agreement),
           count(CASE WHEN agreement IS NULL AND due_date > :as_of THEN 1 END),
           count(CASE WHEN invoice_date > :latest THEN 1 END),
           count(CASE WHEN agreement = -1 THEN 1 END)
    FROM (SELECT o.due_date, o.invoice_date, (
              SELECT max(CASE WHEN i.open_dc = 0 OR o.open_dc = 0 THEN 0
                              WHEN (i.open_dc > 0) = (o.open_dc > 0) THEN 1 ELSE -1 END)
              FROM staged_block AS b
              CROSS JOIN staged_item AS i
              WHERE b.account = c.account AND i.block = b.block AND i.number = o.number) AS agreement
          FROM staged_closed AS c
          CROSS JOIN open_item AS o
          WHERE c.side = :side AND o.id = c.id) AS gone""")
_NOT_DUE = Statement("""
    SELECT count(*)
    FROM (SELECT 1
          FROM account AS known
          CROSS JOIN open_item AS o
          WHERE known.administration = :administration
            AND o.account_id = known.id AND o.side = :side AND o.closed_by IS NULL AND o.due_date > :as_of
          LIMIT :enough) AS due_later""")

_ID_CONFLICTS = Statement("""
    SELECT count(*) FROM staged_match AS m
    WHERE m.side = :side AND m.account_id IS NULL AND m.exact_id IS NOT NULL
      AND EXISTS (SELECT 1 FROM account AS known
                  WHERE known.administration = :administration AND known.code = m.code
                    AND known.exact_id IS NOT NULL AND known.exact_id <> m.exact_id)""")

_WAS_SEEN = Statement("SELECT 1 FROM import_file WHERE sha256 = :file LIMIT 1")
# Imports that consist of exactly these files, and stand; one of the hashes finds them.
_OF_THESE_FILES = """
    FROM import AS i
    JOIN import_file AS f ON f.import_id = i.id
    WHERE i.state = 'applied' AND i.id IN (SELECT import_id FROM import_file WHERE sha256 IN :files)"""
_EXACTLY = "HAVING count(DISTINCT f.sha256) = :count AND count(CASE WHEN f.sha256 NOT IN :files THEN 1 END) = 0"
_ELSEWHERE = text(f"""
    SELECT i.administration {_OF_THESE_FILES} AND i.administration <> :administration
    GROUP BY i.id, i.administration {_EXACTLY} ORDER BY i.id DESC LIMIT 1""").bindparams(
    bindparam("files", expanding=True)
)
_APPLIED_BEFORE = text(f"""
    SELECT i.ref {_OF_THESE_FILES} AND i.administration = :administration AND i.side = :side AND i.id <> :last
    GROUP BY i.id, i.ref {_EXACTLY} ORDER BY i.id DESC LIMIT 1""").bindparams(bindparam("files", expanding=True))

# An item that changed was open until now under the same number; items without one are never followed.
_WAS_OPEN = """
      AND i.number NOT IN ('', '0') AND a.account_id IS NOT NULL
      AND EXISTS (SELECT 1 FROM open_item AS o
                  WHERE o.account_id = a.account_id AND o.side = :side AND o.closed_by IS NOT NULL
                    AND o.number = i.number)
      AND NOT EXISTS (SELECT 1 FROM open_item AS o
                      WHERE o.account_id = a.account_id AND o.side = :side AND o.closed_by IS NULL
                        AND o.number = i.number)"""
_REOPENED = Statement(f"""
    SELECT count(*) {NEW_ITEMS} {_WAS_OPEN}""")
_REOPENED_OF_ALL = Statement(f"""
    SELECT count(*) {ALL_ITEMS} {_WAS_OPEN}""")

_ON_TWO_PAGES = Statement("""
    SELECT count(*)
    FROM (SELECT 1
          FROM (SELECT account FROM staged_block WHERE side = :side
                GROUP BY account HAVING min(page) <> max(page)) AS spread
          CROSS JOIN staged_block AS b
          CROSS JOIN staged_item AS i
          WHERE b.account = spread.account AND i.block = b.block
          GROUP BY b.account, i.number, i.due_date, i.invoice_date, i.currency,
                   i.open_dc, i.open_fc, i.invoice_dc, i.invoice_fc
          HAVING min(b.page) <> max(b.page)) AS repeated""")
