"""The own invoices that somebody means by number, customer or batch, and what is changed of them."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, func, select, update

from store.own_records import BatchChanges, InvoiceChoice
from store.recognising import recognise
from store.records import Subledger
from store.schema import batch, customer, own_invoice
from store.subledgers import SIDES, lock_known, renew_accounts


def change_chosen(
    tx: Connection,
    administration: str,
    choice: InvoiceChoice,
    may_change: ColumnElement[bool],
    values: Mapping[str, object],
) -> BatchChanges:
    """Set columns of the own invoices that are meant, where `may_change` holds, and decide them anew. Takes the lock.

    Numbers that no invoice has, or several, are told, and then nothing is written.
    """
    lock_known(tx, administration)
    meant = _meant(administration, choice)
    unknown, ambiguous = _find_unclear(tx, choice, meant)
    if unknown or ambiguous:
        return BatchChanges(unknown=unknown, ambiguous=ambiguous)
    count = func.count().label("matched")
    chosen = tx.execute(select(count, func.coalesce(func.sum(own_invoice.c.amount_dc), 0)).where(meant, may_change))
    matched, amount_dc = chosen.one()
    already = tx.execute(select(func.count()).select_from(own_invoice).where(meant)).scalar_one() - matched
    if matched:
        tx.execute(update(own_invoice).where(meant, may_change).values(undecided=True, **values))
        decide_anew(tx, administration)
    return BatchChanges(matched=matched, already=already, amount_dc=int(amount_dc))


def decide_anew(tx: Connection, administration: str) -> None:
    """Decide what was marked as undecided, and have comparisons made again that took it for something else."""
    for side in SIDES:
        recognise(tx, Subledger(administration, side))
    renew_accounts(tx, administration)


def _meant(administration: str, choice: InvoiceChoice) -> ColumnElement[bool]:
    meant = own_invoice.c.administration == administration
    if choice.numbers:
        meant &= own_invoice.c.number.in_(choice.numbers)
    if choice.side is not None:
        meant &= own_invoice.c.side == choice.side
    if choice.kind is not None:
        meant &= own_invoice.c.kind == choice.kind
    if choice.customer is not None:
        of = select(customer.c.id).where(
            customer.c.administration == administration, customer.c.code == choice.customer
        )
        meant &= own_invoice.c.customer_id.in_(of)
    if choice.batch is not None:
        of = select(batch.c.id).where(batch.c.administration == administration, batch.c.name == choice.batch)
        meant &= own_invoice.c.batch_id.in_(of)
    return meant


def _find_unclear(
    tx: Connection, choice: InvoiceChoice, meant: ColumnElement[bool]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers named that no invoice has, and those that several have."""
    if not choice.numbers:
        return (), ()
    rows = tx.execute(select(own_invoice.c.number, func.count()).where(meant).group_by(own_invoice.c.number))
    found = {row[0]: row[1] for row in rows}
    unknown = tuple(number for number in dict.fromkeys(choice.numbers) if number not in found)
    return unknown, tuple(sorted(number for number, count in found.items() if count > 1))
