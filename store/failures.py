"""What a database's errors mean to the people who run it.

    StoreUnavailable   busy, full, read-only or away: nothing was written, the same work can be tried again
    StoreBroken        damaged, or not ours to use: a person is needed

Any other database error (a constraint, a wrong statement) is a bug and passes, without the rows that it quotes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from store.records import StoreBroken, StoreUnavailable

_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "another program kept it locked for too long; try again, or find who holds it (fuser FILE)",
    sqlite3.SQLITE_LOCKED: "another connection kept it locked for too long; try again",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk reports an error; look at the kernel's log (journalctl -k) and the free space",
    sqlite3.SQLITE_READONLY: "it cannot be written; check the owner and the mode of the file and of its directory",
    sqlite3.SQLITE_PERM: "its permissions forbid it; check the owner and the mode of the file",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; its directory must exist, and belong with the file to the user that "
    "runs this",
}
_SQLITE_BROKEN = {
    sqlite3.SQLITE_CORRUPT: "it is damaged; stop the daemon and put back the last back-up",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite database, or damaged; check `store.url`, or put back the last back-up",
}
# Classes and codes of PostgreSQL, Appendix A "Error Codes"; the longest prefix counts.
_POSTGRESQL_UNAVAILABLE = {
    "08": "the connection was lost; try again",
    "25006": "the server is read-only (a standby?); point `store.url` at the primary",
    "40": "another transaction was in the way; try again",
    "53": "the server is short of disk, memory or connections",
    "55": "another session holds what is needed; try again",
    "57": "the server stopped the session; try again",
    "58": "the server reports a system error; look at its log",
}
_POSTGRESQL_BROKEN = {
    "28": "the log-in was refused; check user and password of `store.url`",
    "3D": "the database does not exist; create it (createdb) or correct `store.url`",
    "42501": "the user of `store.url` lacks the rights; make it the owner of the database",
    "XX001": "the server found damaged data; put back the last back-up",
    "XX002": "the server found a damaged index; see REINDEX",
}


@contextmanager
def plain(engine: Engine) -> Iterator[None]:
    """Raise `StoreUnavailable` or `StoreBroken` for those errors of the database that are nobody's bug."""
    drivers_error: type[Exception] = engine.dialect.loaded_dbapi.Error
    try:
        yield
    except (DBAPIError, drivers_error) as error:
        url = engine.url.set(drivername=engine.url.get_backend_name())  # as the settings have it
        failure = _failure(error, url.render_as_string(hide_password=True))
        _shorten(error)
        if failure is None:
            raise
        raise failure from error


def _shorten(error: Exception) -> None:
    """Leave the first line: PostgreSQL goes on with the row that it refused (DETAIL, CONTEXT), and logs show errors."""
    for one in (error, getattr(error, "orig", None)):
        if isinstance(one, Exception) and one.args:
            one.args = (str(one.args[0]).partition("\n")[0], *one.args[1:])


def _failure(error: Exception, store: str) -> StoreUnavailable | StoreBroken | None:
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = str(cause).strip().partition("\n")[0]
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        unavailable, broken = _SQLITE_UNAVAILABLE.get(code), _SQLITE_BROKEN.get(code)
    else:
        state = getattr(cause, "sqlstate", None) or ""
        unavailable, broken = (
            _longest_prefix(_POSTGRESQL_UNAVAILABLE, state),
            _longest_prefix(_POSTGRESQL_BROKEN, state),
        )
        if not state and (lost or type(cause).__name__ in ("OperationalError", "ConnectionTimeout")):
            unavailable = "the server cannot be reached, or turns us away; check that it runs and what `store.url` says"
    if unavailable:
        return StoreUnavailable(f"The store {store}: {unavailable}. ({said})")
    if broken:
        return StoreBroken(f"The store {store}: {broken}. ({said})")
    return None


def _longest_prefix(meanings: dict[str, str], state: str) -> str | None:
    return next((meanings[state[:length]] for length in (5, 2) if state[:length] in meanings), None)
