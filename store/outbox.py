"""Mails to be sent: fixed when they are put in, claimed by one courier at a time, tried until they are gone.

A claim is a time before which nobody else tries the same mail. A courier that dies holds it up that long.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, func, insert, or_, select, text, update

from store.records import ClaimedMail, OutgoingMail
from store.schema import message, outbox

_QUEUED = outbox.c.state == text("'queued'")  # as the partial index says it
_REF = select(message.c.ref).where(message.c.id == outbox.c.message).scalar_subquery().label("ref")


def add(tx: Connection, mail: OutgoingMail, now: datetime, message_id: int | None = None) -> int:
    """Put a finished mail in, as the reply to the message `message_id` or to none. Its bytes never change again."""
    outbox_id: int = tx.execute(
        insert(outbox)
        .values(
            message=message_id,
            kind=mail.kind,
            recipient=mail.recipient,
            envelope_sender=mail.envelope_sender,
            message_id=mail.message_id,
            raw=mail.raw,
            state="queued",
            created_at=now,
            next_try_at=max(now, mail.not_before or now),
        )
        .returning(outbox.c.id)
    ).scalar_one()
    return outbox_id


def claim(
    tx: Connection,
    now: datetime,
    limit: int,
    lease: timedelta,
    *,
    held_back: bool = False,
    holder: str | None = None,
) -> list[ClaimedMail]:
    """Mails that are due, the longest waiting first; nobody else gets them until `lease` is over.

    `held_back` takes those too that were to wait for a while before their first try.
    """
    is_due = outbox.c.next_try_at <= now
    due = tx.execute(
        select(outbox, _REF)
        .where(_QUEUED, or_(is_due, outbox.c.tries == 0) if held_back else is_due)
        .order_by(outbox.c.next_try_at, outbox.c.id)
        .limit(limit)
        .with_for_update(of=outbox, skip_locked=True)
    ).all()
    if due:
        tx.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in due]))
            .values(next_try_at=now + lease, tries=outbox.c.tries + 1, claimed_by=holder)
        )
    return [
        ClaimedMail(
            id=row.id,
            recipient=row.recipient,
            envelope_sender=row.envelope_sender,
            message_id=row.message_id,
            raw=row.raw,
            kind=row.kind,
            tries=row.tries + 1,
            created_at=row.created_at,
            ref=row.ref,
        )
        for row in due
    ]


def list_claimants(tx: Connection) -> list[str]:
    """Who holds mails that are not gone."""
    return list(
        tx.execute(select(outbox.c.claimed_by).where(_QUEUED, outbox.c.claimed_by.is_not(None)).distinct()).scalars()
    )


def release(tx: Connection, holder: str, now: datetime) -> None:
    """The holder is dead: what became of its mails nobody knows, and they are due again."""
    held = update(outbox).where(_QUEUED, outbox.c.claimed_by == holder)
    tx.execute(held.values(next_try_at=now, claimed_by=None))


def mark_sent(tx: Connection, outbox_ids: list[int], now: datetime) -> None:
    """The server took these mails."""
    sent = (
        update(outbox)
        .where(outbox.c.id == bindparam("which"))
        .values(state="sent", sent_at=now, error="", claimed_by=None)
    )
    if outbox_ids:
        tx.execute(sent, [{"which": which} for which in outbox_ids])


def retry(tx: Connection, outbox_id: int, at: datetime, error: str) -> None:
    """The mail was not taken, or nobody knows; try again at `at`."""
    tx.execute(
        update(outbox).where(outbox.c.id == outbox_id, _QUEUED).values(next_try_at=at, error=error, claimed_by=None)
    )


def give_up(tx: Connection, outbox_id: int, error: str) -> None:
    """The mail can never be delivered, or was tried for too long."""
    tx.execute(
        update(outbox).where(outbox.c.id == outbox_id, _QUEUED).values(state="failed", error=error, claimed_by=None)
    )


def cancel(tx: Connection, message_id: int) -> int:
    """Take back the replies to a message that were never tried. Returns how many."""
    untried = update(outbox).where(outbox.c.message == message_id, _QUEUED, outbox.c.tries == 0)
    return tx.execute(untried.values(state="cancelled")).rowcount


def cancel_held_back(tx: Connection, message_id: int) -> int:
    """Take back those replies to a message that were to wait for a while before their first try."""
    waiting = update(outbox).where(
        outbox.c.message == message_id, _QUEUED, outbox.c.tries == 0, outbox.c.next_try_at > outbox.c.created_at
    )
    return tx.execute(waiting.values(state="cancelled")).rowcount


def count_replies(tx: Connection, recipient: str, administration: str | None, now: datetime) -> tuple[int, int, int]:
    """Replies put in that were not taken back: to `recipient` about `administration` within the hour and within the
    day before `now`, and to everybody within the hour.
    """
    is_reply = (outbox.c.kind == text("'reply'"), outbox.c.state != "cancelled")  # as the partial index says it
    hour_ago, day_ago = now - timedelta(hours=1), now - timedelta(days=1)
    to_sender = (
        select(
            func.count(case((outbox.c.created_at > hour_ago, 1))),
            func.count(),
        )
        .join(message, message.c.id == outbox.c.message)
        .where(*is_reply, outbox.c.recipient == recipient, outbox.c.created_at > day_ago)
        .where(message.c.administration == administration)
    )
    hour, day = tx.execute(to_sender).one()
    everybody = select(func.count()).where(*is_reply, outbox.c.created_at > hour_ago)
    return hour, day, tx.execute(everybody).scalar_one()


def count_states(tx: Connection) -> dict[str, int]:
    """How many mails are in each state: queued, sent, failed, cancelled."""
    rows = tx.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    return {row[0]: row[1] for row in rows}


def find_next_try(tx: Connection) -> datetime | None:
    """When the next mail is due, those under a claim and those held back included; None when nothing is queued."""
    return tx.execute(select(func.min(outbox.c.next_try_at, type_=outbox.c.next_try_at.type)).where(_QUEUED)).scalar()
