"""Small honest inputs, and what a hostile hand makes of them: bytes flipped, cut, doubled, spliced, bad words put in.

Everything is decided by the `random.Random` that is given, so that a case can be had again by its seed.
"""

import gzip
import io
import zipfile
from collections.abc import Sequence
from random import Random

from exports import Account, OpenItem, export
from gl_transactions import Entry, Term, transactions
from invoice_lists import invoice_list, row
from mails import mail, multipart, part
from signing import Signer, compose
from ubl_invoices import UblInvoice, rate, ubl

SIGNER = Signer()
_BOOKS = (
    Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30", description="Vracht & meer")), "Bakker"),
    Account(
        "10043", (OpenItem("3", "250", currency="USD", fc="300"),), exact_id="{0a0b0c0d-0000-0000-0000-000000000001}"
    ),
)

XML_SEEDS: Sequence[bytes] = (
    export(_BOOKS),
    export(_BOOKS[:1], _BOOKS[1:]),
    export([]),
    export(_BOOKS[:1], messages='<Message type="2"><Description>Let op</Description></Message>'),
    export(_BOOKS[:1]).decode().replace("utf-8", "UTF-16").encode("utf-16"),
    b'<?xml version="1.0"?><eExact><Accounts><Account code="1"><Name>A</Name></Account></Accounts></eExact>',
)
XML_WORDS: Sequence[bytes] = (
    b"<!DOCTYPE eExact [<!ENTITY a 'b'>]>",
    b"&a;",
    b"&#0;",
    b"&#x10ffff;",
    b"<!--x-->",
    b"<?p i?>",
    b"<![CDATA[",
    b"]]>",
    b"</eExact>",
    b"<AR>",
    b"</AR>",
    b"<OutstandingItem number='9'>",
    b"<Account code='x'>",
    b"<x xmlns='y'>",
    b"\x00",
    b"1e308",
    b"NaN",
    b"-",
    b"9" * 40,
    b"1,00",
    b"0x10",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'encoding="utf-7"',
    b"2026-02-30",
    b"xmlns:a='b'",
    b"xsi:schemaLocation='http://evil.example x.xsd'",
    b"<a" * 40,
    b"\xed\xa0\x80",
    b"\xc0\xaf",
)
ZIP_WORDS: Sequence[bytes] = (
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x07\x08",
    b"\xff\xff\xff\xff",
    b"\x00\x00",
    b"\x0c\x00",
    b"\x0e\x00",
    b"\x63\x00",
    b"../../x",
    b"\x1f\x8b\x08\x08",
    b"\x01\x00\x10\x00",
)
MAIL_WORDS: Sequence[bytes] = (
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\x00",
    b"From: ",
    b'From: "',
    b"From: a@b <c@d>, e@f\n",
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Transfer-Encoding: base64\n",
    b"=?utf-8?B?//8=?=",
    b"=?x?q?=00?=",
    b"--=",
    b"boundary=",
    b"filename*0*=utf-8''%00",
    b'filename="..\\..\\x"',
    b"charset=utf-7",
    b";" * 60,
    b"(" * 60,
    b"<" * 60,
    b"\xe2\x80\xa8",
    b"\xff",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=bakker.example; s=s1; h=from; bh=; b=\n",
    b"l=0;",
    b"; d=a; d=b",
    b"=\r\n ",
    b"Authentication-Results: mx.example.com; dmarc=pass header.from=bakker.example\n",
    b"Received: by by by [::1]\n",
    b"Auto-Submitted: no; x\n",
    b"Date: Mon, 31 Feb 99999 99:99:99 +9999\n",
    b"Message-ID: <@>\n",
    b"begin 644 x\n",
)


def _zip(*files: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


ZIP_SEEDS: Sequence[bytes] = (
    _zip(("ARs_1.xml", XML_SEEDS[0])),
    _zip(("ARs_1.xml", XML_SEEDS[0]), ("APs_1.xml", XML_SEEDS[1])),
    _zip(("a/b.txt", b"")),
    gzip.compress(XML_SEEDS[0], mtime=0),
)
MAIL_SEEDS: Sequence[bytes] = (
    mail(("ARs_1.xml", XML_SEEDS[0])),
    mail(("export.zip", ZIP_SEEDS[0]), subject="=?utf-8?q?Sald=C3=B3?="),
    multipart("b", part(XML_SEEDS[0], "Content-Type: application/xml; name=ARs_1.xml", encoding="7bit")),
    multipart(
        "s", part(mail(("ARs_1.xml", XML_SEEDS[2])), "Content-Type: message/rfc822", encoding="7bit"), subtype="signed"
    ),
    SIGNER.sign(compose()),
    compose(
        top="Received: from a by mx.example.com; x\r\n"
        "Authentication-Results: mx.example.com; dkim=pass header.d=a.example\r\n"
    ),
)


UBL_SEEDS: Sequence[bytes] = (
    ubl(),
    ubl(UblInvoice(root="CreditNote", billing_reference="F1", prepaid="21.00", rounding="0.01", allowance="1.00")),
    ubl(UblInvoice(currency="USD", extra=rate("USD", "EUR", "0.92"), attachment=b"%PDF")),
)
# Mostly such as leave it well-formed: what is broken as XML never comes to be read as an invoice.
UBL_WORDS: Sequence[bytes] = (
    *(b"1", b"-", b".", b"0", b"9" * 20, b"e5", b",", b" ", b"\n", b"<!--x-->", b"<?p i?>", b"&#49;", b"NaN"),
    *(b"<cac:TaxTotal/>", b"<cbc:ID>7</cbc:ID>", b"<cbc:PayableAmount>1</cbc:PayableAmount>", b"<x>1</x>"),
    *(b"<cbc:MathematicOperatorCode>divide</cbc:MathematicOperatorCode>", b" currencyID='USD'", b" xmlns:cbc='u'"),
    *(b"JPY", b"2026-02-30", b"CreditNote", b"381", b"&a;", b"<![CDATA[", b"]]>", b"</cac:LegalMonetaryTotal>"),
)
LIST_SEEDS: Sequence[bytes] = (
    invoice_list([row(), row("C1", "-5,00", kind="creditnota"), row("F2", "1.500,00", currency="USD", amount_dc="9")]),
    invoice_list([row("F1", "1,500.00", exact_id="{0a0b0c0d-0000-0000-0000-000000000001}", side="payable")], ","),
    invoice_list([row("F1", "5", customer_name='Bäkker "& Zn."')], "\t").decode().encode("cp1252"),
    b"code;naam;kredietlimiet\n1;Bakker;1.500,00\n2;Smit;geen\n",
)
LIST_WORDS: Sequence[bytes] = (
    *(
        b";",
        b",",
        b"\t",
        b'"',
        b'""',
        b"\r",
        b"\n",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x81",
        b"=1+1",
        b"-",
        b"1e9",
    ),
    *(b"1.500", b"9" * 40, b"F2026-0001", b"2026-02-30", b"15-01-2026", b"JPY", b"creditnota", b";x" * 40, b"\xc2\xa0"),
)
TRANSACTION_SEEDS: Sequence[bytes] = (
    transactions([Entry(), Entry("2", "30", terms=(Term("5", "", "7.00", your_ref="R"),)), Entry("3", "40")]),
    transactions([Entry("", "", journal_type="22", exact_id="{0a0b0c0d-0000-0000-0000-000000000001}", terms=())]),
)


def mutate(seeds: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """One of the seeds after one to four changes."""
    data = random.choice(seeds)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        until = min(len(data), at + random.choice((1, 2, 8, 40, 400)))
        match random.randrange(7):
            case 0 if at < len(data):
                data = data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]
            case 1:
                data = data[:at] + data[until:]
            case 2:
                data = data[:until] + data[at:until] * random.choice((1, 2, 20)) + data[until:]
            case 3:
                data = data[:at] + random.randbytes(until - at) + data[until:]
            case 4:
                other = random.choice(seeds)
                data = data[:at] + other[random.randrange(len(other)) :][:400] + data[until:]
            case 5 if random.random() < 0.2:
                data = data[:at]
            case _:
                data = data[:at] + random.choice(words) + data[at:]
    return data[:20_000]
