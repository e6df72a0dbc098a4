"""The children of one UBL document that were kept, and how to ask them for text, dates and amounts.

Whoever asks gets something to go on with; what is wrong is gathered in `mistakes` meanwhile.
"""

from collections.abc import Mapping, Sequence

from lxml import etree

from parsers.amounts import AmountReader, WrongAmount
from parsers.dates import read_date
from parsers.display import visible
from parsers.mistakes import Mistakes
from parsers.records import Refused
from parsers.xml import XmlReader

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
LONGEST_KEY = 60  # characters of a number or code, which are never cut
LONGEST_TEXT = 200  # characters of other text that are kept


class Document:
    """One document. Fields are named as paths without prefixes: `LegalMonetaryTotal/PayableAmount`."""

    def __init__(
        self, reader: XmlReader, root: etree._Element, children: Mapping[str, Sequence[etree._Element]]
    ) -> None:
        self.root = root
        self.mistakes = Mistakes()
        self._reader, self._children = reader, children

    def all(self, path: str) -> list[etree._Element]:
        """The elements at `path`. All but the last name are of aggregates."""
        first, *rest = path.split("/")
        found = list(self._children.get(first, ()))
        for place, name in enumerate(rest, start=1):
            space = CBC if place == len(rest) else CAC
            found = [child for element in found for child in element.iterchildren(f"{space}{name}")]
        return found

    def one(self, path: str, *, required: bool = False) -> etree._Element | None:
        """The element at `path`, which may not stand there twice."""
        found = self.all(path)
        if len(found) > 1:
            self.refuse("invoice-field-repeated", found[1], field=path)
        elif required and not found:
            self.refuse("invoice-field-missing", self.root, field=path)
        return found[0] if found else None

    def text(self, *paths: str) -> str:
        """What stands first at the first of `paths` that has any text; "" for none."""
        return next((text for path in paths for element in self.all(path) if (text := read_text(element))), "")

    def key(self, path: str) -> str:
        """The text at `path`, which an invoice is found by again."""
        element = self.one(path)
        return self.check_key(read_text(element, 10 * LONGEST_KEY), path, element)

    def check_key(self, text: str, path: str, place: etree._Element | None = None) -> str:
        """All of a key is kept: one that is missing or too long is a mistake."""
        if not text:
            self.refuse("invoice-field-missing", place, field=path)
        elif len(text) > LONGEST_KEY:
            self.refuse("invoice-field-too-long", place, text, field=path, limit=LONGEST_KEY)
        return text

    def date(self, *paths: str, required: bool = False) -> str:
        """The date that stands first at the first of `paths` that is there; "" if none is."""
        path, element = next(((path, one) for path in paths for one in self.all(path)), (paths[0], None))
        if element is None:
            if required:
                self.refuse("invoice-field-missing", None, field=path)
            return ""
        day = read_date(read_text(element))
        if day is None:
            self.refuse("invoice-date-invalid", element, element.text or "", field=path)
        return day or ""

    def amount(self, path: str, amounts: AmountReader, currency: str, *, required: bool = False) -> int | None:
        """The amount at `path`, which must be in `currency`; None if it is not there, or wrong."""
        element = self.one(path, required=required)
        return None if element is None else self.read_amount(element, path, amounts, currency)

    def read_amount(self, element: etree._Element, path: str, amounts: AmountReader, currency: str) -> int | None:
        given = element.get("currencyID")
        if given is not None and given.strip().upper() != currency:
            shown = visible(given, LONGEST_KEY)
            self.refuse("invoice-currency-differs", element, given, field=path, currency=shown, expected=currency)
            return None
        try:
            return amounts.read(None if len(element) else element.text)
        except WrongAmount:
            self.refuse("invoice-amount-invalid", element, element.text or "", field=path, currency=currency)
            return None

    def refuse(self, code: str, place: etree._Element | None, text: str = "", /, **values: str | int) -> Refused:
        """Note a mistake at an element. It is returned for those who cannot go on."""
        refused = self._reader.refuse(code, self.root if place is None else place, text, **values)
        self.mistakes.add(refused)
        return refused


def read_text(element: etree._Element | None, longest: int = LONGEST_TEXT) -> str:
    """The text of an element, as one visible line; "" where other elements stand in it."""
    return "" if element is None or len(element) else visible(element.text or "", longest)
