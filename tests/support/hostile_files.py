"""Hostile attachments, built by code: XML and archives, each with the code of the finding that it must come to."""

import gzip
import io
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from exports import Account, OpenItem, document, export, item_xml, one_item

BOOKS = (Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),)
WHOLE = export(BOOKS)
BODY = WHOLE.decode().partition("?>\n")[2]
ITEM = OpenItem("7", "1.00")


class FileCase(NamedTuple):
    name: str
    content: bytes
    code: str  # of the finding, or "" for a file that is read
    file: str = "ARs_1.xml"


def encoded(encoding: str, body: str, actual: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{body}'.encode(actual or encoding)


DOCTYPES = {
    "bare": "<!DOCTYPE eExact>",
    "entity": '<!DOCTYPE eExact [<!ENTITY a "0">]>',
    "laughs": '<!DOCTYPE eExact [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>",
    "quadratic": f'<!DOCTYPE eExact [<!ENTITY a "{"x" * 40_000}">]>',
    "remote": '<!DOCTYPE eExact SYSTEM "http://127.0.0.1:9/x.dtd">',
    "file": '<!DOCTYPE eExact [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "parameter": '<!DOCTYPE eExact [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
    "default attribute": '<!DOCTYPE eExact [<!ATTLIST OutstandingItem number CDATA "y">]>',
}


def xml_cases() -> Iterator[FileCase]:
    for name, doctype in DOCTYPES.items():
        for encoding in ("utf-8", "utf-16", "iso-8859-1", "windows-1252"):
            amount = item_xml(OpenItem("1", "1&a;00.00"))
            body = doctype + one_item(amount).decode().partition("?>\n")[2]
            yield FileCase(f"doctype, {name}, {encoding}", encoded(encoding, body), "xml-doctype")
    for claimed, actual, code in (
        ("utf-7", "utf-7", "xml-encoding"),
        ("cp037", "us-ascii", "xml-encoding"),
        ("gb18030", "us-ascii", "xml-encoding"),
        ("UTF-32", "utf-32", "xml-encoding"),
        ("UTF-8", "utf-16", "xml-encoding-wrong"),
        ("UTF-16", "utf-8", "xml-encoding-wrong"),
    ):
        yield FileCase(f"{actual} that claims {claimed}", encoded(claimed, BODY, actual), code)
    wrong = encoded("utf-8", BODY.replace("Bakker", "Bäkker"), "cp1252")
    yield FileCase("cp1252 that claims utf-8", wrong, "xml-encoding-wrong")
    for name, content, code in (
        ("entity without a doctype", WHOLE.replace(b"100.10", b"1&a;00.10"), "xml-broken"),
        ("doctype inside", WHOLE.replace(b"<Messages>", b"<!DOCTYPE x><Messages>"), "xml-broken"),
        ("junk after the root", WHOLE + b"junk", "xml-broken"),
        ("second root", WHOLE + b"<eExact/>", "xml-broken"),
        ("twice", WHOLE + WHOLE, "xml-broken"),
        ("NUL", WHOLE.replace(b"Bakker", b"Bak\x00ker"), "xml-broken"),
        ("NUL after", WHOLE + b"\x00", "xml-broken"),
        ("control character by reference", WHOLE.replace(b"Bakker", b"Bak&#8;ker"), "xml-broken"),
        ("surrogate by reference", WHOLE.replace(b"Bakker", b"&#xd800;"), "xml-broken"),
        ("overlong UTF-8", WHOLE.replace(b"Bakker", b"\xc0\xaf"), "xml-encoding-wrong"),
        ("unclosed comment", WHOLE.replace(b"</eExact>", b"<!--"), "xml-truncated"),
        ("wrong end tag", WHOLE.replace(b"</Account>", b"</account>"), "xml-broken"),
        ("the same attribute twice", WHOLE.replace(b'<Account code="', b'<Account code="1" code="'), "xml-broken"),
        ("unknown prefix", WHOLE.replace(b"<Messages>", b"<x:y/><Messages>"), "xml-broken"),
        ("cut off in an item", WHOLE[:600], "xml-truncated"),
        ("cut off before the end", WHOLE[:-5], "xml-truncated"),
        ("300 deep", document("<ARs>" + "<a>" * 300 + "</a>" * 300 + "</ARs>"), "xml-limit"),
        ("100,000 deep", document("<ARs>" + "<a>" * 100_000 + "</a>" * 100_000 + "</ARs>"), "xml-limit"),
        ("a text of 11 MB", document("<ARs><a>" + "x" * 11_000_000 + "</a></ARs>"), "xml-limit"),
        ("an attribute of 11 MB", document("<ARs a='" + "x" * 11_000_000 + "'/>"), "xml-limit"),
        ("a value of 70 KB", one_item(item_xml(OpenItem(description="x" * 70_000))), "xml-limit"),
        ("20,000 children", one_item("<OutstandingItem>" + "<a/>\n" * 20_000 + "</OutstandingItem>"), "xml-limit"),
        ("an endless prolog", b"<!-- -->" * 20_000 + WHOLE, "not-known"),
        ("no bytes", b"", "file-empty"),
    ):
        yield FileCase(name, content, code)
    for name, amount, code in (
        ("exponent", "1e308", "amount-too-large"),
        ("not a number", "NaN", "amount-not-finite"),
        ("infinite", "-Infinity", "amount-not-finite"),
        ("hexadecimal", "0x10", "amount-invalid"),
        ("decimal comma", "1,00", "amount-comma"),
        ("thousands", "1.000,00", "amount-comma"),
        ("41 digits", "9" * 41, "amount-too-large"),
        ("100,000 digits", "9" * 100_000, "amount-invalid"),
        ("Arabic digits", "١٢٣", "amount-invalid"),
        ("full-width digits", "１.00", "amount-invalid"),
        ("underscore", "1_000", "amount-invalid"),
        ("formula", "=1+1", "amount-invalid"),
        ("blank inside", "1 000.00", "amount-invalid"),
        ("two signs", "--1.00", "amount-invalid"),
    ):
        content = one_item(item_xml(OpenItem("1", amount)))
        yield FileCase(f"amount: {name}", content, code)
    for name, day in (("30 February", "2026-02-30"), ("year 0", "0000-01-01"), ("words", "gisteren")):
        yield FileCase(f"date: {name}", one_item(item_xml(OpenItem("1", due_date=day))), "date-invalid")
    for name, inside in (
        ("a comment in an amount", one_item(item_xml(ITEM).replace("1.00<", "1<!--x-->.00<"))),
        ("an instruction in an amount", one_item(item_xml(ITEM).replace("1.00<", "1<?x?>.00<"))),
        ("CDATA as an amount", one_item(item_xml(ITEM).replace(">1.00<", "><![CDATA[1.00]]><"))),
        ("a stylesheet", WHOLE.replace(b"?>\n", b'?>\n<?xml-stylesheet href="http://127.0.0.1:9/"?>\n', 1)),
        ("a schema elsewhere", WHOLE.replace(b"eExact-XML.xsd", b"http://127.0.0.1:9/eExact-XML.xsd")),
        ("markup as a name", export((Account("1", (ITEM,), name="<script>alert(1)</script>"),))),
        ("a formula as a name", export((Account("1", (ITEM,), name="=cmd|' /C calc'!A0"),))),
        ("another direction in a name", export((Account("1", (ITEM,), name="Bak\u202eker"),))),
        ("SQL as a code", export((Account("1'; DROP TABLE x; --"[:18], (ITEM,)),))),
        ("1,000 attributes apart", document("<ARs>" + "<a b=''/>" * 1000 + "</ARs>")),
        ("200,000 attributes", document("<ARs" + "".join(f" a{n}=''" for n in range(200_000)) + "/>")),
    ):
        yield FileCase(name, inside, "read")


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, content in files:
                archive.writestr(name, content)
    return out.getvalue()


PLAIN = zipped(("ARs_1.xml", WHOLE))
DIRECTORY = PLAIN.index(b"PK\x01\x02")


def patched(local: int, central: int, value: int) -> bytes:
    """A zip of one file with a 16-bit field changed in both of its headers (APPNOTE 4.3.7 and 4.3.12)."""
    data = bytearray(PLAIN)
    struct.pack_into("<H", data, local, value)
    struct.pack_into("<H", data, DIRECTORY + central, value)
    return bytes(data)


def overlapping() -> bytes:
    directory = PLAIN[DIRECTORY : PLAIN.index(b"PK\x05\x06")]
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, 2 * len(directory), DIRECTORY, 0)
    return PLAIN[:DIRECTORY] + directory + directory.replace(b"ARs_1", b"ARs_2") + end


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("ARs_1.xml")
        entry.size = len(WHOLE)
        archive.addfile(entry, io.BytesIO(WHOLE))
    return out.getvalue()


def archive_cases() -> Iterator[FileCase]:
    crc = struct.pack("<I", zlib.crc32(WHOLE))
    packed = gzip.compress(WHOLE, mtime=0)
    for name, content, code in (
        ("a bzip2 bomb", zipped(("ar.xml", bytes(30_000_000)), method=zipfile.ZIP_BZIP2), "archive-method"),
        ("lzma", zipped(("ar.xml", WHOLE), method=zipfile.ZIP_LZMA), "archive-method"),
        ("AES", patched(8, 10, 99), "archive-method"),
        ("a method that does not exist", patched(8, 10, 0xFFFF), "archive-method"),
        ("a password", patched(6, 8, 0x1), "not-encrypted-zip"),
        ("strong encryption", patched(6, 8, 0x41), "not-encrypted-zip"),
        ("21 files", zipped(*((f"{n}.xml", WHOLE) for n in range(21))), "archive-too-many-files"),
        ("5,000 empty files", zipped(*((f"{n}", b"") for n in range(5_000))), "archive-too-many-files"),
        ("a name twice", zipped(("ar.xml", WHOLE), ("ar.xml", WHOLE)), "archive-repeated-name"),
        ("a name twice but for case", zipped(("ar.xml", WHOLE), ("AR.XML", WHOLE)), "archive-repeated-name"),
        ("overlapping files", overlapping(), "archive-overlap"),
        ("a zip in a zip", zipped(("inner.zip", PLAIN)), "archive-nested"),
        ("a gzip in a zip", zipped(("inner.xml", packed)), "archive-nested"),
        ("a zip in a gzip", gzip.compress(PLAIN, mtime=0), "archive-nested"),
        ("no file", zipped(), "archive-empty"),
        ("only a folder", zipped(("map/", b"")), "archive-empty"),
        ("a deflate bomb", zipped(("ar.xml", b"<eExact>" + b" " * 150_000_000)), "archive-ratio"),
        ("a gzip bomb", gzip.compress(b"<eExact>" + b" " * 150_000_000, mtime=0), "archive-ratio"),
        ("20 bombs", zipped(*((f"{n}.xml", b"<eExact>" + b" " * 5_000_000) for n in range(20))), "archive-ratio"),
        ("cut off", PLAIN[:-30], "archive-damaged"),
        ("garbled", PLAIN[: DIRECTORY - 40] + b"\x55" * 20 + PLAIN[DIRECTORY - 20 :], "archive-damaged"),
        ("a wrong checksum", PLAIN.replace(crc, b"\x01\x02\x03\x04"), "archive-damaged"),
        ("a gzip cut off", packed[:-4], "archive-damaged"),
        ("a gzip with a wrong checksum", packed[:-8] + bytes(8), "archive-damaged"),
        ("a gzip and junk", packed + b"junk", "archive-damaged"),
        ("a bare local header", b"PK\x03\x04", "archive-damaged"),
        ("a bare end of directory", b"PK\x05\x06", "archive-damaged"),
        ("a bare gzip header", b"\x1f\x8b\x08", "archive-damaged"),
        ("a doctype inside", zipped(("ar.xml", b"<!DOCTYPE eExact>" + BODY.encode())), "xml-doctype"),
        ("rar", b"Rar!\x1a\x07\x01\x00" + bytes(50), "not-rar"),
        ("7z", b"7z\xbc\xaf\x27\x1c" + bytes(50), "not-7z"),
        ("xz", lzma.compress(WHOLE), "not-archive"),
        ("tar", tarred(), "not-known"),
        ("names that climb", zipped(("../../../../etc/ARs_1.xml", WHOLE)), "read"),
        ("names of Windows", zipped(("C:\\Windows\\..\\ARs_1.xml", WHOLE)), "read"),
        ("a file that claims to be a link", PLAIN.replace(b"\x80\x01\x00\x00", b"\xff\xa1\x00\x00"), "read"),
    ):
        yield FileCase(f"zip: {name}", content, code, "export.zip")
