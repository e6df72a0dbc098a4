"""Which own invoices transactions are about: by account and number, the YourRef for payables.

Transactions come row by row into a temporary table, and what each of them fits into another.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, insert, text

from store.own_records import TransactionRow
from store.schema import Id, Text

_AT_ONCE = 1000  # rows

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


@contextmanager
def given_transactions(tx: Connection, rows: Iterable[TransactionRow] = ()) -> Iterator[None]:
    """The rows in `given_transaction`, beside an empty `found_invoice`; gone at the end, or with the transaction."""
    for table in (given_transaction, found_invoice):
        table.create(tx, checkfirst=False)
    position, rest = 0, iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        tx.execute(
            insert(given_transaction), [row._asdict() | {"position": position + n} for n, row in enumerate(some)]
        )
        position += len(some)
    yield
    for table in (given_transaction, found_invoice):
        table.drop(tx, checkfirst=False)


def match_transactions(tx: Connection, administration: str) -> None:
    """Fill `found_invoice` with the own invoices that each given transaction fits best; several where none is best."""
    if tx.dialect.name == "postgresql":  # no background process sees temporary tables
        tx.exec_driver_sql("ANALYZE given_transaction")
    tx.execute(_FIND, {"administration": administration})


# Those that are about one invoice alone, with that one.
CLEAR = "SELECT position, min(invoice_id) AS invoice_id FROM found_invoice GROUP BY position HAVING count(*) = 1"

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
