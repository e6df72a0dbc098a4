import io
import zipfile
from types import SimpleNamespace

import pytest
from exports import Account, document, export
from gl_transactions import transactions
from hypothesis import given
from hypothesis import strategies as st
from invoice_lists import invoice_list
from mails import mail, multipart, part
from readings import EUR, read, read_xml, source
from ubl_invoices import UblInvoice, ubl

from parsers import identify, open_items
from parsers.identify import FORMATS, HEAD, find_format, look_into
from parsers.reading import read_files

GLOBE = (
    b'<?xml version="1.0"?><eExact xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xsi:noNamespaceSchemaLocation="eExact-Schema.xsd"><GLEntries><GLEntry/></GLEntries></eExact>'
)


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x")
    return out.getvalue()


LOOKALIKES = [
    ("globe.xml", GLOBE, "not-exact-globe"),
    ("globe.xml", document("<GLEntries/>"), "not-exact-globe"),
    ("debtors.xml", GLOBE.replace(b"GLEntries", b"Debtors"), "not-exact-globe"),
    ("globe.xml", GLOBE.replace(b"GLEntries", b"GLTransactions"), "not-exact-globe"),
    ("items.xml", document("<Items/>"), "not-other-topic"),
    ("invoice.xml", b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-3"/>', "not-other-xml"),
    ("order.xml", b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', "not-other-xml"),
    ("open.csv", b"Klant;Factuurnummer;Factuurdatum;Bedrag;Openstaand\r\n1;2;2026-01-01;5;5\r\n", "not-csv"),
    ("ar.xml", b'<eExact xmlns="urn:other"><ARs/></eExact>', "not-other-xml"),
    ("ARs_1.xml", b"<!DOCTYPE html><html><title>Login</title>", "not-html"),
    ("ARs_1.xml", b"\r\n<HTML><HEAD>", "not-html"),
    ("ARs_1.xml", b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html>', "not-html"),
    ("list.xlsx", office("[Content_Types].xml", "xl/workbook.xml"), "not-spreadsheet"),
    ("list.xlsx", office(*(f"xl/worksheets/{n}.xml" for n in range(30))), "not-spreadsheet"),
    ("list.ods", office("mimetype", "content.xml"), "not-spreadsheet"),
    ("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, "not-spreadsheet"),
    ("letter.docx", office("[Content_Types].xml", "word/document.xml"), "not-known"),
    ("forwarded.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, "not-known"),
    ("list.csv", "Code;Naam;Bedrag\r\n1;Jürgen;410,50\r\n".encode(), "not-csv"),
    ("list.txt", "Code\tNaam\tBedrag\r\n1\tJürgen\t410,50\r\n".encode("utf-16"), "not-csv"),
    ("list.pdf", b"%PDF-1.7\n", "not-pdf"),
    ("winmail.dat", b"\x78\x9f\x3e\x22\x01\x00", "not-winmail"),
    ("export.rar", b"Rar!\x1a\x07\x01\x00", "not-rar"),
    ("export.7z", b"7z\xbc\xaf\x27\x1c\x00\x04", "not-7z"),
    ("export.xml.bz2", b"BZh91AY", "not-archive"),
    ("ar.xml", b"", "file-empty"),
    ("ar.xml", b" \r\n", "file-empty"),
    ("notes.txt", b"Hello there", "not-known"),
]


@pytest.mark.parametrize(("name", "content", "code"), LOOKALIKES)
def test_a_lookalike_is_named_when_the_mail_has_nothing_else(name: str, content: bytes, code: str) -> None:
    reading = read(mail((name, content)))
    assert (reading.files, reading.refused) == ([], [])
    assert [(finding.code, finding.file) for finding in reading.findings] == [(code, name)]


@pytest.mark.parametrize(("name", "content", "code"), LOOKALIKES)
def test_a_lookalike_is_not_mentioned_beside_an_export(name: str, content: bytes, code: str) -> None:
    reading = read(mail((name, content), ("ARs_1.xml", export([Account()]))))
    assert (len(reading.files), reading.refused, reading.findings) == (1, [], [])


@pytest.mark.parametrize(("name", "content", "code"), LOOKALIKES)
def test_a_lookalike_that_someone_named_is_refused(name: str, content: bytes, code: str) -> None:
    assert read_xml(content, name).refusal.code == code


def test_an_encrypted_mail_is_named() -> None:
    raw = multipart("b", part(b"\x30\x80", 'Content-Type: application/pkcs7-mime; name="smime.p7m"'))
    assert [finding.code for finding in read(raw).findings] == ["not-encrypted-mail"]


@pytest.mark.parametrize(
    "companion",
    [
        part(b"\x89PNG\r\n", 'Content-Type: image/png; name="logo.png"'),
        part(b"0\x82", 'Content-Type: application/pkcs7-signature; name="smime.p7s"'),
        part(b"-----BEGIN PGP", 'Content-Type: application/pgp-signature; name="signature.asc"'),
        part(b"<html><body>Hello", "Content-Type: text/html"),
        part(b"a;b;c\r\n1;2;3\r\n", "Content-Type: text/plain"),
        part(b"BEGIN:VCARD", 'Content-Type: text/vcard; name="me.vcf"'),
    ],
)
def test_a_logo_a_signature_and_the_text_itself_are_no_files(companion: bytes) -> None:
    raw = multipart("b", part(b"Hello", "Content-Type: text/plain"), companion)
    assert [finding.code for finding in read(raw).findings] == ["nothing-attached"]


def test_the_content_decides_and_not_the_name() -> None:
    content = export([Account()])
    assert read(mail(("winmail.dat", content))).file.format == "open-items"
    assert read(multipart("b", part(content, "Content-Type: text/plain"))).file.name == "part 1"


def test_open_items_behind_another_topic_are_found() -> None:
    inside = "<Accounts>" + "<Account code='1'><Name>x</Name></Account>" * (HEAD // 20) + "</Accounts>"
    content = export([Account("1")]).replace(b"<ARs>", inside.encode() + b"<ARs>", 1)
    for encoded in (content, content.decode().replace("utf-8", "utf-16").encode("utf-16")):
        reading = read_xml(encoded)
        assert (reading.total(), reading.warnings) == (10000, ["unknown-element"])


@pytest.mark.parametrize("inside", ["", "<Account code='1'><Name>x</Name></Account>" * (HEAD // 20)])
def test_transactions_are_found_behind_accounts(inside: str) -> None:
    content = transactions(before=f"<Accounts><Account code='1'/>{inside}</Accounts>")
    for encoded in (content, content.decode().replace("utf-8", "utf-16").encode("utf-16")):
        reading = read_xml(encoded)
        assert (reading.file.format, reading.warnings) == ("transactions", ["unknown-element"])


def test_each_format_is_claimed_by_one_parser() -> None:
    formats = [
        ("open-items", export([Account()])),
        ("open-items", transactions().replace(b"<Topics/>", b"<ARs><AR/></ARs>")),
        ("accounts", document("<Accounts><Account code='1'/></Accounts>")),
        ("accounts", b"code;naam\n1;Bakker\n"),
        ("own-invoices", invoice_list()),
        ("own-invoices", ubl()),
        ("own-invoices", ubl(UblInvoice(root="CreditNote"))),
        ("transactions", transactions()),
    ]
    assert [read_xml(content, "a.b").file.format for _, content in formats] == [name for name, _ in formats]


def test_two_parsers_that_claim_one_file_are_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(NAME="other", claims=lambda head: True, read=open_items.read)
    monkeypatch.setattr(identify, "FORMATS", (open_items, other))
    with pytest.raises(RuntimeError, match=r"open-items.*other"):
        list(read_files([source(export([Account()]))], EUR))


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    head = look_into(source(data), data)
    assert find_format(head) in (None, *FORMATS)


@pytest.mark.parametrize(
    ("name", "content", "line", "fragment"),
    [
        ("ARs_1.xml", b"\r\n\r\n<html><head><title>Login</title>\n", 3, "<html><head><title>Login</title>"),
        ("items.xml", b'<?xml version="1.0"?>\n<eExact>\n<Items><Item code="1"/></Items></eExact>', 3, "<Items><Item"),
        ("ubl.xml", b'<?xml version="1.0"?>\n<!-- <x> -->\n<Invoice/>', 3, "<Invoice/>"),
        ("lijst.csv", b"Debiteur;Bedrag\r\n10042;410,50\r\n", 1, "Debiteur;Bedrag"),
        ("t.xml", document("\n<Items><Item code='1'/></Items>"), 4, "<Items>"),
    ],
)
def test_a_lookalike_is_shown_where_it_gives_itself_away(name: str, content: bytes, line: int, fragment: str) -> None:
    (finding,) = read(mail((name, content))).findings
    assert finding.line == line
    assert finding.fragment.startswith(fragment)
    assert len(finding.fragment) <= 80


def test_what_is_no_text_is_not_quoted() -> None:
    (finding,) = read(mail(("a.pdf", b"%PDF-1.4\n"))).findings
    assert (finding.line, finding.fragment) == (None, "")
