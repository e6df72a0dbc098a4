"""Tables as CSV, as spreadsheets and programs write them: one row after the other, with the line it stands on.

UTF-8, with or without a byte order mark, else windows-1252 as Excel writes it. Cells are text and nothing else: what
looks like a formula stays what it is.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from parsers.display import fragment
from parsers.records import File, Finding, Refused
from parsers.source import Source

LONGEST_LINE = 64 * 1024  # characters
_CHUNK = 64 * 1024  # bytes
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
for _name in ("utf-8-sig", "cp1252"):
    codecs.lookup(_name)  # loaded now: a child may open no file later


class Layout(NamedTuple):
    """What the first line says: how cells are separated, and what stands in which."""

    delimiter: str
    columns: tuple[str, ...]


def read_layout(line: str, names: Mapping[str, str], delimiters: str) -> Layout | None:
    """The layout that a first line names; None if it is no line of cells.

    `names` are the columns by what people call them, in lower case with single blanks; one that is not among them is
    given as `?` and what it is called. The first of `delimiters` that the line has separates the cells.
    """
    delimiter = next((mark for mark in delimiters if mark in line), delimiters[-1])
    try:
        (cells,) = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    while cells and not cells[-1].strip():
        cells.pop()
    called = (" ".join(re.split(r"[\s_-]+", cell.strip().lower())) for cell in cells)
    return Layout(delimiter, tuple(names.get(name, f"?{name}") for name in called))


class Sheet:
    """One pass over one file, after a first one that found its encoding."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._line = 0  # the last one read
        self.line = 0  # where the row begins that is being read: what a mistake points at
        self._encoding = self._find_encoding()
        self._stream = source.stream()  # after the first pass: a file on disk has one offset for all who open it
        self._lines = self._read_lines()

    def first_line(self) -> str:
        """To be read before the rows."""
        return next(self._lines, "")

    def rows(self, delimiter: str) -> Iterator[list[str]]:
        """The cells, stripped, of each row that has any. Raises `Refused` where nothing more can be read."""
        rows = csv.reader(self._lines, delimiter=delimiter, strict=True)
        while True:
            self.line = self._line + 1
            try:
                row = next(rows, None)
            except csv.Error:
                raise self.refuse("csv-quotes") from None
            if row is None:
                return
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield cells

    def by_column(self, cells: list[str], layout: Layout) -> dict[str, str]:
        """Raises `Refused` if there are not as many cells as columns; empty ones behind the last are no matter."""
        columns = layout.columns
        if len(cells) < len(columns) or any(cells[len(columns) :]):
            raise self.refuse("csv-cells", layout.delimiter.join(cells), found=len(cells), expected=len(columns))
        return dict(zip(columns, cells, strict=False))

    def refuse(self, code: str, text: str = "", /, **values: str | int) -> Refused:
        """The error that points at the row being read."""
        return Refused(Finding(code, self._source.name, self.line or None, fragment(text), values))

    def file(self, index: int, kind: str) -> File:
        """The whole of it, once it was read to its end."""
        return self._stream.as_file(index, kind)

    def _find_encoding(self) -> str:
        stream, decoder = self._source.stream(), codecs.getincrementaldecoder("utf-8-sig")()
        data = stream.read(_CHUNK)
        is_marked = data.startswith(codecs.BOM_UTF8)
        if data.startswith(_UTF_16) or b"\x00" in data[:4]:  # no column begins so
            raise self.refuse("csv-encoding")
        try:
            while data:
                decoder.decode(data)
                data = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            if is_marked:
                raise self.refuse("csv-encoding") from None
            return "cp1252"
        return "utf-8-sig"

    def _read_lines(self) -> Iterator[str]:
        decoder, rest = codecs.getincrementaldecoder(self._encoding)(), ""
        while data := self._stream.read(_CHUNK):
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
            self.line = self._line + 1 + data[: error.start].count(b"\n")
            raise self.refuse("csv-encoding") from None

    def _count(self, line: str) -> str:
        self._line += 1
        if len(line) > LONGEST_LINE:
            self.line = self._line
            raise self.refuse("csv-line-too-long", line, limit=LONGEST_LINE)
        return line
