"""Batches: own invoices that were handed to Exact in one go, and are in transit until an export shows them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from store.own_records import BatchChanges, InvoiceChoice, TransactionRow


def batch(
    tx: Connection, administration: str, choice: InvoiceChoice, name: str, now: datetime, by: str
) -> BatchChanges:
    """Note that these open invoices were handed over, as the batch `name` (made if need be). Takes the lock."""
    raise NotImplementedError


def unbatch(tx: Connection, administration: str, choice: InvoiceChoice, now: datetime, by: str) -> BatchChanges:
    """Note that these invoices were not handed over after all: they are open again. Takes the lock."""
    raise NotImplementedError


def mark_transactions(
    tx: Connection, administration: str, rows: Iterable[TransactionRow], name: str, now: datetime, by: str
) -> BatchChanges:
    """Batch the own invoices that a `transactions.xml` holds, found by account and number, the YourRef for payables.

    Entries of no own invoice are told as `unknown`, and harm nothing. Takes the lock.
    """
    raise NotImplementedError
