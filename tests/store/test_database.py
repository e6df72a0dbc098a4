import os
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text
from staged_exports import NOW, RECEIVABLE, Account, apply_export, new_import, stage

from store import messages
from store.database import POOL, Store, open_store, wal_is_safe
from store.records import MailKey, StoreBroken, StoreUnavailable

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def remember(store: Store, uid: int = 1) -> None:
    with store.write() as tx:
        messages.remember(tx, MailKey("main", "INBOX", 1, uid), 1, NOW, NOW, Random(uid))


def count_messages(store: Store) -> int:
    with store.read() as tx:
        return len(messages.list_messages(tx))


def test_an_empty_database_gets_the_schema_also_from_two_programs_at_once(empty_url: str):
    start, failures = threading.Barrier(4), []

    def open_and_use(uid: int) -> None:
        try:
            start.wait(10)
            store = open_store(empty_url)
            remember(store, uid)
            store.close()
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    programs = [threading.Thread(target=open_and_use, args=(uid,)) for uid in range(4)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(30)
    assert failures == []
    store = open_store(empty_url)
    assert count_messages(store) == 4
    store.close()


def test_a_schema_of_a_later_version_is_refused_and_named(store: Store, store_url: str):
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreBroken, match="'9999' comes from a later version"):
        open_store(store_url)


def test_an_up_to_date_store_opens_without_loading_the_migrations(store_url: str):
    program = "import sys, store.database as d; d.open_store(sys.argv[1]).close(); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, store_url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_of_a_transaction_that_fails_is_kept(store: Store):
    def fail() -> None:
        with store.write() as tx:
            messages.remember(tx, MailKey("main", "INBOX", 1, 1), 1, NOW, NOW, Random(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count_messages(store) == 0


def test_a_reader_keeps_its_snapshot(store: Store):
    with store.read() as tx:
        before = len(messages.list_messages(tx))
        assert before == len(messages.list_messages(tx)) == 0


@only_postgresql
def test_a_reader_does_not_see_what_is_committed_meanwhile(store: Store):
    with store.read() as tx:
        assert messages.list_messages(tx) == []
        remember(store)
        assert messages.list_messages(tx) == []
    assert count_messages(store) == 1


def test_many_threads_share_a_store_and_leave_few_connections(store: Store):
    failures: list[Exception] = []

    def work(uid: int) -> None:
        try:
            remember(store, uid)
            count_messages(store)
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(uid,)) for uid in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert count_messages(store) == 12
    assert store.count_idle_connections() <= POOL


def test_a_staging_area_leaves_nothing_to_the_next_one(store: Store):
    apply_export(store, [Account("1", [("A", 1), ("A", 1)])])
    with store.staging() as staging, pytest.raises(ValueError, match="boom"), staging.transaction():
        raise ValueError("boom")
    with store.staging() as staging:
        stage(staging, [Account("2", [("B", 5)])])
        comparison = staging.compare(RECEIVABLE)
    assert (comparison.items, comparison.accounts, comparison.nameless) == (1, 1, 0)
    assert store.count_idle_connections() <= POOL


def test_a_staging_area_that_failed_is_not_used_again(store: Store):
    def fail() -> None:
        with store.staging() as staging:
            stage(staging, [Account("1", [("A", 1)])])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert apply_export(store, [Account("2", [("B", 5)])]).items == 1


def test_reading_the_changes_after_an_import_holds_up_no_writer(store: Store):
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 1)])])
        comparison = staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(), "EUR", NOW)
        assert len(list(staging.iterate_changes(RECEIVABLE))) == 1
        remember(store)


def test_a_moment_is_kept_to_the_microsecond_and_comes_back_in_utc(store: Store):
    summer = datetime(2026, 7, 1, 12, 0, 0, 123456, timezone(timedelta(hours=2)))
    with store.write() as tx:
        found = messages.remember(tx, MailKey("main", "INBOX", 1, 1), 1, summer, NOW, Random(1))
    assert found.arrived_at == summer
    assert found.arrived_at.tzinfo is UTC


def test_a_moment_without_zone_is_refused(store: Store):
    with pytest.raises(Exception, match="a moment needs its time zone"), store.write() as tx:
        messages.remember(tx, MailKey("main", "INBOX", 1, 1), 1, datetime(2026, 1, 1), NOW, Random(1))  # noqa: DTZ001


@only_sqlite
def test_sqlite_is_set_up_for_safety(store: Store, tmp_path: Path):
    with store.read() as tx:
        settings = {name: tx.execute(text(f"PRAGMA {name}")).scalar() for name in ("foreign_keys", "synchronous")}
        journal = tx.execute(text("PRAGMA journal_mode")).scalar()
    assert settings == {"foreign_keys": 1, "synchronous": 2}
    assert journal == ("wal" if wal_is_safe(sqlite3.sqlite_version_info) else "truncate")


@only_sqlite
def test_a_new_sqlite_file_is_nobody_elses_to_read(empty_url: str, tmp_path: Path):
    open_store(empty_url).close()
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600


@only_sqlite
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_a_store_that_root_makes_belongs_to_the_owner_of_its_directory(empty_url: str, tmp_path: Path):
    os.chown(tmp_path, 4711, 4712)
    store = open_store(empty_url)
    remember(store)
    store.close()
    assert {(file.stat().st_uid, file.stat().st_gid) for file in tmp_path.iterdir()} == {(4711, 4712)}


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((4, 0, 0), True),
    ],
)
def test_only_versions_without_the_wal_reset_bug_use_wal(version: tuple[int, int, int], safe: bool):
    assert wal_is_safe(version) is safe


@only_sqlite
def test_a_locked_store_is_unavailable_after_its_patience(store_url: str, tmp_path: Path):
    store = open_store(f"{store_url}?timeout=0.05")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="kept it locked for too long"):
        remember(store)
    other.close()
    remember(store)
    store.close()


@only_sqlite
def test_a_full_disk_is_unavailable_and_nothing_is_half_written(store: Store):
    def fill() -> None:
        with store.write() as tx:
            pages = tx.execute(text("PRAGMA page_count")).scalar()
            tx.execute(text(f"PRAGMA max_page_count = {pages}"))
            for uid in range(10_000):
                messages.remember(tx, MailKey("main", "INBOX", 1, uid), 1, NOW, NOW, Random(uid))

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        fill()
    assert count_messages(store) == 0


@only_sqlite
def test_a_full_disk_while_staging_is_unavailable(store: Store):
    def fill() -> None:
        with store.staging() as staging:
            staging._connection.exec_driver_sql("PRAGMA temp.max_page_count = 40")
            staging.add_blocks([(block, 0, "receivable", None, f"{block}" * 100, "") for block in range(10_000)])

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        fill()


@only_sqlite
def test_a_read_only_store_can_be_read_and_is_unavailable_for_writing(store_url: str, tmp_path: Path):
    store = open_store(f"sqlite:///file:{tmp_path / 'store.db'}?mode=ro&uri=true")
    assert count_messages(store) == 0
    with pytest.raises(StoreUnavailable, match="it cannot be written; check the owner"):
        remember(store)
    store.close()


def test_a_missing_directory_is_named(tmp_path: Path):
    with pytest.raises(StoreUnavailable, match=r"missing/store\.db: it cannot be opened; its directory must exist"):
        open_store(f"sqlite:///{tmp_path / 'missing' / 'store.db'}")


def test_a_file_that_is_no_database_is_broken(tmp_path: Path):
    (tmp_path / "store.db").write_text("Dit is geen database, dit is een brief.\n" * 100)
    with pytest.raises(StoreBroken, match="it is not a SQLite database"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}")


@only_sqlite
def test_a_damaged_store_is_broken(store: Store, store_url: str, tmp_path: Path):
    apply_export(store, [Account(str(code), [("A", 1)]) for code in range(2000)])
    store.close()
    path = tmp_path / "store.db"
    damaged = bytearray(path.read_bytes())
    for page in range(5 * 4096, len(damaged), 4096):
        damaged[page : page + 100] = b"\xff" * 100
    path.write_bytes(damaged)
    with pytest.raises(StoreBroken, match="damaged"):
        read_everything(open_store(store_url))


def read_everything(store: Store) -> None:
    try:
        with store.read() as tx:
            tx.execute(text("SELECT sum(open_dc) FROM open_item")).all()
            tx.execute(text("SELECT name FROM account ORDER BY code")).all()
    finally:
        store.close()


@only_postgresql
def test_a_database_that_does_not_exist_is_told_in_the_servers_words(store_url: str):
    with pytest.raises((StoreBroken, StoreUnavailable), match="nowhere"):
        open_store(store_url.replace("/test_", "/nowhere_"))


@only_postgresql
def test_a_session_that_the_server_ends_is_unavailable_and_the_next_one_works(store: Store):
    with pytest.raises(StoreUnavailable), store.write() as tx:
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    remember(store)
    assert count_messages(store) == 1


def test_a_server_that_is_away_is_unavailable(tmp_path: Path):
    with pytest.raises(StoreUnavailable, match="the server cannot be reached"):
        open_store(f"postgresql://saldopost@/saldopost?host={tmp_path}")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("saldopost.db", "is not a URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://localhost/saldopost", "names the database 'mysql'"),
    ],
)
def test_a_wrong_url_is_explained(url: str, told: str):
    with pytest.raises(StoreBroken, match=told):
        open_store(url)


def test_a_password_is_not_told(tmp_path: Path):
    with pytest.raises(StoreUnavailable) as unavailable:
        open_store(f"postgresql://saldopost:geheim@/saldopost?host={tmp_path}")
    assert "geheim" not in str(unavailable.value)
