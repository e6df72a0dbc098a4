"""Builders of UBL invoices and credit notes, shaped as Peppol BIS Billing 3 has them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"


@dataclass(frozen=True)
class Party:
    """One of the two parties, with each identifier that a party may have."""

    name: str = "Bakker & Zn. Expeditie B.V."
    code: str = ""  # PartyIdentification
    endpoint: str = "87654321"
    scheme: str = "0106"
    vat: str = "NL002345678B02"
    register: str = "87654321"
    assigned: str = ""  # the code that the one party has in the other's books


US = Party("Saldo Vervoer B.V.", "", "12345678", vat="NL001234567B01", register="12345678")


@dataclass(frozen=True)
class Tax:
    """One rate: what is taxed, the tax on it, the category."""

    taxable: str
    tax: str
    category: str = "S"
    percent: str | None = "21"


@dataclass(frozen=True)
class UblInvoice:
    """One document. Amounts are written as they stand; those that are None are worked out from the others."""

    number: str = "F2026-0001"
    root: str = "Invoice"  # or CreditNote
    kind: str | None = None  # its type code
    issued: str = "2026-01-15"
    due: str | None = "2026-02-14"
    currency: str = "EUR"
    note: str = ""
    buyer_reference: str = ""
    billing_reference: str = ""
    supplier: Party = US
    customer: Party = Party(code="K00042")
    taxes: Sequence[Tax] = (Tax("100.00", "21.00"),)
    allowance: str | None = None  # on the whole document
    charge: str | None = None
    prepaid: str | None = None
    rounding: str | None = None
    payable: str | None = None
    lines: Sequence[str] = ("100.00",)
    attachment: bytes = b""
    extra: str = field(default="", kw_only=True)  # raw XML before the totals, such as an exchange rate


def ubl(invoice: UblInvoice = UblInvoice()) -> bytes:
    """The whole document."""
    one, currency = invoice, invoice.currency
    line_total = sum(map(Decimal, one.lines), Decimal(0))
    exclusive = line_total - Decimal(one.allowance or 0) + Decimal(one.charge or 0)
    tax = sum((Decimal(rate.tax) for rate in one.taxes), Decimal(0))
    inclusive = exclusive + tax
    payable = one.payable or str(inclusive - Decimal(one.prepaid or 0) + Decimal(one.rounding or 0))
    is_credit = one.root == "CreditNote"
    kind = one.kind or ("381" if is_credit else "380")

    def amount(name: str, text: object) -> str:
        return "" if text is None else f'<cbc:{name} currencyID="{currency}">{text}</cbc:{name}>'

    due = f"<cbc:DueDate>{one.due}</cbc:DueDate>" if one.due and not is_credit else ""
    means = f"<cbc:PaymentDueDate>{one.due}</cbc:PaymentDueDate>" if one.due and is_credit else ""
    item, quantity = ("CreditNoteLine", "CreditedQuantity") if is_credit else ("InvoiceLine", "InvoicedQuantity")
    parts = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{one.root} xmlns="{NAMESPACE}{one.root}-2" '
        f'xmlns:cac="{NAMESPACE}CommonAggregateComponents-2" xmlns:cbc="{NAMESPACE}CommonBasicComponents-2">\n',
        "<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
        "</cbc:CustomizationID>\n<cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>\n",
        f"<cbc:ID>{escape(one.number)}</cbc:ID>\n<cbc:IssueDate>{one.issued}</cbc:IssueDate>\n{due}\n",
        f"<cbc:{one.root}TypeCode>{kind}</cbc:{one.root}TypeCode>\n",
        f"<cbc:Note>{escape(one.note)}</cbc:Note>\n" if one.note else "",
        f"<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>\n",
        f"<cbc:BuyerReference>{escape(one.buyer_reference)}</cbc:BuyerReference>\n" if one.buyer_reference else "",
        f"<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{escape(one.billing_reference)}</cbc:ID>"
        "</cac:InvoiceDocumentReference></cac:BillingReference>\n"
        if one.billing_reference
        else "",
        _attachment(one.attachment) if one.attachment else "",
        _party("AccountingSupplierParty", "CustomerAssignedAccountID", one.supplier),
        _party("AccountingCustomerParty", "SupplierAssignedAccountID", one.customer),
        f"<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>{means}<cbc:PaymentID>{escape(one.number)}"
        "</cbc:PaymentID></cac:PaymentMeans>\n",
        _allowance(False, one.allowance, currency) if one.allowance else "",
        _allowance(True, one.charge, currency) if one.charge else "",
        one.extra,
        f"<cac:TaxTotal>{amount('TaxAmount', tax)}\n{''.join(_subtotal(rate, currency) for rate in one.taxes)}"
        "</cac:TaxTotal>\n",
        f"<cac:LegalMonetaryTotal>{amount('LineExtensionAmount', line_total)}{amount('TaxExclusiveAmount', exclusive)}",
        f"{amount('TaxInclusiveAmount', inclusive)}{amount('AllowanceTotalAmount', one.allowance)}",
        f"{amount('ChargeTotalAmount', one.charge)}{amount('PrepaidAmount', one.prepaid)}",
        f"{amount('PayableRoundingAmount', one.rounding)}\n{amount('PayableAmount', payable)}",
        "</cac:LegalMonetaryTotal>\n",
        *(_line(item, quantity, number, text, currency) for number, text in enumerate(one.lines, start=1)),
        f"</{one.root}>\n",
    )
    return "".join(parts).encode()


def rate(source: str, target: str, factor: str, *, name: str = "TaxExchangeRate", operator: str = "") -> str:
    """An exchange rate, for `extra`."""
    how = f"<cbc:MathematicOperatorCode>{operator}</cbc:MathematicOperatorCode>" if operator else ""
    return (
        f"<cac:{name}><cbc:SourceCurrencyCode>{source}</cbc:SourceCurrencyCode><cbc:TargetCurrencyCode>{target}"
        f"</cbc:TargetCurrencyCode><cbc:CalculationRate>{factor}</cbc:CalculationRate>{how}</cac:{name}>\n"
    )


def _party(role: str, assigned: str, party: Party) -> str:
    account = f"<cbc:{assigned}>{escape(party.assigned)}</cbc:{assigned}>" if party.assigned else ""
    code = f"<cac:PartyIdentification><cbc:ID>{escape(party.code)}</cbc:ID></cac:PartyIdentification>"
    endpoint = f"<cbc:EndpointID schemeID={quoteattr(party.scheme)}>{escape(party.endpoint)}</cbc:EndpointID>"
    tax = (
        f"<cac:PartyTaxScheme><cbc:CompanyID>{escape(party.vat)}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID>"
        "</cac:TaxScheme></cac:PartyTaxScheme>"
    )
    register = f"<cbc:CompanyID>{escape(party.register)}</cbc:CompanyID>" if party.register else ""
    return (
        f"<cac:{role}>{account}<cac:Party>{endpoint if party.endpoint else ''}{code if party.code else ''}"
        "<cac:PostalAddress><cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country>"
        f"</cac:PostalAddress>{tax if party.vat else ''}<cac:PartyLegalEntity><cbc:RegistrationName>"
        f"{escape(party.name)}</cbc:RegistrationName>{register}</cac:PartyLegalEntity></cac:Party></cac:{role}>\n"
    )


def _category(tag: str, category: str, percent: str | None) -> str:
    rate_ = "" if percent is None else f"<cbc:Percent>{percent}</cbc:Percent>"
    return (
        f"<cac:{tag}><cbc:ID>{category}</cbc:ID>{rate_}<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:{tag}>"
    )


def _subtotal(tax: Tax, currency: str) -> str:
    return (
        f'<cac:TaxSubtotal><cbc:TaxableAmount currencyID="{currency}">{tax.taxable}</cbc:TaxableAmount>'
        f'<cbc:TaxAmount currencyID="{currency}">{tax.tax}</cbc:TaxAmount>'
        f"{_category('TaxCategory', tax.category, tax.percent)}</cac:TaxSubtotal>\n"
    )


def _allowance(is_charge: bool, text: str, currency: str) -> str:
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{str(is_charge).lower()}</cbc:ChargeIndicator>"
        f'<cbc:Amount currencyID="{currency}">{text}</cbc:Amount>{_category("TaxCategory", "S", "21")}'
        "</cac:AllowanceCharge>\n"
    )


def _line(tag: str, quantity: str, number: int, text: str, currency: str) -> str:
    return (
        f'<cac:{tag}><cbc:ID>{number}</cbc:ID><cbc:{quantity} unitCode="C62">1</cbc:{quantity}>'
        f'<cbc:LineExtensionAmount currencyID="{currency}">{text}</cbc:LineExtensionAmount>'
        f"<cac:Item><cbc:Name>Vracht</cbc:Name>{_category('ClassifiedTaxCategory', 'S', '21')}</cac:Item>"
        f'<cac:Price><cbc:PriceAmount currencyID="{currency}">{text}</cbc:PriceAmount></cac:Price></cac:{tag}>\n'
    )


def _attachment(content: bytes) -> str:
    packed = base64.b64encode(content).decode()
    return (
        "<cac:AdditionalDocumentReference><cbc:ID>factuur.pdf</cbc:ID><cac:Attachment>"
        f'<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="factuur.pdf">{packed}'
        "</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>\n"
    )
