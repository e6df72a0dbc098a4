"""A list of accounts as CSV, as people make it: names, codes and credit limits by code or Exact ID.

The first line names the columns, in Dutch or English and in any order; nothing but these columns makes a CSV ours, for
lists of open items look much the same. One wrong line refuses the file.
"""

from collections.abc import Iterator
from typing import Final

from parsers.amounts import WrongAmount, currency_digits
from parsers.cells import AmountCells
from parsers.display import visible
from parsers.guids import read_guid
from parsers.mistakes import Mistakes
from parsers.protocol import FRAME_ROWS, Cards, FileRead, Frame, Options
from parsers.records import Card, Refused
from parsers.sheet import Layout, Sheet, read_layout
from parsers.source import Head, Source

NAME: Final = "accounts"

LONGEST_TEXT = 200  # characters of a name that are kept
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


def claims(head: Head) -> bool:
    """A first line of our columns and no others, with one to find the account by and one to change."""
    return not head.root and _find_layout(head.text.removeprefix("\ufeff").partition("\n")[0]) is not None


def read(source: Source, index: int, _block: int, options: Options) -> Iterator[Frame]:
    """Frames of one file, `FileRead` the last; it has no blocks.

    Raises `Refused`, midway too: what was given before counts for nothing then.
    """
    return _Reading(source, index, options).frames()


def _find_layout(line: str) -> Layout | None:
    layout = read_layout(line, _COLUMNS, ";,")
    if layout is None:
        return None
    columns = set(layout.columns)
    is_whole = columns <= set(_COLUMNS.values()) and len(columns) == len(layout.columns)
    is_useful = {"code", "exact_id"} & columns and {"name", "credit_limit"} & columns
    return layout if is_whole and is_useful else None


class _Reading:
    """One pass over one file."""

    def __init__(self, source: Source, index: int, options: Options) -> None:
        self.index, self.options = index, options
        self.sheet = Sheet(source)
        self.mistakes = Mistakes()

    def frames(self) -> Iterator[Frame]:
        layout = _find_layout(self.sheet.first_line())
        if layout is None:
            raise self.sheet.refuse("csv-header")
        try:
            yield from self._read_rows(layout)
        except Refused as refused:
            raise self.mistakes.refuse(refused) from None
        if self.mistakes:
            raise self.mistakes.refuse()
        yield FileRead(self.sheet.file(self.index, NAME))

    def _read_rows(self, layout: Layout) -> Iterator[Frame]:
        limits = AmountCells(layout.delimiter, currency_digits(self.options.currency))
        cards: list[Card] = []
        for cells in self.sheet.rows(layout.delimiter):
            try:
                cards.append(self._read_card(self.sheet.by_column(cells, layout), limits))
            except Refused as refused:
                self.mistakes.add(refused)
            if len(cards) >= FRAME_ROWS:
                yield Cards(cards)
                cards = []
        if cards:
            yield Cards(cards)

    def _read_card(self, row: dict[str, str], limits: AmountCells) -> Card:
        code = visible(row.get("code", ""), LONGEST_TEXT) or None
        name = visible(row.get("name", ""), LONGEST_TEXT)
        exact_id = read_guid(row.get("exact_id"))
        shown = code or exact_id or name
        if row.get("exact_id") and exact_id is None:
            raise self.sheet.refuse("exact-id-invalid", row["exact_id"], account=shown)
        if code is None and exact_id is None:
            raise self.sheet.refuse("account-unnamed", name)
        text, limit = row.get("credit_limit"), None
        unlimited = text is not None and text.lower() in _NO_LIMIT
        if text and not unlimited:
            try:
                limit = limits.read(text)
            except WrongAmount:
                raise self.sheet.refuse("limit-invalid", text, account=shown) from None
            if limit < 0:
                raise self.sheet.refuse("limit-negative", text, account=shown)
        return Card(self.index, exact_id, code, name, limit, unlimited)
