"""Exact Online's export of the accounts: `eExact/Accounts/Account` with ID, code, name and `CreditLine/Sales`.

The whole card of an account stands in it, with addresses, bank accounts and pictures; only what bears on balances is
read. An account that is absent from the file says nothing about itself, and so does a field that is absent.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from parsers.amounts import AmountReader, WrongAmount, currency_digits
from parsers.display import visible
from parsers.guids import read_guid
from parsers.protocol import FRAME_ROWS, Cards, FileRead, Frame, Options
from parsers.records import Card
from parsers.source import Head, Source
from parsers.tally import Tally
from parsers.xml import Event, XmlReader

NAME: Final = "accounts"

LONGEST_TEXT = 200  # characters of a name that are kept
_TAGS = ("eExact", "Accounts", "Account", "Message")
_WHOLE = frozenset(("Account", "CreditLine", "Message"))
_KNOWN = {"eExact": frozenset(("Accounts", "Topics", "Messages")), "Accounts": frozenset(("Account",))}
_OTHERS = frozenset(("ARs", "APs", "GLEntries", "GLTransactions"))
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}  # xsd:boolean


def claims(head: Head) -> bool:
    """An `eExact` with `Accounts`, but without open items and transactions, and not that of Exact Globe."""
    return (
        head.root == "eExact"
        and "Accounts" in head.children
        and _OTHERS.isdisjoint(head.children)
        and "eExact-Schema.xsd" not in head.text
    )


def read(source: Source, index: int, _block: int, options: Options) -> Iterator[Frame]:
    """Frames of one file, `FileRead` the last; it has no blocks.

    Raises `Refused`, midway too: what was given before counts for nothing then.
    """
    return _Reading(source, index, options).frames()


class _Reading:
    """One pass over one file."""

    def __init__(self, source: Source, index: int, options: Options) -> None:
        self.source, self.index = source, index
        self.warnings = Tally(source.name)
        self.reader = XmlReader(source, _TAGS, _WHOLE, self._look)
        self.limits = AmountReader(currency_digits(options.currency))

    def frames(self) -> Iterator[Frame]:
        with self.reader.events() as events:
            yield from self._read_document(events)
        yield FileRead(self.reader.stream.as_file(self.index, NAME, self.warnings.findings()))

    def _read_document(self, events: Iterator[Event]) -> Iterator[Frame]:
        cards: list[Card] = []
        for event, element in events:
            if event == "start":
                continue
            if element.tag == "Account" and self._is_listed(element):
                cards += self._read_card(element)
                if len(cards) >= FRAME_ROWS:
                    yield Cards(cards)
                    cards = []
            elif element.tag == "Message":
                self._read_message(element)
            elif element.tag in _KNOWN:
                self._look(element, element)
                del element[:]
        if cards:
            yield Cards(cards)

    def _is_listed(self, element: etree._Element) -> bool:
        """An account of the list itself; accounts stand within accounts too, as whom to invoice."""
        parent = element.getparent()
        return parent is not None and parent.tag == "Accounts" and parent.getparent() is self.reader.root

    def _read_card(self, account: etree._Element) -> list[Card]:
        """None for an account that nobody could find again."""
        exact_id = read_guid(account.get("ID"))
        code = visible(account.get("code") or "", LONGEST_TEXT) or None
        name = visible(account.findtext("Name") or "", LONGEST_TEXT)
        if not code and not exact_id:
            self.warnings.add("account-nameless", account.sourceline, name)
            return []
        status = (account.get("status") or "").strip()
        return [
            Card(
                page=self.index,
                exact_id=exact_id,
                code=code,
                name=name,
                credit_limit=self._read_limit(account, code or name),
                is_customer=status == "C" if status else None,
                is_supplier=_BOOLEANS.get((account.findtext("IsSupplier") or "").strip()),
            )
        ]

    def _read_limit(self, account: etree._Element, shown: str) -> int | None:
        field = account.find("CreditLine/Sales")
        text = "".join(field.itertext()) if field is not None else ""
        if not text.strip():
            return None
        try:
            limit = self.limits.read(None if field is None or len(field) else text)
        except WrongAmount:
            raise self.reader.refuse("limit-invalid", field, text, account=shown) from None
        if limit < 0:
            raise self.reader.refuse("limit-negative", field, text, account=shown)
        return limit

    def _read_message(self, element: etree._Element) -> None:
        kind = (element.get("type") or "").strip()
        if kind in ("0", "3"):
            self.warnings.add(
                "export-error-message", element.sourceline, element.findtext("Description") or "", type=kind
            )

    def _look(self, parent: etree._Element, children: Iterable[etree._Element]) -> None:
        """Warn about children that no export of accounts has."""
        known = _KNOWN.get(str(parent.tag))
        if known is not None:
            for child in children:
                if child.tag not in known:
                    self.warnings.add("unknown-element", child.sourceline, element=visible(str(child.tag), 80))
