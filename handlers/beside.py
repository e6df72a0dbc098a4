"""What a mail brings beside exports: accounts, own invoices and transactions, applied after them in that order."""

from dataclasses import dataclass, replace
from datetime import datetime

from handlers.cards import account_card
from handlers.own_invoices import (
    files_of_unknown_side,
    find_mistakes,
    find_unfindable,
    invoice_row,
    transaction_row,
)
from handlers.policy import Policy
from handlers.report import Other, Settled, SettledAccounts, SettledInvoices, SettledTransactions
from handlers.taking import Taken
from parsers.records import Finding, Side
from store.accounts import apply_cards
from store.batches import mark_transactions
from store.database import Transaction
from store.given_invoices import apply_invoices
from store.own_records import Waiting
from store.records import Subledger
from store.subledgers import SIDES
from store.transit import count_waiting


@dataclass(frozen=True, slots=True)
class Beside:
    """What became of it all, and of each file that the store did not take, why."""

    others: tuple[Other, ...] = ()
    refused: tuple[Finding, ...] = ()
    waiting: tuple[tuple[Side, Waiting], ...] = ()  # own invoices, if the mail brought any, or transactions

    def update(self, settled: Settled) -> Settled:
        """What is told of one side, with what waits for an export beside it when all of the mail is applied."""
        waiting = dict(self.waiting).get(settled.subledger.side)
        if settled.own is None or waiting is None:
            return settled
        return replace(settled, own=replace(settled.own, **waiting._asdict()))


def is_any(taken: Taken) -> bool:
    """Whether there is anything to apply."""
    return any(taken.of(form) for form in ("accounts", "own-invoices", "transactions"))


def apply_beside(
    tx: Transaction, taken: Taken, policy: Policy, ordered_at: datetime, now: datetime, *, ref: str, by: str
) -> Beside:
    """Write it in a writing transaction, once its exports are written; takes the administration's lock.

    `ref` and `by`: of the mail, and whose it is.
    """
    others: list[Other] = []
    if files := taken.of("accounts"):
        cards = map(account_card, taken.cards)
        others.append(SettledAccounts(files, apply_cards(tx, policy.code, policy.currency, cards)))
    invoices, refused = _apply_invoices(tx, taken, policy, ordered_at, now, ref)
    if invoices is not None:
        others.append(invoices)
    if files := taken.of("transactions"):
        rows = map(transaction_row, taken.transactions)
        changes = mark_transactions(tx, policy.code, rows, ref, now, by)
        others.append(SettledTransactions(files, changes, alone=len(taken.files) == len(files)))
    own = any(isinstance(other, SettledInvoices | SettledTransactions) for other in others)
    waiting = ((side, count_waiting(tx, Subledger(policy.code, side))) for side in SIDES) if own else ()
    return Beside(tuple(others), refused, tuple(waiting))


def _apply_invoices(
    tx: Transaction, taken: Taken, policy: Policy, ordered_at: datetime, now: datetime, ref: str
) -> tuple[SettledInvoices | None, tuple[Finding, ...]]:
    """All files in one go; those that are the reason why the store takes none are refused, and the rest goes in."""
    files = {file.index: file for file in taken.of("own-invoices")}
    refused: list[Finding] = []
    while files:
        rows = (invoice_row(invoice, policy) for invoice in taken.invoices if invoice.page in files)
        changes = apply_invoices(
            tx,
            policy.code,
            policy.currency,
            rows,
            ordered_at,
            now,
            source_ref=ref,
            may_create=policy.unknown_accounts == "create",
        )
        if not changes.is_refused:
            taken_over = tuple(files.values())
            assumed = files_of_unknown_side(taken_over, taken.invoices)
            unfindable = find_unfindable(taken.invoices, files, policy)
            return SettledInvoices(taken_over, changes, assumed, unfindable), (*refused,)
        wrong = find_mistakes(changes, files, taken.invoices)
        if not wrong:
            raise RuntimeError(f"invoices of {policy.code} were refused, but not because of any of them")
        for page, findings in wrong.items():
            del files[page]
            refused += findings
    return None, tuple(refused)
