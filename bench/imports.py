"""`saldopost import` of one large export: the first, the next day's, and one in which nothing changed."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from books import Books, days, write_export
from figures import Figure, measure
from measuring import Run, run

BIN = Path(sys.executable).parent
FLOOR = Path(__file__).with_name("floor.py")
CONFIG = """\
[store]
url = "sqlite:///{store}"
[limits]
largest_plain_file = "8 GiB"
[[administrations]]
code = "nl01"
name = "Bakker Expeditie B.V."
"""


def measure_imports(directory: Path, accounts: int, pairs: int) -> Iterator[Figure]:
    books = Books(accounts)
    today, tomorrow, same = (directory / name / "ARs_1.xml" for name in ("today", "tomorrow", "same"))
    first_day, next_day = days(books, 2)
    count = _write(today, books, **first_day)
    _write(tomorrow, books, **next_day)
    _write(same, books, ts=next_day["ts"])
    bench = _Imports(directory)
    cases = (
        ("first import", today, False, 1.1),
        ("next day, 5 % gone, 5 % new", tomorrow, True, 1.1),
        ("next day, the same items", same, True, 1.1),
    )
    for what, file, is_second, largest_ratio in cases:
        yield measure(
            f"{what} ({count:,} items, {today.stat().st_size / 1e6:.0f} MB)",
            pairs,
            partial(bench.ours, file, is_second=is_second),
            partial(bench.floor, file),
            largest_ratio,
            partial(bench.growth, is_second=is_second),
        )


class _Imports:
    """Stores and exports in one directory. The first import of all makes the store that later ones start from."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store, self.before, self.plain = (directory / f"{name}.db" for name in ("store", "before", "floor"))
        (directory / "config.toml").write_text(CONFIG.format(store=self.store))

    def ours(self, file: Path, *, is_second: bool) -> Run:
        self.store.unlink(missing_ok=True)
        if is_second:
            shutil.copyfile(self.before, self.store)
        done = run([BIN / "saldopost", "import", file], self.directory, self.store)
        if not is_second:
            shutil.copyfile(self.store, self.before)
        return done

    def floor(self, file: Path) -> Run:
        self.plain.unlink(missing_ok=True)
        return run([sys.executable, FLOOR, "import", file, self.plain], self.directory, self.plain)

    def growth(self, *, is_second: bool) -> int:
        return size_of(self.store) - (size_of(self.before) if is_second else 0)


def _write(path: Path, books: Books, **day: float) -> int:
    path.parent.mkdir()
    with path.open("w") as out:
        return write_export(out, books, **day)


def size_of(store: Path) -> int:
    """Bytes of a store, the files in it aside that are kept as they came."""
    with closing(sqlite3.connect(store)) as connection:
        (pages,) = connection.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()
        (kept,) = connection.execute("SELECT coalesce(sum(length(data)), 0) FROM kept_chunk").fetchone()
        return pages - kept
