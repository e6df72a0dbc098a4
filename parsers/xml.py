"""XML from strangers, streamed: a guarded byte reader before the parser, and its errors in our words.

lxml reads external names never, but it has no cap on size, takes any encoding for granted, and expands entities that
a DOCTYPE declares. So a DOCTYPE is refused whatever it says, the encoding is checked and then imposed, bytes are
counted, and elements are let go as soon as they were looked at, so that memory does not grow with the file.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from lxml import etree

from parsers.display import fragment
from parsers.records import Finding, Refused
from parsers.source import Source, Stream

DEEPEST = 32
LONGEST_VALUE = 64 * 1024  # characters of one text or attribute
LARGEST_PROLOG = 64 * 1024  # bytes before the root element
MOST_CHILDREN = 1000  # of an element that is read as a whole
_CHUNK = 32 * 1024  # bytes

Event = tuple[str, etree._Element]
Look = Callable[[etree._Element, Iterable[etree._Element]], None]

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "us-ascii",
    "ascii": "us-ascii",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "windows-1252",
}
_MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16le": b"\xff\xfe", "utf-16be": b"\xfe\xff"}
for _name in _MARKS:
    codecs.lookup(_name)  # loaded now: a child may open no file later
_DECLARATION = re.compile(r"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
# Atomic groups: without them comments would be tried in every way they can be joined.
_PROLOG = re.compile(r"(?>\s+|<!--.*?-->|<\?.*?\?>)*+(<!DOCTYPE|<[^!?]|\Z)?", re.DOTALL)
_CUT_OFF = {
    etree.ErrorTypes.ERR_TAG_NOT_FINISHED,
    etree.ErrorTypes.ERR_GT_REQUIRED,
    etree.ErrorTypes.ERR_ATTRIBUTE_NOT_FINISHED,
    etree.ErrorTypes.ERR_ATTRIBUTE_NOT_STARTED,
    etree.ErrorTypes.ERR_COMMENT_NOT_FINISHED,
    etree.ErrorTypes.ERR_CDATA_NOT_FINISHED,
    etree.ErrorTypes.ERR_PI_NOT_FINISHED,
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY,
    etree.ErrorTypes.ERR_DOCUMENT_END,
    etree.ErrorTypes.ERR_LTSLASH_REQUIRED,
    etree.ErrorTypes.ERR_SPACE_REQUIRED,
    etree.ErrorTypes.ERR_NAME_REQUIRED,
    etree.ErrorTypes.ERR_INVALID_ENCODING,
    etree.ErrorTypes.ERR_ENTITYREF_SEMICOL_MISSING,
}


class XmlReader:
    """The elements of `tags` in `source`, at their start and end, while memory stays flat.

    `whole` names the elements that the caller reads with all their children at their end; of all others only the
    last child may still be there. `look` is called with an element and those of its children about to be let go.
    An element of `lists` comes a third way too, as "part" events while it is still open: all of its children but the
    last are complete then, and gone afterwards. That is far cheaper than two events for each of a million children.
    """

    def __init__(
        self,
        source: Source,
        tags: tuple[str, ...],
        whole: frozenset[str] = frozenset(),
        look: Look | None = None,
        lists: frozenset[str] = frozenset(),
    ) -> None:
        self.source = source
        self.stream: Stream = source.stream()
        self.root: etree._Element | None = None
        self._tags, self._whole, self._look, self._lists = tags, whole, look, lists
        self.is_at_end = False
        head = _read_prolog(self.stream)
        self.encoding = check_prolog(source, head)
        self._head = without_mark(head, self.encoding)

    @contextmanager
    def events(self) -> Iterator[Iterator[Event]]:
        """The events, for the body of a `with`; at its end the document has ended well, or `Refused` is raised.

        The body must take them all, and apply nothing before its end.
        """
        try:
            yield self._parse()
        except etree.XMLSyntaxError as error:
            raise self._translate(error) from None
        self.stream.drain()

    def _parse(self) -> Iterator[Event]:
        """What came before an error is given out before it is raised."""
        parser: etree.XMLPullParser[etree._Element] = etree.XMLPullParser(
            events=("start", "end"),
            tag=self._tags,
            encoding=self.encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=False,
            remove_blank_text=True,  # between elements; it saves a tenth of the time
            remove_comments=True,
            remove_pis=True,
        )
        events = parser.read_events()
        while not self.is_at_end:
            data = self._read()
            error = None
            try:
                if data:
                    parser.feed(data)
                else:
                    parser.close()
            except etree.XMLSyntaxError as caught:
                error = caught
            for event in events:
                if self.root is None:
                    self.root = event[1].getroottree().getroot()
                yield event
            if error:
                raise error
            if self.root is not None:
                yield from self._let_go(self.root)

    def _read(self) -> bytes:
        if self._head:
            data, self._head = self._head[:_CHUNK], self._head[_CHUNK:]
            return data
        data = self.stream.read(_CHUNK)
        self.is_at_end = not data
        return data

    def refuse(self, code: str, place: etree._Element | None, text: str = "", /, **values: str | int) -> Refused:
        """The error that points at the element `place`."""
        line = place.sourceline if place is not None else None
        return Refused(Finding(code, self.source.name, line, fragment(text), values))

    def _let_go(self, element: etree._Element) -> Iterator[Event]:
        """Walk down the elements that are still open and drop the finished ones before them."""
        for _ in range(DEEPEST):
            if element.tag in self._whole:
                if len(element) > MOST_CHILDREN:
                    raise self.refuse("xml-limit", element, reason="too many elements")
            elif len(element) > 1:
                if element.tag in self._lists:
                    yield "part", element
                elif self._look:
                    self._look(element, element[:-1])
                del element[:-1]
            if not len(element):
                return
            element = element[-1]
        raise self.refuse("xml-limit", element, reason="nested too deep")

    def _translate(self, error: etree.XMLSyntaxError) -> Refused:
        code, values = "xml-broken", {"reason": fragment(error.msg or "")}
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            code = "xml-limit"
        elif self.is_at_end and error.code in _CUT_OFF:
            code, values = "xml-truncated", {}
        elif error.code == etree.ErrorTypes.ERR_INVALID_ENCODING:
            code, values = "xml-encoding-wrong", {"encoding": self.encoding}
        return Refused(Finding(code, self.source.name, error.lineno or None, values=dict(values)))


def check_prolog(source: Source, head: bytes) -> str:
    """The encoding to impose on a document that begins with `head`.

    Raises `Refused`: `xml-encoding`, `xml-encoding-wrong`, `xml-doctype`, `xml-prolog`.
    """
    encoding, text = decode_head(source, head)
    prolog = _PROLOG.match(text.removeprefix("\ufeff"))
    found = prolog.group(1) if prolog else None
    if found == "<!DOCTYPE" or (found is None and "<!DOCTYPE" in text):
        raise source.refuse("xml-doctype")
    if not found and len(head) >= LARGEST_PROLOG:
        raise source.refuse("xml-prolog")
    return encoding


def decode_head(source: Source, head: bytes) -> tuple[str, str]:
    """The encoding of a document by its mark and its declaration, and its head as text."""
    marked = next((name for name, mark in _MARKS.items() if head.startswith(mark)), None)
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")) or (b"\x00" in head[:4] and not marked):
        raise source.refuse("xml-encoding", encoding="UTF-16 or UTF-32 without a mark")
    text = head.decode(marked or "latin-1", "replace")
    declaration = _DECLARATION.match(text.removeprefix("\ufeff"))
    declared = declaration.group(1).lower() if declaration else None
    if marked and marked.startswith("utf-16"):
        if declared not in (None, "utf-16", marked):
            raise source.refuse("xml-encoding-wrong", encoding=fragment(declared or ""))
        return marked, text
    encoding = _ENCODINGS.get(declared or "utf-8")
    if declared == "utf-16" or (marked == "utf-8" and encoding != "utf-8"):
        raise source.refuse("xml-encoding-wrong", encoding=fragment(declared or ""))
    if encoding is None:
        raise source.refuse("xml-encoding", encoding=fragment(declared or ""))
    return encoding, text


def without_mark(head: bytes, encoding: str) -> bytes:
    """What to feed to a parser on which `encoding` is imposed: it would take the byte order mark for text."""
    return head.removeprefix(_MARKS.get(encoding, b""))


def _read_prolog(stream: Stream) -> bytes:
    head = b""
    while len(head) < LARGEST_PROLOG and (data := stream.read(LARGEST_PROLOG - len(head))):
        head += data
    return head
