"""What people were told of, so that they are not told again and again, by however many daemons."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from store.inserting import insert_into
from store.schema import notice


def take(tx: Connection, topic: str, now: datetime, every: timedelta) -> bool:
    """Whether `topic` was not told of within `every`; then it counts as told of, in the caller's transaction."""
    told = tx.execute(
        insert_into(tx, notice)
        .values(topic=topic, told_at=now)
        .on_conflict_do_update(
            index_elements=[notice.c.topic], set_={"told_at": now}, where=notice.c.told_at <= now - every
        )
        .returning(notice.c.topic)
    )
    return told.first() is not None


def last_told(tx: Connection, topic: str) -> datetime | None:
    return tx.execute(select(notice.c.told_at).where(notice.c.topic == topic)).scalar_one_or_none()
