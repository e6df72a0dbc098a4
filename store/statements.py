"""SQL that is written out, handed to the driver as it stands.

A mail takes a hundred statements, and what SQLAlchemy does around one costs more than what the database does for it. So
this is for those that each mail needs, with plain values. Queries that are put together, moments and lists of values
stay SQLAlchemy's.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

Values = Mapping[str, Any]  # str, int, bytes or None

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")
_NOTHING: Values = {}


class Statement:
    """One statement. A colon and a word, `:name`, stand for a value, wherever they are.

    It runs in the transaction of the connection that is given.
    """

    def __init__(self, sql: str) -> None:
        self.text = sql
        self._sql = {"sqlite": sql, "postgresql": _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))}

    def run(self, tx: Connection, values: Values = _NOTHING) -> "Rows":
        """Values that it does not name are of no account. Raises what the driver raises."""
        cursor = tx.connection.cursor()
        cursor.execute(self._sql[tx.dialect.name], values)
        return Rows(cursor)


class Rows:
    """What a statement gave: to be read once, in one of these ways."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @property
    def count(self) -> int:
        """Rows that were written."""
        written: int = self._cursor.rowcount
        self._cursor.close()
        return written

    def all(self) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        self._cursor.close()
        return rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.all())

    def first(self) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        self._cursor.close()
        return row

    def one(self) -> tuple[Any, ...]:
        """The row of a statement that always gives one. Raises LookupError if there is none."""
        row = self.first()
        if row is None:
            raise LookupError("a statement that gives one row gave none")
        return row

    def scalar(self) -> Any:
        """The first value of the first row; None if there is none."""
        row = self.first()
        return None if row is None else row[0]
