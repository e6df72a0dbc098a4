"""Open invoices followed one by one (mode `invoices`): derived from the intervals of the open items, nothing kept.

Items are followed per account, side and number, several of one number summed; number "" or "0" is never followed.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from store.own_records import BatchChanges, TrackedInvoice, TrackedSummary
from store.records import Side, Subledger


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
    """Invoices by side, account and number; those that are paid only with `paid_too`. `numbers`: of payables YourRef
    too; none for all.

    `tolerance`: minor units of the administration's currency; not more than that left counts as paid.
    """
    raise NotImplementedError


def summarise_tracked(tx: Connection, subledger: Subledger, tolerance: int = 0) -> TrackedSummary:
    """See `Staging.tracked_summary`."""
    raise NotImplementedError


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
    raise NotImplementedError


def unmark_paid(
    tx: Connection,
    administration: str,
    numbers: tuple[str, ...],
    *,
    side: Side | None = None,
    account_id: int | None = None,
) -> BatchChanges:
    """Take back `mark_paid`. Takes the lock."""
    raise NotImplementedError
