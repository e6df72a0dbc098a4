"""One UBL document to one `Invoice`: what is to be paid, whether its own sums bear that out, by whom and to whom.

Business terms (BT) and rules (BR-CO) are those of EN 16931, which Peppol BIS Billing 3 follows.
"""

from decimal import Decimal

from lxml import etree

from parsers.amounts import CURRENCIES, AmountReader, currency_digits
from parsers.display import fragment
from parsers.protocol import Options
from parsers.records import Invoice
from parsers.tally import Tally
from parsers.ubl_document import CAC, CBC, LONGEST_KEY, Document, read_text
from parsers.ubl_parties import CUSTOMER, SUPPLIER, choose_side, read_party
from parsers.ubl_rates import RATES, convert

FIELDS = ("ID", "IssueDate", "DueDate", "InvoiceTypeCode", "DocumentCurrencyCode", "Note", "BuyerReference")
AGGREGATES = (
    *(SUPPLIER, CUSTOMER, "OrderReference", "BillingReference", "PaymentMeans", "PaymentTerms", "TaxTotal"),
    *("LegalMonetaryTotal", *RATES),
)
# The codes of UNTDID 1001 that EN 16931 counts among credit notes, where a document is an `Invoice` all the same.
_CREDIT_NOTES = frozenset(["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"])
_PAYABLE = "LegalMonetaryTotal/PayableAmount"  # BT-115
_INCLUSIVE = "LegalMonetaryTotal/TaxInclusiveAmount"  # BT-112
_EXCLUSIVE = "LegalMonetaryTotal/TaxExclusiveAmount"  # BT-109


def read_invoice(document: Document, page: int, options: Options, warnings: Tally) -> Invoice:
    """Raises `Refused` with all mistakes of the document."""
    supplier, customer = read_party(document, SUPPLIER), read_party(document, CUSTOMER)
    side = choose_side(document, supplier, customer, options.own_parties)
    role, other = (SUPPLIER, supplier) if side == "payable" else (CUSTOMER, customer)
    currency = _read_currency(document, options.currency)
    payable, tax = _read_amounts(document, currency, warnings)
    amount_dc = convert(document, payable, currency, options.currency)
    invoice = Invoice(
        page=page,
        line=document.root.sourceline or 1,
        side=side,
        kind="credit-note" if _is_credit_note(document) else "invoice",
        number=document.key("ID"),
        customer_code=document.check_key(other.code, f"{role}/Party/PartyIdentification/ID"),
        customer_name=other.name,
        exact_id=None,
        invoice_date=document.date("IssueDate", required=True),
        due_date=document.date("DueDate", "PaymentMeans/PaymentDueDate", "PaymentTerms/PaymentDueDate"),
        your_ref=document.text("BuyerReference", "OrderReference/ID", "BillingReference/InvoiceDocumentReference/ID"),
        description=document.text("Note"),
        currency=currency,
        amount_fc=payable,
        amount_dc=amount_dc or 0,
        vat_code=_read_tax_codes(document),
        vat_amount_fc=tax,
    )
    if document.mistakes:
        raise document.mistakes.refuse()
    return _negated(invoice) if invoice.kind == "credit-note" else invoice


def _is_credit_note(document: Document) -> bool:
    return str(document.root.tag).endswith("}CreditNote") or document.text("InvoiceTypeCode") in _CREDIT_NOTES


def _read_currency(document: Document, own: str) -> str:
    """The currency of the document (BT-5), or of its amount where it does not say; `own` where that is a mistake."""
    element = document.one("DocumentCurrencyCode")
    text = read_text(element)
    if element is None and (amount := document.one(_PAYABLE)) is not None:
        element, text = amount, amount.get("currencyID") or ""
    code = text.strip().upper()
    if code in CURRENCIES:
        return code
    document.refuse("invoice-currency-unknown", element, text, currency=fragment(text))
    return own


def _read_amounts(document: Document, currency: str, warnings: Tally) -> tuple[int, int | None]:
    """What is to be paid, and the tax in it, as the document has them.

    What is to be paid must be what its own sum comes to. That the tax and the lines do not add up is only worth a
    warning: they bear on no balance.
    """
    amounts = AmountReader(currency_digits(currency))

    def read(name: str) -> int | None:
        return document.amount(f"LegalMonetaryTotal/{name}Amount", amounts, currency)

    payable = document.amount(_PAYABLE, amounts, currency, required=True)
    inclusive, exclusive, lines = read("TaxInclusive"), read("TaxExclusive"), read("LineExtension")
    taxes = [
        document.read_amount(element, "TaxTotal/TaxAmount", amounts, currency)
        for element in document.all("TaxTotal/TaxAmount")
        if (element.get("currencyID") or currency).strip().upper() == currency  # BT-111 is in another one
    ]
    tax = sum(filter(None, taxes)) if taxes else None
    due = _sum(inclusive, -(read("Prepaid") or 0), read("PayableRounding") or 0)  # BR-CO-16
    if due is not None and payable not in (None, due):
        document.refuse("invoice-totals-differ", document.all(_PAYABLE)[0], **_told(_PAYABLE, payable, due, currency))
    for path, given, computed in (
        (_INCLUSIVE, inclusive, _sum(exclusive, tax)),  # BR-CO-15
        (_EXCLUSIVE, exclusive, _sum(lines, -(read("AllowanceTotal") or 0), read("ChargeTotal") or 0)),  # BR-CO-13
    ):
        if None not in (given, computed) and given != computed:
            line = document.all(path)[0].sourceline
            warnings.add("invoice-sums-differ", line, **_told(path, given, computed, currency))
    return payable or 0, tax


def _sum(*amounts: int | None) -> int | None:
    """None if one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _told(path: str, given: int | None, computed: int | None, currency: str) -> dict[str, str | int]:
    digits = currency_digits(currency)
    shown = (f"{Decimal(amount or 0).scaleb(-digits):.{digits}f} {currency}" for amount in (given, computed))
    return dict(zip(("field", "given", "computed"), (path, *shown), strict=True))


def _read_tax_codes(document: Document) -> str:
    """The categories of tax with their rates: `S21`, or `S21+S9` where there are several."""
    categories = [
        category
        for total in document.all("TaxTotal")
        for category in total.iterfind(f"{CAC}TaxSubtotal/{CAC}TaxCategory")
    ]
    codes = (f"{read_text(one.find(f'{CBC}ID'), 10)}{_percent(one)}" for one in categories)
    return "+".join(dict.fromkeys(codes))[:LONGEST_KEY]


def _percent(category: etree._Element) -> str:
    text = read_text(category.find(f"{CBC}Percent"), 10)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _negated(invoice: Invoice) -> Invoice:
    """A credit note lowers what is owed, whatever sign its amounts are written with."""
    vat = invoice.vat_amount_fc
    return invoice._replace(
        amount_fc=-abs(invoice.amount_fc),
        amount_dc=-abs(invoice.amount_dc),
        vat_amount_fc=None if vat is None else -abs(vat),
    )
