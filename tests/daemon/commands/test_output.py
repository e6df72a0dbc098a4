import csv
import io
import json
import os
import pty
import re
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.commands.output import Column, Row, show_record, show_rows, write_amount

COLUMNS = (
    Column("name", "name"),
    Column("hidden"),
    Column("open", "open", "amount"),
    Column("state", "state", "state"),
    Column("items", "items", "number"),
)
ROWS: list[Row] = [
    {"name": "Müller & 株式会社", "hidden": "x", "open": "-12.00", "state": "held", "items": 3},
    {"name": "[red]Jansen[/red]", "hidden": None, "open": "1345345.00", "state": "applied", "items": None},
]


def test_a_table_aligns_and_shows_figures_on_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(ROWS, COLUMNS, "table")
    assert capsys.readouterr().out == (
        "name                     open  state    items\n"
        "Müller & 株式会社      -12.00  held         3\n"
        "[red]Jansen[/red]  1345345.00  applied\n"
    )


def test_a_table_that_is_piped_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{**ROWS[0], "name": "x" * 110}], COLUMNS, "table")
    assert "x" * 110 in capsys.readouterr().out


def test_an_empty_list_is_a_heading_an_empty_array_and_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([], COLUMNS, "table")
    show_rows([], COLUMNS, "json")
    show_rows([], COLUMNS, "csv")
    assert capsys.readouterr().out == "name  open  state  items\n[]\nname,hidden,open,state,items\n"


def on_a_screen(rows: Sequence[Row], monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    """What stands on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, 24)))
    with open(theirs, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        show_rows(rows, COLUMNS, "table")
        monkeypatch.undo()
    shown = b""
    with open(ours, "rb", buffering=0) as screen, suppress(OSError):  # EIO: all is read, and the other end closed
        while some := screen.read(65536):
            shown += some
    return shown.decode().replace("\r\n", "\n")


def test_a_screen_is_coloured_and_its_lines_do_not_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_a_screen(ROWS, monkeypatch, 40)
    assert "\x1b[31m-12.00\x1b[0m" in shown
    assert "\x1b[33mheld\x1b[0m" in shown
    plain = re.sub(r"\x1b\[\d+m", "", shown)
    assert plain == (
        "name                open  state    items\n"
        "Müller & 株…      -12.00  held         3\n"
        "[red]Jansen…  1345345.00  applied\n"
    )


def test_no_colour_is_shown_to_those_who_want_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    ours = on_a_screen(ROWS, monkeypatch, 200)
    assert "\x1b[3" not in ours


def test_text_of_a_stranger_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    evil = {**ROWS[0], "name": "a\x1b[2J\r\n\u202eb\x9b1m\x00"}
    show_rows([evil], COLUMNS, "table")
    show_rows([evil], COLUMNS, "json")
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 2 + 3
    assert said.replace("\n", "").isprintable()
    assert json.loads(said[said.index("[\n") :])[0]["name"] == evil["name"]


@pytest.mark.parametrize("formula", ["=1+1", "+31 20", "-cmd", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1"])
def test_text_in_csv_is_never_a_formula_and_amounts_stay_numbers(
    capsys: pytest.CaptureFixture[str], formula: str
) -> None:
    show_rows([{**ROWS[0], "name": formula}], COLUMNS, "csv")
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row == {"name": f"'{formula.strip()}", "hidden": "x", "open": "-12.00", "state": "held", "items": "3"}


def test_json_keeps_what_is_unknown_as_null(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(iter(ROWS), COLUMNS, "json")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_a_record_is_a_line_for_each_key(capsys: pytest.CaptureFixture[str]) -> None:
    show_record(ROWS[0], COLUMNS)
    assert capsys.readouterr().out == ("name   Müller & 株式会社\nopen   -12.00\nstate  held\nitems  3\n")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "EUR", "0.00"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "-0.05"),
        (123456, "EUR", "1234.56"),
        (150, "JPY", "150"),
        (-1, "KWD", "-0.001"),
        (None, "EUR", None),
    ],
)
def test_amounts_have_all_digits_of_their_currency(minor: int | None, currency: str, text: str | None) -> None:
    assert write_amount(minor, currency) == text


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)]))
def test_amounts_are_exact(minor: int, currency: tuple[str, int]) -> None:
    text = write_amount(minor, currency[0])
    assert text is not None
    assert Decimal(text) * 10 ** currency[1] == minor
    assert len(text.partition(".")[2]) == currency[1]


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(-999, 999)), max_size=5))
def test_any_text_is_one_line_of_csv_and_no_formula(cells: list[tuple[str, int]]) -> None:
    rows = [{"name": name, "open": f"{cents}.00"} for name, cents in cells]
    stream = io.StringIO(newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        show_rows(rows, [Column("name", "name"), Column("open", "open", "amount")], "csv")
    header, *lines = stream.getvalue().split("\n")[:-1]
    assert header == "name,open"
    got = [dict(zip(("name", "open"), next(csv.reader([line])), strict=True)) for line in lines]
    assert [row["open"] for row in got] == [row["open"] for row in rows]
    assert not [row["name"] for row in got if row["name"].startswith(("=", "+", "-", "@", "\t"))]
    assert all(line.isprintable() for line in lines)
