"""INSERT with ON CONFLICT: SQLAlchemy has one for each dialect, with the same methods."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert_into(tx: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """The one for the store of this transaction. That of PostgreSQL is loaded where it is needed."""
    if tx.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # with its drivers: indexes.py tells what they cost

        return postgresql.insert(table)
    return sqlite.insert(table)
