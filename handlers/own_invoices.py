"""Own invoices and transactions from files: as the store takes them, and what is wrong with files that it does not."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from handlers import own_codes, own_numbers
from handlers.policy import Policy
from parsers.mistakes import Mistakes
from parsers.records import File, Finding, Invoice, Refused, Side, Transaction
from store.own_records import InvoiceChanges, OwnInvoiceRow, TransactionRow

ASSUMED_SIDE: Side = "receivable"
"""Of an invoice of which nothing says whose it is."""


def invoice_row(invoice: Invoice, policy: Policy) -> OwnInvoiceRow:
    """The invoice under the administration's rules. Of a payable, the number is the supplier's, YourRef in Exact."""
    side = invoice.side or ASSUMED_SIDE
    return OwnInvoiceRow(
        line=invoice.line,
        side=side,
        kind=invoice.kind,
        number=invoice.number,
        exact_number=own_numbers.to_exact(invoice.number, side, policy.invoices.number),
        customer_code=invoice.customer_code,
        exact_code=own_codes.to_exact(invoice.customer_code, policy.customer_code),
        exact_id=invoice.exact_id,
        customer_name=invoice.customer_name,
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        your_ref=invoice.your_ref,
        description=invoice.description,
        currency=invoice.currency,
        amount_fc=invoice.amount_fc,
        amount_dc=invoice.amount_dc,
        journal=invoice.journal,
        period=invoice.period,
        vat_code=invoice.vat_code,
        vat_amount_fc=invoice.vat_amount_fc,
        item=invoice.item,
        payment_condition=invoice.payment_condition,
    )


def transaction_row(transaction: Transaction) -> TransactionRow:
    """Codes and numbers are Exact's already."""
    return TransactionRow(
        line=transaction.line,
        side=transaction.side,
        exact_code=transaction.account_code,
        exact_id=transaction.account_id,
        number=transaction.number,
        your_ref=transaction.your_ref,
        date=transaction.date,
        amount_dc=transaction.amount_dc,
    )


def files_of_unknown_side(files: Iterable[File], invoices: Iterable[Invoice]) -> tuple[str, ...]:
    """The names of the files with invoices whose side had to be assumed."""
    pages = {invoice.page for invoice in invoices if invoice.side is None}
    return tuple(file.name for file in files if file.index in pages)


def find_unfindable(invoices: Iterable[Invoice], pages: Container[int], policy: Policy) -> tuple[str, ...]:
    """The numbers, of the files at `pages`, that no item of an export can have under the rule for numbers."""
    rows = (invoice_row(invoice, policy) for invoice in invoices if invoice.page in pages)
    return tuple(row.number for row in rows if not own_numbers.is_findable(row.exact_number, row.side))


def find_mistakes(
    changes: InvoiceChanges, files: Mapping[int, File], invoices: Iterable[Invoice]
) -> dict[int, tuple[Finding, ...]]:
    """Why the store refused these files: what is wrong with each that has any part in it, by its index.

    Each thing is told once in a file, at the first line that is about the customer.
    """
    wrong = [
        *(Finding("customer-unknown", values={"customer": f"{code} {name}".strip()}) for code, name in changes.unknown),
        *(Finding("customers-collide", values=collision._asdict()) for collision in changes.collisions),
    ]
    about: dict[str, list[int]] = {}
    for number, codes in enumerate(
        (*((code,) for code, _ in changes.unknown), *(one[:2] for one in changes.collisions))
    ):
        for code in codes:
            about.setdefault(code, []).append(number)
    told: set[tuple[int, int]] = set()
    found: dict[int, Mistakes] = {}
    if changes.is_too_large:
        for index, file in files.items():
            found.setdefault(index, Mistakes()).add(Refused(Finding("invoices-too-large", file.name)))
    for invoice in invoices:
        for number in about.get(invoice.customer_code, ()) if invoice.page in files else ():
            if (invoice.page, number) not in told:
                told.add((invoice.page, number))
                finding = replace(wrong[number], file=files[invoice.page].name, line=invoice.line)
                found.setdefault(invoice.page, Mistakes()).add(Refused(finding))
    return {page: _listed(mistakes.refuse()) for page, mistakes in found.items()}


def _listed(refused: Refused) -> tuple[Finding, ...]:
    return refused.finding, *refused.further
