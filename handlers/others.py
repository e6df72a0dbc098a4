"""What became of files that are no exports, in words: each kind has its own."""

from collections.abc import Iterator

from handlers.account_list import tell_accounts
from handlers.invoice_list import tell_invoices, tell_transactions
from handlers.language import Voice
from handlers.report import Report, SettledAccounts, SettledInvoices, SettledTransactions
from handlers.told import Told


def tell_others(report: Report, voice: Voice) -> Iterator[Told]:
    """In the order in which they were applied."""
    for other in report.others:
        match other:
            case SettledAccounts():
                yield tell_accounts(other, voice, alone=not report.settled)
            case SettledInvoices():
                yield tell_invoices(other, voice)
            case SettledTransactions():
                yield tell_transactions(other, voice)
