"""The subledgers: which import stands in each, and the lock under which that is decided."""

from sqlalchemy import Connection, Executable, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.currencies import keep_currencies
from store.records import Side, Subledger
from store.schema import subledger

SIDES: tuple[Side, Side] = ("payable", "receivable")


def lock(tx: Connection, administration: str, currency: str) -> None:
    """Let nobody else decide about this administration until the transaction ends.

    Both sides are locked, in one order: they share their accounts. `currency` is kept at first sight.
    """
    keep_currencies(tx, [currency])
    for side in SIDES:
        tx.execute(_insert_subledger(tx, administration, side, currency))
    lock_known(tx, administration)


def lock_known(tx: Connection, administration: str) -> None:
    """`lock` for an administration that has imports already."""
    tx.execute(
        select(subledger.c.side)
        .where(subledger.c.administration == administration)
        .order_by(subledger.c.side)
        .with_for_update()
    ).all()


def make_last(tx: Connection, of: Subledger, import_id: int | None, currency: str) -> None:
    """Note that this import is the one that stands, None for none. Needs the lock."""
    tx.execute(
        update(subledger)
        .where(subledger.c.administration == of.administration, subledger.c.side == of.side)
        .values(last_import_id=import_id, currency=currency)
    )


def renew_accounts(tx: Connection, administration: str) -> None:
    """Let all comparisons of this administration that are under way be made again: its accounts are not as they were.

    Needs the lock. Last in a transaction: its own comparisons hold no more either.
    """
    tx.execute(
        update(subledger)
        .where(subledger.c.administration == administration)
        .values(account_version=subledger.c.account_version + 1)
    )


def note_settings(tx: Connection, administration: str, currency: str, *, adds_in_transit: bool) -> None:
    """Have what is in transit added to the totals of this administration, or not, in views too.

    Takes the lock if that is new; a subledger that has no rows yet is made.
    """
    rows = select(subledger.c.adds_in_transit).where(subledger.c.administration == administration)
    noted = tx.execute(rows).scalars().all()
    if noted.count(adds_in_transit) == len(noted) and (noted or not adds_in_transit):
        return
    lock(tx, administration, currency)
    tx.execute(
        update(subledger).where(subledger.c.administration == administration).values(adds_in_transit=adds_in_transit)
    )


def find_position(tx: Connection, of: Subledger) -> tuple[int | None, int]:
    """Where a subledger is: the id of the import that stands, None before the first, and the account version.

    What was compared holds as long as this is the same.
    """
    row = tx.execute(
        select(subledger.c.last_import_id, subledger.c.account_version).where(
            subledger.c.administration == of.administration, subledger.c.side == of.side
        )
    ).first()
    return (row.last_import_id, row.account_version) if row else (None, 0)


def _insert_subledger(tx: Connection, administration: str, side: Side, currency: str) -> Executable:
    values = {"administration": administration, "side": side, "currency": currency}
    if tx.dialect.name == "postgresql":
        return postgresql.insert(subledger).values(values).on_conflict_do_nothing()
    return sqlite.insert(subledger).values(values).on_conflict_do_nothing()
