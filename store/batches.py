"""Batches: own invoices that were handed to Exact in one go, and are in transit until an export shows them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Literal

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, bindparam, insert, select, text

from store.choosing import change_chosen, decide_anew
from store.own_records import BatchChanges, InvoiceChoice, TransactionRow
from store.schema import Id, Moment, Text, own_invoice
from store.schema import batch as batch_
from store.subledgers import lock_known

_AT_ONCE = 1000  # rows


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
    """Note that these invoices were not handed over after all: they are open again. Takes the lock."""
    in_a_batch = own_invoice.c.batch_id.is_not(None)
    return change_chosen(tx, administration, choice, in_a_batch, {"batch_id": None, "batched_at": None})


def mark_transactions(
    tx: Connection, administration: str, rows: Iterable[TransactionRow], name: str, now: datetime, by: str
) -> BatchChanges:
    """Batch the own invoices that a `transactions.xml` holds, found by account and number, the YourRef for payables.

    Entries of no own invoice are told as `unknown`, and harm nothing. Takes the lock.
    """
    lock_known(tx, administration)
    of = {"administration": administration}
    with _given(tx, rows):
        tx.execute(_FIND, of)
        unknown = tuple(tx.execute(_UNKNOWN).scalars())
        ambiguous = tuple(tx.execute(_AMBIGUOUS).scalars())
        found = tx.execute(_FOUND).one()
        if found.matched:
            batch_id = _find_or_make(tx, administration, name, now, by, "transactions")
            tx.execute(_BATCH, {"batch_id": batch_id, "now": now})
            decide_anew(tx, administration)
    return BatchChanges(found.matched, found.already, unknown, ambiguous, found.amount_dc, name)


def _find_or_make(
    tx: Connection, administration: str, name: str, now: datetime, by: str, source: Literal["hand", "transactions"]
) -> int:
    known = select(batch_.c.id).where(batch_.c.administration == administration, batch_.c.name == name)
    found: int | None = tx.execute(known).scalar()
    if found is not None:
        return found
    values = {"administration": administration, "name": name, "created_at": now, "created_by": by, "source": source}
    made: int = tx.execute(insert(batch_).values(values).returning(batch_.c.id)).scalar_one()
    return made


@contextmanager
def _given(tx: Connection, rows: Iterable[TransactionRow]) -> Iterator[None]:
    """The rows in temporary tables, which are gone at the end of the block or with the transaction."""
    for table in (given_transaction, found_invoice):
        table.create(tx, checkfirst=False)
    position, rest = 0, iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        tx.execute(
            insert(given_transaction), [row._asdict() | {"position": position + n} for n, row in enumerate(some)]
        )
        position += len(some)
    if tx.dialect.name == "postgresql":  # no background process sees temporary tables
        tx.exec_driver_sql("ANALYZE given_transaction")
    yield
    for table in (given_transaction, found_invoice):
        table.drop(tx, checkfirst=False)


_temporary = MetaData()
given_transaction = Table(
    "given_transaction",
    _temporary,
    Column("position", Id, primary_key=True),
    Column("line", BigInteger, nullable=False),
    Column("side", Text),
    Column("exact_code", Text),
    Column("exact_id", Text),
    Column("number", Text, nullable=False),
    Column("your_ref", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("amount_dc", BigInteger),
    prefixes=["TEMPORARY"],
)
found_invoice = Table(
    "found_invoice",
    _temporary,
    Column("position", BigInteger, nullable=False),
    Column("invoice_id", BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
)

_REMOVE_IF_EMPTY = text("""
    DELETE FROM batch
    WHERE id = :batch_id AND NOT EXISTS (SELECT 1 FROM own_invoice AS v WHERE v.batch_id = batch.id)""")

# The account decides by ID, by code where one of the two has no ID; where it does not fit, date and amount together do.
# Of several that fit as well the amount chooses; in the books it may have the other sign.
_FITS = """CASE WHEN g.exact_id IS NOT NULL AND a.exact_id IS NOT NULL
                    THEN CASE WHEN g.exact_id = a.exact_id THEN 4 ELSE 0 END
                    WHEN g.exact_code = a.code OR (g.exact_code IS NULL AND g.exact_id IS NULL) THEN 4 ELSE 0 END"""
_SAME_AMOUNT = "abs(v.amount_dc) = abs(g.amount_dc)"


def _candidates(key: str, side: str) -> str:
    return f"""
          SELECT g.position, v.id,
                 {_FITS}
                 + CASE WHEN {_SAME_AMOUNT} AND v.invoice_date = g.date THEN 2 ELSE 0 END
                 + CASE WHEN {_SAME_AMOUNT} THEN 1 ELSE 0 END AS fit
          FROM given_transaction AS g
          CROSS JOIN own_invoice AS v
          CROSS JOIN account AS a
          WHERE v.administration = :administration AND v.side = '{side}' AND v.exact_number = g.{key}
            AND v.exact_number NOT IN ('', '0') AND a.id = v.account_id AND (g.side IS NULL OR g.side = '{side}')"""  # noqa: S608


_FIND = text(f"""
    INSERT INTO found_invoice (position, invoice_id)
    SELECT position, id
    FROM (SELECT position, id, fit, max(fit) OVER (PARTITION BY position) AS best
          FROM ({_candidates("number", "receivable")}
          UNION{_candidates("number", "payable")}
          UNION{_candidates("your_ref", "payable")}) AS one) AS ranked
    WHERE fit = best AND fit >= 2""")  # noqa: S608
_NUMBER = "CASE WHEN g.side = 'payable' AND g.your_ref <> '' THEN g.your_ref ELSE g.number END"
_UNKNOWN = text(f"""
    SELECT {_NUMBER} FROM given_transaction AS g
    WHERE NOT EXISTS (SELECT 1 FROM found_invoice AS f WHERE f.position = g.position) ORDER BY g.position""")  # noqa: S608
_AMBIGUOUS = text(f"""
    SELECT {_NUMBER} FROM given_transaction AS g
    JOIN (SELECT position FROM found_invoice GROUP BY position HAVING count(*) > 1) AS f ON f.position = g.position
    ORDER BY g.position""")  # noqa: S608
_CLEAR = "SELECT min(invoice_id) AS id FROM found_invoice GROUP BY position HAVING count(*) = 1"
_FOUND = text(f"""
    SELECT count(CASE WHEN v.status = 'open' THEN 1 END) AS matched,
           count(CASE WHEN v.status <> 'open' THEN 1 END) AS already,
           CAST(coalesce(sum(CASE WHEN v.status = 'open' THEN v.amount_dc END), 0) AS BIGINT) AS amount_dc
    FROM own_invoice AS v WHERE v.id IN ({_CLEAR})""")  # noqa: S608
_BATCH = text(f"""
    UPDATE own_invoice SET batch_id = :batch_id, batched_at = :now, undecided = true
    WHERE status = 'open' AND id IN ({_CLEAR})""").bindparams(bindparam("now", type_=Moment()))  # noqa: S608
