"""Exact Online's A/R and A/P exports: `eExact/ARs/AR` and `eExact/APs/AP` with their `OutstandingItems`.

A list of open items of debtors (A/R) or creditors (A/P), written by the web pages of Exact Online as XML, in pages.
What the schema does not know, or knows in another order, is passed over with a warning; what would make a figure
doubtful refuses the file.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from parsers.display import visible
from parsers.guids import read_guid
from parsers.item_reading import ItemReader
from parsers.protocol import FRAME_ROWS, Blocks, FileRead, Frame, Items, Options
from parsers.records import Block, File, Item, Page, Refused, Side
from parsers.source import Head, Source
from parsers.tally import Tally
from parsers.xml import Event, XmlReader

NAME: Final = "open-items"

LONGEST_TEXT = 200  # characters of a name that are kept
_TAGS = ("eExact", "ARs", "APs", "AR", "AP", "Account", "OutstandingItems", "Topic", "Message")
_SIDES: dict[str, Side] = {"ARs": "receivable", "APs": "payable"}
_PARENTS = {"AR": "ARs", "AP": "APs"}
_WHOLE = frozenset(("OutstandingItem", "Account", "Topic", "Message"))
_LISTS = frozenset(("OutstandingItems",))
_KNOWN = {
    "eExact": frozenset(("ARs", "APs", "Topics", "Messages")),
    "ARs": frozenset(("AR",)),
    "APs": frozenset(("AP",)),
    "AR": frozenset(("Account", "OutstandingItems")),
    "AP": frozenset(("Account", "OutstandingItems")),
    "OutstandingItems": frozenset(("OutstandingItem",)),
}
_NUMBERED = re.compile(r"A[RP]s?_([0-9]{1,6})(?![0-9])", re.IGNORECASE | re.ASCII)
_NAMED = re.compile(r"(?<![a-z])a([rp])s?(?![a-z])", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def claims(head: Head) -> bool:
    """An `eExact` with `ARs` or `APs`, or with nothing but `Topics` and `Messages`: an empty export."""
    if head.root != "eExact":
        return False
    if any(side in head.children for side in _SIDES):
        return True
    return set(head.children) <= {"Topics", "Messages"} and "eExact-Schema.xsd" not in head.text


def read(source: Source, index: int, block: int, options: Options) -> Iterator[Frame]:
    """Frames of one page file, `FileRead` the last; blocks count from `block`.

    Raises `Refused`, midway too: what was given before counts for nothing then.
    """
    return _Reading(source, index, block, options).frames()


class _Reading:
    """One pass over one file."""

    def __init__(self, source: Source, index: int, block: int, options: Options) -> None:
        self.source, self.index, self.next_block = source, index, block
        self.warnings = Tally(source.name)
        self.reader = XmlReader(source, _TAGS, _WHOLE, self._look, _LISTS)
        self.items_read = ItemReader(self.reader, self.warnings, options)
        self.blocks: list[Block] = []
        self.items: list[Item] = []
        self.elements: dict[Side, int] = {}  # `AR` and `AP` of each side that the file has, in its order
        self.other_topic = ""  # an element below the root that is none of ours
        self.block_counts: Counter[Side] = Counter()
        self.item_counts: Counter[Side] = Counter()
        self.topics: dict[Side, tuple[int | None, int | None, str | None]] = {}

    def frames(self) -> Iterator[Frame]:
        with self.reader.events() as events:
            yield from self._read_document(events)
        yield from self._flush()
        yield FileRead(self._file())

    def _read_document(self, events: Iterator[Event]) -> Iterator[Frame]:
        for event, element in events:
            tag = element.tag
            if event == "start":
                if tag in _SIDES:
                    self._begin_side(element)
                    yield from self._read_side(_SIDES[tag], events)
                elif tag == "Topic":
                    self._read_topic(element)
                elif tag in _PARENTS or tag == "OutstandingItems":
                    raise self._misplaced(element)
            elif tag == "Message":
                self._read_message(element)
            elif tag == "eExact":
                self._finish(element)

    def _read_side(self, side: Side, events: Iterator[Event]) -> Iterator[Frame]:
        """Up to the end of `ARs` or `APs`."""
        for event, element in events:
            tag = element.tag
            if event == "start" and tag in _PARENTS and _SIDES[_PARENTS[tag]] == side:
                yield from self._read_block(side, element, events)
            elif event == "start" and tag not in ("Topic", "Message", "Account"):
                raise self._misplaced(element)
            elif event == "end" and tag in _SIDES:
                self._finish(element)
                return

    def _read_block(self, side: Side, parent: etree._Element, events: Iterator[Event]) -> Iterator[Frame]:
        """Up to the end of `AR` or `AP`. Items that stand before their account wait for it."""
        block: Block | None = None
        early: list[Item] = []
        before = self.items_read.count
        self.elements[side] += 1
        for event, element in events:
            tag = element.tag
            if tag == "Account":
                if event == "end" and element.getparent() is parent:
                    if block is None:
                        block = self._open_block(side, element)
                        self.items_read.account = block.code or block.name
                        self.items += early
                    else:
                        self.warnings.add("account-repeated", element.sourceline)
            elif tag == "OutstandingItems" and element.getparent() is parent:
                if event == "start":
                    continue
                complete = element[:-1] if event == "part" else element[:]
                items = self._read_items(element, complete, side, self.next_block if block is None else block.block)
                (early if block is None else self.items).extend(items)
                if event == "end":
                    del element[:]
                if len(self.items) >= FRAME_ROWS:
                    yield from self._flush(FRAME_ROWS)
            elif event == "end" and element is parent:
                self._finish(element)
                break
            elif event == "start" and tag not in ("Topic", "Message"):
                raise self._misplaced(element)
        if block is None and early:
            self._open_block(side, None)
            self.items += early
        self.item_counts[side] += self.items_read.count - before
        if len(self.blocks) >= FRAME_ROWS:
            yield from self._flush()

    def _read_items(
        self, parent: etree._Element, children: Iterable[etree._Element], side: Side, block: int
    ) -> Iterator[Item]:
        for child in children:
            if child.tag == "OutstandingItem":
                yield self.items_read.read(child, side, block)
            else:
                self._look(parent, (child,))

    def _begin_side(self, element: etree._Element) -> None:
        if element.getparent() is not self.reader.root:
            raise self._misplaced(element)
        self.elements.setdefault(_SIDES[str(element.tag)], 0)

    def _open_block(self, side: Side, account: etree._Element | None) -> Block:
        code = name = ""
        exact_id = None
        if account is not None:
            code = visible((account.get("code") or "").strip(), LONGEST_TEXT)
            named = next(account.iterchildren("Name"), None)
            name = visible((named is not None and named.text) or "", LONGEST_TEXT)
            exact_id = read_guid(account.get("ID"))
        if not code and not exact_id:
            self.warnings.add("account-nameless", account.sourceline if account is not None else None, name)
        block = Block(self.next_block, self.index, side, exact_id, code or None, name)
        self.next_block += 1
        self.block_counts[side] += 1
        self.blocks.append(block)
        return block

    def _flush(self, fewest: int = 1) -> Iterator[Frame]:
        """All blocks, then the items; but the last of them wait for more while they are fewer than `fewest`."""
        for start in range(0, len(self.blocks), FRAME_ROWS):
            yield Blocks(self.blocks[start : start + FRAME_ROWS])
        self.blocks = []
        while len(self.items) >= fewest:
            yield Items(self.items[:FRAME_ROWS])
            del self.items[:FRAME_ROWS]

    def _read_topic(self, element: etree._Element) -> None:
        side = _SIDES.get((element.get("code") or "").strip())
        parent = element.getparent()
        if side and parent is not None and parent.tag == "Topics":
            self.topics[side] = (
                self._integer(element, "count"),
                self._integer(element, "pagesize"),
                visible(element.get("ts_d") or "", LONGEST_TEXT) or None,
            )

    def _integer(self, element: etree._Element, attribute: str) -> int | None:
        text = (element.get(attribute) or "").strip()
        if _INTEGER.fullmatch(text):
            return int(text)
        if text:
            self.warnings.add("topic-invalid", element.sourceline, text, attribute=attribute)
        return None

    def _read_message(self, element: etree._Element) -> None:
        kind = (element.get("type") or "").strip()
        if kind in ("0", "3"):
            self.warnings.add(
                "export-error-message", element.sourceline, element.findtext("Description") or "", type=kind
            )

    def _finish(self, element: etree._Element) -> None:
        """Look at the children of an element at its end, and let them go."""
        self._look(element, element)
        del element[:]

    def _look(self, parent: etree._Element, children: Iterable[etree._Element]) -> None:
        """Warn about children that no export has. An item among them, however deep, must not get lost."""
        known = _KNOWN.get(str(parent.tag))
        for child in children:
            if len(child) or child.tag == "OutstandingItem":
                for item in child.iter("OutstandingItem"):
                    raise self._misplaced(item)
            if known is not None and child.tag not in known:
                if parent.tag == "eExact":
                    self.other_topic = visible(str(child.tag), 80)
                self.warnings.add("unknown-element", child.sourceline, element=visible(str(child.tag), 80))

    def _misplaced(self, element: etree._Element) -> Refused:
        if self.reader.is_at_end:  # what begins at the end of the bytes is half a name
            return self.reader.refuse("xml-truncated", element)
        return self.reader.refuse("element-misplaced", element, element=str(element.tag))

    def _file(self) -> File:
        source = self.source
        numbered = _NUMBERED.search(source.name)
        return File(
            index=self.index,
            name=source.name,
            part=source.part,
            sha256=self.reader.stream.sha256,
            size=self.reader.stream.size,
            format=NAME,
            number=int(numbered.group(1)) if numbered else None,
            pages=tuple(self._page(side) for side in self._sides()),
            warnings=self.warnings.findings(),
        )

    def _page(self, side: Side) -> Page:
        count, pagesize, ts_d = self.topics.get(side, (None, None, None))
        elements = self.elements.get(side, 0)
        if count is not None and count != elements:
            self.warnings.add("count-differs", topic=count, found=elements)
        return Page(side, self.block_counts[side], self.item_counts[side], count, pagesize, ts_d)

    def _sides(self) -> list[Side]:
        """Those that have elements, and those of which a topic says that there is nothing; else that of the name."""
        if not self.elements and self.other_topic:
            raise self.source.refuse("not-other-topic", topic=self.other_topic)
        empty = [side for side, (count, _, _) in self.topics.items() if count == 0]
        sides = list(dict.fromkeys([*self.elements, *empty])) or list(self.topics)
        if not sides:
            sides = list({_SIDES[f"A{letter.upper()}s"]: None for letter in _NAMED.findall(self.source.name)})
            if len(sides) != 1:
                raise self.source.refuse("empty-without-side")
        return sides
