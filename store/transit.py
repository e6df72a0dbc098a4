"""What waits to be seen in an export: what is in transit to Exact, and what was not handed over yet."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, cast, func, select

from store.own_records import Waiting
from store.records import Side, Subledger
from store.schema import WAITING, own_invoice, subledger


class Overdue(NamedTuple):
    """Own invoices of one side that are in transit since before some moment."""

    administration: str
    side: Side
    invoices: int
    oldest: datetime  # when the first of them was handed over


def count_waiting(tx: Connection, of: Subledger) -> Waiting:
    """The own invoices of one side that count, as the store has them now."""
    query = (
        select(own_invoice.c.status, func.count(), cast(func.sum(own_invoice.c.amount_dc), BigInteger))
        .where(WAITING, own_invoice.c.administration == of.administration, own_invoice.c.side == of.side)
        .group_by(own_invoice.c.status)
    )
    found = {status: (count, amount) for status, count, amount in tx.execute(query)}
    return Waiting(*found.get("open", (0, 0)), *found.get("in-transit", (0, 0)))


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
