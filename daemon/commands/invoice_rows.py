"""Own invoices and the invoices that Exact shows, brought together: the rows of `saldopost invoices`."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from daemon.commands.output import Column, Row, write_amount, write_moment
from store.own_records import OwnInvoice, Payment, TrackedInvoice

COLUMNS = (
    Column("administration"),
    Column("side"),
    Column("kind"),
    Column("number"),
    Column("exact_number"),
    Column("customer"),
    Column("code"),
    Column("name"),
    Column("exact_id"),
    Column("invoice_date"),
    Column("due_date"),
    Column("your_ref"),
    Column("description"),
    Column("currency"),
    Column("amount", kind="amount"),
    Column("amount_dc", kind="amount"),
    Column("status"),
    Column("ambiguous"),
    Column("seen_by"),
    Column("batch"),
    Column("batched_at"),
    Column("ended_at"),
    Column("ended_by"),
    Column("state"),
    Column("open", kind="amount"),
    Column("open_dc", kind="amount"),
    Column("journal"),
    Column("period"),
    Column("vat_code"),
    Column("vat_amount", kind="amount"),
    Column("item"),
    Column("payment_condition"),
)
TABLE = (
    Column("administration", "administration"),
    Column("side", "side"),
    Column("number", "number"),
    Column("kind", "kind"),
    Column("customer", "customer"),
    Column("code", "code"),
    Column("name", "name"),
    Column("invoice_date", "invoiced"),
    Column("currency", "currency"),
    Column("amount", "amount", "amount"),
    Column("shown_status", "status", "state"),
    Column("batch", "batch"),
)
FOLLOWED = (*TABLE, Column("open", "open", "amount"), Column("state", "in Exact", "state"))
FOLLOWED_COLUMNS = (
    Column("first_seen"),
    Column("last_change"),
    Column("reopened", kind="number"),
    Column("marked_at"),
    Column("marked_by"),
    Column("payments"),
)
DETAILS = (
    Column("administration", "administration"),
    Column("side", "side"),
    Column("number", "number"),
    Column("exact_number", "number in Exact"),
    Column("kind", "kind"),
    Column("customer", "own customer"),
    Column("code", "account in Exact"),
    Column("name", "name"),
    Column("invoice_date", "invoiced"),
    Column("due_date", "due"),
    Column("your_ref", "your ref"),
    Column("description", "description"),
    Column("currency", "currency"),
    Column("amount", "amount"),
    Column("amount_dc", "in the books"),
    Column("shown_status", "status"),
    Column("batch", "batch"),
    Column("batched_at", "handed over"),
    Column("ended_at", "ended"),
    Column("ended_by", "ended by"),
    Column("state", "in Exact"),
    Column("open", "open"),
    Column("first_seen", "first seen"),
    Column("last_change", "last change"),
    Column("reopened", "times reopened"),
    Column("marked_at", "marked as paid"),
    Column("marked_by", "marked by"),
)
PAYMENTS = (
    Column("at", "paid by", "moment"),
    Column("amount", "amount", "amount"),
    Column("amount_dc", "in the books", "amount"),
    Column("import_id", "import", "number"),
    Column("ref", "ref"),
)


class Pair(NamedTuple):
    """An own invoice and what Exact shows of it; one of the two may be missing."""

    own: OwnInvoice | None
    tracked: TrackedInvoice | None

    @property
    def is_open(self) -> bool:
        """Whether it counts in a balance still, or Exact shows it as unpaid."""
        waits = self.own is not None and self.own.status in ("open", "in-transit")
        return waits or (self.tracked is not None and self.tracked.state in ("open", "part-paid"))


def pair(own: Iterable[OwnInvoice], tracked: Iterable[TrackedInvoice]) -> Iterator[Pair]:
    """Account by account: own invoices, each with what Exact shows of it, then what Exact shows of others.

    Both are of one administration, and come in the order of their accounts: only those of one are held in memory.
    """
    both: Iterator[OwnInvoice | TrackedInvoice] = heapq.merge(own, tracked, key=_place)
    for _, of_account in groupby(both, key=_place):
        yield from _pair(list(of_account))


def _pair(of_account: Sequence[OwnInvoice | TrackedInvoice]) -> Iterator[Pair]:
    """Exact's items of one number are one: where two own invoices share a number, the first has it."""
    own = [one for one in of_account if isinstance(one, OwnInvoice)]
    rest = {one.number: one for one in of_account if isinstance(one, TrackedInvoice)}
    by_supplier = {one.your_ref: number for number, one in rest.items() if one.side == "payable" and one.your_ref}
    for invoice in own:
        number = invoice.exact_number
        if invoice.seen_by is None:
            yield Pair(invoice, None)
        else:
            yield Pair(invoice, rest.pop(number, None) or rest.pop(by_supplier.get(number, number), None))
    for one in rest.values():
        yield Pair(None, one)


def _place(one: OwnInvoice | TrackedInvoice) -> tuple[str, str, int]:
    return one.side, one.code or "", one.account_id


def row(of: Pair, currency: str) -> Row:
    """`currency`: of the administration. Nothing is known of batch and customer where Exact alone has the invoice."""
    own, tracked = of
    if own is None:
        assert tracked is not None
        return {**_unknown(tracked, currency), **_state(tracked, currency)}
    if own.status in ("open", "in-transit"):
        return {**_own(own), "state": None, **_open(own.amount_fc, own.currency, own.amount_dc, currency)}
    return {**_own(own), **_state(tracked, currency)}


def full_row(of: Pair, currency: str) -> Row:
    """`row`, with what came of the invoice in Exact."""
    tracked = of.tracked
    return {
        **row(of, currency),
        "first_seen": write_moment(tracked.first_seen) if tracked else None,
        "last_change": write_moment(tracked.last_change) if tracked else None,
        "reopened": tracked.reopened if tracked else None,
        "marked_at": write_moment(tracked.marked_at) if tracked else None,
        "marked_by": tracked.marked_by if tracked else None,
        "payments": [_payment(one, tracked.currency, currency) for one in tracked.payments] if tracked else [],
    }


def _own(one: OwnInvoice) -> Row:
    is_unclear = one.ambiguous and one.status in ("open", "in-transit")
    return {
        "administration": one.administration,
        "side": one.side,
        "kind": one.kind,
        "number": one.number,
        "exact_number": one.exact_number or None,
        "customer": one.customer_code,
        "code": one.code,
        "name": one.name or one.customer_name,
        "exact_id": one.exact_id,
        "invoice_date": one.invoice_date or None,
        "due_date": one.due_date or None,
        "your_ref": one.your_ref or None,
        "description": one.description or None,
        "currency": one.currency,
        "amount": write_amount(one.amount_fc, one.currency),
        "amount_dc": write_amount(one.amount_dc, one.administration_currency),
        "status": one.status,
        "shown_status": f"{one.status}, ambiguous" if is_unclear else one.status,
        "ambiguous": is_unclear,
        "seen_by": one.seen_by,
        "batch": one.batch,
        "batched_at": write_moment(one.batched_at),
        "ended_at": write_moment(one.ended_at),
        "ended_by": one.ended_by,
        "journal": one.journal or None,
        "period": one.period or None,
        "vat_code": one.vat_code or None,
        "vat_amount": write_amount(one.vat_amount_fc, one.currency),
        "item": one.item or None,
        "payment_condition": one.payment_condition or None,
    }


def _unknown(one: TrackedInvoice, currency: str) -> Row:
    return {
        **dict.fromkeys((*(column.key for column in COLUMNS), "shown_status")),
        "administration": one.administration,
        "side": one.side,
        "number": one.number,
        "exact_number": one.number,
        "code": one.code,
        "name": one.name,
        "exact_id": one.exact_id,
        "invoice_date": one.invoice_date or None,
        "due_date": one.due_date or None,
        "currency": one.currency,
        "amount": write_amount(one.original_fc, one.currency),
        "amount_dc": write_amount(one.original_dc, currency),
    }


def _state(one: TrackedInvoice | None, currency: str) -> Row:
    if one is None:
        return {"state": None, "open": None, "open_dc": None}
    return {"state": one.state, **_open(one.open_fc, one.currency, one.open_dc, currency)}


def _open(open_fc: int, currency: str, open_dc: int, own_currency: str) -> Row:
    return {"open": write_amount(open_fc, currency), "open_dc": write_amount(open_dc, own_currency)}


def _payment(one: Payment, currency: str, own_currency: str) -> Row:
    return {
        "at": write_moment(one.at),
        "amount": write_amount(one.amount_fc, currency),
        "amount_dc": write_amount(one.amount_dc, own_currency),
        "import_id": one.import_id,
        "ref": one.ref,
    }
