"""Batches: own invoices that were handed to Exact in one go, and are in transit until an export shows them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Select, bindparam, insert, select, text

from store.choosing import change_chosen, decide_anew
from store.handed_over import forget_batch, remember
from store.own_records import BatchChanges, InvoiceChoice, TransactionRow
from store.schema import Moment, own_invoice
from store.schema import batch as batch_
from store.subledgers import lock_known
from store.transaction_matching import CLEAR, given_transactions, match_transactions


def batch(
    tx: Connection, administration: str, choice: InvoiceChoice, name: str, now: datetime, by: str
) -> BatchChanges:
    """Note that these open invoices were handed over, as the batch `name` (made if need be). Takes the lock."""
    lock_known(tx, administration)
    batch_id = _find_or_make(tx, administration, name, now, by, "hand")
    values = {"batch_id": batch_id, "batched_at": now}
    changes = change_chosen(tx, administration, choice, own_invoice.c.status == "open", values)
    if not changes.matched:
        tx.execute(_REMOVE_IF_EMPTY, {"batch_id": batch_id})
    return replace(changes, batch=name)


def unbatch(
    tx: Connection,
    administration: str,
    choice: InvoiceChoice,
    now: datetime,  # noqa: ARG001 - as the other commands have it
    by: str,  # noqa: ARG001
) -> BatchChanges:
    """Note that these invoices were not handed over after all: they are open again. Takes the lock.

    Where a whole batch is meant, what is remembered of it for invoices that did not come yet is forgotten.
    """
    in_a_batch = own_invoice.c.batch_id.is_not(None)
    changes = change_chosen(tx, administration, choice, in_a_batch, {"batch_id": None, "batched_at": None})
    if choice != InvoiceChoice(batch=choice.batch):
        return changes
    batch_id = tx.execute(_known(administration, choice.batch)).scalar()
    return changes if batch_id is None else replace(changes, remembered=forget_batch(tx, batch_id))


def mark_transactions(
    tx: Connection, administration: str, rows: Iterable[TransactionRow], name: str, now: datetime, by: str
) -> BatchChanges:
    """Batch the own invoices that a `transactions.xml` holds, those that an export shows too. Takes the lock.

    Entries of no own invoice are told as `unknown`; where the administration has own invoices at all they are
    remembered, for invoices that come later. Those that fit several are told as `ambiguous`, and mark none.
    """
    lock_known(tx, administration)
    of = {"administration": administration}
    with given_transactions(tx, rows):
        match_transactions(tx, administration)
        unknown = tuple(tx.execute(_UNKNOWN).scalars())
        ambiguous = tuple(tx.execute(_AMBIGUOUS).scalars())
        found = tx.execute(_FOUND).one()
        remembers = bool(unknown) and tx.execute(_ANY_OWN, of).first() is not None
        if found.unbatched or remembers:
            batch_id = _find_or_make(tx, administration, name, now, by, "transactions")
            tx.execute(_BATCH, {"batch_id": batch_id, "now": now})
            if remembers:
                remember(tx, administration, batch_id, now)
    if found.unbatched:
        decide_anew(tx, administration)
    return BatchChanges(
        matched=found.matched,
        already=found.already,
        unknown=unknown,
        ambiguous=ambiguous,
        remembered=len(unknown) if remembers else 0,
        amount_dc=found.amount_dc,
        batch=name,
    )


def _find_or_make(
    tx: Connection, administration: str, name: str, now: datetime, by: str, source: Literal["hand", "transactions"]
) -> int:
    found: int | None = tx.execute(_known(administration, name)).scalar()
    if found is not None:
        return found
    values = {"administration": administration, "name": name, "created_at": now, "created_by": by, "source": source}
    made: int = tx.execute(insert(batch_).values(values).returning(batch_.c.id)).scalar_one()
    return made


def _known(administration: str, name: str | None) -> Select[int]:
    """The id of a batch."""
    return select(batch_.c.id).where(batch_.c.administration == administration, batch_.c.name == name)


_REMOVE_IF_EMPTY = text("""
    DELETE FROM batch
    WHERE id = :batch_id AND NOT EXISTS (SELECT 1 FROM own_invoice AS v WHERE v.batch_id = batch.id)
      AND NOT EXISTS (SELECT 1 FROM handed_over AS h WHERE h.batch_id = batch.id)""")

_NUMBER = "CASE WHEN g.side = 'payable' AND g.your_ref <> '' THEN g.your_ref ELSE g.number END"
_UNKNOWN = text(f"""
    SELECT {_NUMBER} FROM given_transaction AS g
    WHERE NOT EXISTS (SELECT 1 FROM found_invoice AS f WHERE f.position = g.position) ORDER BY g.position""")  # noqa: S608
_AMBIGUOUS = text(f"""
    SELECT {_NUMBER} FROM given_transaction AS g
    JOIN (SELECT position FROM found_invoice GROUP BY position HAVING count(*) > 1) AS f ON f.position = g.position
    ORDER BY g.position""")  # noqa: S608
_ONES = f"SELECT invoice_id FROM ({CLEAR}) AS clear"  # noqa: S608
_FOUND = text(f"""
    SELECT count(CASE WHEN v.status = 'open' THEN 1 END) AS matched,
           count(CASE WHEN v.status <> 'open' THEN 1 END) AS already,
           count(CASE WHEN v.batch_id IS NULL THEN 1 END) AS unbatched,
           CAST(coalesce(sum(CASE WHEN v.status = 'open' THEN v.amount_dc END), 0) AS BIGINT) AS amount_dc
    FROM own_invoice AS v WHERE v.id IN ({_ONES})""")  # noqa: S608
_BATCH = text(f"""
    UPDATE own_invoice SET batch_id = :batch_id, batched_at = :now, undecided = true
    WHERE batch_id IS NULL AND id IN ({_ONES})""").bindparams(bindparam("now", type_=Moment()))  # noqa: S608
_ANY_OWN = text("SELECT 1 FROM own_invoice WHERE administration = :administration LIMIT 1")
