"""Who looks into a mailbox. A lease only saves work: what makes two daemons safe is in the transactions.

It ends by itself when its holder dies, by the clock of the database. Who would have a mailbox that another holds leaves
a wish: a lease of another name, which gives way to nobody and keeps nobody out.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection, delete, or_, select, update

from store.clock import read_clock
from store.inserting import insert_into
from store.schema import lease

_WISH = "wish:"


def take(tx: Connection, mailbox: str, holder: str, length: timedelta, *, after: str | None = None) -> str:
    """Who holds the mailbox now: `holder`, if nobody had it, if their time was over, or if they were `after`, who is
    known to be dead.
    """
    now = read_clock(tx)
    wanted = insert_into(tx, lease).values(mailbox=mailbox, holder=holder, until=now + length)
    free = or_(lease.c.holder == holder, lease.c.holder == after, lease.c.until < now)
    given = {"holder": wanted.excluded.holder, "until": wanted.excluded.until}
    tx.execute(wanted.on_conflict_do_update(index_elements=[lease.c.mailbox], set_=given, where=free))
    found: str = tx.execute(select(lease.c.holder).where(lease.c.mailbox == mailbox)).scalar_one()
    return found


def wish(tx: Connection, mailbox: str, holder: str, length: timedelta) -> None:
    """Let whoever holds the mailbox know that `holder` would have it, for as long as `length`."""
    take(tx, _WISH + mailbox, holder, length)


def unwish(tx: Connection, mailbox: str, holder: str) -> None:
    """The wish came true."""
    drop(tx, _WISH + mailbox, holder)


def is_owed(tx: Connection, mailbox: str, holder: str) -> bool:
    """Whether another wishes for the mailbox and holds fewer than `holder` does without it."""
    now = read_clock(tx)
    wisher = select(lease.c.holder).where(lease.c.mailbox == _WISH + mailbox, lease.c.until >= now)
    other: str | None = tx.execute(wisher.where(lease.c.holder != holder)).scalar()
    if other is None:
        return False
    held = select(lease.c.holder).where(
        lease.c.until >= now, lease.c.mailbox != mailbox, lease.c.mailbox.not_like(_WISH + "%")
    )
    holders = list(tx.execute(held).scalars())
    return holders.count(holder) > holders.count(other)


def renew(tx: Connection, mailboxes: Iterable[str], holder: str, length: timedelta) -> None:
    """Keep those that are the holder's still."""
    mine = (lease.c.mailbox.in_(list(mailboxes)), lease.c.holder == holder)
    tx.execute(update(lease).where(*mine).values(until=read_clock(tx) + length))


def drop(tx: Connection, mailbox: str, holder: str) -> None:
    """Let others have it."""
    tx.execute(delete(lease).where(lease.c.mailbox == mailbox, lease.c.holder == holder))
