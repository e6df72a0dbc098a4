"""The subledgers: which import stands in each, and the lock under which that is decided."""

from sqlalchemy import Connection, bindparam, select, update

from store.currencies import keep_currencies
from store.inserting import insert_into
from store.records import Position, Side, Subledger
from store.schema import subledger
from store.statements import Statement

SIDES: tuple[Side, Side] = ("payable", "receivable")

_OF = subledger.c.administration == bindparam("of")
_LOCK = select(subledger.c.side).where(_OF).order_by(subledger.c.side).with_for_update()
_POSITION = Statement("""
    SELECT last_import_id, account_version FROM subledger WHERE administration = :administration AND side = :side""")
_ADDS_IN_TRANSIT = Statement("SELECT adds_in_transit FROM subledger WHERE administration = :administration")
_MAKE_LAST = Statement("""
    UPDATE subledger SET last_import_id = :import_id, currency = :currency
    WHERE administration = :administration AND side = :side""")
_RENEW = Statement("UPDATE subledger SET account_version = account_version + 1 WHERE administration = :administration")


def lock(tx: Connection, administration: str, currency: str) -> None:
    """Let nobody else decide about this administration until the transaction ends.

    Both sides are locked, in one order: they share their accounts. `currency` is kept at first sight.
    """
    keep_currencies(tx, [currency])
    if lock_known(tx, administration) < len(SIDES):
        values = [{"administration": administration, "side": side, "currency": currency} for side in SIDES]
        tx.execute(insert_into(tx, subledger).on_conflict_do_nothing(), values)
        lock_known(tx, administration)


def lock_known(tx: Connection, administration: str) -> int:
    """`lock` for an administration that has imports already. Returns how many sides there are to lock."""
    return len(tx.execute(_LOCK, {"of": administration}).all())


def make_last(tx: Connection, of: Subledger, import_id: int | None, currency: str) -> None:
    """Note that this import is the one that stands, None for none. Needs the lock."""
    given = {"administration": of.administration, "side": of.side, "import_id": import_id, "currency": currency}
    _MAKE_LAST.run(tx, given)


def renew_accounts(tx: Connection, administration: str) -> None:
    """Let all comparisons of this administration that are under way be made again: its accounts are not as they were.

    Needs the lock. Last in a transaction: its own comparisons hold no more either.
    """
    _RENEW.run(tx, {"administration": administration})


def note_settings(tx: Connection, administration: str, currency: str, *, adds_in_transit: bool) -> None:
    """Have what is in transit added to the totals of this administration, or not, in views too.

    Takes the lock if that is new; a subledger that has no rows yet is made.
    """
    noted = [bool(adds) for (adds,) in _ADDS_IN_TRANSIT.run(tx, {"administration": administration})]
    if noted.count(adds_in_transit) == len(noted) and (noted or not adds_in_transit):
        return
    lock(tx, administration, currency)
    tx.execute(
        update(subledger).where(subledger.c.administration == administration).values(adds_in_transit=adds_in_transit)
    )


def find_position(tx: Connection, of: Subledger) -> Position:
    """Where a subledger is. What was compared holds as long as this is the same."""
    row = _POSITION.run(tx, {"administration": of.administration, "side": of.side}).first()
    return (row[0], row[1]) if row else (None, 0)
