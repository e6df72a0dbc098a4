"""Builders of Exact Online's `transactions.xml`."""

from collections.abc import Sequence
from dataclasses import dataclass

from exports import document


@dataclass(frozen=True)
class Term:
    """One `PaymentTerm`; amounts as they stand."""

    number: str = "26700001"
    debit: str = "121.00"
    credit: str = ""
    value: str = ""
    your_ref: str = ""
    currency: str = "EUR"


@dataclass(frozen=True)
class Entry:
    """One `GLTransaction`. What is empty is left out."""

    entry: str = "26700001"
    kind: str = "20"  # TransactionType: 20 sales, 30 purchases, 40 cash flow
    journal: str = "70"
    journal_type: str = ""
    code: str = "10042"
    exact_id: str = ""
    date: str = "2026-01-15"
    terms: Sequence[Term] = (Term(),)
    lines: str = ""  # raw XML


def transactions(entries: Sequence[Entry] = (Entry(),), before: str = "") -> bytes:
    """A whole document."""
    inside = "".join(map(entry_xml, entries))
    return document(f"{before}<GLTransactions>\n{inside}</GLTransactions>\n<Topics/><Messages/>\n")


def entry_xml(entry: Entry) -> str:
    number = f' entry="{entry.entry}"' if entry.entry else ""
    kind = f'<TransactionType number="{entry.kind}"><Description/></TransactionType>' if entry.kind else ""
    journal_type = f' type="{entry.journal_type}"' if entry.journal_type else ""
    journal = f'<Journal code="{entry.journal}"{journal_type}/>' if entry.journal else ""
    date = f"<Date>{entry.date}</Date>" if entry.date else ""
    exact_id = f' ID="{entry.exact_id}"' if entry.exact_id else ""
    account = f'<Account code="{entry.code:>18}"{exact_id}/>' if entry.code or exact_id else ""
    terms = f"<PaymentTerms>{''.join(map(_term_xml, entry.terms))}</PaymentTerms>" if entry.terms else ""
    return f"<GLTransaction{number}>{kind}{journal}{date}{account}{entry.lines}{terms}</GLTransaction>\n"


def line_xml(inside: str, kind: str = "") -> str:
    """A `GLTransactionLine` of raw XML."""
    of_kind = f' type="{kind}"' if kind else ""
    return f"<GLTransactionLine{of_kind}>{inside}</GLTransactionLine>"


def _term_xml(term: Term) -> str:
    given = (("Debit", term.debit), ("Credit", term.credit), ("Value", term.value))
    amounts = "".join(f"<{name}>{text}</{name}>" for name, text in given if text)
    return (
        f'<PaymentTerm><Amount><Currency code="{term.currency}"/>{amounts}</Amount><YourRef>{term.your_ref}</YourRef>'
        f"<InvoiceNumber>{term.number}</InvoiceNumber><DueDate>2026-02-14</DueDate></PaymentTerm>"
    )
