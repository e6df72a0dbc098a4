"""One `OutstandingItem` to one `Item`: every field checked, the children looked at once."""

import re

from lxml import etree

from parsers.amounts import CURRENCIES, AmountReader, WrongAmount, currency_digits
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
_ABSENT = etree.Element("absent")
_INTEGER = re.compile(r"([+-]?)0*([0-9]*)", re.ASCII)


class ItemReader:
    """Reads the items of one file, for an administration of one currency."""

    def __init__(self, reader: XmlReader, warnings: Tally, options: Options) -> None:
        self.account = ""  # of the items to come, for their warnings
        self.count = 0
        self._reader, self._warnings = reader, warnings
        self._negate = options.negate
        self._own = options.currency
        self._dc = AmountReader(currency_digits(options.currency))
        self._currencies: dict[str | None, tuple[str, AmountReader]] = {self._own: (self._own, self._dc)}
        self._dates: dict[str, str] = {}
        self._unlikely: set[str] = set()
        self._tags: list[object] = []  # of the last item's fields: most items are laid out like the one before
        self._layout: tuple[int | None, int | None] | None = None

    def read(self, element: etree._Element, side: Side, block: int) -> Item:
        """Raises `Refused` for a field that is missing, empty or not what it should be."""
        self.count += 1
        fields = element[:]
        tags: list[object] = [field.tag for field in fields]
        if tags != self._tags:
            self._tags, self._layout = tags, _LAYOUTS.get(tuple(tags))  # type: ignore[arg-type]
        layout = self._layout
        if layout is None or any(map(len, fields)):
            fields, layout = self._arrange(element), (0, 1)
        reference, description = layout
        texts = [field.text for field in fields]
        invoiced, due, _, first, second, third, fourth = texts[-7:]
        invoice_date = self._dates.get(invoiced or "") or self._date(fields[-7], "InvoiceDate", element)
        due_date = self._dates.get(due or "") or self._date(fields[-6], "DueDate", element)
        currency, amounts = self._currencies.get(fields[-5].get("code")) or self._currency(fields[-5], element)
        try:
            invoice_fc = amounts.read(first)
            open_fc = invoice_fc if second == first else amounts.read(second)
            if amounts is self._dc and first == third and second == fourth:
                invoice_dc, open_dc = invoice_fc, open_fc
            else:
                invoice_dc, open_dc = self._dc.read(third), self._dc.read(fourth)
        except WrongAmount as wrong:
            raise self._refuse_amount(element, fields[-4:], amounts) from wrong
        number = read_number(element.get("number"))
        if amounts is not self._dc or open_dc != invoice_dc or open_dc != open_fc or due_date < invoice_date:
            self._compare(element, currency, invoice_fc, open_fc, invoice_dc, open_dc)
            if due_date < invoice_date:
                self._warn("due-before-invoice", element)
        if self._unlikely and not self._unlikely.isdisjoint((invoice_date, due_date)):
            self._warn("date-unlikely", element, date=invoice_date if invoice_date in self._unlikely else due_date)
        if side in self._negate:
            invoice_fc, open_fc, invoice_dc, open_dc = -invoice_fc, -open_fc, -invoice_dc, -open_dc
        return Item(
            block,
            number,
            "" if reference is None else self._text(texts[reference], fields[reference]),
            "" if description is None else self._text(texts[description], fields[description]),
            invoice_date,
            due_date,
            currency,
            invoice_fc,
            open_fc,
            invoice_dc,
            open_dc,
        )

    def _arrange(self, element: etree._Element) -> list[etree._Element]:
        """The fields of an item that is not laid out as usual; `_ABSENT` for each that is missing."""
        for inner in element.iterdescendants("OutstandingItem"):
            raise self._reader.refuse("element-misplaced", inner, element="OutstandingItem")
        found: dict[str, etree._Element] = {}
        for child in element:
            name = str(child.tag)
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
        return [found.get(name, _ABSENT) for name in _ORDER]

    def _date(self, field: etree._Element, name: str, item: etree._Element) -> str:
        text = field.text
        if not text or not text.strip():
            raise self._refuse("date-missing", item if field is _ABSENT else field, "", name)
        day = read_date(text)
        if day is None:
            raise self._refuse("date-invalid", field, text, name)
        if is_unlikely(day):
            self._unlikely.add(day)
        if len(self._dates) < _MOST_DATES:
            self._dates[text] = day
        return day

    def _currency(self, field: etree._Element, item: etree._Element) -> tuple[str, AmountReader]:
        """The currency and the reader of amounts in it, remembered by how it is written."""
        given = field.get("code")
        code = visible(given or "", 10).upper()
        if not code:
            self._warn("currency-empty", item)
            return self._own, self._dc
        if code not in CURRENCIES:
            self._warn("currency-unknown", item, currency=code)
        entry = (code, self._dc if code == self._own else AmountReader(currency_digits(code)))
        if len(self._currencies) < len(CURRENCIES):
            self._currencies[given] = entry
        return entry

    def _text(self, text: str | None, field: etree._Element) -> str:
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

    def _refuse_amount(self, item: etree._Element, fields: list[etree._Element], amounts: AmountReader) -> Refused:
        """Name the field that was wrong."""
        for name, field, reader in zip(_AMOUNTS, fields, (amounts, amounts, self._dc, self._dc), strict=True):
            try:
                reader.read(field.text)
            except WrongAmount as wrong:
                return self._refuse(wrong.code, item if field is _ABSENT else field, field.text or "", name)
        raise AssertionError("no amount of the item is wrong")

    def _refuse(self, code: str, place: etree._Element, text: str, element: str) -> Refused:
        """The error that points at a field, and says whose it is."""
        return self._reader.refuse(code, place, text, element=element, account=self.account, number=_number_of(place))

    def _warn(self, code: str, place: etree._Element, /, **values: str | int) -> None:
        self._warnings.add(code, place.sourceline, "", account=self.account, number=_number_of(place), **values)


def _number_of(place: etree._Element) -> str:
    item = place if place.tag == "OutstandingItem" else place.getparent()
    return read_number(item.get("number")) if item is not None else ""


def read_number(text: str | None) -> str:
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
