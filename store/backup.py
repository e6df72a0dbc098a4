"""A copy of a SQLite store, made while it is used (the online backup API: https://www.sqlite.org/backup.html)."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from store.records import StoreBroken, StoreUnavailable


class NotOurs(Exception):
    """A back-up that is not ours to make; says why: the database has programs of its own, or the file is the store."""


def back_up(url: str, file: Path) -> int:
    """Copy the store at `url` into `file`, which is replaced when the copy is whole; returns its bytes.

    The copy is as the store was at one moment, and is checked. Raises NotOurs, StoreUnavailable (nothing was
    replaced) and StoreBroken.
    """
    source = make_url(url)
    if source.get_backend_name() != "sqlite":
        raise NotOurs("the store is in PostgreSQL: use pg_dump, or the back-up of your server")
    assert source.database is not None
    if file.exists() and os.path.samefile(file, source.database):
        raise NotOurs(f"{file} is the store itself: name another file")
    unfinished = _unfinished(file)
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(source.database, unfinished)
        _flush(unfinished)
        unfinished.replace(file)
        return file.stat().st_size
    except (OSError, sqlite3.OperationalError) as error:
        unfinished.unlink(missing_ok=True)
        raise StoreUnavailable(f"no back-up was made of {source.database} to {file}: {error}") from error
    except sqlite3.DatabaseError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreBroken(f"{source.database} is damaged ({error}); put back the last back-up") from error


def measure_source(url: str) -> int:
    """Bytes that there are to copy; 0 where nobody can tell."""
    path = make_url(url).database
    return Path(path).stat().st_size if url.startswith("sqlite") and path and Path(path).exists() else 0


def measure_backup(file: Path) -> int:
    """Bytes that `back_up` has copied so far."""
    unfinished = _unfinished(file)
    return unfinished.stat().st_size if unfinished.exists() else 0


def _unfinished(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _copy(source: str, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as store,
        closing(sqlite3.connect(target)) as copy,
    ):
        store.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, whatever the store uses
        (said,) = copy.execute("PRAGMA quick_check").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(said)


def _flush(file: Path) -> None:
    with file.open("rb") as copy:
        os.fsync(copy.fileno())
