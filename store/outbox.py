"""Mails to be sent: fixed when they are put in, claimed by one courier at a time, tried until they are gone.

A claim is a time before which nobody else tries the same mail. A courier that dies holds it up that long.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, func, insert, or_, select, text, update

from store.records import ClaimedMail, OutgoingMail
from store.schema import message, outbox

_QUEUED = outbox.c.state == text("'queued'")  # as the partial index says it
_REF = select(message.c.ref).where(message.c.id == outbox.c.message).scalar_subquery().label("ref")

_IS_REPLY = (outbox.c.kind == text("'reply'"), outbox.c.state != "cancelled")  # as the partial index says it
_CREATED_AT = outbox.c.created_at.type
_TO_SENDER = (
    select(func.count(case((outbox.c.created_at > bindparam("hour_ago", type_=_CREATED_AT), 1))), func.count())
    .join(message, message.c.id == outbox.c.message)
    .where(
        *_IS_REPLY,
        outbox.c.recipient == bindparam("recipient"),
        outbox.c.created_at > bindparam("day_ago", type_=_CREATED_AT),
        message.c.administration == bindparam("administration"),
    )
)
_TO_EVERYBODY = select(func.count()).where(*_IS_REPLY, outbox.c.created_at > bindparam("hour_ago", type_=_CREATED_AT))
_NEWEST = select(func.max(outbox.c.id)).scalar_subquery()
_SO_MANY_AGO = (
    select(outbox.c.created_at)
    .where(outbox.c.id <= _NEWEST - bindparam("others"))
    .order_by(outbox.c.id.desc())
    .limit(1)
)
_ADD = insert(outbox).returning(outbox.c.id)
_IS_DUE = outbox.c.next_try_at <= bindparam("now")
_DUE, _DUE_OR_HELD_BACK = (
    select(outbox, _REF)
    .where(_QUEUED, which)
    .order_by(outbox.c.next_try_at, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=outbox, skip_locked=True)
    for which in (_IS_DUE, or_(_IS_DUE, outbox.c.tries == 0))
)
_SENT = (
    update(outbox)
    .where(outbox.c.id == bindparam("which"))
    .values(state="sent", sent_at=bindparam("at"), error="", claimed_by=None)
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id == bindparam("which"))
    .values(next_try_at=bindparam("until"), tries=outbox.c.tries + 1, claimed_by=bindparam("holder"))
)
_CLAIMANTS = select(outbox.c.claimed_by).where(_QUEUED, outbox.c.claimed_by.is_not(None)).distinct()
_NEXT_TRY = select(func.min(outbox.c.next_try_at, type_=outbox.c.next_try_at.type)).where(_QUEUED)


def add(tx: Connection, mail: OutgoingMail, now: datetime, message_id: int | None = None) -> int:
    """Put a finished mail in, as the reply to the message `message_id` or to none. Its bytes never change again."""
    values = {
        "message": message_id,
        "kind": mail.kind,
        "recipient": mail.recipient,
        "envelope_sender": mail.envelope_sender,
        "message_id": mail.message_id,
        "raw": mail.raw,
        "state": "queued",
        "created_at": now,
        "next_try_at": max(now, mail.not_before or now),
    }
    outbox_id: int = tx.execute(_ADD, values).scalar_one()
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
    due = tx.execute(_DUE_OR_HELD_BACK if held_back else _DUE, {"now": now, "most": limit}).all()
    if due:
        tx.execute(_CLAIM, [{"which": row.id, "until": now + lease, "holder": holder} for row in due])
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
    return list(tx.execute(_CLAIMANTS).scalars())


def release(tx: Connection, holder: str, now: datetime) -> None:
    """The holder is dead: what became of its mails nobody knows, and they are due again."""
    held = update(outbox).where(_QUEUED, outbox.c.claimed_by == holder)
    tx.execute(held.values(next_try_at=now, claimed_by=None))


def mark_sent(tx: Connection, outbox_ids: list[int], now: datetime) -> None:
    """The server took these mails."""
    if outbox_ids:
        tx.execute(_SENT, [{"which": which, "at": now} for which in outbox_ids])


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


def count_replies(
    tx: Connection, recipient: str, administration: str | None, now: datetime, many: int = 0
) -> tuple[int, int, int]:
    """Replies put in that were not taken back: to `recipient` about `administration` within the hour and within the
    day before `now`, and to everybody within the hour. The last is 0 where it is certainly below `many`, for counting
    would take the longer the more there are.
    """
    hour_ago = now - timedelta(hours=1)
    given = {"recipient": recipient, "administration": administration, "hour_ago": hour_ago}
    hour, day = tx.execute(_TO_SENDER, given | {"day_ago": now - timedelta(days=1)}).one()
    put_in: datetime | None = tx.execute(_SO_MANY_AGO, {"others": max(0, many - 1)}).scalar()
    if put_in is None or put_in <= hour_ago:
        return hour, day, 0
    return hour, day, tx.execute(_TO_EVERYBODY, {"hour_ago": hour_ago}).scalar_one()


def count_states(tx: Connection) -> dict[str, int]:
    """How many mails are in each state: queued, sent, failed, cancelled."""
    rows = tx.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    return {row[0]: row[1] for row in rows}


def find_next_try(tx: Connection) -> datetime | None:
    """When the next mail is due, those under a claim and those held back included; None when nothing is queued."""
    return tx.execute(_NEXT_TRY).scalar()
