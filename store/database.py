"""The local store: connections, transactions and the schema's version.

One unit of work is one transaction on a connection of its own; a `Store` serves any number of threads. SQLite
readers hold off the commits of writers while its rollback journal is in use: read quickly, or into memory.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from store.failures import plain
from store.records import StoreBroken
from store.schema import REVISION
from store.staging import Staging
from store.together import LeftBehind, Together

Transaction = Connection
T = TypeVar("T")

SQLITE_PATIENCE = 30.0  # seconds to wait for another writer; `?timeout=` in the URL overrides it
POOL = 5  # idle connections kept: a mailbox at work has four, the courier one, and each is dear to prepare
STATEMENTS = 512  # kept prepared; a mail takes some 130 different ones, just more than the driver's 128
MIGRATION_LOCK = 5_061_893_217_044_158_720  # any number, as long as all versions of the program use the same


class Store:
    """An open store. `open_store` makes it; `close` it at the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine
        self._writer = engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        self._together = Together()
        if engine.dialect.name == "postgresql":  # one snapshot for all queries of a unit, as SQLite gives
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot to read from. Raises `StoreUnavailable` or `StoreBroken`."""
        with plain(self._engine), self._reader.begin() as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: all of it is committed at the end, or nothing when the block raises.

        Raises `StoreUnavailable` or `StoreBroken`, from the commit too: then nothing was written.
        """
        with plain(self._engine), self._together.company() as take, self._writer.begin() as transaction:
            yield transaction
            take(transaction)

    def write_soon(self, work: Callable[[Transaction], T], patience: float) -> T:
        """Do what is small in the next transaction that another thread commits, or in one of its own after `patience`.

        `patience` in seconds. Blocks until it is committed, and returns what `work` returned; it may be called again
        where a transaction came to nothing. Raises as `write` does, and what `work` raises.
        """
        try:
            done: T = self._together.ask(work, patience)
        except LeftBehind:
            with self.write() as transaction:
                return work(transaction)
        return done

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """An empty staging area, on a connection of its own. What is in it is gone at the end of the block."""
        with plain(self._engine), self._engine.connect() as connection:
            is_clear = False
            try:
                staging = Staging(connection, self._together)
                yield staging
                if staging.is_small:
                    staging.clear()
                    is_clear = True
            finally:
                if not is_clear:
                    connection.invalidate()

    def count_idle_connections(self) -> int:
        """Connections kept for the next unit of work."""
        pool = self._engine.pool
        return pool.checkedin() if isinstance(pool, QueuePool) else 0

    def close(self) -> None:
        """Close the idle connections. Units of work under way end undisturbed."""
        self._engine.dispose()


def open_store(url: str) -> Store:
    """Open the store at a SQLAlchemy URL and bring its schema up to date.

    `sqlite:////absolute/path.db` or `postgresql://user@host/database`. Raises `StoreUnavailable` or `StoreBroken`.
    """
    store = Store(_connect(url))
    try:
        _bring_up_to_date(store)
    except BaseException:
        store.close()
        raise
    return store


def open_as_it_is(url: str) -> Store | None:
    """Open the store without making it or bringing its schema up to date; None if there is nothing yet.

    Raises `StoreBroken`, too, if its schema is not the one that this version works with.
    """
    path = make_url(url).database if url.startswith("sqlite:") else None
    if path and not (os.path.exists(path) and os.path.getsize(path)):
        return None
    store = Store(_connect(url))
    try:
        with store.read() as transaction:
            found = _revision(transaction)
    except BaseException:
        store.close()
        raise
    if found == REVISION:
        return store
    store.close()
    if found is None:
        return None
    raise StoreBroken(f"The store's schema is {found}, and this version works with {REVISION}: start the daemon first.")


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug, which can damage a store with two or more connections."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _connect(given: str) -> Engine:
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise StoreBroken(
            "`store.url` is not a URL: write sqlite:////var/lib/saldopost/saldopost.db or postgresql://user@host/database"
        ) from error
    match url.get_backend_name():
        case "sqlite":
            return _connect_sqlite(url)
        case "postgresql":
            # Idle connections are checked first: the server may have been restarted since.
            return create_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_size=POOL,
                max_overflow=-1,
                pool_pre_ping=True,
                hide_parameters=True,  # errors end in logs
            )
        case other:
            raise StoreBroken(
                f"`store.url` names the database {other!r}; it must begin with sqlite:/// or postgresql://"
            )


def _connect_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreBroken("`store.url` names no file: write sqlite:////var/lib/saldopost/saldopost.db")
    patience = {} if "timeout" in url.query else {"timeout": SQLITE_PATIENCE}
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"check_same_thread": False, "cached_statements": STATEMENTS, **patience},
        poolclass=QueuePool,
        pool_size=POOL,
        pool_use_lifo=True,
        max_overflow=-1,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    _create_private(url.database)
    return engine


def _create_private(path: str) -> None:
    """Make the file with mode 0600: SQLite would ask only the umask. What stops us here will stop SQLite too.

    A new file belongs to whom its directory belongs to: a command that root calls before the daemon's first start
    must not lock the daemon out.
    """
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600)
    except OSError:
        return
    try:
        if os.geteuid() == 0:
            directory = os.stat(os.path.dirname(path) or ".")
            os.fchown(file, directory.st_uid, directory.st_gid)
    finally:
        os.close(file)


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # else pysqlite begins transactions by rules of its own
    journal = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "TRUNCATE"
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA journal_mode = {journal}")
        cursor.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    begin = connection.get_execution_options().get("sqlite_begin", "BEGIN")
    connection.connection.cursor().execute(begin)


def _bring_up_to_date(store: Store) -> None:
    with store.read() as transaction:
        if _revision(transaction) == REVISION:
            return
    from store.upgrade import upgrade  # Alembic takes a third of a second to load, and is needed once a version

    with store.write() as transaction:
        if transaction.dialect.name == "postgresql":
            transaction.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        found = _revision(transaction)  # another program may have been first
        if found != REVISION:
            upgrade(transaction, found)


def _revision(transaction: Transaction) -> str | None:
    if not inspect(transaction).has_table("alembic_version"):
        return None
    return transaction.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
