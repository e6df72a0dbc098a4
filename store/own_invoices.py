"""Own invoices: listed, and ended by hand where no export will ever show them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    Select,
    func,
    or_,
    select,
)

from store.choosing import change_chosen
from store.own_records import (
    BatchChanges,
    InvoiceChoice,
    OwnInvoice,
    OwnStatus,
)
from store.records import Side
from store.schema import account, customer, own_invoice, subledger
from store.schema import batch as batch_


def list_invoices(
    tx: Connection,
    *,
    administration: str | None = None,
    side: Side | None = None,
    status: OwnStatus | None = None,
    batch: str | None = None,
    customer_code: str | None = None,
    numbers: tuple[str, ...] = (),
    account_id: int | None = None,
) -> Iterator[OwnInvoice]:
    """Own invoices by administration, side, account (as `tracking.iterate_tracked`), customer and number.

    `numbers`: own ones or those in Exact, none for all. The account is the one whose items show it, else the
    customer's. Read row by row.
    """
    query: Select[Any] = _LIST
    for column, wanted in (
        (own_invoice.c.administration, administration),
        (own_invoice.c.side, side),
        (own_invoice.c.status, status),
        (batch_.c.name, batch),
        (customer.c.code, customer_code),
        (account.c.id, account_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if numbers:
        query = query.where(or_(own_invoice.c.number.in_(numbers), own_invoice.c.exact_number.in_(numbers)))
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        yield OwnInvoice(*row)


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
    waiting = own_invoice.c.status.in_(("open", "in-transit"))
    return change_chosen(tx, administration, choice, waiting, {"ended": how, "ended_at": now, "ended_by": by})


def resume(
    tx: Connection,
    administration: str,
    choice: InvoiceChoice,
    now: datetime,  # noqa: ARG001 - as the other commands have it
    by: str,  # noqa: ARG001
    how: Literal["paid", "cancelled"] | None = None,
) -> BatchChanges:
    """Take back `end`: the invoices count again, unless an export shows them. Takes the lock.

    `how`: only what was ended in this way.
    """
    was_ended = own_invoice.c.ended.is_not(None) if how is None else own_invoice.c.ended == how
    return change_chosen(tx, administration, choice, was_ended, {"ended": None, "ended_at": None, "ended_by": None})


_LIST = (
    select(
        own_invoice.c.id,
        own_invoice.c.administration,
        own_invoice.c.side,
        own_invoice.c.kind,
        own_invoice.c.number,
        own_invoice.c.exact_number,
        customer.c.code,
        customer.c.name,
        account.c.code,
        account.c.name,
        account.c.exact_id,
        subledger.c.currency,
        *(own_invoice.c[name] for name in ("invoice_date", "due_date", "your_ref", "description", "currency")),
        *(own_invoice.c[name] for name in ("amount_fc", "amount_dc", "status", "ambiguous", "seen_by")),
        batch_.c.name,
        *(own_invoice.c[name] for name in ("batched_at", "ended_at", "ended_by", "journal", "period")),
        *(own_invoice.c[name] for name in ("vat_code", "vat_amount_fc", "item", "payment_condition")),
        account.c.id,
    )
    .join(customer, customer.c.id == own_invoice.c.customer_id)
    .join(account, account.c.id == func.coalesce(own_invoice.c.seen_account_id, own_invoice.c.account_id))
    .join(
        subledger,
        (subledger.c.administration == own_invoice.c.administration) & (subledger.c.side == own_invoice.c.side),
    )
    .outerjoin(batch_, batch_.c.id == own_invoice.c.batch_id)
    .order_by(
        own_invoice.c.administration,
        own_invoice.c.side,
        func.coalesce(account.c.code, ""),
        account.c.id,
        customer.c.code,
        own_invoice.c.number,
        own_invoice.c.kind,
    )
)
