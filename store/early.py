"""What is open already of an export that is still being read, and its ageing: found block by block, to rely on later.

Blocks are held against the account that has their Exact ID: `staged_known` says which one that was.
`staged_early_opened` and `staged_early_closed` hold what differs there, as `staged_opened` and `staged_closed` will for
the whole export. It holds for blocks that turn out to be all of their account, without repeated items, as long as the
subledger stays where it was. Runs on the connection of a staging area.
"""

from datetime import date

from sqlalchemy import Connection

from store import ageing
from store.records import Position, Side, Subledger
from store.staged import SAME
from store.statements import Statement
from store.subledgers import SIDES, find_position


class Early:
    """One export of one administration, looked at while it comes in; `as_of` is the day it is aged for."""

    def __init__(self, administration: str, as_of: date) -> None:
        self._administration, self._as_of = administration, as_of
        self._last = -1  # the last block that was looked at
        self._positions: dict[Side, Position] | None = None

    def look(self, tx: Connection, last: int) -> None:
        """Look at the blocks up to `last`, which are complete and added up."""
        if self._positions is None:
            self._positions = {side: find_position(tx, Subledger(self._administration, side)) for side in SIDES}
        if any(last_import is not None for last_import, _ in self._positions.values()):
            of = {"administration": self._administration, "after": self._last, "last": last}
            for step in (_FIND_KNOWN, _FIND_OPENED, _FIND_CLOSED):
                step.run(tx, of)
        ageing.age_early(tx, self._last, last, self._as_of)
        self._last = last

    def aged(self, as_of: date) -> int:
        """The last block whose items were aged as of this day, -1 for none."""
        return self._last if as_of == self._as_of else -1

    def position(self, subledger: Subledger) -> Position | None:
        """Where the subledger was when the first block was looked at; None if none was."""
        if self._positions is None or subledger.administration != self._administration:
            return None
        return self._positions[subledger.side]


_FIND_KNOWN = Statement("""
    INSERT INTO staged_known (block, account_id)
    SELECT b.block, known.id
    FROM staged_block AS b
    CROSS JOIN account AS known
    WHERE b.block > :after AND b.block <= :last
      AND known.administration = :administration AND known.exact_id = b.exact_id""")
_FIND_OPENED = Statement(f"""
    INSERT INTO staged_early_opened (block, number, due_date, line)
    SELECT i.block, i.number, i.due_date, i.line
    FROM staged_known AS k
    CROSS JOIN staged_block AS b
    CROSS JOIN staged_item AS i
    WHERE k.block > :after AND k.block <= :last AND b.block = k.block AND i.block = k.block
      AND NOT EXISTS (SELECT 1 FROM open_item AS o
                      WHERE o.account_id = k.account_id AND o.side = b.side AND o.closed_by IS NULL AND {SAME})""")  # noqa: S608
# Only blocks in which fewer items were found again than are open can have lost any.
_FIND_CLOSED = Statement(f"""
    INSERT INTO staged_early_closed (id, block)
    SELECT o.id, lost.block
    FROM (SELECT k.block, k.account_id, b.side
          FROM staged_known AS k
          CROSS JOIN staged_block AS b
          CROSS JOIN staged_sum AS s
          CROSS JOIN balance AS stored
          LEFT JOIN (SELECT block, count(*) AS items FROM staged_early_opened
                     WHERE block > :after AND block <= :last GROUP BY block) AS new ON new.block = k.block
          WHERE k.block > :after AND k.block <= :last AND b.block = k.block AND s.block = k.block
            AND stored.account_id = k.account_id AND stored.side = b.side
            AND stored.items > s.items - coalesce(new.items, 0)) AS lost
    CROSS JOIN open_item AS o
    WHERE o.account_id = lost.account_id AND o.side = lost.side AND o.closed_by IS NULL
      AND NOT EXISTS (SELECT 1 FROM staged_item AS i WHERE i.block = lost.block AND {SAME})""")  # noqa: S608
