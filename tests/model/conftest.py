"""Stores for the model: many, and in memory where there is a place, since a disk would take most of the time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from postgres_server import PostgresServer

from store.database import Store, open_store
from store.schema import metadata

MEMORY = Path("/dev/shm")
PATIENCE = 5  # seconds: nobody holds a lock for longer here, unless it is a mistake


@pytest.fixture(scope="session")
def emptied_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Callable[[], str]]:
    """Gives the URL of one database again and again, emptied: that is quicker than a new one."""
    name = "emptied"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    tables = ", ".join(f'"{table.name}"' for table in metadata.tables.values())
    with psycopg.connect(
        host=str(postgres_server.directory), user="postgres", dbname=name, autocommit=True
    ) as connection:

        def empty() -> str:
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
            return postgres_server.url(name)

        yield empty
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def new_store(database: str, request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Makes empty stores, one at a time."""
    if database == "postgresql":
        url = request.getfixturevalue("emptied_url")
        yield lambda: open_store(url())
        return
    content = request.getfixturevalue("sqlite_template").read_bytes()
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
        path = Path(directory) / "store.db"

        def make() -> Store:
            path.write_bytes(content)
            return open_store(f"sqlite:///{path}?timeout={PATIENCE}")

        yield make


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Iterator[Store]:
    made = new_store()
    yield made
    made.close()
