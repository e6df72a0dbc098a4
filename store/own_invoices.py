"""Own invoices: taken from files, listed, and ended by hand where no export will ever show them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from store.own_records import BatchChanges, InvoiceChanges, InvoiceChoice, OwnInvoice, OwnInvoiceRow, OwnStatus
from store.records import Side


def apply_invoices(
    tx: Connection,
    administration: str,
    currency: str,
    rows: Iterable[OwnInvoiceRow],
    ordered_at: datetime,
    now: datetime,
    *,
    source_ref: str,
    may_create: bool = True,
) -> InvoiceChanges:
    """Write own invoices, in a writing transaction, and tell what it changed; takes the administration's lock.

    `currency`: ISO 4217, the administration's. `ordered_at` is how new the file is: invoices that a newer one gave
    stay as they are. `source_ref` is the ref of the mail or import. Where the code rule lets two customers collide, or
    customers are unknown and none may be created (`may_create`), that is told and nothing is written.
    """
    raise NotImplementedError


def list_invoices(
    tx: Connection,
    *,
    administration: str | None = None,
    side: Side | None = None,
    status: OwnStatus | None = None,
    batch: str | None = None,
    numbers: tuple[str, ...] = (),
    account_id: int | None = None,
) -> Iterator[OwnInvoice]:
    """Own invoices by administration, side, account, customer and number; read row by row.

    `numbers`: own ones or those in Exact, none for all. `account_id`: of the account that the customer is linked to.
    """
    raise NotImplementedError


def end(
    tx: Connection,
    administration: str,
    choice: InvoiceChoice,
    how: Literal["paid", "cancelled"],
    now: datetime,
    by: str,
) -> BatchChanges:
    """End own invoices by hand that were not seen yet: they count nowhere from now on. Takes the lock.

    Invoices that an export shows are left alone: see `tracking.mark_paid`.
    """
    raise NotImplementedError


def resume(tx: Connection, administration: str, choice: InvoiceChoice, now: datetime, by: str) -> BatchChanges:
    """Take back `end`: the invoices count again, unless an export shows them. Takes the lock."""
    raise NotImplementedError
