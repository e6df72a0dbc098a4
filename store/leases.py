"""Who looks into a mailbox. A lease only saves work: what makes two daemons safe is in the transactions.

It ends by itself when its holder dies, by the clock of the database.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.clock import read_clock
from store.schema import lease


def take(tx: Connection, mailbox: str, holder: str, length: timedelta, *, after: str | None = None) -> str:
    """Who holds the mailbox now: `holder`, if nobody had it, if their time was over, or if they were `after`, who is
    known to be dead.
    """
    now = read_clock(tx)
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    wanted = insert(lease).values(mailbox=mailbox, holder=holder, until=now + length)
    free = or_(lease.c.holder == holder, lease.c.holder == after, lease.c.until < now)
    given = {"holder": wanted.excluded.holder, "until": wanted.excluded.until}
    tx.execute(wanted.on_conflict_do_update(index_elements=[lease.c.mailbox], set_=given, where=free))
    found: str = tx.execute(select(lease.c.holder).where(lease.c.mailbox == mailbox)).scalar_one()
    return found


def renew(tx: Connection, mailboxes: Iterable[str], holder: str, length: timedelta) -> None:
    """Keep those that are the holder's still."""
    mine = (lease.c.mailbox.in_(list(mailboxes)), lease.c.holder == holder)
    tx.execute(update(lease).where(*mine).values(until=read_clock(tx) + length))


def drop(tx: Connection, mailbox: str, holder: str) -> None:
    """Let others have it."""
    tx.execute(delete(lease).where(lease.c.mailbox == mailbox, lease.c.holder == holder))
