"""Own invoices as files give them: laid beside the store, and written as far as they say something new."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    bindparam,
    insert,
    text,
)

from store.currencies import keep_currencies
from store.customer_matching import (
    find_collisions,
    given_customers,
    keep_customers,
    list_homeless,
    list_unmatched,
    match_customers,
)
from store.handed_over import mark_remembered
from store.own_records import (
    InvoiceChanges,
    OwnInvoiceRow,
    OwnTotals,
    Repeated,
)
from store.recognising import recognise, widen
from store.records import Subledger
from store.schema import Id, Moment, Text, own_invoice
from store.subledgers import SIDES, lock, renew_accounts

MOST_REPEATED = 20  # that are named
LARGEST_SUM = 2**60  # of the absolute amounts that wait, so that no figure they are part of leaves 64 bits
_AT_ONCE = 1000  # rows


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
    customers are unknown and none may be created (`may_create`), or the sum is beyond reason, that is told and nothing
    is written. Comparisons that are under way are to be made again: what they foresee of own invoices holds no more.
    """
    lock(tx, administration, currency)
    with given_customers(tx), _given(tx, rows) as read:
        repeated = tuple(Repeated(*row) for row in tx.execute(_REPEATED))
        tx.execute(_LEAVE_LAST)
        tx.execute(_NAME_CUSTOMERS)
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("ANALYZE given_customer")
        match_customers(tx, administration)
        collisions = find_collisions(tx, administration)
        unknown = () if may_create else list_homeless(tx)
        is_too_large = (tx.execute(_GROSS, {"administration": administration}).scalar_one() or 0) > LARGEST_SUM
        if collisions or unknown or is_too_large:
            return InvoiceChanges(
                read, collisions=collisions, unknown=unknown, is_too_large=is_too_large, repeated=repeated
            )
        before = _totals(tx, administration)
        unmatched = list_unmatched(tx)
        made = keep_customers(tx, administration)
        keep_currencies(tx, tx.execute(_CURRENCIES).scalars())
        this = {"administration": administration, "ordered_at": ordered_at, "source_ref": source_ref, "now": now}
        stale = tx.execute(_COUNT_STALE, this).scalar_one()
        updated = tx.execute(_MARK_UPDATED, this).rowcount
        for side in SIDES if updated else ():
            widen(tx, Subledger(administration, side))  # before the old numbers are gone
        tx.execute(_UPDATE, this)
        tx.execute(_CONFIRM, this)
        created = tx.execute(_INSERT, this).rowcount
        handed_over = mark_remembered(tx, administration)
        for side in SIDES:
            recognise(tx, Subledger(administration, side))
        if made or created or updated:
            renew_accounts(tx, administration)
        figures = tx.execute(_FIGURES).one()
        after = _totals(tx, administration)
        sides = tx.execute(_GIVEN_SIDES).scalars().all()
    return InvoiceChanges(
        read=read,
        created=created,
        updated=updated,
        unchanged=read - created - updated - stale,
        stale=stale,
        handed_over=handed_over,
        seen=figures.seen,
        ambiguous=figures.ambiguous,
        unmatched=unmatched,
        totals=tuple(
            OwnTotals(side, before[side][0], after[side][0], before[side][1], after[side][1]) for side in sides
        ),
        repeated=repeated,
    )


@contextmanager
def _given(tx: Connection, rows: Iterable[OwnInvoiceRow]) -> Iterator[int]:
    """The rows in a temporary table, which is gone at the end of the block or with the transaction; how many."""
    given_invoice.create(tx, checkfirst=False)
    read, rest = 0, iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        tx.execute(insert(given_invoice), [_values(row, read + number) for number, row in enumerate(some)])
        read += len(some)
    if tx.dialect.name == "postgresql":  # no background process sees temporary tables
        tx.exec_driver_sql("ANALYZE given_invoice")
    yield read
    given_invoice.drop(tx, checkfirst=False)


def _values(row: OwnInvoiceRow, position: int) -> dict[str, object]:
    values = row._asdict() | {"position": position, "exact_code": row.exact_code or row.customer_code}
    if row.kind == "credit-note":
        for name in ("amount_fc", "amount_dc", "vat_amount_fc"):
            if values[name] is not None:
                values[name] = -abs(values[name])
    return values


def _totals(tx: Connection, administration: str) -> dict[str, tuple[int, int]]:
    """What own invoices count for on each side: open, and in transit."""
    found = {row.side: (row.open, row.in_transit) for row in tx.execute(_TOTALS, {"administration": administration})}
    return {side: found.get(side, (0, 0)) for side in SIDES}


given_invoice = Table(
    "given_invoice",
    MetaData(),
    Column("position", Id, primary_key=True),
    Column("line", Integer, nullable=False),
    *(
        Column(name, Text, nullable=False)
        for name in ("side", "kind", "number", "exact_number", "customer_code", "exact_code", "customer_name")
    ),
    Column("exact_id", Text),
    *(
        Column(name, Text, nullable=False)
        for name in ("invoice_date", "due_date", "your_ref", "description", "currency", "journal", "period")
    ),
    *(Column(name, Text, nullable=False) for name in ("vat_code", "item", "payment_condition")),
    *(Column(name, BigInteger, nullable=False) for name in ("amount_fc", "amount_dc")),
    Column("vat_amount_fc", BigInteger),
    prefixes=["TEMPORARY"],
)
Index("given_invoice_key", *(given_invoice.c[name] for name in ("customer_code", "side", "kind", "number")))

_CONTENT = tuple(
    name for name in OwnInvoiceRow._fields if name in own_invoice.c and name not in ("side", "kind", "number")
)
_SAME_KEY = "g.customer_code = h.customer_code AND g.side = h.side AND g.kind = h.kind AND g.number = h.number"


def _differs(one: str, other: str) -> str:
    """SQL: whether two rows say different things of one invoice."""
    plain = (f"{one}.{name} <> {other}.{name}" for name in _CONTENT if name != "vat_amount_fc")
    vat = f"{one}.vat_amount_fc IS DISTINCT FROM {other}.vat_amount_fc"
    return f"({' OR '.join((*plain, vat))})"


_REPEATED = text(f"""
    SELECT g.customer_code, g.number, g.line, h.line
    FROM given_invoice AS g
    JOIN given_invoice AS h ON {_SAME_KEY} AND g.position < h.position
    WHERE {_differs("g", "h")} ORDER BY g.position, h.position LIMIT {MOST_REPEATED}""")  # noqa: S608
_LEAVE_LAST = text(f"""
    DELETE FROM given_invoice WHERE position IN (
        SELECT g.position FROM given_invoice AS g
        JOIN given_invoice AS h ON {_SAME_KEY} AND g.position < h.position)""")  # noqa: S608
_NAME_CUSTOMERS = text("""
    INSERT INTO given_customer (code, exact_code, exact_id, name)
    SELECT customer_code, min(exact_code), min(exact_id), max(customer_name)
    FROM given_invoice GROUP BY customer_code""")
_CURRENCIES = text("SELECT DISTINCT currency FROM given_invoice")
_GROSS = text("""
    SELECT sum(gross)
    FROM (SELECT sum(abs(CAST(amount_dc AS DOUBLE PRECISION))) AS gross FROM given_invoice
          UNION ALL
          SELECT sum(abs(CAST(amount_dc AS DOUBLE PRECISION))) FROM own_invoice
          WHERE administration = :administration AND status IN ('open', 'in-transit')) AS both_of_them""")
_GIVEN_SIDES = text("SELECT DISTINCT side FROM given_invoice ORDER BY side DESC")

_STORED = """
    FROM given_invoice AS g
    JOIN given_customer AS c ON c.code = g.customer_code
    JOIN own_invoice AS v ON v.customer_id = c.customer_id AND v.side = g.side AND v.kind = g.kind
                         AND v.number = g.number"""
_ORDERED_AT = bindparam("ordered_at", type_=Moment())
_COUNT_STALE = text(f"SELECT count(*) {_STORED} WHERE v.ordered_at > :ordered_at AND {_differs('g', 'v')}").bindparams(
    _ORDERED_AT
)
_MARK_UPDATED = text(f"""
    UPDATE own_invoice SET undecided = true WHERE id IN (
        SELECT v.id {_STORED} WHERE v.ordered_at <= :ordered_at AND {_differs("g", "v")})""").bindparams(_ORDERED_AT)  # noqa: S608
_UPDATE = text(f"""
    UPDATE own_invoice
    SET {", ".join(f"{name} = given.{name}" for name in _CONTENT)}, source_ref = :source_ref
    FROM (SELECT v.id, g.* {_STORED} WHERE v.ordered_at <= :ordered_at AND {_differs("g", "v")}) AS given
    WHERE own_invoice.id = given.id""").bindparams(_ORDERED_AT)  # noqa: S608
_CONFIRM = text(f"""
    UPDATE own_invoice SET ordered_at = :ordered_at WHERE id IN (
        SELECT v.id {_STORED} WHERE v.ordered_at < :ordered_at)""").bindparams(_ORDERED_AT)  # noqa: S608
_INSERT = text(f"""
    INSERT INTO own_invoice (administration, side, customer_id, account_id, kind, number, {", ".join(_CONTENT)},
                             ordered_at, source_ref, recorded_at, status, undecided)
    SELECT :administration, g.side, c.customer_id, c.account_id, g.kind, g.number,
           {", ".join(f"g.{name}" for name in _CONTENT)}, :ordered_at, :source_ref, :now, 'open', true
    FROM given_invoice AS g
    JOIN given_customer AS c ON c.code = g.customer_code
    WHERE NOT EXISTS (SELECT 1 FROM own_invoice AS v
                      WHERE v.customer_id = c.customer_id AND v.side = g.side AND v.kind = g.kind
                        AND v.number = g.number)
    ORDER BY g.position""").bindparams(_ORDERED_AT, bindparam("now", type_=Moment()))  # noqa: S608
_FIGURES = text(f"""
    SELECT count(CASE WHEN v.status = 'seen' THEN 1 END) AS seen, count(CASE WHEN v.ambiguous THEN 1 END) AS ambiguous
    {_STORED}""")
_TOTALS = text("""
    SELECT side, CAST(coalesce(sum(CASE status WHEN 'open' THEN amount_dc END), 0) AS BIGINT) AS open,
           CAST(coalesce(sum(CASE status WHEN 'in-transit' THEN amount_dc END), 0) AS BIGINT) AS in_transit
    FROM own_invoice
    WHERE administration = :administration AND status IN ('open', 'in-transit') GROUP BY side""")
