"""Hostile files of own invoices and transactions, each with the code of the finding that it must come to.

What is read of them comes to 121.00, or to nothing.
"""

from collections.abc import Iterator

from gl_transactions import Entry, Term, line_xml, transactions
from hostile_files import DOCTYPES, FileCase, encoded, zipped
from invoice_lists import invoice_list, row
from ubl_invoices import Party, UblInvoice, rate, ubl

INVOICE = ubl()
BODY = INVOICE.decode().partition("?>\n")[2]
LIST = invoice_list()
BOOKED = transactions()
TOTAL = b"<cac:LegalMonetaryTotal>"
PAID = b">121.00</cbc:Pay"
SHOTS = ("=1+1", "+121", "@SUM(1)", "|calc", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("http://127.0.0.1:9/")', "<script>")


def invoice_cases() -> Iterator[FileCase]:
    yield from _ubl_cases()
    yield from _list_cases()
    yield from _transaction_cases()


def before_total(xml: bytes) -> bytes:
    return INVOICE.replace(TOTAL, xml + TOTAL)


def paid(text: bytes) -> bytes:
    return INVOICE.replace(PAID, b">" + text + b"</cbc:Pay")


def in_dollars(rates: str, *lines: str) -> bytes:
    return ubl(UblInvoice(currency="USD", extra=rates, lines=lines or ("121.00",), taxes=()))


def _ubl_cases() -> Iterator[FileCase]:
    for name, doctype in DOCTYPES.items():
        for encoding in ("utf-8", "utf-16"):
            content = encoded(encoding, doctype + paid(b"12&a;1.00").decode().partition("?>\n")[2])
            yield FileCase(f"UBL: doctype, {name}, {encoding}", content, "xml-doctype", "ubl.xml")
    foreign = b"<cbc:PayableAmount xmlns:cbc='urn:x'"
    spaces = "".join(f' xmlns:n{number}="urn:{number}"' for number in range(300))
    schema = b" xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:schemaLocation='u http://127.0.0.1:9/x.xsd'"
    tax = b"<cac:TaxTotal><cbc:TaxAmount>1</cbc:TaxAmount></cac:TaxTotal>"
    for name, content, code in (
        ("cut off", INVOICE[:-40], "xml-truncated"),
        ("junk after the root", INVOICE + b"junk", "xml-broken"),
        ("two documents", INVOICE + INVOICE, "xml-broken"),
        ("an entity in the amount", paid(b"1&a;21.00"), "xml-broken"),
        ("UTF-7", encoded("utf-7", BODY), "not-other-xml"),
        ("a doctype of its own name", b"<!DOCTYPE Invoice>" + BODY.encode(), "not-other-xml"),
        ("300 deep", before_total(b"<a>" * 300 + b"</a>" * 300), "xml-limit"),
        ("100,000 deep", before_total(b"<a>" * 100_000 + b"</a>" * 100_000), "xml-limit"),
        ("20,000 totals", before_total(tax * 20_000), "xml-limit"),
        ("20,000 children of the total", INVOICE.replace(TOTAL, TOTAL + b"<a/>\n" * 20_000), "xml-limit"),
        ("an attachment of 12 MB", ubl(UblInvoice(attachment=bytes(9_000_000))), "xml-limit"),
        ("an attribute of 11 MB", before_total(b"<a b='" + b"x" * 11_000_000 + b"'/>"), "xml-limit"),
        ("a number of 1 MB", ubl(UblInvoice("9" * 1_000_000)), "invoice-field-too-long"),
        (
            "two amounts",
            INVOICE.replace(b"<cbc:Payable", b"<cbc:PayableAmount/><cbc:Payable"),
            "invoice-field-repeated",
        ),
        ("a foreign amount", INVOICE.replace(b"<cbc:PayableAmount", foreign), "invoice-field-missing"),
        ("other namespaces", INVOICE.replace(b"Components-2", b"Components-3"), "invoice-field-missing"),
        ("no children", BODY[: BODY.index(">")].encode() + b"/>", "invoice-field-missing"),
        ("a child in an amount", paid(b"1<b>2</b>1.00"), "invoice-amount-invalid"),
        ("an endless amount", paid(b"1" * 60_000), "invoice-amount-invalid"),
        ("an exponent", paid(b"1e308"), "invoice-amount-invalid"),
        ("Arabic digits", paid("١٢١".encode()), "invoice-amount-invalid"),
        ("less than its sum", ubl(UblInvoice(payable="1.00")), "invoice-totals-differ"),
        ("an endless rate", in_dollars(rate("USD", "EUR", "0." + "9" * 50_000)), "invoice-rate-unclear"),
        ("a rate of nothing", in_dollars(rate("EUR", "USD", "0.0")), "invoice-rate-unclear"),
        ("a rate beyond all books", in_dollars(rate("USD", "EUR", "9" * 12), "99999999"), "invoice-rate-unclear"),
        ("a bomb in a zip", zipped(("ubl.xml", INVOICE + b" " * 150_000_000)), "archive-ratio"),
        ("a doctype in a zip", zipped(("ubl.xml", b"<!DOCTYPE eExact>" + BODY.encode())), "xml-doctype"),
        ("a comment in the amount", paid(b"1<!--9-->21.00"), "read"),
        ("an instruction in the amount", paid(b"1<?x?>21.00"), "read"),
        ("an attachment of 4 MB", ubl(UblInvoice(attachment=bytes(3_000_000))), "read"),
        ("20,000 lines", ubl(UblInvoice(lines=("0.005",) * 20_000)), "read"),
        ("a document in a document", before_total(b"<x>" + BODY.encode() + b"</x>"), "read"),
        ("300 namespaces", INVOICE.replace(b"<Invoice", f"<Invoice{spaces}".encode(), 1), "read"),
        ("a schema elsewhere", INVOICE.replace(b"<Invoice", b"<Invoice" + schema, 1), "read"),
        *((f"{shot} as text", ubl(UblInvoice(shot, note=shot, customer=Party(shot, shot))), "read") for shot in SHOTS),
    ):
        file = "ubl.zip" if content.startswith(b"PK") else "ubl.xml"
        yield FileCase(f"UBL: {name}", content, code, file)


def _list_cases() -> Iterator[FileCase]:
    head = b"customer_code;number;invoice_date;amount\n"
    free = [row(f"F{number}", "0") for number in range(20_000)]
    for name, content, code in (
        ("nothing but the first line", head, "read"),
        ("no line end", head.strip(), "read"),
        ("NUL", LIST.replace(b"Bakker", b"Bak\x00ker"), "read"),
        ("20,000 rows", invoice_list(free), "read"),
        ("20,000 wrong rows", head + b"1;2;3;4\n" * 20_000, "more-mistakes"),
        ("UTF-16", LIST.decode().encode("utf-16"), "csv-encoding"),
        ("UTF-16 without a mark", LIST.decode().encode("utf-16-le"), "csv-encoding"),
        ("half a character", head + b"\xef\xbb\xbf1;2;2026-01-15;\x81\n", "csv-encoding"),
        ("a quote that is never closed", head + b'1;"2\n' + b"1;2;3;4\n" * 500_000, "csv-quotes"),
        ("a line of 5 MB", head + b"1;" + b"2" * 5_000_000, "csv-line-too-long"),
        ("a first line of 5 MB", head.strip() + b";x" * 2_500_000, "csv-line-too-long"),
        ("5,000 columns", head.strip() + b";x" * 5_000 + b"\n", "csv-column-unknown"),
        ("10,000 cells", head + b"1;2;2026-01-15;5" + b";6" * 10_000 + b"\n", "csv-cells"),
        ("only carriage returns", LIST.replace(b"\r\n", b"\r"), "not-csv"),
        ("the same invoice twice", LIST + LIST.splitlines(keepends=True)[1], "invoice-repeated"),
        ("the first line twice", LIST + LIST, "invoice-date-invalid"),
        (
            "a number that differs by what cannot be seen",
            invoice_list([row("F1"), row("F\u200b1")]),
            "invoice-repeated",
        ),
        ("full-width digits", invoice_list([row(amount="１２１")]), "invoice-amount-invalid"),
        ("an underscore", invoice_list([row(amount="1_21")]), "invoice-amount-invalid"),
        ("an exponent", invoice_list([row(amount="1e2")]), "invoice-amount-invalid"),
        ("not a number", invoice_list([row(amount="NaN")]), "invoice-amount-invalid"),
        ("60,000 digits", invoice_list([row(amount="1" * 60_000)]), "invoice-amount-invalid"),
        ("60,000 groups", invoice_list([row(amount="1" + ".000" * 15_000)]), "invoice-amount-invalid"),
        ("markup as an ID", invoice_list([row(exact_id="<b>")]), "exact-id-invalid"),
        ("a bomb in a zip", zipped(("a.csv", head + b" " * 150_000_000)), "archive-ratio"),
        *((f"{shot} as an amount", invoice_list([row(amount=shot)]), "invoice-amount-invalid") for shot in SHOTS[2:]),
        *(
            (f"{shot} as text", invoice_list([row(shot, customer_code=shot, description=shot)]), "read")
            for shot in SHOTS
        ),
    ):
        yield FileCase(f"list: {name}", content, code, "a.zip" if content.startswith(b"PK") else "a.csv")


def _transaction_cases() -> Iterator[FileCase]:
    body = BOOKED.decode().partition("?>\n")[2]
    for name, doctype in DOCTYPES.items():
        yield FileCase(f"transactions: doctype, {name}", encoded("utf-8", doctype + body), "xml-doctype", "t.xml")
    term = b"<PaymentTerm>"
    for name, content, code in (
        ("cut off", BOOKED[:-40], "xml-truncated"),
        ("an entity in an amount", BOOKED.replace(b">121.00<", b">1&a;21.00<"), "xml-broken"),
        ("an exponent", BOOKED.replace(b">121.00<", b">1e308<"), "transaction-amount-invalid"),
        ("a comma", BOOKED.replace(b">121.00<", b">121,00<"), "transaction-amount-invalid"),
        ("a day that is none", BOOKED.replace(b"2026-01-15", b"2026-02-30"), "transaction-date-invalid"),
        ("10,000 wrong days", transactions([Entry("1", date="x")] * 10_000), "more-mistakes"),
        ("20,000 children of a term", BOOKED.replace(term, term + b"<a/>\n" * 20_000), "xml-limit"),
        ("100,000 deep", BOOKED.replace(term, b"<a>" * 100_000 + b"</a>" * 100_000 + term), "xml-limit"),
        ("20,000 terms", transactions([Entry(terms=(Term(debit="0"),) * 20_000)]), "read"),
        ("20,000 lines", transactions([Entry(lines=line_xml("<Date/>") * 20_000)]), "read"),
        ("an entry in an entry", BOOKED.replace(b"<Journal", b"<GLTransaction entry='9'/><Journal"), "read"),
        ("a formula as a code", transactions([Entry(code="=1+1")]), "read"),
    ):
        yield FileCase(f"transactions: {name}", content, code, "t.xml")
