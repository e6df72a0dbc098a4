"""Lists, as a table for people, as JSON or as CSV. A row is a mapping with the keys of its columns.

In JSON amounts are strings with all digits of their currency, moments ISO 8601 in UTC, and null is what is unknown.
CSV holds the same in one line a row: line ends and control characters become blanks, and null is nothing. A cell of
text that a spreadsheet would take for a formula (it begins with = + - or @) gets an apostrophe in front; amounts and
numbers never do.
"""

import csv
import json
import os
import shutil
import sys
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TextIO

import click
from babel.numbers import get_currency_precision

from parsers.display import visible

Format = Literal["table", "json", "csv"]
Row = Mapping[str, Any]

_FORMULA = ("=", "+", "-", "@")
_LONGEST_CELL = 120  # of a table; CSV has all
_NARROWEST = 8  # that a column of text is cut to on a narrow screen
_FIGURES = ("amount", "number")
COLOURS = {
    "applied": "green",
    "unchanged": "green",
    "sent": "green",
    "held": "yellow",
    "waiting": "yellow",
    "queued": "yellow",
    "quarantined": "yellow",
    "refused": "red",
    "failed": "red",
    **dict.fromkeys(("login", "server", "store", "bug"), "red"),  # troubles of a mailbox
}


@dataclass(frozen=True, slots=True)
class Column:
    """One key of a row. `heading` is its name in the table; without it the table leaves the column out."""

    key: str
    heading: str = ""
    kind: Literal["text", "number", "amount", "state", "moment"] = "text"
    warn: str = ""  # in a record: the colour of what is neither zero nor nothing


def format_option(*forms: Format) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--format table|json|csv`, or some of them, as the argument `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms or typing.get_args(Format)),
        default="table",
        show_default=True,
        help="For people, for programs or for spreadsheets.",
    )


def write_amount(minor: int | None, currency: str) -> str | None:
    """Minor units as exact text with all digits of the currency: `-1234.50` EUR, `150` JPY."""
    if minor is None:
        return None
    digits = get_currency_precision(currency)
    text = f"{abs(minor):0{digits + 1}d}"
    sign = "-" if minor < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text


def write_moment(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second: `2026-07-31T08:15:00Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_size(size: int) -> str:
    """Bytes for people: `12.3 MB`."""
    if size < 1000:
        return f"{size} bytes"
    power = min(4, (len(str(size)) - 1) // 3)
    return f"{size / 1000**power:.1f} {' kMGT'[power]}B"


def show_rows(rows: Iterable[Row], columns: Sequence[Column], form: Format) -> None:
    """Write the rows to standard output; JSON and CSV as they come, a table at the end."""
    match form:
        case "json":
            _write_json(rows, columns, sys.stdout)
        case "csv":
            _write_csv(rows, columns, sys.stdout)
        case "table":
            _write_table(rows, [column for column in columns if column.heading], sys.stdout)


def show_record(record: Row, columns: Sequence[Column]) -> None:
    """Write one record for people: a line for each key."""
    pairs = [
        {"key": column.heading, "value": record[column.key], "colour": column.warn if record[column.key] else ""}
        for column in columns
        if column.heading
    ]
    _write_table(pairs, [Column("key", " "), Column("value", " ")], sys.stdout, header=False)


def _write_json(rows: Iterable[Row], columns: Sequence[Column], stream: TextIO) -> None:
    separator = "[\n"
    for row in rows:
        stream.write(separator + json.dumps({column.key: row[column.key] for column in columns}))
        separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def _write_csv(rows: Iterable[Row], columns: Sequence[Column], stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    writer.writerows([_csv_cell(row[column.key], column) for column in columns] for row in rows)


def _csv_cell(value: object, column: Column) -> str:
    if value is None or column.kind in _FIGURES:
        return "" if value is None else str(value)
    text = visible(str(value), sys.maxsize)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write_table(rows: Iterable[Row], columns: Sequence[Column], stream: TextIO, *, header: bool = True) -> None:
    """Aligned, and as wide as it needs; on a screen the widest column of text is cut so that lines do not wrap.

    rich's own Table takes 10 s for 50,000 rows, so that only its knowledge of how wide text is comes in here.
    """
    from rich.cells import cell_len, set_cell_size

    lines, colours = [], []
    for row in rows:
        lines.append([_cell(row[column.key]) for column in columns])
        colours.append(row.get("colour", ""))
    heads = [column.heading if header else "" for column in columns]
    widths = [max(map(cell_len, cells)) for cells in zip(heads, *lines, strict=True)]
    coloured = stream.isatty() and "NO_COLOR" not in os.environ
    if stream.isatty():
        _fit(widths, columns, shutil.get_terminal_size().columns)

    def lay(cells: Sequence[str], style: Callable[[str, Column], Mapping[str, Any]]) -> str:
        laid = []
        for text, column, width in zip(cells, columns, widths, strict=True):
            short = text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
            blank = " " * (width - cell_len(short))
            styles = style(text, column) if coloured else {}
            shown = click.style(short, **styles) if styles else short
            laid.append(blank + shown if column.kind in _FIGURES else shown + blank)
        return "  ".join(laid).rstrip() + "\n"

    if header:
        stream.write(lay(heads, lambda _text, _column: {"bold": True}))
    for cells, colour in zip(lines, colours, strict=True):
        stream.write(lay(cells, partial(_style, colour=colour)))


def _fit(widths: list[int], columns: Sequence[Column], screen: int) -> None:
    """Take what is too much from the widest columns of text, but leave each a few letters."""
    texts = [index for index, column in enumerate(columns) if column.kind == "text"]
    for _ in range(sum(widths) + 2 * (len(widths) - 1) - screen):
        widest = max(texts, key=widths.__getitem__, default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            return
        widths[widest] -= 1


def _cell(value: object) -> str:
    return "" if value is None else visible(str(value), _LONGEST_CELL)


def _style(text: str, column: Column, colour: str) -> Mapping[str, Any]:
    if colour:
        return {"fg": colour}
    if column.kind == "amount":
        return {"fg": "red"} if text.startswith("-") else {}
    return {"fg": COLOURS[text]} if column.kind == "state" and text in COLOURS else {}
