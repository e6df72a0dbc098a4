"""What a compared export does to invoices that are followed one by one (mode `invoices`)."""

from sqlalchemy import Connection, text

from store.foreseeing import ALL_ITEMS, ANY_BEFORE, NEW_ITEMS
from store.own_records import TrackedChange, TrackedGroup, TrackedSummary
from store.records import Subledger

LARGEST = 10  # invoices of each kind that are named


def summarise_tracked(tx: Connection, subledger: Subledger, tolerance: int = 0) -> TrackedSummary:
    """See `Staging.tracked_summary`."""
    of = {"side": subledger.side, "tolerance": tolerance}
    new = NEW_ITEMS if ANY_BEFORE.run(tx, of).first() else ALL_ITEMS
    found: dict[str, list[TrackedChange]] = {}
    sums: dict[str, tuple[int, int]] = {}
    for row in tx.execute(text(_changes(new)), of):
        change = TrackedChange(row.code, row.name, row.number, row.before_dc, row.after_dc)
        found.setdefault(row.what, []).append(change)
        sums[row.what] = row.of_all, row.amount_dc
    return TrackedSummary(
        **{what.replace("-", "_"): TrackedGroup(*sums[what], tuple(changes)) for what, changes in found.items()}
    )


def _changes(new: str) -> str:
    """SQL: the largest changes of each kind, each with how many there are of it and for how much.

    An invoice is what it was, and the new items more, and those that are closed less.
    """
    return f"""
    SELECT what, code, name, number, before_dc, after_dc, of_all, amount_dc
    FROM (SELECT judged.*, count(*) OVER (PARTITION BY what) AS of_all,
                 CAST(sum(abs(after_dc - before_dc)) OVER (PARTITION BY what) AS BIGINT) AS amount_dc,
                 row_number() OVER (PARTITION BY what
                                    ORDER BY abs(after_dc - before_dc) DESC, code, number, account) AS place
          FROM (SELECT changed.*, CASE
                    WHEN is_open AND NOT was_open THEN CASE WHEN was_known THEN 'reopened' ELSE 'new' END
                    WHEN was_open AND NOT is_open THEN 'paid'
                    WHEN was_open AND abs(after_fc) < abs(before_fc) THEN 'part-paid' END AS what
                FROM (SELECT was.account, was.number,
                             coalesce(known.code, made.code) AS code, coalesce(known.name, made.name) AS name,
                             was.items > 0 AND abs(was.dc) > :tolerance AS was_open,
                             was.items + was.moved_items > 0 AND abs(was.dc + was.moved_dc) > :tolerance AS is_open,
                             was.fc AS before_fc, was.fc + was.moved_fc AS after_fc,
                             was.dc AS before_dc, was.dc + was.moved_dc AS after_dc,
                             was.items > 0 OR EXISTS (
                                     SELECT 1 FROM open_item AS o
                                     WHERE o.account_id = was.account AND o.side = :side AND o.number = was.number
                                       AND o.closed_by IS NOT NULL) AS was_known
                      FROM ({_before(new)}) AS was
                      LEFT JOIN account AS known ON known.id = was.account
                      LEFT JOIN staged_account AS made ON made.account = -1 - was.account AND made.side = :side
                     ) AS changed) AS judged
          WHERE what IS NOT NULL) AS placed
    WHERE place <= {LARGEST} ORDER BY what, place"""  # noqa: S608


def _before(new: str) -> str:
    """SQL: what moves of each account and number, beside what is open of it. A new account has a number below zero."""
    return f"""
                          SELECT moved.account, moved.number, moved.items AS moved_items, moved.fc AS moved_fc,
                                 moved.dc AS moved_dc, count(o.id) AS items,
                                 CAST(coalesce(sum(o.open_fc), 0) AS BIGINT) AS fc,
                                 CAST(coalesce(sum(o.open_dc), 0) AS BIGINT) AS dc
                          FROM (SELECT account, number, CAST(sum(items) AS BIGINT) AS items,
                                       CAST(sum(fc) AS BIGINT) AS fc, CAST(sum(dc) AS BIGINT) AS dc
                                FROM (SELECT coalesce(i.account_id, -1 - i.account) AS account, i.number, 1 AS items,
                                             i.open_fc AS fc, i.open_dc AS dc
                                      FROM ({new}) AS i
                                      UNION ALL
                                      SELECT o.account_id, o.number, -1, -o.open_fc, -o.open_dc
                                      FROM staged_closed AS c
                                      CROSS JOIN open_item AS o
                                      WHERE c.side = :side AND o.id = c.id) AS one
                                WHERE number NOT IN ('', '0')
                                GROUP BY account, number) AS moved
                          LEFT JOIN open_item AS o ON o.account_id = moved.account AND o.side = :side
                                                  AND o.number = moved.number AND o.closed_by IS NULL
                          GROUP BY moved.account, moved.number, moved.items, moved.fc, moved.dc"""  # noqa: S608
