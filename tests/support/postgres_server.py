"""A real PostgreSQL for the tests: one server a run (and a worker), one database a test, nothing left behind."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from store.database import open_store

INSTALL = "PostgreSQL is not installed: sudo apt-get install postgresql"
START_LIMIT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server on a Unix socket in `directory`, without a network port."""

    directory: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.directory), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server, started when the first test asks for it. Skips without PostgreSQL, but fails where CI is set."""
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with serving(programs) as server:
        yield server


@contextmanager
def serving(programs: Path) -> Iterator[PostgresServer]:
    """A server of these programs that does not wait for the disk."""
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path holds 107 bytes at most
    become = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(directory, "postgres", "postgres")
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    try:
        _run([*become, str(programs / "initdb"), "-D", str(directory / "data"), "-U", "postgres", "-A", "trust", "-N"])
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(directory)]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                # The server ends with us, however we end.
                [
                    "setpriv",
                    *become[1:],
                    "--pdeathsig=INT",
                    str(programs / "postgres"),
                    "-D",
                    str(directory / "data"),
                    *options,
                ],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        try:
            server = PostgresServer(directory)
            _wait_until_ready(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended
            process.wait(START_LIMIT)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database with our schema, to be copied."""
    postgres_server.execute("CREATE DATABASE migrated")
    open_store(postgres_server.url("migrated")).close()
    return "migrated"


@pytest.fixture
def new_postgres_database(postgres_server: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Makes databases out of a template and gives their URLs; they are gone after the test."""
    names = (f"test_{os.getpid()}_{number}" for number in itertools.count())
    made: list[str] = []

    def make(template: str) -> str:
        name = next(names)
        postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return postgres_server.url(name)

    yield make
    for name in made:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def find_programs() -> Path | None:
    """Where the newest PostgreSQL of this machine has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _run(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            log = (server.directory / "log").read_text(errors="replace")
            assert process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.02)
        else:
            return
