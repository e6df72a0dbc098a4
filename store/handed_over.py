"""What was handed to Exact before its invoice came here: remembered until the invoice comes, and used once.

Everything here needs the administration's lock.
"""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, text

from store.schema import Moment, handed_over
from store.transaction_matching import CLEAR, given_transactions, match_transactions


def remember(tx: Connection, administration: str, batch_id: int, now: datetime) -> None:
    """Keep the given transactions that fit no invoice, for the batch that they are of; those kept already stay."""
    tx.execute(_REMEMBER, {"administration": administration, "batch_id": batch_id, "now": now})


def mark_remembered(tx: Connection, administration: str) -> int:
    """Batch the undecided invoices that are remembered, as of when they were handed over; returns how many.

    What has done so is forgotten: whoever takes such an invoice out of its batch has the last word.
    """
    of = {"administration": administration}
    if tx.execute(_ANY, of).first() is None:
        return 0
    with given_transactions(tx):
        tx.execute(_GIVE, of)
        match_transactions(tx, administration)
        marked = tx.execute(_BATCH).rowcount
        tx.execute(_FORGET)
    return marked


def forget_batch(tx: Connection, batch_id: int) -> int:
    """The file was not handed over after all; returns how many transactions of it were remembered."""
    return tx.execute(delete(handed_over).where(handed_over.c.batch_id == batch_id)).rowcount


_COLUMNS = ("side", "exact_code", "exact_id", "number", "your_ref", "date", "amount_dc")
_SAME = " AND ".join(f"h.{name} IS NOT DISTINCT FROM g.{name}" for name in ("side", "exact_code", "exact_id"))
_REMEMBER = text(f"""
    INSERT INTO handed_over (administration, batch_id, handed_over_at, {", ".join(_COLUMNS)})
    SELECT :administration, :batch_id, :now, {", ".join(f"g.{name}" for name in _COLUMNS)}
    FROM given_transaction AS g
    WHERE NOT EXISTS (SELECT 1 FROM found_invoice AS f WHERE f.position = g.position)
      AND NOT EXISTS (SELECT 1 FROM handed_over AS h
                      WHERE h.administration = :administration AND h.number = g.number AND h.your_ref = g.your_ref
                        AND {_SAME})
    ORDER BY g.position""").bindparams(bindparam("now", type_=Moment()))  # noqa: S608

_ANY = text("SELECT 1 FROM handed_over WHERE administration = :administration LIMIT 1")
_UNDECIDED = "(SELECT exact_number FROM own_invoice WHERE administration = :administration AND undecided)"
_GIVE = text(f"""
    INSERT INTO given_transaction (position, line, {", ".join(_COLUMNS)})
    SELECT id, 0, {", ".join(_COLUMNS)} FROM handed_over
    WHERE administration = :administration AND (number IN {_UNDECIDED} OR your_ref IN {_UNDECIDED})""")  # noqa: S608
_BATCH = text(f"""
    UPDATE own_invoice SET batch_id = h.batch_id, batched_at = h.handed_over_at
    FROM (SELECT clear.invoice_id, min(clear.position) AS id FROM ({CLEAR}) AS clear GROUP BY clear.invoice_id) AS one
    CROSS JOIN handed_over AS h
    WHERE h.id = one.id AND own_invoice.id = one.invoice_id AND own_invoice.undecided
      AND own_invoice.batch_id IS NULL""")  # noqa: S608
_FORGET = text(f"DELETE FROM handed_over WHERE id IN (SELECT position FROM ({CLEAR}) AS clear)")  # noqa: S608
