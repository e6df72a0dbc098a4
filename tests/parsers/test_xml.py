import resource
from collections.abc import Iterator
from dataclasses import replace

import pytest
from exports import Account, OpenItem, block_xml, document, export, item_xml, one_item
from hypothesis import given
from hypothesis import strategies as st
from readings import read_xml, source

from parsers.open_items import read as read_items
from parsers.protocol import Options
from parsers.records import Refused
from parsers.xml import DEEPEST, LARGEST_PROLOG, MOST_CHILDREN, XmlReader

WHOLE = export([Account("1"), Account("2")])
BODY = WHOLE.decode().partition("?>\n")[2]


def code(content: bytes) -> str:
    reading = read_xml(content)
    assert reading.blocks == [], "a refused file leaves nothing behind"
    return reading.refusal.code


def declared(encoding: str, actual: str, mark: bytes = b"", body: str = BODY) -> bytes:
    return mark + f'<?xml version="1.0" encoding="{encoding}"?>\n{body}'.encode(actual)


@pytest.mark.parametrize(
    "content",
    [
        declared("utf-8", "utf-8"),
        declared("UTF-8", "utf-8", b"\xef\xbb\xbf"),
        declared("us-ascii", "us-ascii"),
        declared("ISO-8859-1", "iso-8859-1"),
        declared("windows-1252", "cp1252"),
        declared("UTF-16", "utf-16"),
        declared("UTF-16", "utf-16-le", b"\xff\xfe"),
        declared("UTF-16", "utf-16-be", b"\xfe\xff"),
        BODY.encode(),
        BODY.encode("utf-16"),
        b"\xef\xbb\xbf" + BODY.encode(),
        b"<!-- a <!DOC comment > -->\n<?pi x?>" + BODY.encode(),
    ],
)
def test_every_allowed_encoding_is_read(content: bytes) -> None:
    assert read_xml(content).total() == 20000


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "Müller €"), ("windows-1252", "Müller €"), ("utf-16", "Müller €")]
)
def test_names_survive_their_encoding(encoding: str, name: str) -> None:
    content = declared(encoding, encoding, body=export([Account("1", name=name)]).decode().partition("?>\n")[2])
    assert read_xml(content).blocks[0].name == name


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (declared("utf-7", "utf-7"), "xml-encoding"),
        (declared("cp037", "us-ascii"), "xml-encoding"),
        (declared("gb18030", "us-ascii"), "xml-encoding"),
        (declared("UTF-16", "utf-16-le"), "xml-encoding"),
        (declared("UTF-32", "utf-32"), "xml-encoding"),
        (declared("UTF-8", "utf-16"), "xml-encoding-wrong"),
        (declared("UTF-16", "utf-8"), "xml-encoding-wrong"),
        (declared("ISO-8859-1", "utf-8", b"\xef\xbb\xbf"), "xml-encoding-wrong"),
        (declared("utf-8", "cp1252", body=BODY.replace("Bakker", "Bäkker")), "xml-encoding-wrong"),
        (declared("us-ascii", "utf-8", body=BODY.replace("Bakker", "Bäkker")), "xml-encoding-wrong"),
    ],
)
def test_other_encodings_and_wrong_claims_are_refused(content: bytes, expected: str) -> None:
    assert code(content) == expected


ENTITY = '<!DOCTYPE eExact [<!ENTITY a "0">]>'
BOMB = (
    "<!DOCTYPE eExact ["
    + '<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "us-ascii"])
@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE eExact>",
        ENTITY,
        BOMB,
        '<!DOCTYPE eExact SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE eExact [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE eExact [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
        '<!DOCTYPE eExact [<!ATTLIST AR x CDATA "y">]>',
        "<!-- before --><?pi?>\n\n<!DOCTYPE eExact>",
    ],
    ids=["bare", "entity", "bomb", "remote", "file", "parameter", "attribute", "late"],
)
def test_a_doctype_is_refused_in_every_encoding(encoding: str, doctype: str) -> None:
    content = declared(encoding, encoding, body=doctype + one_item(item_xml(OpenItem(dc="1&a;00.00"))).decode()[39:])
    assert code(content) == "xml-doctype"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<!DOCTYPE eExact>" + b" " * LARGEST_PROLOG + WHOLE, "xml-doctype"),
        (WHOLE.replace(b"<Messages>", b"<!DOCTYPE eExact><Messages>"), "xml-broken"),
        (WHOLE.replace(b"100.00", b"1&a;00.00", 1), "xml-broken"),
        (WHOLE + b"<!DOCTYPE eExact>", "xml-broken"),
        (WHOLE + b"junk", "xml-broken"),
        (WHOLE + b"<eExact/>", "xml-broken"),
        (WHOLE + WHOLE, "xml-broken"),
        (WHOLE + b"\x00", "xml-broken"),
        (WHOLE.replace(b"Bakker", b"Bak\x00ker", 1), "xml-broken"),
        (WHOLE.replace(b"</Account>", b"</account>", 1), "xml-broken"),
        (document("<ARs>" + "<a>" * 300 + "</a>" * 300 + "</ARs>"), "xml-limit"),
        (document("<ARs><a>" + "x" * 11_000_000 + "</a></ARs>"), "xml-limit"),
        (document("<ARs a='" + "x" * 11_000_000 + "'/>"), "xml-limit"),
        (one_item(item_xml(OpenItem(description="x" * 70_000))), "xml-limit"),
        (one_item("<OutstandingItem>" + "<a/>\n" * 20_000 + "</OutstandingItem>"), "xml-limit"),
    ],
    ids=[
        *("doctype far up", "doctype inside", "entity", "doctype after", "junk after", "second root"),
        *(
            "twice",
            "NUL after",
            "NUL",
            "wrong tag",
            "deep",
            "long text",
            "long attribute",
            "long value",
            "many children",
        ),
    ],
)
def test_a_hostile_document_is_refused(content: bytes, expected: str) -> None:
    assert code(content) == expected


@pytest.mark.parametrize("filler", [b"<!-- -->", b"<!--", b"<?a?>", b" ", b"<!-- <?a?> -->\n"])
def test_an_endless_prolog_is_refused_at_once(filler: bytes) -> None:
    with pytest.raises(Refused) as refused:
        XmlReader(source(filler * LARGEST_PROLOG + WHOLE), ("AR",))
    assert refused.value.finding.code == "xml-prolog"


def test_open_elements_over_the_depth_are_refused() -> None:
    padding = "<b>" + "x" * 40_000 + "</b>"
    assert code(document("<ARs>" + "<a>" * DEEPEST + padding + "</a>" * DEEPEST + "</ARs>")) == "xml-limit"


@given(st.integers(100, len(WHOLE) - 11))
def test_a_truncated_file_is_refused(length: int) -> None:
    cut = WHOLE[:length]
    if b"<ARs" in cut:
        assert code(cut) in ("xml-truncated", "xml-broken")


def test_a_file_cut_off_in_its_middle_says_so_with_the_line() -> None:
    cut = WHOLE[: WHOLE.index(b"<OutstandingAmtDC>") + 20]
    refusal = read_xml(cut).refusal
    assert (refusal.code, refusal.line) == ("xml-truncated", 6)


def test_a_broken_file_says_what_and_where() -> None:
    refusal = read_xml(WHOLE.replace(b"</Name>", b"</Nam>", 1)).refusal
    assert (refusal.code, refusal.line) == ("xml-broken", 4)
    assert "Name" in str(refusal.values["reason"])


@given(st.binary(max_size=300), st.integers(0, len(WHOLE)))
def test_no_bytes_inside_make_it_raise_anything_else(junk: bytes, place: int) -> None:
    reading = read_xml(WHOLE[:place] + junk + WHOLE[place:])
    assert len(reading.files) + len(reading.refused) == 1


@given(st.text(alphabet="<>/!?[]&;-'\" =eExactARsDOCTYPE\n", max_size=200))
def test_no_markup_makes_it_raise_anything_else(text: str) -> None:
    reading = read_xml(document("<ARs>" + text + "</ARs>"))
    assert len(reading.files) + len(reading.refused) == 1


def test_bytes_are_counted() -> None:
    with pytest.raises(Refused) as refused, XmlReader(source(WHOLE, largest=500), ("AR",)).events() as events:
        list(events)
    assert refused.value.finding.code == "file-too-large"


class Endless:
    """A document that is never whole in memory."""

    def __init__(self, head: bytes, piece: bytes, pieces: int, tail: bytes) -> None:
        self.chunks: Iterator[bytes] = iter([head, *[piece] * pieces, tail])
        self.rest = b""

    def read(self, size: int, /) -> bytes:
        while len(self.rest) < size and (chunk := next(self.chunks, b"")):
            self.rest += chunk
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


@pytest.mark.parametrize(
    ("head", "piece", "tail"),
    [
        ("<ARs>", block_xml("AR", Account("1", [OpenItem()] * 200)), "</ARs>"),
        (
            "<ARs><AR><Account code='1'/><OutstandingItems>",
            item_xml(OpenItem()) * 200,
            "</OutstandingItems></AR></ARs>",
        ),
        ("<ARs>", "<AR><Account code='1'><Unknown><x/><y/></Unknown></Account></AR>" * 1000, "</ARs>"),
        ("<ARs/><Future>", "<Unknown a='b'><x/><y>text</y></Unknown>" * 1000, "</Future>"),
        ("<ARs/>", "<Unknown/>" * 5000, ""),
        ("<ARs><AR><Account code='1'/><Unknown>", "<x/>" * 10_000, "</Unknown></AR></ARs>"),
    ],
    ids=["blocks", "items", "accounts", "unknown subtree", "unknown below the root", "unknown in a block"],
)
def test_memory_does_not_grow_with_the_file(head: str, piece: str, tail: str) -> None:
    def read(pieces: int) -> int:
        endless = Endless(document(head)[:-10], piece.encode(), pieces, (tail + "</eExact>").encode())
        for _ in read_items(replace(source(b""), open=lambda: endless), 0, 0, Options("EUR")):
            pass
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    small = read(20)
    assert read(200) - small < 4 * 1024, "kilobytes grown by a file ten times as large"


def test_the_most_children_leave_room_for_any_real_item() -> None:
    assert MOST_CHILDREN > 100
