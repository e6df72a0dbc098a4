import hashlib
import os
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from staged_exports import NOW, RECEIVABLE, Account, new_import, stage

from store import holding, keeping
from store.database import Store
from store.records import ImportFile

DAY = timedelta(days=1)


def keep(store: Store, raw: bytes, administration: str = "nl01", at=NOW, step: int = 1000) -> int:
    chunks = keeping.compress(raw[start : start + step] for start in range(0, len(raw), step))
    with store.write() as tx:
        return keeping.keep(tx, administration, "file", "ARs_1.xml", chunks, hashlib.sha256(raw).hexdigest(), at)


def read(store: Store, kept_id: int) -> bytes:
    with store.read() as tx:
        return b"".join(keeping.read(tx, kept_id))


def count(store: Store, table: str = "kept") -> int:
    with store.read() as tx:
        return tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def hold_with(store: Store, kept_id: int) -> int:
    file = ImportFile("ARs_1.xml", "2", "f1", 1, None, None, None, kept_id)
    with store.staging() as staging:
        stage(staging, [Account("1", [("A", 1)])])
        comparison = staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            return holding.hold(tx, comparison, new_import(state="held", files=(file,)), "EUR", NOW)


@given(raw=st.binary(max_size=3000), step=st.integers(1, 2000))
def test_what_is_kept_comes_back_as_it_was(store: Store, raw: bytes, step: int):
    kept_id = keep(store, raw, step=step)
    assert read(store, kept_id) == raw
    with store.read() as tx:
        found = keeping.find(tx, kept_id)
    assert found is not None
    assert (found.size, found.kind, found.name) == (len(raw), "file", "ARs_1.xml")


@pytest.mark.parametrize("size", [keeping.CHUNK - 1, keeping.CHUNK, keeping.CHUNK + 1, 3 * keeping.CHUNK])
def test_large_files_are_kept_in_chunks(store: Store, size: int):
    raw = os.urandom(1000) * (size // 1000 + 1)
    raw = raw[:size]
    kept_id = keep(store, raw, step=100_000)
    assert count(store, "kept_chunk") == -(-size // keeping.CHUNK)
    assert read(store, kept_id) == raw
    with store.read() as tx:
        stored = tx.execute(text("SELECT stored FROM kept")).scalar_one()
        assert stored == sum(len(row.data) for row in tx.execute(text("SELECT data FROM kept_chunk")))
    assert stored < size / 10


def test_the_same_bytes_are_kept_once_in_each_administration_and_longer(store: Store):
    first = keep(store, b"same")
    assert keep(store, b"same", at=NOW + DAY) == first
    assert keep(store, b"same", "be01") != first
    assert count(store) == 2
    with store.write() as tx:
        assert keeping.purge(tx, NOW + timedelta(hours=1)) == 1  # that of be01
        assert keeping.find(tx, first) is not None


def test_two_writers_of_the_same_bytes_agree(store: Store):
    start, ids = threading.Barrier(2), []

    def write() -> None:
        start.wait(10)
        ids.append(keep(store, b"same" * 10_000))

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert len(ids) == 2
    assert ids[0] == ids[1]
    assert read(store, ids[0]) == b"same" * 10_000


def test_what_is_old_is_purged_with_its_chunks_and_its_id_is_not_given_again(store: Store):
    old, new = keep(store, b"old"), keep(store, b"new", at=NOW + 2 * DAY)
    with store.write() as tx:
        assert keeping.purge(tx, NOW + DAY) == 1
        assert keeping.find(tx, old) is None
        assert list(keeping.read(tx, old)) == []
        assert keeping.purge(tx, NOW + 3 * DAY) == 1
    assert count(store, "kept_chunk") == 0
    assert keep(store, b"newer") > new


def test_an_administration_keeps_the_newest_up_to_a_size(store: Store):
    raws = [os.urandom(1000) for _ in range(4)]
    ids = [keep(store, raw, at=NOW + day * DAY) for day, raw in enumerate(raws)]
    other = keep(store, os.urandom(5000), "be01")
    with store.write() as tx:
        assert keeping.purge_largest(tx, "nl01", 2500) == 2
        left = [kept_id for kept_id in [*ids, other] if keeping.find(tx, kept_id)]
    assert left == [*ids[2:], other]


def test_what_a_held_import_is_read_from_is_never_purged(store: Store):
    needed, not_needed = keep(store, b"needed"), keep(store, b"not needed")
    import_id = hold_with(store, needed)
    with store.write() as tx:
        assert keeping.purge_largest(tx, "nl01", 0) == 1
        assert keeping.purge(tx, NOW + DAY) == 0
        assert keeping.find(tx, not_needed) is None
        holding.reject(tx, import_id, NOW, "jan")
        assert keeping.purge(tx, NOW + DAY) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_purge_looks_only_at_what_is_held(store: Store):
    old = "kept_at < '2026' AND NOT (id IN (" + str(keeping._NEEDED.right.element) + "))"
    with store.read() as tx:
        steps = [row[-1] for row in tx.execute(text(f"EXPLAIN QUERY PLAN DELETE FROM kept WHERE {old}"))]
    assert any("import_held" in step for step in steps), steps
    assert not any(step.startswith("SCAN import_file") for step in steps), steps
