"""What a file is. Its content decides, never its name; and what it is instead, if no parser claims it."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from lxml import etree

from parsers import account_csv, accounts, invoice_csv, open_items, transactions, ubl
from parsers.display import fragment
from parsers.protocol import Frame, Options
from parsers.records import Finding, Refused
from parsers.source import Head, Source
from parsers.xml import decode_head, without_mark

HEAD = 16 * 1024  # bytes that suffice to tell what a file is


class Format(Protocol):
    """A kind of file that we read: a module of its own."""

    @property
    def NAME(self) -> str:
        """How `File.format` calls it."""

    @property
    def claims(self) -> Callable[[Head], bool]:
        """Whether this is the parser for a file that begins so."""

    @property
    def read(self) -> Callable[[Source, int, int, Options], Iterator[Frame]]:
        """Frames of a file, `FileRead` the last, from source, file index, first block number and options.

        Raises `Refused`.
        """


FORMATS: tuple[Format, ...] = (open_items, accounts, account_csv, invoice_csv, ubl, transactions)

_MAGIC: tuple[tuple[bytes, str, dict[str, str | int]], ...] = (
    (b"%PDF-", "not-pdf", {}),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-spreadsheet", {}),
    (b"\x78\x9f\x3e\x22", "not-winmail", {}),
    (b"Rar!\x1a\x07", "not-rar", {}),
    (b"7z\xbc\xaf\x27\x1c", "not-7z", {}),
    (b"BZh", "not-archive", {"kind": "bzip2"}),
    (b"\xfd7zXZ\x00", "not-archive", {"kind": "xz"}),
    (b"\x28\xb5\x2f\xfd", "not-archive", {"kind": "zstd"}),
    (b"MSCF", "not-archive", {"kind": "cab"}),
)
# The first file inside the zip that a spreadsheet is (APPNOTE 4.3.7: the name follows 30 bytes).
_OFFICE = re.compile(rb"PK\x03\x04.{26}(\[Content_Types\]|mimetypeapplication/vnd|_rels/|docProps/|xl/)", re.DOTALL)
_ENCRYPTED_MAIL = ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
_COMPANIONS = re.compile(
    r"image/|application/(x-)?p(kcs7|gp)-|text/(calendar|x?-?vcard|x-amp-html|rfc822-headers)|multipart/"
)
_HTML = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|script|meta)\b", re.I | re.S)
_BEGINS = re.compile(r"[\s\ufeffï»¿ÿþ]*(?>\s+|<!--.*?-->|<\?.*?\?>)*+<(?:!DOCTYPE\s+)?([A-Za-z_][\w:.-]{0,100})", re.S)
_READABLE = ("not-html", "not-csv", "not-exact-globe", "not-other-topic", "not-other-xml")
_OPEN_ITEMS = frozenset(("ARs", "APs"))
_SEPARATORS = ";", "\t", ","


def find_format(head: Head) -> Format | None:
    """The one parser that claims the file, if any. Two are a bug."""
    claiming = [one for one in FORMATS if one.claims(head)]
    if len(claiming) > 1:
        raise RuntimeError(f"more than one parser claims a file: {[one.NAME for one in claiming]}")
    return claiming[0] if claiming else None


def is_office_document(data: bytes) -> bool:
    """A spreadsheet or the like: a zip, but not an archive to its sender."""
    return _OFFICE.match(data) is not None


def look_into(source: Source, data: bytes) -> Head:
    """What the first bytes say, without judging them."""
    try:
        encoding, text = decode_head(source, data)
    except Refused:
        encoding, text = "", data.replace(b"\x00", b"").decode("latin-1")
    elements = _elements(data, encoding) if encoding and "<!DOCTYPE" not in text else []
    if not elements and (begins := _BEGINS.match(text)):
        elements = [(1, begins.group(1))]
    root = elements[0][1] if elements else ""
    children = dict.fromkeys(name for depth, name in elements if depth == 2)
    if root == "eExact" and len(data) == HEAD and children.keys().isdisjoint(_OPEN_ITEMS):
        children |= dict.fromkeys(_find_below(source))
    return Head(data, text, root, tuple(children))


def _find_below(source: Source) -> Iterator[str]:
    """What is told by one of its topics and may stand behind others, by the schema's order. Open items decide."""
    stream, rest = source.stream(), b""
    wanted = {name: b"<" + name.encode() for name in ("GLTransactions", *_OPEN_ITEMS)}
    while wanted.keys() >= _OPEN_ITEMS and (data := stream.read(64 * 1024)):
        text = rest + data.replace(b"\x00", b"")  # UTF-16 too
        for name in [name for name, tag in wanted.items() if tag in text]:
            del wanted[name]
            yield name
        rest = text[-len("<GLTransactions") :]


def _elements(data: bytes, encoding: str) -> list[tuple[int, str]]:
    """Depth and name of the elements, as far as the head goes and is well-formed."""
    parser = etree.XMLPullParser(
        ("start", "end"), encoding=encoding, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    with suppress(etree.XMLSyntaxError):  # what stood before the mistake is among the events
        parser.feed(without_mark(data, encoding))
    depth, elements = 0, []
    for event, element in parser.read_events():
        if event == "start":
            depth += 1
            elements.append((depth, str(element.tag)))
        else:
            depth -= 1
    return elements


def recognise(source: Source, head: Head) -> Finding | None:
    """What a file that nobody claims is instead of an export; None for what belongs to a mail, such as a logo."""
    found = _recognise(source, head)
    if found is None or source.is_body:
        return None
    code, values = found
    if code not in _READABLE:
        return Finding(code, source.name, values=values)
    at = _telling(head)
    line, shown = head.text.count("\n", 0, at) + 1, fragment(head.text[at : at + 200].partition("\n")[0])
    return Finding(code, source.name, line, shown, values)


def _telling(head: Head) -> int:
    """Where in the text the file gives itself away: at its topic, its root element, or else its first word."""
    topics = [child for child in head.children if child not in ("Topics", "Messages") and head.root == "eExact"]
    places = (head.text.find(f"<{name}") for name in (*topics[:1], head.root) if name)
    first = len(head.text) - len(head.text.lstrip())
    return next((at for at in places if at >= 0), first)


def _recognise(source: Source, head: Head) -> tuple[str, dict[str, str | int]] | None:
    for magic, code, values in _MAGIC:
        if head.data.startswith(magic):
            return ("not-known", {}) if source.name.lower().endswith((".doc", ".msg", ".ppt")) else (code, values)
    if is_office_document(head.data):
        return ("not-known", {}) if source.name.lower().endswith((".docx", ".pptx")) else ("not-spreadsheet", {})
    if source.content_type in _ENCRYPTED_MAIL:
        return "not-encrypted-mail", {}
    if _COMPANIONS.match(source.content_type):
        return None
    if not head.data.strip():
        return "file-empty", {}
    if _HTML.match(head.text):
        return "not-html", {}
    if head.root:
        return _recognise_xml(head)
    least = 1 if source.name.lower().endswith(".csv") else 2
    return ("not-csv", {}) if _is_list(head.text, least) else ("not-known", {})


def _recognise_xml(head: Head) -> tuple[str, dict[str, str | int]]:
    if head.root != "eExact":
        return "not-other-xml", {"root": fragment(head.root)}
    if "eExact-Schema.xsd" in head.text or "GLEntries" in head.children:
        return "not-exact-globe", {}
    topics = [child for child in head.children if child not in ("Topics", "Messages")]
    return "not-other-topic", {"topic": fragment(topics[0]) if topics else ""}


def _is_list(text: str, least: int) -> bool:
    """Whether the first lines have the same number of the same separator, at least so many."""
    lines = [line for line in text.splitlines()[:20] if line.strip()][:5]
    return "\x00" not in text and any(
        len(lines) > 1 and lines[0].count(mark) >= least and len({line.count(mark) for line in lines}) == 1
        for mark in _SEPARATORS
    )
