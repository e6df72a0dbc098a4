"""Open invoices followed one by one (mode `invoices`): derived from the intervals of the open items, nothing kept.

Items are followed per account, side and number, several of one number summed; number "" or "0" is never followed.
What a payment is shows in the item's own currency.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
)

from store.own_records import BatchChanges, Payment, TrackedInvoice, TrackedState
from store.records import Side
from store.schema import Moment, account, import_, open_item, paid_by_hand, subledger
from store.subledgers import lock_known


def iterate_tracked(
    tx: Connection,
    administration: str,
    *,
    side: Side | None = None,
    account_id: int | None = None,
    numbers: tuple[str, ...] = (),
    tolerance: int = 0,
    paid_too: bool = False,
) -> Iterator[TrackedInvoice]:
    """Invoices by side, account (its code, then its id) and number; those that are paid only with `paid_too`.

    `numbers`: of payables YourRef too; none for all.

    `tolerance`: minor units of the administration's currency; not more than that left counts as paid. Paid by hand is
    not paid here: such invoices are open in Exact. The original amount is what its items say of the invoice when they
    are first seen. Read row by row.
    """
    query = _history(administration, side, account_id, numbers, only_open=not paid_too)
    rows = tx.execute(query, execution_options={"yield_per": 1000})
    for _, items in groupby(rows, key=lambda row: (row.account_id, row.side, row.number)):
        tracked = _follow(list(items), tolerance)
        if paid_too or tracked.state != "paid":
            yield tracked


def mark_paid(
    tx: Connection,
    administration: str,
    numbers: tuple[str, ...],
    now: datetime,
    by: str,
    *,
    side: Side | None = None,
    account_id: int | None = None,
) -> BatchChanges:
    """Note that invoices which exports show, by their number in Exact, were paid, whatever exports say. Takes the lock.

    This changes what is shown of them, never a balance. Numbers of several accounts are `ambiguous`.
    """
    lock_known(tx, administration)
    changes, places = _find_places(tx, administration, numbers, side, account_id)
    if changes.unknown or changes.ambiguous:
        return changes
    marked = sum(
        tx.execute(_MARK, {"account_id": of, "side": on, "number": number, "now": now, "by": by}).rowcount
        for of, on, number in places
    )
    return BatchChanges(matched=marked, already=len(places) - marked)


def unmark_paid(
    tx: Connection,
    administration: str,
    numbers: tuple[str, ...],
    *,
    side: Side | None = None,
    account_id: int | None = None,
) -> BatchChanges:
    """Take back `mark_paid`. Takes the lock."""
    lock_known(tx, administration)
    changes, places = _find_places(tx, administration, numbers, side, account_id)
    if changes.unknown or changes.ambiguous:
        return changes
    matched = 0
    for of, on, number in places:
        mark = (paid_by_hand.c.account_id == of) & (paid_by_hand.c.side == on) & (paid_by_hand.c.number == number)
        matched += tx.execute(delete(paid_by_hand).where(mark)).rowcount
    return BatchChanges(matched=matched, already=len(places) - matched)


Place = tuple[int, Side, str]  # account, side, number: what is followed


def _find_places(
    tx: Connection, administration: str, numbers: tuple[str, ...], side: Side | None, account_id: int | None
) -> tuple[BatchChanges, list[Place]]:
    """What is followed under these numbers; and which of them are unknown or stand for several."""
    query = (
        select(open_item.c.account_id, open_item.c.side, open_item.c.number, open_item.c.your_ref)
        .join(account, account.c.id == open_item.c.account_id)
        .where(account.c.administration == administration, _FOLLOWED, _bears(numbers))
        .distinct()
        .order_by(open_item.c.account_id, open_item.c.side, open_item.c.number)
    )
    if side is not None:
        query = query.where(open_item.c.side == side)
    if account_id is not None:
        query = query.where(open_item.c.account_id == account_id)
    found: dict[str, set[Place]] = {number: set() for number in numbers}
    for of, on, number, your_ref in tx.execute(query):
        for key in {number, your_ref if on == "payable" else number} & found.keys():
            found[key].add((of, on, number))
    unknown = tuple(number for number, places in found.items() if not places)
    ambiguous = tuple(number for number, places in found.items() if len(places) > 1)
    return BatchChanges(unknown=unknown, ambiguous=ambiguous), sorted(set().union(*found.values()))


def _bears(numbers: tuple[str, ...]) -> ColumnElement[bool]:
    """Whether an item bears one of these numbers."""
    by_ref = (open_item.c.side == "payable") & open_item.c.your_ref.in_(numbers)
    return or_(open_item.c.number.in_(numbers), by_ref)


def _history(
    administration: str, side: Side | None, account_id: int | None, numbers: tuple[str, ...], *, only_open: bool
) -> Select[Any]:
    """All that was ever open under the numbers that are meant, those of one account, side and number together."""
    opened, closed = import_.alias("opened"), import_.alias("closed")
    query = (
        select(
            account.c.administration,
            open_item.c.side,
            account.c.code,
            account.c.name,
            account.c.exact_id,
            subledger.c.currency.label("own_currency"),
            *(open_item.c[name] for name in ("id", "account_id", "number", "your_ref", "invoice_date", "due_date")),
            *(open_item.c[name] for name in ("currency", "invoice_fc", "open_fc", "invoice_dc", "open_dc")),
            *(opened.c[name].label(f"opened_{name}") for name in ("id", "ref", "ordered_at", "applied_at")),
            *(closed.c[name].label(f"closed_{name}") for name in ("id", "ref", "ordered_at", "applied_at")),
            paid_by_hand.c.marked_at,
            paid_by_hand.c.marked_by,
        )
        .join(open_item, open_item.c.account_id == account.c.id)
        .join(opened, opened.c.id == open_item.c.opened_by)
        .outerjoin(closed, closed.c.id == open_item.c.closed_by)
        .join(
            subledger,
            (subledger.c.administration == account.c.administration) & (subledger.c.side == open_item.c.side),
        )
        .outerjoin(
            paid_by_hand,
            and_(*(paid_by_hand.c[name] == open_item.c[name] for name in ("account_id", "side", "number"))),
        )
        .where(account.c.administration == administration, _FOLLOWED)
    )
    if side is not None:
        query = query.where(open_item.c.side == side)
    if account_id is not None:
        query = query.where(account.c.id == account_id)
    if numbers:
        query = query.where(_bears(numbers))
    past = query.where(open_item.c.closed_by.is_not(None))
    if only_open:
        now = open_item.alias("now")
        same = (now.c[name] == open_item.c[name] for name in ("account_id", "side", "number"))
        past = past.where(exists().where(*same, now.c.closed_by.is_(None)))
    # Two partial indexes, one for each half.
    both = union_all(query.where(open_item.c.closed_by.is_(None)), past).subquery()
    in_order = (both.c.side, func.coalesce(both.c.code, ""), both.c.account_id, both.c.number, both.c.id)
    return select(both).order_by(*in_order)


@dataclass(slots=True)
class _Moment:
    """What one import did to the items of one invoice."""

    import_id: int
    ref: str
    at: datetime
    applied_at: datetime
    count: int = 0
    fc: int = 0
    dc: int = 0

    def add(self, row: Row[Any], sign: int, amount_fc: int) -> None:
        self.count += sign
        self.fc += sign * amount_fc
        self.dc += sign * row.open_dc


def _follow(rows: Sequence[Row[Any]], tolerance: int) -> TrackedInvoice:
    """One invoice through the imports that stand, in the order in which they were applied."""
    first = rows[0]
    # Items of several currencies under one number are reckoned in the administration's.
    is_mixed = any(row.currency != first.currency for row in rows)
    moments: dict[int, _Moment] = {}
    for row in rows:
        fc = row.open_dc if is_mixed else row.open_fc
        opened = _Moment(row.opened_id, row.opened_ref, row.opened_ordered_at, row.opened_applied_at)
        moments.setdefault(row.opened_id, opened).add(row, 1, fc)
        if row.closed_id is not None:
            closed = _Moment(row.closed_id, row.closed_ref, row.closed_ordered_at, row.closed_applied_at)
            moments.setdefault(row.closed_id, closed).add(row, -1, fc)
    in_order = sorted(moments.values(), key=lambda one: (one.applied_at, one.import_id))
    payments, reopened, last_change, was_open = [], 0, in_order[0].at, True
    count = fc = dc = 0
    for moment in in_order:
        after = count + moment.count, fc + moment.fc, dc + moment.dc
        is_open = after[0] > 0 and abs(after[2]) > tolerance
        reopened += is_open and not was_open
        if count and abs(after[1]) < abs(fc):
            payments.append(Payment(moment.import_id, moment.ref, moment.at, fc - after[1], dc - after[2]))
        if after != (count, fc, dc):
            last_change = moment.at
        (count, fc, dc), was_open = after, is_open
    at_first = [row for row in rows if row.opened_id == in_order[0].import_id]
    original_dc = sum(row.invoice_dc for row in at_first)
    original_fc = original_dc if is_mixed else sum(row.invoice_fc for row in at_first)
    latest = [row for row in rows if row.closed_id is None] or [
        row for row in rows if row.closed_id == in_order[-1].import_id
    ]
    state: TrackedState
    if not was_open:
        state = "paid"
    elif first.marked_at is not None:
        state = "paid-by-hand"
    else:
        state = "part-paid" if abs(fc) < abs(original_fc) else "open"
    return TrackedInvoice(
        administration=first.administration,
        side=first.side,
        code=first.code,
        name=first.name,
        exact_id=first.exact_id,
        number=first.number,
        invoice_date=min(row.invoice_date for row in latest),
        due_date=min(row.due_date for row in latest),
        currency=first.own_currency if is_mixed else first.currency,
        original_fc=original_fc,
        original_dc=original_dc,
        open_fc=fc,
        open_dc=dc,
        state=state,
        first_seen=in_order[0].at,
        last_change=last_change,
        payments=tuple(payments),
        reopened=reopened,
        marked_at=first.marked_at,
        marked_by=first.marked_by,
        your_ref=latest[0].your_ref,
        account_id=first.account_id,
    )


_FOLLOWED = open_item.c.number.not_in(("", "0"))
_MARK = text("""
    INSERT INTO paid_by_hand (account_id, side, number, marked_at, marked_by)
    VALUES (:account_id, :side, :number, :now, :by) ON CONFLICT DO NOTHING""").bindparams(
    bindparam("now", type_=Moment())
)
