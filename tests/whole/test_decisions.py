"""Held imports on the command line, with the installed program: held, approved, rejected, undone, exit codes."""

import os
from pathlib import Path

import pytest
from command_line import Saldopost
from exports import Account, OpenItem, export
from sqlalchemy import text

from store.database import open_store

BIG = Account("10042", (OpenItem("1", "1000"),), "Bakker")
SMALL = Account("10043", (OpenItem("2", "250"),), "Smit")


@pytest.fixture
def books(tmp_path: Path, store_url: str, saldopost: Saldopost) -> None:
    """Books of 1,250.00, and an export of 250.00 that is held as import 2."""
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{store_url}"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    (tmp_path / "all.xml").write_bytes(export((BIG, SMALL)))
    (tmp_path / "part.xml").write_bytes(export((SMALL,)))
    assert saldopost("import", "all.xml").returncode == 0
    held = saldopost("import", "part.xml")
    assert held.returncode == 3, held.stderr
    assert "saldopost imports approve" in held.stdout
    assert "mail" not in held.stdout


def totals(saldopost: Saldopost) -> list[str]:
    return [row["open_total"] for row in saldopost("balances", "--format", "json").rows]


def test_a_yes_applies_what_was_kept(books: None, saldopost: Saldopost, tmp_path: Path) -> None:
    (tmp_path / "part.xml").unlink()
    assert totals(saldopost) == ["1000.00", "250.00"]
    (held,) = saldopost("imports", "list", "--state", "held", "--format", "json").rows
    done = saldopost("imports", "approve", held["ref"])
    assert (done.returncode, "applied" in done.stdout) == (0, True), done.stderr
    assert totals(saldopost) == ["0.00", "250.00"]
    assert saldopost("imports", "approve", "2").returncode == 1
    assert saldopost("imports", "undo", "2", "--yes").returncode == 0
    assert totals(saldopost) == ["1000.00", "250.00"]


ODD_NAMES = {
    "alike": ["monday/debtors.xml", "tuesday/debtors.xml"],
    "decomposed, long": ["U\u0308bersicht.xml", f"{'x' * 200}.xml"],
    "blanks, no name at all": ["ARs  1 .xml", "\u200b"],
    "no text": [os.fsdecode(b"ARs_\xff.xml"), os.fsdecode(b"ARs_\xfe.xml")],
}


@pytest.mark.parametrize("names", ODD_NAMES.values(), ids=ODD_NAMES)
def test_a_yes_applies_every_file_whatever_it_is_called(
    books: None, saldopost: Saldopost, tmp_path: Path, names: list[str]
) -> None:
    more = [Account(code, (OpenItem(code, amount),), "Visser") for code, amount in (("10044", "50"), ("10045", "60"))]
    for name, accounts in zip(names, ((SMALL, more[0]), more[1:]), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(export(accounts, pagesize=2))
    assert saldopost("imports", "reject", "2").returncode == 0
    held = saldopost("import", *names)
    assert held.returncode == 3, held.stderr
    done = saldopost("imports", "approve", "3")
    assert done.returncode == 0, done.stdout
    assert totals(saldopost) == ["0.00", "250.00", "50.00", "60.00"]


def test_a_yes_applies_what_came_before_under_another_name(books: None, saldopost: Saldopost, tmp_path: Path) -> None:
    """The same bytes are kept once."""
    assert saldopost("imports", "reject", "2").returncode == 0
    (tmp_path / "part.xml").rename(tmp_path / "again.xml")
    assert saldopost("import", "again.xml").returncode == 3
    done = saldopost("imports", "approve", "3")
    assert done.returncode == 0, done.stdout
    assert totals(saldopost) == ["0.00", "250.00"]


def test_a_no_puts_it_aside(books: None, saldopost: Saldopost) -> None:
    assert saldopost("imports", "reject", "2").returncode == 0
    rows = saldopost("imports", "list", "--format", "json").rows
    assert [row["state"] for row in rows] == ["rejected", "applied"]


def test_a_yes_to_figures_that_changed_is_held_again(books: None, saldopost: Saldopost) -> None:
    assert saldopost("imports", "undo", "1", "--yes").returncode == 0
    assert saldopost("imports", "approve", "2").returncode == 3
    assert saldopost("imports", "approve", "2").returncode == 0
    assert totals(saldopost) == ["250.00"]


def test_a_known_gap_cannot_be_approved(books: None, saldopost: Saldopost, tmp_path: Path) -> None:
    (tmp_path / "ARs_2.xml").write_bytes(export((BIG,)))
    assert saldopost("import", "ARs_2.xml").returncode == 3
    done = saldopost("imports", "approve", "3")
    assert (done.returncode, "pages-missing" in done.stdout) == (4, True), done.stderr
    (tmp_path / "ARs_1.xml").write_bytes(export((SMALL,), pagesize=1))
    assert saldopost("import", "ARs_1.xml").returncode == 0
    assert totals(saldopost) == ["1000.00", "250.00"]


def test_a_page_is_not_joined_to_one_that_cannot_be_read_again(
    books: None, saldopost: Saldopost, tmp_path: Path, store_url: str
) -> None:
    (tmp_path / "ARs_2.xml").write_bytes(export((BIG,)))
    assert saldopost("import", "ARs_2.xml").returncode == 3
    store = open_store(store_url)
    with store.write() as tx:
        tx.execute(text("UPDATE import_file SET kept_id = NULL WHERE import_id = 3"))
    store.close()
    (tmp_path / "ARs_1.xml").write_bytes(export((SMALL,), pagesize=1))
    done = saldopost("import", "ARs_1.xml")
    assert (done.returncode, "reject it" in done.stderr) == (1, True), done.stderr
    assert totals(saldopost) == ["1000.00", "250.00"]
    assert next(row["state"] for row in saldopost("imports", "list", "--format", "json").rows) == "held"


def test_names_that_are_alike_and_too_long_to_be_told_apart_are_refused(
    books: None, saldopost: Saldopost, tmp_path: Path
) -> None:
    names = [f"{day}/{'x' * 108} ARs_1.xml" for day in ("monday", "tuesday")]
    for name in names:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(export((SMALL,)))
    done = saldopost("import", *names)
    assert (done.returncode, "rename one of them" in done.stderr) == (2, True)


def test_what_is_no_import_is_told(books: None, saldopost: Saldopost) -> None:
    for given in ("9", "9" * 30, "7KQ2-M4"):
        done = saldopost("imports", "approve", given)
        assert (done.returncode, "there is no import" in done.stderr) == (1, True), done.stderr
