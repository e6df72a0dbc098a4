"""Which own invoices an export shows: those count no more. Derived anew from the open items, whenever these change."""

from datetime import datetime

from sqlalchemy import Connection

from store.own_records import OwnSummary
from store.records import Subledger


def summarise_own(tx: Connection, subledger: Subledger, now: datetime, in_transit_days: int) -> OwnSummary:
    """See `Staging.own_summary`."""
    raise NotImplementedError
