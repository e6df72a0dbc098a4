"""What people were told needs them: each condition once, whoever notices it."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from store.inserting import insert_into
from store.schema import alarm


def list_told(tx: Connection) -> dict[str, datetime]:
    """The conditions that stand, and when people were told."""
    return {row.condition: row.told_at for row in tx.execute(select(alarm))}


def raise_alarm(tx: Connection, condition: str, now: datetime) -> bool:
    """Whether it is new; False if another daemon has told it already."""
    new = insert_into(tx, alarm).values(condition=condition, told_at=now).on_conflict_do_nothing()
    return tx.execute(new.returning(alarm.c.condition)).first() is not None


def clear_alarm(tx: Connection, condition: str) -> bool:
    """Whether it stood until now."""
    return tx.execute(delete(alarm).where(alarm.c.condition == condition)).rowcount == 1
