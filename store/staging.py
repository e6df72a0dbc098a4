"""A place beside the store where an export is laid out before anyone decides: temporary tables on one connection.

This room knows what the two databases want: SQLite gets rows by the driver's executemany, items into a table that is
its own index; PostgreSQL by COPY and then statistics. The keys of items grow while the export is still being read.
"""

import operator
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from itertools import count
from typing import Any, cast

from sqlalchemy import Connection

from store import ageing, applying, comparing, credit, foreseeing, tracked_changes
from store.early import Early
from store.own_records import OwnSummary, TrackedSummary
from store.records import AccountChange, Ageing, Comparison, CreditCrossing, NewImport, Side, Subledger
from store.staged_tables import CLEAR, CLEAR_EARLY, INDEX_OF_IDS, POSTGRESQL_SCRIPT, SQLITE_SCRIPT
from store.statements import Statement
from store.subledgers import SIDES
from store.together import Together

BLOCK_COLUMNS = ("block", "page", "side", "exact_id", "code", "name")  # as parsers' Block has them
ITEM_COLUMNS = (  # as parsers' Item has them
    "block",
    "number",
    "your_ref",
    "description",
    "invoice_date",
    "due_date",
    "currency",
    "invoice_fc",
    "open_fc",
    "invoice_dc",
    "open_dc",
)
_ADDED_UP_AT_ONCE = 20_000  # items: small enough to stay in the cache
_KEPT_LINES = 20_000  # more than that, and the file behind the temporary tables is better given back


class Staging:
    """An export laid out beside the store. `Store.staging` makes it."""

    def __init__(self, connection: Connection, together: Together) -> None:
        self._connection = connection
        self._together = together
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._lines = 0  # items that were ever added
        self._added = 0  # items since the last sums
        self._last = -1  # the block of the last item
        self._summed = -1  # the last block that is in the sums
        self._early: Early | None = None
        self._limits: dict[int, int] | None = None  # as `credit.find_limits` has it; of the last comparison
        self._waiting: dict[Side, dict[int, tuple[int, int]]] = {}  # as `foreseeing.find_waiting` has it; of the same
        if not connection.info.get("staged"):
            self._go_on()
            self._run(SQLITE_SCRIPT if self._is_sqlite else POSTGRESQL_SCRIPT)
            connection.commit()
            connection.info["staged"] = True
            connection.info["lines"] = 0

    @property
    def is_small(self) -> bool:
        """Whether so little was ever in the tables of this connection that it may serve again."""
        lines: int = self._connection.info["lines"]
        return lines <= _KEPT_LINES

    def clear(self) -> None:
        """Empty the tables for the next export."""
        self._connection.rollback()
        self._go_on()
        self._run(CLEAR if self._early is None else CLEAR + CLEAR_EARLY)
        self._connection.commit()
        self._added, self._last, self._summed = 0, -1, -1
        self._early = None

    def look_early(self, administration: str, as_of: date) -> None:
        """Hold what comes in against what is open in this administration at once, and age it as of a day.

        Less is left to `compare` and `ageing` then. They may be asked for others all the same. On PostgreSQL all is
        left to them: tables that grow have no statistics, and it would read all open items for every few blocks.
        """
        if self._is_sqlite:
            self._early = Early(administration, as_of)

    def add_blocks(self, rows: Iterable[tuple[int, int, str, str | None, str | None, str]]) -> None:
        """Add accounts in the column order of `BLOCK_COLUMNS`; at first each block is an account of its own."""
        blocks = [(*row, row[0]) for row in rows]
        self._add("staged_block", (*BLOCK_COLUMNS, "account"), blocks)
        self._connection.info["lines"] += len(blocks)

    def add_items(self, rows: Sequence[tuple[int | str, ...]]) -> None:
        """Add open items in the column order of `ITEM_COLUMNS`, of blocks added before and in their order."""
        if not rows:
            return
        first, last = int(rows[0][0]), int(rows[-1][0])
        if first < self._last or first <= self._summed:
            raise ValueError(f"items of block {first} came after those of block {self._last}")
        numbered = map(operator.add, zip(count(self._lines)), rows)
        self._add("staged_item", ("line", *ITEM_COLUMNS), list(numbered))
        self._last = last
        self._lines += len(rows)
        self._connection.info["lines"] += len(rows)
        self._added += len(rows)
        if self._added >= _ADDED_UP_AT_ONCE:
            self._add_up(last - 1)
            if self._early is not None:
                self._early.look(self._connection, last - 1)
                self._connection.commit()  # what was read of the store is locked until then

    def rest(self) -> None:
        """Keep no transaction open while nobody is at work here: PostgreSQL could not clean up meanwhile."""
        self._connection.commit()

    def drop_page(self, page: int) -> None:
        """Take back all blocks and items of a page. Comparisons made before count no more."""
        self._add_up()
        if self._early is not None:
            _DROP_AGED.run(self._connection, {"page": page})
        for step in (_DROP_ITEMS, _DROP_SUMS, _DROP_BLOCKS):
            step.run(self._connection, {"page": page})
        _RESET_SEQ.run(self._connection)

    def compare(self, subledger: Subledger, as_of: date | None = None, files: Collection[str] = ()) -> Comparison:
        """Hold the blocks of the subledger's side against the store, in one snapshot. Nothing is written there.

        `as_of` is the day of the export in the administration's time zone: without it nothing is known of what is not
        due yet. `files` are the SHA-256 of its pages: without them, nothing of where else they were applied.
        """
        self._limits = None
        self._waiting.clear()
        self._add_up()
        if not self._connection.info.get("indexed"):  # IDs come in no order: sorted at once, for a third of the time
            self._connection.exec_driver_sql(INDEX_OF_IDS)
            self._connection.info["indexed"] = True
        if not self._is_sqlite:
            self._run("ANALYZE staged_block, staged_item, staged_sum;")
        self._connection.commit()
        self._set_up("BEGIN", "REPEATABLE READ")  # one snapshot
        with self._connection.begin():
            known_at = self._early.position(subledger) if self._early is not None else None
            return comparing.compare(self._connection, subledger, as_of, files, known_at)

    def iterate_changes(self, subledger: Subledger, *, everything: bool = False) -> Iterator[AccountChange]:
        """The accounts whose balance differs, and new ones, by code; with `everything` all that were compared."""
        if self._limits is None:  # once, before any cursor is open
            with self._reading():
                self._limits = credit.find_limits(self._connection)
                for side in set(SIDES) - self._waiting.keys():
                    of = Subledger(subledger.administration, side)
                    self._waiting[side] = foreseeing.find_waiting(self._connection, of)
        self._go_on()
        limits = self._limits if subledger.side == "receivable" else {}
        waiting = self._waiting[subledger.side]
        return comparing.iterate_changes(self._connection, subledger, limits, waiting, everything=everything)

    def note_waiting(self, tx: Connection, subledger: Subledger) -> None:
        """Let `iterate_changes` tell what own invoices count for now, after `apply` and what came with the export.

        In the `transaction` given, which may be taken back then.
        """
        self._waiting[subledger.side] = foreseeing.find_counting(tx, subledger)

    def ageing(self, subledger: Subledger, as_of: date) -> Ageing:
        """What the export has open on this side by days past the due date, as of a day, in minor units."""
        self._go_on()
        after = self._early.aged(as_of) if self._early is not None else -1
        return ageing.age_staged(self._connection, subledger, as_of, after)

    def credit_crossings(self, subledger: Subledger) -> list[CreditCrossing]:
        """The debtors whose total, with what is in transit, passes their credit limit by this export, by code.

        In either direction; after `compare`, before or after `apply`. Creditors have no limit.
        """
        with self._reading():
            return credit.find_crossings(self._connection, subledger)

    def own_summary(self, subledger: Subledger, now: datetime, in_transit_days: int) -> OwnSummary:
        """What the export means for the own invoices of this side, once applied; after `compare`, before `apply`.

        Invoices that were handed over more than `in_transit_days` ago are listed.
        """
        with self._reading():
            return foreseeing.summarise_own(self._connection, subledger, now, in_transit_days)

    def tracked_summary(self, subledger: Subledger, tolerance: int = 0) -> TrackedSummary:
        """What the export does to invoices that are followed one by one; after `compare`, before `apply`.

        `tolerance`: minor units of the administration's currency; not more than that left counts as paid.
        """
        with self._reading():
            return tracked_changes.summarise_tracked(self._connection, subledger, tolerance)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One writing transaction, for `apply` and whatever has to be committed with it."""
        self._connection.commit()
        self._set_up("BEGIN IMMEDIATE", "READ COMMITTED")
        with self._together.company() as take, self._connection.begin():
            yield self._connection
            take(self._connection)

    def apply(
        self,
        tx: Connection,
        comparison: Comparison,
        new_import: NewImport,
        currency: str,
        now: datetime,
        *,
        joined: bool = False,
        approved: int | None = None,
        by: str | None = None,
    ) -> int:
        """Write what `compare` found, in the `transaction` given, and return the import's id.

        An import of the same subledger that waited for a yes is superseded; with `joined` its pages are part of this
        export, and its mails take the state of this import. To apply the waiting one itself, read again, name it as
        `approved` and who said yes as `by`: its row becomes the applied import and its mails are settled; of
        `new_import` only the figures, the settings and the findings count then.

        Raises `ImportMoved` if another import was applied or taken back since the comparison, `EffectStands` if this
        source was applied before and still stands, and `NotHeld` if `approved` was decided meanwhile; the transaction
        is then to be abandoned.
        """
        return applying.apply(tx, comparison, new_import, currency, now, joined=joined, approved=approved, by=by)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A transaction of its own for what reads accounts and balances: nobody is to wait until we render."""
        self._connection.commit()
        self._set_up("BEGIN", "READ COMMITTED")
        with self._connection.begin():
            yield

    def _run(self, script: str) -> None:
        """Several statements in one call, on temporary tables only: SQLite commits before."""
        with closing(self._connection.connection.cursor()) as cursor:
            if self._is_sqlite:
                cast(Any, cursor).executescript(script)
            else:
                cursor.execute(script)

    def _add(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        self._go_on()
        names = ", ".join(columns)
        with closing(self._connection.connection.cursor()) as cursor:
            if self._is_sqlite:
                marks = ", ".join("?" * len(columns))
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
            else:
                with cast(Any, cursor).copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)

    def _add_up(self, last: int | None = None) -> None:
        """Sum the blocks since the last time, all or up to `last`: while an export is being read this costs no time."""
        last = self._last if last is None else last
        self._go_on()
        _ADD_UP.run(self._connection, {"summed": self._summed, "last": last})
        self._summed = max(self._summed, last)
        self._added = 0

    def _go_on(self) -> None:
        """Stay in one transaction while only temporary tables are touched: it locks nothing in the store."""
        if not self._connection.in_transaction():
            self._set_up("BEGIN", "READ COMMITTED")
            self._connection.begin()

    def _set_up(self, sqlite_begin: str, isolation_level: str) -> None:
        if self._is_sqlite:
            self._connection.execution_options(sqlite_begin=sqlite_begin)
        else:
            self._connection.execution_options(isolation_level=isolation_level)


_DROP_ITEMS = Statement("DELETE FROM staged_item WHERE block IN (SELECT block FROM staged_block WHERE page = :page)")
_DROP_SUMS = Statement("DELETE FROM staged_sum WHERE block IN (SELECT block FROM staged_block WHERE page = :page)")
_DROP_AGED = Statement("DELETE FROM staged_aged WHERE page = :page")
_DROP_BLOCKS = Statement("DELETE FROM staged_block WHERE page = :page")
_RESET_SEQ = Statement("UPDATE staged_item SET seq = 0 WHERE seq <> 0")
_ADD_UP = Statement("""
    INSERT INTO staged_sum (block, items, distinct_items, lowest_currency, highest_currency, latest_invoice_date,
                            open_fc, gross, open_dc)
    SELECT block, count(*), count(DISTINCT number || ' ' || due_date), min(currency), max(currency),
           max(invoice_date),
           CAST(sum(open_fc) AS BIGINT), CAST(sum(abs(open_dc)) AS BIGINT), CAST(sum(open_dc) AS BIGINT)
    FROM staged_item WHERE block > :summed AND block <= :last GROUP BY block""")
