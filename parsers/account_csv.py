"""A list of accounts as CSV, as people make it: names, codes and credit limits by code or Exact ID.

The first line names the columns, in Dutch or English and in any order; nothing but these columns makes a CSV ours, for
lists of open items look much the same. One wrong line refuses the file.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from parsers.amounts import AmountReader, WrongAmount, currency_digits
from parsers.display import fragment, visible
from parsers.guids import read_guid
from parsers.protocol import FRAME_ROWS, Cards, FileRead, Frame, Options
from parsers.records import Card, File, Finding, Refused
from parsers.source import Head, Source

NAME: Final = "accounts"

LONGEST_TEXT = 200  # characters of a name that are kept
LONGEST_LINE = 64 * 1024  # characters
_CHUNK = 64 * 1024  # bytes
_COLUMNS = {
    "code": "code",
    "account code": "code",
    "relatiecode": "code",
    "name": "name",
    "naam": "name",
    "exact id": "exact_id",
    "id": "exact_id",
    "credit limit": "credit_limit",
    "credit line": "credit_limit",
    "kredietlimiet": "credit_limit",
}
_NO_LIMIT = ("none", "geen")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
for _name in ("utf-8-sig", "cp1252"):
    codecs.lookup(_name)  # loaded now: a child may open no file later


class Layout(NamedTuple):
    """What the first line says: how cells are separated, and what stands in which."""

    delimiter: str
    columns: tuple[str, ...]  # "code", "name", "exact_id", "credit_limit"


def claims(head: Head) -> bool:
    """A first line of our columns and no others, with one to find the account by and one to change."""
    return not head.root and read_layout(head.text.removeprefix("\ufeff").partition("\n")[0]) is not None


def read(source: Source, index: int, _block: int, options: Options) -> Iterator[Frame]:
    """Frames of one file, `FileRead` the last; it has no blocks.

    Raises `Refused`, midway too: what was given before counts for nothing then.
    """
    return _Reading(source, index, options).frames()


def read_layout(line: str) -> Layout | None:
    """The layout that a first line names, if it is one of ours."""
    delimiter = ";" if ";" in line else ","
    try:
        (cells,) = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    while cells and not cells[-1].strip():
        cells.pop()
    columns = tuple(_COLUMNS.get(" ".join(re.split(r"[\s_-]+", cell.strip().lower())), "") for cell in cells)
    is_whole = "" not in columns and len(set(columns)) == len(columns)
    if is_whole and {"code", "exact_id"} & set(columns) and {"name", "credit_limit"} & set(columns):
        return Layout(delimiter, columns)
    return None


class LimitReader:
    """Amounts as spreadsheets write them, to minor units.

    In a file with semicolons the comma is the decimal mark and points group thousands, in one with commas it is the
    other way round; a lone mark before one or two last digits is a decimal mark in either.
    """

    def __init__(self, delimiter: str, digits: int) -> None:
        mark, group = (",", ".") if delimiter == ";" else (".", ",")
        whole = rf"[0-9]+|[0-9]{{1,3}}(?:[{group} \u00a0\u202f'’][0-9]{{3}})+"
        self._amount = re.compile(rf"([+-]?)({whole})(?:{re.escape(mark)}([0-9]{{0,{digits}}}))?", re.ASCII)
        fraction = f"[0-9]{{1,{min(digits, 2)}}}" if digits else "(?!)"
        self._other = re.compile(rf"([+-]?)([0-9]+){re.escape(group)}({fraction})", re.ASCII)
        self._amounts = AmountReader(digits)

    def read(self, text: str) -> int:
        """Raises `WrongAmount`, also for more digits than the currency has."""
        found = self._amount.fullmatch(text) or self._other.fullmatch(text)
        if not found:
            raise WrongAmount("amount-invalid")
        sign, whole, fraction = found.groups()
        return self._amounts.read(f"{sign}{re.sub('[^0-9]', '', whole)}.{fraction or ''}".rstrip("."))


class _Reading:
    """One pass over one file, after a first one that found its encoding."""

    def __init__(self, source: Source, index: int, options: Options) -> None:
        self.source, self.index, self.options = source, index, options
        self.line = 0  # the last one read
        self.place = 0  # the line that an error points at: where a row begins
        self.encoding = self._find_encoding()
        self.stream = source.stream()  # after the first pass: a file on disk has one offset for all who open it

    def frames(self) -> Iterator[Frame]:
        lines = self._lines()
        layout = read_layout(next(lines, ""))
        if layout is None:
            raise self._refuse("csv-header")
        limits = LimitReader(layout.delimiter, currency_digits(self.options.currency))
        cards: list[Card] = []
        for row in self._rows(lines, layout):
            cards.append(self._read_card(row, limits))
            if len(cards) >= FRAME_ROWS:
                yield Cards(cards)
                cards = []
        if cards:
            yield Cards(cards)
        yield FileRead(self._file())

    def _find_encoding(self) -> str:
        stream, decoder = self.source.stream(), codecs.getincrementaldecoder("utf-8-sig")()
        data = stream.read(_CHUNK)
        is_marked = data.startswith(codecs.BOM_UTF8)
        if data.startswith(_UTF_16):
            raise self._refuse("csv-encoding")
        try:
            while data:
                decoder.decode(data)
                data = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            if is_marked:
                raise self._refuse("csv-encoding") from None
            return "cp1252"
        return "utf-8-sig"

    def _lines(self) -> Iterator[str]:
        decoder, rest = codecs.getincrementaldecoder(self.encoding)(), ""
        while data := self.stream.read(_CHUNK):
            *lines, rest = (rest + self._decode(decoder, data)).split("\n")
            for line in lines:
                yield self._count(line) + "\n"
            if len(rest) > LONGEST_LINE:
                self._count(rest)
        if rest:
            yield self._count(rest)

    def _decode(self, decoder: codecs.IncrementalDecoder, data: bytes) -> str:
        try:
            return decoder.decode(data)
        except UnicodeDecodeError as error:
            self.place = self.line + 1 + data[: error.start].count(b"\n")
            raise self._refuse("csv-encoding") from None

    def _count(self, line: str) -> str:
        self.line += 1
        if len(line) > LONGEST_LINE:
            self.place = self.line
            raise self._refuse("csv-line-too-long", line, limit=LONGEST_LINE)
        return line

    def _rows(self, lines: Iterator[str], layout: Layout) -> Iterator[dict[str, str]]:
        """The cells of each line that has any, stripped, by column."""
        rows = csv.reader(lines, delimiter=layout.delimiter, strict=True)
        while True:
            self.place = self.line + 1
            try:
                row = next(rows, None)
            except csv.Error:
                raise self._refuse("csv-quotes") from None
            if row is None:
                return
            cells = [cell.strip() for cell in row]
            if any(cells):
                if len(cells) < len(layout.columns) or any(cells[len(layout.columns) :]):
                    raise self._refuse(
                        "csv-cells", layout.delimiter.join(row), found=len(cells), expected=len(layout.columns)
                    )
                yield dict(zip(layout.columns, cells, strict=False))

    def _read_card(self, row: dict[str, str], limits: LimitReader) -> Card:
        code = visible(row.get("code", ""), LONGEST_TEXT) or None
        name = visible(row.get("name", ""), LONGEST_TEXT)
        exact_id = read_guid(row.get("exact_id"))
        shown = code or exact_id or name
        if row.get("exact_id") and exact_id is None:
            raise self._refuse("exact-id-invalid", row["exact_id"], account=shown)
        if code is None and exact_id is None:
            raise self._refuse("account-unnamed", name)
        text, limit = row.get("credit_limit"), None
        unlimited = text is not None and text.lower() in _NO_LIMIT
        if text and not unlimited:
            try:
                limit = limits.read(text)
            except WrongAmount:
                raise self._refuse("limit-invalid", text, account=shown) from None
            if limit < 0:
                raise self._refuse("limit-negative", text, account=shown)
        return Card(self.index, exact_id, code, name, limit, unlimited)

    def _refuse(self, code: str, text: str = "", /, **values: str | int) -> Refused:
        """The error that points at the line being read."""
        return Refused(Finding(code, self.source.name, self.place or None, fragment(text), values))

    def _file(self) -> File:
        source, stream = self.source, self.stream
        return File(
            index=self.index,
            name=source.name,
            part=source.part,
            sha256=stream.sha256,
            size=stream.size,
            format=NAME,
            number=None,
            pages=(),
        )
