import os
from hashlib import sha256
from pathlib import Path

import pytest
from staged_exports import NOW

from daemon.commands.packing import Packing
from store import keeping
from store.database import Store


def test_files_are_kept_as_they_were_under_their_own_hash(store: Store, tmp_path: Path) -> None:
    contents = [os.urandom(1000) * 3000, b"", b"<eExact/>"]
    paths = [tmp_path / f"ARs_{number}.xml" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    with Packing([(f"export {path.name}", path) for path in paths]) as packing:
        for packed, path, content in zip(packing, paths, contents, strict=True):
            with store.write() as tx:
                given = packed.name, packed.chunks(), packed.sha256
                kept_id = keeping.keep(tx, "nl01", "file", *given, now=NOW)
            with store.read() as tx:
                assert b"".join(keeping.read(tx, kept_id)) == content
            assert (packed.name, packed.sha256) == (f"export {path.name}", sha256(content).hexdigest())


def test_a_file_that_is_gone_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    there = tmp_path / "ARs_1.xml"
    there.write_bytes(b"<eExact/>")
    with Packing([("ARs_1.xml", there), ("ARs_2.xml", tmp_path / "ARs_2.xml")]) as packing:
        packed = iter(packing)
        assert next(packed).name == "ARs_1.xml"
        with pytest.raises(FileNotFoundError):
            next(packed)
