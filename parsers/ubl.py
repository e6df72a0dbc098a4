"""UBL 2.1 invoices and credit notes, such as Peppol BIS Billing 3 has them: `Invoice-2` and `CreditNote-2`.

One document is one own invoice. Of its children only those are kept that bear on what is owed, by whom and to whom;
lines, attachments and extensions go by.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from parsers.protocol import FileRead, Frame, Invoices, Options
from parsers.source import Head, Source
from parsers.tally import Tally
from parsers.ubl_document import CAC, CBC, Document
from parsers.ubl_reading import AGGREGATES, FIELDS, read_invoice
from parsers.xml import XmlReader

NAME: Final = "own-invoices"

MOST_REPEATED = 100  # children of one name that are kept
_ROOTS = tuple(f"{{urn:oasis:names:specification:ubl:schema:xsd:{name}-2}}{name}" for name in ("Invoice", "CreditNote"))
_WHOLE = frozenset(f"{CAC}{name}" for name in AGGREGATES)
_KEPT = _WHOLE | {f"{CBC}{name}" for name in FIELDS}


def claims(head: Head) -> bool:
    """An `Invoice` or `CreditNote` in the namespace of UBL 2, whatever it says of its profile."""
    return head.root in _ROOTS


def read(source: Source, index: int, _block: int, options: Options) -> Iterator[Frame]:
    """Frames of one file, `FileRead` the last; it has no blocks. Raises `Refused` with all mistakes."""
    return _Reading(source, index, options).frames()


class _Reading:
    """One pass over one file."""

    def __init__(self, source: Source, index: int, options: Options) -> None:
        self.source, self.index, self.options = source, index, options
        self.warnings = Tally(source.name)
        self.reader = XmlReader(source, _ROOTS, _WHOLE, self._keep)
        self.children: dict[str, list[etree._Element]] = {}  # of the root, by their names without namespace

    def frames(self) -> Iterator[Frame]:
        root = None
        with self.reader.events() as events:
            for event, element in events:
                if event == "end" and element is self.reader.root:
                    self._keep(element, element)
                    del element[:]
                    root = element
        assert root is not None, "a document that ended well has one"
        document = Document(self.reader, root, self.children)
        yield Invoices([read_invoice(document, self.index, self.options, self.warnings)])
        yield FileRead(self.reader.stream.as_file(self.index, NAME, self.warnings.findings()))

    def _keep(self, parent: etree._Element, children: Iterable[etree._Element]) -> None:
        if parent is not self.reader.root:
            return
        for child in children:
            if child.tag in _KEPT:
                kept = self.children.setdefault(etree.QName(child).localname, [])
                if len(kept) >= MOST_REPEATED:
                    raise self.reader.refuse("xml-limit", child, reason="too many elements")
                kept.append(child)
