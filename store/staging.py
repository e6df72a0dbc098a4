"""A place beside the store where an export is laid out before anyone decides: temporary tables on one connection.

This room knows what the two databases want: SQLite indexes that grow while the export is still being read, and rows
by the driver's executemany; PostgreSQL rows by COPY, and statistics. The tables are declared in full, because
CREATE TABLE AS would lose the columns' affinity and with it, in SQLite, the use of indexes.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, text

from store import applying, comparing
from store.records import AccountChange, Comparison, NewImport, Subledger

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
_CURRENCY = ITEM_COLUMNS.index("currency")

_TABLES = """
CREATE TEMPORARY TABLE staged_block (
    block {id}, page INTEGER NOT NULL, side TEXT NOT NULL, exact_id {text}, code {text}, name {text} NOT NULL,
    account BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_item (
    line {line}, block BIGINT NOT NULL, number {text} NOT NULL, your_ref {text} NOT NULL, description {text} NOT NULL,
    invoice_date {text} NOT NULL, due_date {text} NOT NULL, currency {text} NOT NULL,
    invoice_fc BIGINT NOT NULL, open_fc BIGINT NOT NULL, invoice_dc BIGINT NOT NULL, open_dc BIGINT NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0
);
CREATE TEMPORARY TABLE staged_match (
    account {id}, side TEXT NOT NULL, exact_id {text}, code {text}, name {text} NOT NULL, account_id BIGINT
);
CREATE TEMPORARY TABLE staged_candidate (
    account {id}, candidates INTEGER NOT NULL, other_account BIGINT, account_id BIGINT
);
CREATE TEMPORARY TABLE staged_account (
    side TEXT NOT NULL, account BIGINT, account_id BIGINT, exact_id {text}, code {text}, name {text} NOT NULL,
    is_new BOOLEAN NOT NULL, is_renamed BOOLEAN NOT NULL, has_balance BOOLEAN NOT NULL, items BIGINT NOT NULL,
    open_fc BIGINT NOT NULL, gross BIGINT NOT NULL, before BIGINT NOT NULL, after BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_opened (line {id}, side TEXT NOT NULL);
CREATE TEMPORARY TABLE staged_closed (id {id}, side TEXT NOT NULL);
"""
_SQLITE_TYPES = {"id": "INTEGER PRIMARY KEY", "line": "INTEGER PRIMARY KEY", "text": "TEXT"}
_SQLITE_INDEXES = """
CREATE INDEX staged_block_exact_id ON staged_block (exact_id);
CREATE INDEX staged_block_code ON staged_block (code);
CREATE INDEX staged_block_account ON staged_block (account);
CREATE INDEX staged_item_key ON staged_item (block, number, due_date);
CREATE INDEX staged_match_code ON staged_match (code);
CREATE INDEX staged_match_account_id ON staged_match (account_id);
CREATE INDEX staged_account_account ON staged_account (account);
CREATE INDEX staged_account_account_id ON staged_account (account_id);
"""
_POSTGRESQL_TYPES = {
    "id": "BIGINT PRIMARY KEY",
    "line": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "text": 'TEXT COLLATE "C"',
}


class Staging:
    """An export laid out beside the store. `Store.staging` makes it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._currencies: set[str] = set()
        if self._is_sqlite:
            script = "PRAGMA temp.cache_size = -16384;" + _TABLES.format(**_SQLITE_TYPES) + _SQLITE_INDEXES
        else:
            script = _TABLES.format(**_POSTGRESQL_TYPES)
        with self._begin_reading():
            for statement in script.split(";")[:-1]:
                connection.exec_driver_sql(statement)

    def add_blocks(self, rows: Iterable[tuple[int, int, str, str | None, str | None, str]]) -> None:
        """Add accounts in the column order of `BLOCK_COLUMNS`; at first each block is an account of its own."""
        self._add("staged_block", (*BLOCK_COLUMNS, "account"), [(*row, row[0]) for row in rows])

    def add_items(self, rows: Sequence[tuple[int | str, ...]]) -> None:
        """Add open items in the column order of `ITEM_COLUMNS`, of blocks added before."""
        self._currencies.update([str(row[_CURRENCY]) for row in rows])
        self._add("staged_item", ITEM_COLUMNS, rows)

    def drop_page(self, page: int) -> None:
        """Take back all blocks and items of a page. Comparisons made before count no more."""
        self._go_on()
        of_page = {"page": page}
        self._connection.execute(_DROP_ITEMS, of_page)
        self._connection.execute(_DROP_BLOCKS, of_page)
        self._connection.execute(_RESET_SEQ)

    def compare(self, subledger: Subledger) -> Comparison:
        """Hold the blocks of the subledger's side against the store, in one snapshot. Nothing is written there."""
        self._connection.commit()
        with self._begin_reading():
            return comparing.compare(self._connection, subledger, has_one_currency=len(self._currencies) <= 1)

    def iterate_changes(self, subledger: Subledger, *, everything: bool = False) -> Iterator[AccountChange]:
        """The accounts whose balance differs, and new ones, by code; with `everything` all that were compared."""
        self._go_on()
        return comparing.iterate_changes(self._connection, subledger, everything=everything)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One writing transaction, for `apply` and whatever has to be committed with it."""
        self._connection.commit()
        if self._is_sqlite:
            self._connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        else:
            self._connection.execution_options(isolation_level="READ COMMITTED")
        with self._connection.begin():
            yield self._connection

    def apply(self, tx: Connection, comparison: Comparison, new_import: NewImport, currency: str, now: datetime) -> int:
        """Write what `compare` found, in the `transaction` given, and return the import's id.

        Raises `ImportMoved` if another import was applied since the comparison, and `EffectStands` if this source
        was; the transaction is then to be abandoned.
        """
        return applying.apply(tx, comparison, new_import, currency, now)

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

    def _go_on(self) -> None:
        """Stay in one transaction while only temporary tables are touched: it locks nothing in the store."""
        if not self._connection.in_transaction():
            self._connection.begin()

    @contextmanager
    def _begin_reading(self) -> Iterator[None]:
        if self._is_sqlite:
            self._connection.execution_options(sqlite_begin="BEGIN")
        else:
            self._connection.execution_options(isolation_level="REPEATABLE READ")
        with self._connection.begin():
            yield


_DROP_ITEMS = text("DELETE FROM staged_item WHERE block IN (SELECT block FROM staged_block WHERE page = :page)")
_DROP_BLOCKS = text("DELETE FROM staged_block WHERE page = :page")
_RESET_SEQ = text("UPDATE staged_item SET seq = 0 WHERE seq <> 0")
