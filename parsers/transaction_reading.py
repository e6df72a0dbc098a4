"""One `GLTransaction`, taken in child by child, to the invoices that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from parsers.amounts import AmountReader, WrongAmount
from parsers.dates import read_date
from parsers.display import visible
from parsers.guids import read_guid
from parsers.item_reading import read_number
from parsers.records import Side, Transaction
from parsers.xml import XmlReader

LONGEST_TEXT = 200  # characters of a code or reference that are kept
# TransactionType/@number, and @type of lines and terms: entries, credit notes and returns of sales and of purchases.
_TYPES: dict[str, Side] = {
    **dict.fromkeys(("20", "21", "22"), "receivable"),
    **dict.fromkeys(("30", "31", "32"), "payable"),
}
# Journal/@type: sales and sales returns, purchases and purchase returns.
_JOURNALS: dict[str, Side] = {
    **dict.fromkeys(("20", "21"), "receivable"),
    **dict.fromkeys(("22", "23"), "payable"),
}
_NUMBERS = ("InvoiceNumber", "Sales/InvoiceNumber", "Purchase/InvoiceNumber")  # in References
_SIGNS = (("Debit", 1), ("Credit", -1), ("Value", 1))


@dataclass(slots=True)
class _Invoice:
    line: int
    your_ref: str
    debit: int | None  # debit less credit of all its terms


class Entry:
    """What is known so far of one transaction. A field that stands higher up in it counts before the same below."""

    def __init__(self, reader: XmlReader, element: etree._Element, own: str, amounts: AmountReader) -> None:
        self.line = element.sourceline or 1
        self.number = read_number(element.get("entry"))
        self._reader, self._own, self._amounts = reader, own, amounts
        self._type = self._line_type = self._journal = self._journal_type = ""
        self._account: tuple[str | None, str | None] = None, None
        self._account_below: tuple[str | None, str | None] = None, None
        self._date = self._date_below = ""
        self._invoices: dict[str, _Invoice] = {}  # of the payment terms, by their numbers
        self._reference = self._your_ref = ""  # of the lines

    def take(self, element: etree._Element) -> None:
        """A child of the transaction, or one of its payment terms. Raises `Refused`; the rest may still be taken."""
        match element.tag:
            case "TransactionType":
                self._type = _word(element.get("number"))
            case "Journal":
                self._journal, self._journal_type = _word(element.get("code")), _word(element.get("type"))
            case "Account":
                self._account = _read_account(element)
            case "Date":
                self._date = self._read_date(element)
            case "GLTransactionLine":
                self._take_line(element)
            case "PaymentTerm":
                self._take_term(element)

    @property
    def is_of_invoice(self) -> bool:
        """Whether it is one of sales or purchases; where nothing says what it is, it may be."""
        return self._side is not None or not self._kind

    def transactions(self, page: int) -> Sequence[Transaction]:
        """One for each invoice that it names; none if it has neither number nor reference."""
        invoices = self._invoices or {"": _Invoice(self.line, "", None)}
        side = self._side
        code, exact_id = self._account if any(self._account) else self._account_below
        rows = (
            Transaction(
                page=page,
                line=invoice.line,
                entry=self.number,
                journal=self._journal,
                side=side,
                account_code=code,
                account_id=exact_id,
                number=number or self._reference or self.number,
                your_ref=invoice.your_ref or self._your_ref,
                date=self._date or self._date_below,
                amount_dc=-invoice.debit if side == "payable" and invoice.debit is not None else invoice.debit,
            )
            for number, invoice in invoices.items()
        )
        return [row for row in rows if row.number or row.your_ref]

    @property
    def _kind(self) -> str:
        return self._type or self._line_type or self._journal_type

    @property
    def _side(self) -> Side | None:
        known = _TYPES if self._type or self._line_type else _JOURNALS
        return known.get(self._kind)

    def _take_line(self, element: etree._Element) -> None:
        self._line_type = self._line_type or _word(element.get("type"))
        self._take_below(element)
        references = element.find("References")
        if references is not None:
            numbers = (references.findtext(path) for path in _NUMBERS)
            self._reference = self._reference or next(filter(None, map(read_number, numbers)), "")
            self._your_ref = self._your_ref or _word(references.findtext("YourRef"))
        day = element.find("Date")
        if day is not None:
            self._date_below = self._date_below or self._read_date(day)

    def _take_term(self, element: etree._Element) -> None:
        self._line_type = self._line_type or _word(element.get("type"))
        self._take_below(element)
        number, reference = read_number(element.findtext("InvoiceNumber")), _word(element.findtext("YourRef"))
        debit = self._read_debit(element)
        invoice = self._invoices.setdefault(number, _Invoice(element.sourceline or self.line, reference, None))
        if debit is not None:
            invoice.debit = (invoice.debit or 0) + debit

    def _take_below(self, element: etree._Element) -> None:
        account = element.find("Account")
        if account is not None and not any(self._account_below):
            self._account_below = _read_account(account)

    def _read_debit(self, term: etree._Element) -> int | None:
        """Debit less credit of a term; None where it is not given in the administration's currency."""
        amount = term.find("Amount")
        currency = None if amount is None else amount.find("Currency")
        if amount is None or (currency is not None and _word(currency.get("code")).upper() not in ("", self._own)):
            return None
        fields = [(sign, one) for name, sign in _SIGNS for one in amount.iterchildren(name)]
        try:
            return (
                sum(sign * self._amounts.read(None if len(one) else one.text) for sign, one in fields)
                if fields
                else None
            )
        except WrongAmount:
            raise self._reader.refuse("transaction-amount-invalid", term, entry=self.number) from None

    def _read_date(self, element: etree._Element) -> str:
        text = element.text or ""
        day = read_date(text)
        if day is None and text.strip():
            raise self._reader.refuse("transaction-date-invalid", element, text, entry=self.number)
        return day or ""


def _word(text: str | None) -> str:
    return visible(text or "", LONGEST_TEXT)


def _read_account(element: etree._Element) -> tuple[str | None, str | None]:
    return _word(element.get("code")) or None, read_guid(element.get("ID"))
