"""What the store runs on, in words for the people who run it."""

from store.database import Transaction

_JOURNALS = {"delete": "rollback journal", "truncate": "rollback journal (truncate)", "wal": "write-ahead log"}


def describe(tx: Transaction) -> str:
    """Database, version and journal: `SQLite 3.46.1, write-ahead log`, `PostgreSQL 17.5`."""
    if tx.dialect.name == "postgresql":
        return f"PostgreSQL {tx.exec_driver_sql('SHOW server_version').scalar_one()}"
    journal = tx.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    version = tx.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    return f"SQLite {version}, {_JOURNALS.get(journal, f'journal {journal}')}"
