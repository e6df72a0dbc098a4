"""Exact Online's `eExact/GLTransactions`: what was handed to Exact or came out of it, entry by entry.

It tells which invoices Exact has, or is about to get. It is no list of what is open: bank entries name invoices too.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from parsers.amounts import AmountReader, currency_digits
from parsers.display import visible
from parsers.mistakes import Mistakes
from parsers.protocol import FRAME_ROWS, FileRead, Frame, Options, Transactions
from parsers.records import Refused, Transaction
from parsers.source import Head, Source
from parsers.tally import Tally
from parsers.transaction_reading import Entry
from parsers.xml import Event, XmlReader

NAME: Final = "transactions"

_TAGS = (
    *("eExact", "GLTransactions", "GLTransaction", "TransactionType", "Journal", "Date", "Account"),
    *("GLTransactionLine", "PaymentTerm", "Message"),
)
_WHOLE = frozenset(("TransactionType", "Journal", "Account", "GLTransactionLine", "PaymentTerm", "Message"))
_KNOWN = {
    "eExact": frozenset(("GLTransactions", "Topics", "Messages")),
    "GLTransactions": frozenset(("GLTransaction",)),
}


def claims(head: Head) -> bool:
    """An `eExact` with `GLTransactions`, but without open items, and not that of Exact Globe."""
    return (
        head.root == "eExact"
        and "GLTransactions" in head.children
        and {"ARs", "APs", "GLEntries"}.isdisjoint(head.children)
        and "eExact-Schema.xsd" not in head.text
    )


def read(source: Source, index: int, _block: int, options: Options) -> Iterator[Frame]:
    """Frames of one file, `FileRead` the last; it has no blocks.

    Raises `Refused` with all mistakes, midway too: what was given before counts for nothing then.
    """
    return _Reading(source, index, options).frames()


class _Reading:
    """One pass over one file."""

    def __init__(self, source: Source, index: int, options: Options) -> None:
        self.source, self.index, self.own = source, index, options.currency
        self.warnings = Tally(source.name)
        self.mistakes = Mistakes()
        self.reader = XmlReader(source, _TAGS, _WHOLE, self._look)
        self.amounts = AmountReader(currency_digits(options.currency))

    def frames(self) -> Iterator[Frame]:
        with self.reader.events() as events:
            yield from self._read_document(events)
        if self.mistakes:
            raise self.mistakes.refuse()
        yield FileRead(self.reader.stream.as_file(self.index, NAME, self.warnings.findings()))

    def _read_document(self, events: Iterator[Event]) -> Iterator[Frame]:
        rows: list[Transaction] = []
        for event, element in events:
            if element.tag == "GLTransaction" and event == "start":
                rows += self._read_entry(element, events)
                if len(rows) >= FRAME_ROWS:
                    yield from _framed(rows)
                    rows = []
            elif element.tag == "Message" and event == "end":
                self._read_message(element)
            elif element.tag in _KNOWN and event == "end":
                self._look(element, element)
                del element[:]
        yield from _framed(rows)

    def _read_entry(self, parent: etree._Element, events: Iterator[Event]) -> Iterable[Transaction]:
        """Up to the end of the `GLTransaction`; what is wrong in it is noted."""
        entry = Entry(self.reader, parent, self.own, self.amounts)
        for event, element in events:
            if event == "start":
                continue
            if element is parent:
                break
            above = element.getparent()
            if above is parent or (element.tag == "PaymentTerm" and above is not None and above.getparent() is parent):
                try:
                    entry.take(element)
                except Refused as refused:
                    self.mistakes.add(refused)
        if not entry.is_of_invoice:
            self.warnings.add("transactions-other", entry.line, entry.number)
            return ()
        rows = entry.transactions(self.index)
        if not rows:
            self.warnings.add("transaction-nameless", entry.line)
        return rows

    def _read_message(self, element: etree._Element) -> None:
        kind = (element.get("type") or "").strip()
        if kind in ("0", "3"):
            self.warnings.add(
                "export-error-message", element.sourceline, element.findtext("Description") or "", type=kind
            )

    def _look(self, parent: etree._Element, children: Iterable[etree._Element]) -> None:
        """Warn about children that no export of transactions has."""
        known = _KNOWN.get(str(parent.tag))
        if known is not None:
            for child in children:
                if child.tag not in known:
                    self.warnings.add("unknown-element", child.sourceline, element=visible(str(child.tag), 80))


def _framed(rows: list[Transaction]) -> Iterator[Frame]:
    for start in range(0, len(rows), FRAME_ROWS):
        yield Transactions(rows[start : start + FRAME_ROWS])
