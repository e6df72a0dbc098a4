"""A list of own invoices as CSV: one row for each invoice or credit note, whole and not by VAT rate.

The first line names the columns, in Dutch or English and in any order. A column that is not known refuses the file, for
it could say that something was paid. So does one wrong row; all of them are told.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from parsers.amounts import CURRENCIES, WrongAmount, currency_digits
from parsers.cells import AmountCells, read_day
from parsers.display import visible
from parsers.guids import read_guid
from parsers.invoice_columns import COLUMNS, KINDS, REQUIRED, SIDES
from parsers.mistakes import Mistakes
from parsers.protocol import FRAME_ROWS, FileRead, Frame, Invoices, Options
from parsers.records import Invoice, Refused
from parsers.sheet import LONGEST_LINE, Layout, Sheet, read_layout
from parsers.source import Head, Source

NAME: Final = "own-invoices"

T = TypeVar("T")

LONGEST_KEY = 60  # characters of a number or code, which are never cut
LONGEST_TEXT = 200  # characters of other text that are kept
DELIMITERS = "\t;,"


def claims(head: Head) -> bool:
    """A first line that names an invoice and the code of a customer of ours, which no list of Exact calls so."""
    layout = None if head.root else _layout(head.text.removeprefix("\ufeff").partition("\n")[0])
    return layout is not None and {"customer_code", "number"} <= set(layout.columns)


def read(source: Source, index: int, _block: int, options: Options) -> Iterator[Frame]:
    """Frames of one file, `FileRead` the last; it has no blocks.

    Raises `Refused` with all mistakes, midway too: what was given before counts for nothing then.
    """
    return _Reading(source, index, options).frames()


def _layout(line: str) -> Layout | None:
    return read_layout(line, COLUMNS, DELIMITERS)


class _Reading:
    """One pass over one file."""

    def __init__(self, source: Source, index: int, options: Options) -> None:
        self.index, self.own = index, options.currency
        self.sheet = Sheet(source)
        self.mistakes = Mistakes()
        self.delimiter = ""
        self.amounts: dict[int, AmountCells] = {}  # by the digits of the currency
        self.lines: dict[int, int] = {}  # where an invoice stands, by the hash of its key: there may be a million

    def frames(self) -> Iterator[Frame]:
        layout = self._read_layout()
        self.delimiter = layout.delimiter
        try:
            yield from self._read_rows(layout)
        except Refused as refused:
            raise self.mistakes.refuse(refused) from None
        if self.mistakes:
            raise self.mistakes.refuse()
        yield FileRead(self.sheet.file(self.index, NAME))

    def _read_layout(self) -> Layout:
        line = self.sheet.first_line()
        layout = _layout(line)
        self.sheet.line = 1
        if layout is None:
            raise self.sheet.refuse("csv-quotes", line)
        columns = layout.columns
        for number, column in enumerate(columns):
            if column.startswith("?"):
                self.mistakes.add(
                    self.sheet.refuse("csv-column-unknown", line, column=visible(column[1:], LONGEST_KEY))
                )
            elif column in columns[:number]:
                self.mistakes.add(self.sheet.refuse("csv-column-repeated", line, column=column))
        if missing := [column for column in REQUIRED if column not in columns]:
            self.mistakes.add(self.sheet.refuse("csv-columns-missing", line, columns=", ".join(missing)))
        if self.mistakes:
            raise self.mistakes.refuse()
        return layout

    def _read_rows(self, layout: Layout) -> Iterator[Frame]:
        invoices: list[Invoice] = []
        for cells in self.sheet.rows(layout.delimiter):
            try:
                invoices.append(self._read_invoice(self.sheet.by_column(cells, layout)))
            except Refused as refused:
                self.mistakes.add(refused)
            if len(invoices) >= FRAME_ROWS:
                yield Invoices(invoices)
                invoices = []
        if invoices:
            yield Invoices(invoices)

    def _read_invoice(self, row: dict[str, str]) -> Invoice:
        customer, number = self._key(row, "customer_code"), self._key(row, "number")
        exact_id = read_guid(row.get("exact_id"))
        if row.get("exact_id") and exact_id is None:
            raise self.sheet.refuse("exact-id-invalid", row["exact_id"], account=customer)
        side = self._word(row, "side", SIDES) or "receivable"
        kind = self._word(row, "kind", KINDS)
        invoice_date, due_date = self._date(row, "invoice_date"), self._date(row, "due_date")
        currency = row.get("currency", "").upper() or self.own
        if currency not in CURRENCIES:
            raise self.sheet.refuse("invoice-currency-unknown", currency, currency=visible(currency, 10))
        amount_fc, amount_dc = self._read_amounts(row, currency)
        vat = self._amount(row, "vat_amount", currency)
        if kind == "credit-note" or (kind is None and amount_fc < 0):
            kind, amount_fc, amount_dc = "credit-note", -abs(amount_fc), -abs(amount_dc)
            vat = vat if vat is None else -abs(vat)
        self._note((side, customer, kind or "invoice", number), number)
        return Invoice(
            page=self.index,
            line=self.sheet.line,
            side=side,
            kind=kind or "invoice",
            number=number,
            customer_code=customer,
            customer_name=_text(row, "customer_name"),
            exact_id=exact_id,
            invoice_date=invoice_date,
            due_date=due_date,
            your_ref=_text(row, "your_ref"),
            description=_text(row, "description"),
            currency=currency,
            amount_fc=amount_fc,
            amount_dc=amount_dc,
            journal=_text(row, "journal"),
            period=_text(row, "period"),
            vat_code=_text(row, "vat_code"),
            vat_amount_fc=vat,
            item=_text(row, "item"),
            payment_condition=_text(row, "payment_condition"),
        )

    def _key(self, row: dict[str, str], column: str) -> str:
        """What an invoice is found by again: all of it is kept, or none."""
        text = visible(row[column], LONGEST_LINE)
        if not text:
            raise self.sheet.refuse("invoice-field-missing", field=column)
        if len(text) > LONGEST_KEY:
            raise self.sheet.refuse("invoice-field-too-long", text, field=column, limit=LONGEST_KEY)
        return text

    def _word(self, row: dict[str, str], column: str, known: Mapping[str, T]) -> T | None:
        text = row.get(column, "")
        word = known.get(text.lower().replace("-", " ").replace("_", " "))
        if text and word is None:
            raise self.sheet.refuse("invoice-word-unknown", text, field=column, known=", ".join(known))
        return word

    def _date(self, row: dict[str, str], column: str) -> str:
        text = row.get(column, "")
        day = read_day(text, self.delimiter)
        if day is None and (text or column in REQUIRED):
            raise self.sheet.refuse("invoice-date-invalid", text, field=column)
        return day or ""

    def _read_amounts(self, row: dict[str, str], currency: str) -> tuple[int, int]:
        """What is to be paid, in the currency of the invoice and in the administration's."""
        amount_fc, amount_dc = self._amount(row, "amount", currency), self._amount(row, "amount_dc", self.own)
        if amount_fc is None:
            raise self.sheet.refuse("invoice-field-missing", field="amount")
        if amount_dc is None:
            if currency != self.own:
                raise self.sheet.refuse("invoice-amount-dc-missing", currency, currency=currency, own=self.own)
            return amount_fc, amount_fc
        shown = f"{row['amount']} {row['amount_dc']}"
        if currency == self.own and amount_fc != amount_dc:
            raise self.sheet.refuse("invoice-amounts-differ", shown)
        if amount_fc * amount_dc < 0:
            raise self.sheet.refuse("invoice-signs-differ", shown)
        return amount_fc, amount_dc

    def _amount(self, row: dict[str, str], column: str, currency: str) -> int | None:
        text, digits = row.get(column, ""), currency_digits(currency)
        if not text:
            return None
        if digits not in self.amounts:
            self.amounts[digits] = AmountCells(self.delimiter, digits)
        try:
            return self.amounts[digits].read(text)
        except WrongAmount:
            raise self.sheet.refuse("invoice-amount-invalid", text, field=column, currency=currency) from None

    def _note(self, key: tuple[str | None, ...], number: str) -> None:
        """An invoice that stands there twice was split over rows, or is two: neither may be taken for one."""
        line = self.lines.setdefault(hash(key), self.sheet.line)
        if line != self.sheet.line:
            raise self.sheet.refuse("invoice-repeated", number, number=number, line=line)


def _text(row: dict[str, str], column: str) -> str:
    return visible(row.get(column, ""), LONGEST_TEXT)
