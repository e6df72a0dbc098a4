import zipfile
from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mails import mail
from readings import EUR, read, read_xml
from ubl_invoices import US, Party, Tax, UblInvoice, rate, ubl

from parsers.protocol import Options
from parsers.records import Finding, Invoice

OURS = Options("EUR", own_parties=("NL001234567B01",))
SUPPLIER = Party("Jansen Transport", "L7", "11111111", vat="NL009876543B01", register="11111111")

BASE_RATE = "<cbc:SourceCurrencyBaseRate>100</cbc:SourceCurrencyBaseRate>"


def invoice(one: UblInvoice | bytes, options: Options = EUR) -> Invoice:
    reading = read_xml(one if isinstance(one, bytes) else ubl(one), "factuur.xml", options)
    assert (reading.file.format, reading.file.pages, len(reading.invoices)) == ("own-invoices", (), 1)
    return reading.invoices[0]


def refused(one: UblInvoice | bytes, options: Options = EUR) -> list[Finding]:
    reading = read_xml(one if isinstance(one, bytes) else ubl(one), "factuur.xml", options)
    assert (reading.files, reading.invoices) == ([], [])
    assert all(finding.line for finding in reading.refused)
    return reading.refused


def codes(one: UblInvoice | bytes, options: Options = EUR) -> list[str]:
    return [finding.code for finding in refused(one, options)]


def test_an_invoice_has_what_the_document_says() -> None:
    assert invoice(UblInvoice(note="Vracht januari", buyer_reference="PO 7")) == Invoice(
        *(0, 2, None, "invoice", "F2026-0001", "K00042", "Bakker & Zn. Expeditie B.V.", None),
        *("2026-01-15", "2026-02-14", "PO 7", "Vracht januari", "EUR", 12100, 12100),
        vat_code="S21",
        vat_amount_fc=2100,
    )


@pytest.mark.parametrize(
    ("one", "payable", "vat"),
    [
        (UblInvoice(allowance="10.00", taxes=(Tax("90.00", "18.90"),)), 10890, 1890),
        (UblInvoice(charge="5.00", taxes=(Tax("105.00", "22.05"),)), 12705, 2205),
        (UblInvoice(allowance="10.00", charge="5.00", taxes=(Tax("95.00", "19.95"),)), 11495, 1995),
        (UblInvoice(prepaid="21.00"), 10000, 2100),
        (UblInvoice(prepaid="121.00"), 0, 2100),
        (UblInvoice(prepaid="150.00"), -2900, 2100),
        (UblInvoice(lines=("99.98",), taxes=(Tax("99.98", "21.00"),), rounding="0.02"), 12100, 2100),
        (UblInvoice(lines=("100.02",), taxes=(Tax("100.02", "21.00"),), rounding="-0.02"), 12100, 2100),
        (UblInvoice(lines=("100", "50"), taxes=(Tax("100", "21"), Tax("50", "4.5", percent="9.00"))), 17550, 2550),
        (UblInvoice(taxes=(Tax("100.00", "0", "AE", "0"),)), 10000, 0),
        (UblInvoice(lines=("-40.00",), taxes=(Tax("-40.00", "-8.40"),)), -4840, -840),
        (UblInvoice(lines=("1000000.00",), taxes=(Tax("1000000.00", "0.00", "E", "0"),)), 100000000, 0),
    ],
)
def test_what_is_to_be_paid_is_what_is_left_of_it(one: UblInvoice, payable: int, vat: int) -> None:
    found = invoice(one)
    assert (found.kind, found.amount_fc, found.amount_dc, found.vat_amount_fc) == ("invoice", payable, payable, vat)
    assert read_xml(ubl(one)).warnings == []


def test_several_rates_are_named_once_each() -> None:
    taxes = (
        Tax("1", "0.21"),
        Tax("1", "0.09", percent="9"),
        Tax("1", "0.21", percent="21.0"),
        Tax("1", "0", "O", None),
    )
    assert invoice(UblInvoice(lines=("4",), taxes=taxes)).vat_code == "S21+S9+O"
    assert invoice(UblInvoice(taxes=(Tax("100", "10.00", percent="10"),))).vat_code == "S10"


@pytest.mark.parametrize("payable", [None, "-121.00"])
@pytest.mark.parametrize("kind", [{"root": "CreditNote"}, {"kind": "381"}])
def test_a_credit_note_is_negative_and_knows_its_invoice(kind: dict[str, str], payable: str | None) -> None:
    lines, tax = (("-100",), "-21") if payable else (("100",), "21")
    one = UblInvoice("C1", billing_reference="F2026-0001", lines=lines, taxes=(Tax(lines[0], tax),), **kind)  # type: ignore[arg-type]
    found = invoice(one)
    assert (found.kind, found.number, found.your_ref) == ("credit-note", "C1", "F2026-0001")
    assert (found.amount_fc, found.amount_dc, found.vat_amount_fc, found.due_date) == (
        -12100,
        -12100,
        -2100,
        "2026-02-14",
    )


def test_a_document_without_a_due_date_has_none() -> None:
    assert [invoice(UblInvoice(root=root, due=None)).due_date for root in ("Invoice", "CreditNote")] == ["", ""]


@pytest.mark.parametrize(
    ("given", "cents"),
    [
        (rate("USD", "EUR", "0.92"), 11132),
        (rate("USD", "EUR", "0.925"), 11193),
        (rate("EUR", "USD", "1.1", operator="Divide"), 13310),
        (rate("EUR", "USD", "1.1"), 11000),
        (rate("USD", "EUR", "1.1", operator="divide"), 11000),
        (rate("USD", "EUR", "0.5", operator="Multiply"), 6050),
        (rate("USD", "GBP", "9") + rate("USD", "EUR", "0.5", name="PricingExchangeRate"), 6050),
        (rate("USD", "EUR", "0.5") + rate("EUR", "USD", "2", name="PaymentExchangeRate"), 6050),
        (rate("usd", " eur ", "0.5", name="PaymentAlternativeExchangeRate"), 6050),
        (rate("USD", "EUR", "0.000001"), 0),
    ],
)
def test_another_currency_comes_with_its_rate(given: str, cents: int) -> None:
    found = invoice(UblInvoice(currency="USD", extra=given))
    assert (found.currency, found.amount_fc, found.amount_dc) == ("USD", 12100, cents)
    assert invoice(UblInvoice(currency="USD", extra=given, root="CreditNote")).amount_dc == -cents


def test_a_rate_is_between_currencies_of_different_digits() -> None:
    yen = UblInvoice(currency="JPY", lines=("10000",), taxes=(Tax("10000", "0", "Z", "0"),))
    assert invoice(replace(yen, extra=rate("JPY", "EUR", "0.0061"))).amount_dc == 6100
    euros = UblInvoice(extra=rate("EUR", "JPY", "163.505"))
    assert (invoice(euros, Options("JPY")).amount_fc, invoice(euros, Options("JPY")).amount_dc) == (12100, 19784)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "invoice-rate-missing"),
        (rate("USD", "GBP", "0.8"), "invoice-rate-missing"),
        (rate("USD", "EUR", "0"), "invoice-rate-unclear"),
        (rate("USD", "EUR", "-1"), "invoice-rate-unclear"),
        (rate("USD", "EUR", "0,92"), "invoice-rate-unclear"),
        (rate("USD", "EUR", "1e2"), "invoice-rate-unclear"),
        (rate("USD", "EUR", ""), "invoice-rate-unclear"),
        (rate("USD", "EUR", "1", operator="add"), "invoice-rate-unclear"),
        (rate("USD", "EUR", "0.92") + rate("USD", "EUR", "0.93", name="PaymentExchangeRate"), "invoice-rate-unclear"),
        (
            rate("USD", "EUR", "0.92").replace(
                "<cbc:Calc", "<cbc:SourceCurrencyBaseRate>100</cbc:SourceCurrencyBaseRate><cbc:Calc"
            ),
            "invoice-rate-unclear",
        ),
    ],
)
def test_a_rate_that_is_missing_or_in_doubt_is_refused(given: str, code: str) -> None:
    assert codes(UblInvoice(currency="USD", extra=given)) == [code]


def test_no_rate_makes_more_of_an_amount_than_the_books_can_hold() -> None:
    one = UblInvoice(currency="USD", extra=rate("USD", "EUR", "9" * 12 + ".9"))
    assert invoice(one).amount_dc == 12_099_999_999_998_790
    assert codes(replace(one, lines=("99999999.00",), taxes=())) == ["invoice-rate-unclear"]


@pytest.mark.parametrize(
    ("one", "computed"),
    [
        (UblInvoice(payable="120.99"), "121.00 EUR"),
        (UblInvoice(payable="121.00", prepaid="21.00"), "100.00 EUR"),
        (UblInvoice(payable="121.00", rounding="0.01"), "121.01 EUR"),
        (UblInvoice(payable="-121.00", root="CreditNote"), "121.00 EUR"),
    ],
)
def test_a_total_that_its_own_sum_does_not_bear_out_is_refused(one: UblInvoice, computed: str) -> None:
    (finding,) = refused(one)
    assert finding.code == "invoice-totals-differ"
    assert finding.values["computed"] == computed
    assert b"PayableAmount" in ubl(one).splitlines()[(finding.line or 0) - 1]


def test_vat_and_lines_that_do_not_add_up_are_a_warning() -> None:
    content = ubl().replace(b'TaxExclusiveAmount currencyID="EUR">100.00', b'TaxExclusiveAmount currencyID="EUR">99.00')
    assert invoice(content).amount_dc == 12100
    fields = [finding.values["field"] for finding in read_xml(content).file.warnings]
    assert fields == ["LegalMonetaryTotal/TaxInclusiveAmount", "LegalMonetaryTotal/TaxExclusiveAmount"]


def test_a_document_with_nothing_but_its_amount_to_be_paid_is_read() -> None:
    content = ubl()
    before, _, rest = content.partition(b"<cac:LegalMonetaryTotal>")
    _, _, after = rest.partition(b'<cbc:PayableAmount currencyID="EUR">')
    bare = before.replace(b"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", b"")
    found = invoice(bare + b'<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">' + after)
    assert (found.currency, found.amount_dc) == ("EUR", 12100)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<cbc:ID>F2026-0001</cbc:ID>", "", "invoice-field-missing"),
        ("<cbc:ID>F2026-0001</cbc:ID>", "<cbc:ID> </cbc:ID>", "invoice-field-missing"),
        ("<cbc:ID>F2026-0001</cbc:ID>", "<cbc:ID>1</cbc:ID><cbc:ID>2</cbc:ID>", "invoice-field-repeated"),
        ("F2026-0001", "F2026<cbc:x/>-0001", "invoice-field-missing"),
        ("F2026-0001", "9" * 61, "invoice-field-too-long"),
        ("<cbc:IssueDate>2026-01-15</cbc:IssueDate>", "", "invoice-field-missing"),
        ("2026-01-15", "15-01-2026", "invoice-date-invalid"),
        ("2026-02-14", "2026-02-30", "invoice-date-invalid"),
        (">EUR</cbc:Doc", ">EURO</cbc:Doc", "invoice-currency-unknown"),
        ('PayableAmount currencyID="EUR"', 'PayableAmount currencyID="USD"', "invoice-currency-differs"),
        (">121.00</cbc:Payable", ">121,00</cbc:Payable", "invoice-amount-invalid"),
        (">121.00</cbc:Payable", ">NaN</cbc:Payable", "invoice-amount-invalid"),
        (">121.00</cbc:Payable", "></cbc:Payable", "invoice-amount-invalid"),
        (">121.00</cbc:Payable", ">1e30</cbc:Payable", "invoice-amount-invalid"),
        (">121.00</cbc:Payable", ">12<cbc:x>1</cbc:x>.00</cbc:Payable", "invoice-amount-invalid"),
        ("PayableAmount", "PaidAmount", "invoice-field-missing"),
        ("cac:LegalMonetaryTotal>", "cac:RequestedMonetaryTotal>", "invoice-field-missing"),
        ("<cbc:PayableAmount", "<cbc:PayableAmount>1</cbc:PayableAmount><cbc:PayableAmount", "invoice-field-repeated"),
        ("cac:AccountingCustomerParty>", "cac:BuyerCustomerParty>", "invoice-field-missing"),
    ],
)
def test_what_is_wrong_in_a_document_is_told(old: str, new: str, code: str) -> None:
    assert code in codes(ubl().replace(old.encode(), new.encode()))


def test_all_that_is_wrong_is_told_at_once() -> None:
    content = ubl(UblInvoice(issued="gisteren", payable="x", customer=Party(endpoint="", vat="", register="")))
    assert codes(content) == ["invoice-amount-invalid", "invoice-field-missing", "invoice-date-invalid"]


def test_a_comment_in_an_amount_changes_nothing() -> None:
    assert invoice(ubl().replace(b">121.00</cbc:Pay", b">12<!--9-->1.00</cbc:Pay")).amount_dc == 12100


@pytest.mark.parametrize(
    ("customer", "code"),
    [
        (Party(assigned="D7", code="K1"), "D7"),
        (Party(code="K1"), "K1"),
        (Party(), "87654321"),
        (Party(endpoint="", register="222"), "222"),
        (Party(endpoint="", register=""), "NL002345678B02"),
    ],
)
def test_a_customer_is_called_by_the_code_that_is_nearest_to_ours(customer: Party, code: str) -> None:
    assert invoice(UblInvoice(customer=customer)).customer_code == code


def test_a_mandate_for_direct_debits_is_no_code() -> None:
    mandate = '<cac:PartyIdentification><cbc:ID schemeID="SEPA">NL98ZZZ</cbc:ID></cac:PartyIdentification>'
    content = ubl(UblInvoice(customer=US, supplier=SUPPLIER)).decode()
    content = content.replace("<cac:PartyIdentification><cbc:ID>L7", mandate + "<cac:PartyIdentification><cbc:ID>L7")
    assert invoice(content.encode(), OURS).customer_code == "L7"


@pytest.mark.parametrize(
    "own", ["NL001234567B01", "nl 0012.34.567.B01", "12345678", "0106:12345678", " 0106 : 12345678"]
)
def test_the_side_is_told_by_which_party_we_are(own: str) -> None:
    options = Options("EUR", own_parties=("999", own))
    sold = invoice(UblInvoice(), options)
    assert (sold.side, sold.customer_code, sold.customer_name) == ("receivable", "K00042", Party.name)
    bought = invoice(UblInvoice(supplier=SUPPLIER, customer=US), options)
    assert (bought.side, bought.customer_code, bought.customer_name) == ("payable", "L7", "Jansen Transport")


@pytest.mark.parametrize(
    ("supplier", "customer", "code"),
    [(SUPPLIER, Party(), "invoice-not-ours"), (US, US, "invoice-both-ours")],
)
def test_an_invoice_that_is_not_between_us_and_another_is_refused(supplier: Party, customer: Party, code: str) -> None:
    (finding,) = refused(UblInvoice(supplier=supplier, customer=customer), OURS)
    assert (finding.code, finding.values["supplier"]) == (code, supplier.name)
    assert invoice(UblInvoice(supplier=supplier, customer=customer)).side is None


def test_attachments_lines_and_extensions_go_by() -> None:
    lines = ("0.01",) * 5000
    one = UblInvoice(lines=lines, taxes=(Tax("50.00", "10.50"),), attachment=b"%PDF" * 1_500_000)
    extension = b"<x:Sig xmlns:x='urn:x'><cbc:ID>9</cbc:ID>" + b"<a><b/></a>" * 5000 + b"</x:Sig>"
    content = ubl(one).replace(b"<cbc:CustomizationID>", extension + b"<cbc:CustomizationID>", 1)
    found = invoice(content)
    assert (found.number, found.amount_dc) == ("F2026-0001", 6050)


def test_an_element_elsewhere_in_the_document_is_not_taken_for_its_own() -> None:
    nested = b"<cac:Delivery><cbc:ID>X</cbc:ID><cbc:DueDate>x</cbc:DueDate><cac:LegalMonetaryTotal/></cac:Delivery>"
    content = ubl().replace(b"<cac:PaymentMeans>", nested + b"<cac:PaymentMeans>").replace(b"<cbc:DueDate>", b"<x>", 1)
    content = content.replace(b"2026-02-14</cbc:DueDate>", b"</x>", 1)
    assert (invoice(content).number, invoice(content).due_date) == ("F2026-0001", "")


def test_several_documents_of_one_mail_and_of_a_zip_are_a_file_each() -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.xml", ubl(UblInvoice("F1")))
        archive.writestr("2.xml", ubl(UblInvoice("F2", payable="1")))
        archive.writestr("3.xml", ubl(UblInvoice("C3", root="CreditNote")))
    reading = read(mail(("0.xml", ubl(UblInvoice("F0"))), ("facturen.zip", packed.getvalue())))
    assert [(one.page, one.number) for one in reading.invoices] == [(0, "F0"), (1, "F1"), (3, "C3")]
    assert [finding.file for finding in reading.refused] == ["2.xml"]


def test_a_cut_off_document_gives_nothing() -> None:
    assert codes(ubl()[:-20]) == ["xml-truncated"]


def test_a_hostile_name_is_text() -> None:
    party = Party("=cmd|' /C calc'!A0", "+1\u202e")
    assert invoice(UblInvoice(customer=party)).customer_name == party.name
    assert invoice(UblInvoice(customer=party)).customer_code == "+1"


cents = st.integers(-(10**9), 10**9).map(lambda minor: str(Decimal(minor).scaleb(-2)))
positive = st.integers(0, 10**6).map(lambda minor: str(Decimal(minor).scaleb(-2)))


@given(
    st.builds(
        UblInvoice,
        number=st.text("FC0123456789-/", min_size=1, max_size=20),
        root=st.sampled_from(["Invoice", "CreditNote"]),
        lines=st.lists(cents, min_size=1, max_size=4),
        taxes=st.lists(st.builds(Tax, cents, cents), min_size=1, max_size=3),
        allowance=st.none() | positive,
        charge=st.none() | positive,
        prepaid=st.none() | positive,
        rounding=st.none() | cents,
    )
)
def test_what_is_written_is_read_to_the_cent(one: UblInvoice) -> None:
    total = sum(map(Decimal, one.lines)) - Decimal(one.allowance or 0) + Decimal(one.charge or 0)
    total += sum(Decimal(tax.tax) for tax in one.taxes) - Decimal(one.prepaid or 0) + Decimal(one.rounding or 0)
    minor = int(total.scaleb(2))
    found = invoice(one)
    assert (found.number, found.amount_fc) == (one.number, -abs(minor) if one.root == "CreditNote" else minor)


@given(st.integers(1, 10**9).map(lambda rate: Decimal(rate).scaleb(-6)), st.integers(0, 10**9))
def test_a_rate_is_applied_exactly(factor: Decimal, minor: int) -> None:
    one = UblInvoice(
        currency="USD", lines=(str(Decimal(minor).scaleb(-2)),), taxes=(), extra=rate("USD", "EUR", f"{factor:f}")
    )
    assert abs(invoice(one).amount_dc - minor * factor) <= Decimal("0.5")
