"""What is in transit: handed to Exact, and not seen in an export yet."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from store.records import Side
from store.schema import WAITING, own_invoice, subledger


class Overdue(NamedTuple):
    """Own invoices of one side that are in transit since before some moment."""

    administration: str
    side: Side
    invoices: int
    oldest: datetime  # when the first of them was handed over


def count_overdue(tx: Connection, before: datetime) -> Iterator[Overdue]:
    """By administration and side; read in one step, however many invoices were seen since."""
    batched_at = own_invoice.c.batched_at
    of = (own_invoice.c.administration, own_invoice.c.side)
    query = (
        select(*of, func.count(), func.min(batched_at, type_=batched_at.type))
        .where(WAITING, own_invoice.c.status == "in-transit", batched_at < before)
        .group_by(*of)
        .order_by(*of)
    )
    for row in tx.execute(query):
        yield Overdue(*row)


def find_adding(tx: Connection) -> frozenset[str]:
    """The administrations to whose totals is added what is in transit: see `subledgers.note_settings`."""
    query = select(subledger.c.administration).where(subledger.c.adds_in_transit)
    return frozenset(tx.execute(query).scalars())
