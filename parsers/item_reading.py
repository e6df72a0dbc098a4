"""One `OutstandingItem` to one `Item`: every field checked, the children looked at once."""

import re

from babel.core import get_global
from lxml import etree

from parsers.amounts import AmountReader, WrongAmount, currency_digits
from parsers.dates import is_unlikely, read_date
from parsers.display import visible
from parsers.protocol import Options
from parsers.records import Item, Refused, Side
from parsers.tally import Tally
from parsers.xml import LONGEST_VALUE, XmlReader

LONGEST_TEXT = 200  # characters of a description or reference that are kept
_LONGEST_NUMBER = 60
_MOST_DATES = 100_000  # that are remembered; there are only so many days

_AMOUNTS = ("InvoiceAmtFC", "OutstandingAmtFC", "InvoiceAmtDC", "OutstandingAmtDC")
_DATES = ("InvoiceDate", "DueDate")
_REQUIRED = (*_DATES, "Currency", *_AMOUNTS)
_ORDER = ("YourRef", "Description", *_REQUIRED)
# The orders that the schema allows, with where YourRef and Description stand in them.
_LAYOUTS: dict[tuple[str, ...], tuple[int | None, int | None]] = {
    _REQUIRED: (None, None),
    ("YourRef", *_REQUIRED): (0, None),
    ("Description", *_REQUIRED): (None, 0),
    _ORDER: (0, 1),
}
_INTEGER = re.compile(r"([+-]?)0*([0-9]*)", re.ASCII)
_CURRENCIES = frozenset(get_global("all_currencies"))


class ItemReader:
    """Reads the items of one file, for an administration of one currency."""

    def __init__(self, reader: XmlReader, warnings: Tally, options: Options) -> None:
        self.account = ""  # of the items to come, for their warnings
        self.count = 0
        self._reader, self._warnings, self._options = reader, warnings, options
        self._own = options.currency
        self._dc = AmountReader(currency_digits(options.currency))
        self._currencies: dict[str | None, tuple[str, AmountReader]] = {self._own: (self._own, self._dc)}
        self._dates: dict[str, str] = {}
        self._unlikely: set[str] = set()

    def read(self, element: etree._Element, side: Side, block: int) -> Item:
        """Raises `Refused` for a field that is missing, empty or not what it should be."""
        self.count += 1
        fields: list[etree._Element | None] = list(element.iterdescendants())
        layout = _LAYOUTS.get(tuple([field.tag for field in fields]))  # type: ignore[misc, union-attr]
        if layout is None:
            arranged = self._arrange(element)
            reference, description, rest = arranged[0], arranged[1], arranged[2:]
        else:
            at, below = layout
            reference = None if at is None else fields[at]
            description = None if below is None else fields[below]
            rest = fields[-7:]
        invoice_date, due_date = self._date(rest[0], "InvoiceDate", element), self._date(rest[1], "DueDate", element)
        currency, amounts = self._currency(rest[2], element)
        texts = [field.text if field is not None else None for field in rest[3:]]
        try:
            invoice_fc, open_fc = amounts.read(texts[0]), amounts.read(texts[1])
            if amounts is self._dc and texts[0] == texts[2] and texts[1] == texts[3]:
                invoice_dc, open_dc = invoice_fc, open_fc
            else:
                invoice_dc, open_dc = self._dc.read(texts[2]), self._dc.read(texts[3])
        except WrongAmount as wrong:
            raise self._refuse_amount(element, rest[3:], amounts) from wrong
        number = _read_number(element.get("number"))
        if amounts is not self._dc or open_dc != invoice_dc or open_dc != open_fc or due_date < invoice_date:
            self._compare(element, currency, invoice_fc, open_fc, invoice_dc, open_dc)
            if due_date < invoice_date:
                self._warn("due-before-invoice", element)
        if self._unlikely and not self._unlikely.isdisjoint((invoice_date, due_date)):
            self._warn("date-unlikely", element, date=invoice_date if invoice_date in self._unlikely else due_date)
        if side in self._options.negate:
            invoice_fc, open_fc, invoice_dc, open_dc = -invoice_fc, -open_fc, -invoice_dc, -open_dc
        return Item(
            block,
            number,
            self._text(reference),
            self._text(description),
            invoice_date,
            due_date,
            currency,
            invoice_fc,
            open_fc,
            invoice_dc,
            open_dc,
        )

    def _arrange(self, element: etree._Element) -> list[etree._Element | None]:
        """The fields of an item that is not laid out as usual; None for each that is missing."""
        found: dict[str, etree._Element] = {}
        for child in element:
            name = str(child.tag)
            if name == "OutstandingItem":
                raise self._reader.refuse("element-misplaced", child, element=name)
            if name not in _ORDER:
                self._warn("unknown-element", child, element=visible(name, 80))
            elif name in found:
                raise self._refuse("element-repeated", child, "", name)
            else:
                found[name] = child
                if len(child) and name in _AMOUNTS + _DATES:
                    code = "amount-invalid" if name in _AMOUNTS else "date-invalid"
                    raise self._refuse(code, child, "".join(child.itertext()), name)
        if list(found) != [name for name in _ORDER if name in found]:
            self._warn("unusual-order", element)
        return [found.get(name) for name in _ORDER]

    def _date(self, field: etree._Element | None, name: str, item: etree._Element) -> str:
        text = field.text if field is not None else None
        known = self._dates.get(text or "")
        if known is not None:
            return known
        if not text or not text.strip():
            raise self._refuse("date-missing", field if field is not None else item, "", name)
        day = read_date(text)
        if day is None:
            raise self._refuse("date-invalid", field if field is not None else item, text, name)
        if is_unlikely(day):
            self._unlikely.add(day)
        if len(self._dates) < _MOST_DATES:
            self._dates[text] = day
        return day

    def _currency(self, field: etree._Element | None, item: etree._Element) -> tuple[str, AmountReader]:
        """The currency and the reader of amounts in it."""
        given = field.get("code") if field is not None else None
        known = self._currencies.get(given)
        if known is not None and given and given.strip():
            return known
        code = visible(given or "", 10).upper()
        if not code:
            self._warn("currency-empty", item)
            return self._own, self._dc
        if code not in _CURRENCIES:
            self._warn("currency-unknown", item, currency=code)
        entry = (code, self._dc if code == self._own else AmountReader(currency_digits(code)))
        if len(self._currencies) < len(_CURRENCIES):
            self._currencies[given] = entry
        return entry

    def _text(self, field: etree._Element | None) -> str:
        text = field.text if field is not None else None
        if not text:
            return ""
        if len(text) > LONGEST_VALUE:
            raise self._reader.refuse("xml-limit", field, text, reason="a text is too long")
        return visible(text, LONGEST_TEXT)

    def _compare(
        self, item: etree._Element, currency: str, invoice_fc: int, open_fc: int, invoice_dc: int, open_dc: int
    ) -> None:
        if currency == self._own and (invoice_fc != invoice_dc or open_fc != open_dc):
            self._warn("amounts-differ", item, currency=currency, fc=open_fc, dc=open_dc)
        if open_dc * invoice_dc < 0 or open_fc * open_dc < 0:
            self._warn("opposite-signs", item)
        elif abs(open_dc) > abs(invoice_dc):
            self._warn("open-above-invoice", item)

    def _refuse_amount(
        self, item: etree._Element, fields: list[etree._Element | None], amounts: AmountReader
    ) -> Refused:
        """Name the field that was wrong."""
        for name, field, reader in zip(_AMOUNTS, fields, (amounts, amounts, self._dc, self._dc), strict=True):
            text = field.text if field is not None else None
            try:
                reader.read(text)
            except WrongAmount as wrong:
                return self._refuse(wrong.code, field if field is not None else item, text or "", name)
        raise AssertionError("no amount of the item is wrong")

    def _refuse(self, code: str, place: etree._Element, text: str, element: str) -> Refused:
        """The error that points at a field, and says whose it is."""
        return self._reader.refuse(code, place, text, element=element, account=self.account, number=_number_of(place))

    def _warn(self, code: str, place: etree._Element, /, **values: str | int) -> None:
        self._warnings.add(code, place.sourceline, "", account=self.account, number=_number_of(place), **values)


def _number_of(place: etree._Element) -> str:
    item = place if place.tag == "OutstandingItem" else place.getparent()
    return _read_number(item.get("number")) if item is not None else ""


def _read_number(text: str | None) -> str:
    """An invoice number without leading zeros or plus; "" for none and for 0."""
    if not text:
        return ""
    if text.isdecimal() and text.isascii() and text[0] != "0":
        return text[:_LONGEST_NUMBER]
    match = _INTEGER.fullmatch(text.strip())
    if not match:
        return visible(text, _LONGEST_NUMBER)
    sign, figures = match.groups()
    return (("-" if sign == "-" else "") + figures)[:_LONGEST_NUMBER] if figures else ""
