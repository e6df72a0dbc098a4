"""The mails: known by where they lie, counted before they are read, and ended in one state each."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from random import Random

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from store import outbox
from store.inserting import insert_into
from store.records import (
    AlreadyFinished,
    MailKey,
    Message,
    MessageState,
    NotFinal,
    Outcome,
    Place,
    ReplyState,
    Sighting,
)
from store.references import make_reference
from store.schema import message
from store.schema import outbox as outbox_table

VANISHED = "vanished"  # reason of a mail that was gone from the folder before it was final

_UNMOVED = message.c.moved == text("false")  # as the partial index says it
_NOT_FINAL = or_(message.c.state.is_(None), message.c.state == "waiting")
_THIS = message.c.id == bindparam("which")
_DESCRIBE = (
    update(message)
    .where(_THIS)
    .values({name: bindparam(name) for name in ("sender", "subject", "message_id", "sent_at", "sha256")})
)
_FINISH = (
    update(message)
    .where(_THIS, _NOT_FINAL)
    .values(
        {
            name: bindparam(name)
            for name in ("state", "reason", "administration", "other_state", "finished_at", "wait_until")
        }
    )
)
_REPLY_STATES: dict[str | None, ReplyState] = {"queued": "queued", "sent": "sent", "failed": "failed"}


def remember(
    tx: Connection,
    key: MailKey,
    size: int,
    arrived_at: datetime,
    now: datetime,
    random: Random,
    *,
    counted: bool = True,
) -> Message:
    """The message at `key`, made on first sight; each call on one that is not final counts a try, unless told not to.

    Commit this before the mail is read: a mail that kills its reader is then known to have been tried. What is
    final already comes back unchanged: only its move is open. `arrived_at` is the INTERNALDATE.
    """
    found = find_by_key(tx, key)
    while found is None:  # the reference may be taken, or another daemon may have been faster
        tx.execute(
            insert_into(tx, message).on_conflict_do_nothing(),
            _new(key, size, arrived_at, now, make_reference(random), tries=0),
        )
        found = find_by_key(tx, key)
    if found.is_final and found.reason == VANISHED:
        _open_anew(tx, found.id)
        found = replace(found, state=None, reason="", finished_at=None, moved=False, tries=0)
    if found.is_final or not counted:
        return found
    tx.execute(update(message).where(message.c.id == found.id).values(tries=message.c.tries + 1))
    return replace(found, tries=found.tries + 1)


def remember_new(
    tx: Connection, sightings: Iterable[Sighting], now: datetime, random: Random
) -> dict[MailKey, Message]:
    """The messages made of mails that were never seen before, with their first try counted: `remember` for many.

    Those seen before are left as they are, and out.
    """
    values = [_new(seen.key, seen.size, seen.arrived_at, now, make_reference(random), tries=1) for seen in sightings]
    new = insert_into(tx, message).on_conflict_do_nothing()
    made = tx.execute(new.returning(*message.c, literal(None).label("reply")), values)
    return {found.key: found for found in map(_read, made)}


def describe(
    tx: Connection,
    message_id: int,
    *,
    sender: str | None,
    subject: str,
    rfc_message_id: str | None,
    sent_at: datetime | None,
    sha256: str | None,
) -> None:
    """Note what the header block says (none of it trusted) and the SHA-256 of the raw mail, if it was fetched."""
    said = {"sender": sender, "subject": subject, "message_id": rfc_message_id, "sent_at": sent_at, "sha256": sha256}
    tx.execute(_DESCRIBE, said | {"which": message_id})


def finish(tx: Connection, message_id: int, outcome: Outcome, now: datetime) -> None:
    """Give the message its final state and put the replies into the outbox, in the caller's transaction.

    Raises `AlreadyFinished` if it has a final state: another daemon was faster, and the caller's transaction, with
    the effect on the balances, has to be abandoned.
    """
    values = {
        "state": outcome.state,
        "reason": outcome.reason,
        "administration": outcome.administration,
        "other_state": outcome.other_state,
        "finished_at": now,
        "wait_until": None,
    }
    ended = tx.execute(_FINISH, values | {"which": message_id})
    if ended.rowcount != 1:
        raise AlreadyFinished(f"message {message_id} has its final state already")
    for reply in outcome.replies:
        outbox.add(tx, reply, now, message_id)


def reopen(tx: Connection, message_id: int) -> None:
    """Take a mail out of quarantine, to be finished anew in the same transaction; it lies in the wrong folder then.

    Raises `AlreadyFinished` if it is not quarantined: somebody else was faster.
    """
    opened = tx.execute(
        update(message)
        .where(message.c.id == message_id, message.c.state == "quarantined")
        .values(state=None, finished_at=None, moved=False)
    )
    if opened.rowcount != 1:
        raise AlreadyFinished(f"message {message_id} is not quarantined any more")


def postpone(tx: Connection, message_id: int, until: datetime, reason: str) -> None:
    """Leave a mail that is not final waiting: it is not to be read again before `until`. The try is not counted."""
    tx.execute(
        update(message)
        .where(message.c.id == message_id, _NOT_FINAL)
        .values(state="waiting", reason=reason, wait_until=until, tries=message.c.tries - 1)
    )


def take_back_try(tx: Connection, message_id: int) -> None:
    """The last try of a mail that is not final is not counted: nobody came to read it."""
    tx.execute(update(message).where(message.c.id == message_id, _NOT_FINAL).values(tries=message.c.tries - 1))


def mark_moved(tx: Connection, moved: Iterable[tuple[int, MessageState | None, Place | None]]) -> None:
    """Note of messages that they lie in the folder of a state, and where; None: the mail is gone.

    One that has another state by now is not where it belongs: that is noted too.
    """
    rows = [
        {
            "which": message_id,
            "now_in": state,
            "at_folder": lies.folder if lies else None,
            "at_validity": lies.uidvalidity if lies else None,
            "at_uid": lies.uid if lies else None,
        }
        for message_id, state, lies in moved
    ]
    noted = (
        update(message)
        .where(message.c.id == bindparam("which"))
        .values(
            moved=message.c.state.is_not_distinct_from(bindparam("now_in", type_=Text)),
            lies_in=bindparam("at_folder"),
            lies_uidvalidity=bindparam("at_validity"),
            lies_uid=bindparam("at_uid"),
        )
    )
    if rows:
        tx.execute(noted, rows)


def forget(tx: Connection, message_id: int, now: datetime) -> None:
    """The mail was gone before it was final: somebody took it out of our hands."""
    gone = {"state": "ignored", "reason": VANISHED, "finished_at": now, "wait_until": None, "moved": True}
    tx.execute(update(message).where(message.c.id == message_id, _NOT_FINAL).values(gone))


def retry(tx: Connection, message_id: int, lies_in: str) -> None:
    """Have a mail with a final state processed anew where it lies: in the folder `lies_in`, if nothing else is known.

    Raises `NotFinal` for one that is not final, or not where it belongs: it is being processed or moved anyway.
    """
    opened = tx.execute(
        update(message)
        .where(message.c.id == message_id, message.c.state.is_not(None), message.c.state != "waiting", message.c.moved)
        .values(lies_in=func.coalesce(message.c.lies_in, lies_in))
    )
    if opened.rowcount != 1:
        raise NotFinal(f"message {message_id} is being processed or moved")
    _open_anew(tx, message_id)


def list_unmoved(tx: Connection, mailbox: str) -> list[Message]:
    """The mails of one mailbox that are not final, or final and not moved yet; by UID."""
    rows = tx.execute(_messages().where(message.c.mailbox == mailbox, _UNMOVED).order_by(message.c.uid))
    return [_read(row) for row in rows]


def list_messages(
    tx: Connection,
    *,
    mailbox: str | None = None,
    administration: str | None = None,
    state: MessageState | None = None,
    limit: int | None = None,
) -> list[Message]:
    """The messages, newest first."""
    query = _messages().order_by(message.c.id.desc()).limit(limit)
    for column, wanted in (("mailbox", mailbox), ("administration", administration), ("state", state)):
        if wanted is not None:
            query = query.where(message.c[column] == wanted)
    return [_read(row) for row in tx.execute(query)]


def list_quarantined(tx: Connection, since: datetime, limit: int) -> list[Message]:
    """The mails quarantined after `since`, the oldest first."""
    query = _messages().where(message.c.state == "quarantined", message.c.finished_at > since)
    return [_read(row) for row in tx.execute(query.order_by(message.c.finished_at, message.c.id).limit(limit))]


def find_message(tx: Connection, ref: str) -> Message | None:
    """The message of a reference, in capitals or not."""
    row = tx.execute(_messages().where(message.c.ref == ref.strip().upper())).first()
    return None if row is None else _read(row)


def find_by_key(tx: Connection, key: MailKey) -> Message | None:
    """The message that was first seen there."""
    row = tx.execute(
        _messages().where(
            message.c.mailbox == key.mailbox,
            message.c.folder == key.folder,
            message.c.uidvalidity == key.uidvalidity,
            message.c.uid == key.uid,
        )
    ).first()
    return None if row is None else _read(row)


def count_states(tx: Connection) -> dict[str, int]:
    """How many messages are in each state; those not decided yet count as "new"."""
    state = func.coalesce(message.c.state, "new")
    return {row[0]: row[1] for row in tx.execute(select(state, func.count()).group_by(state))}


def find_same(tx: Connection, mailbox: str, size: int, arrived_at: datetime, sha256: str) -> Message | None:
    """A mail of the mailbox with the same bytes that arrived at the same moment, wherever it was read."""
    same = (message.c.mailbox == mailbox, message.c.arrived_at == arrived_at, message.c.size == size)
    row = tx.execute(_messages().where(*same, message.c.sha256 == sha256).order_by(message.c.id.desc())).first()
    return None if row is None else _read(row)


def _open_anew(tx: Connection, message_id: int) -> None:
    anew = {"state": None, "reason": "", "finished_at": None, "wait_until": None, "moved": False, "tries": 0}
    tx.execute(update(message).where(message.c.id == message_id).values(anew))


def _new(key: MailKey, size: int, arrived_at: datetime, now: datetime, ref: str, *, tries: int) -> dict[str, object]:
    return {
        "ref": ref,
        "mailbox": key.mailbox,
        "folder": key.folder,
        "uidvalidity": key.uidvalidity,
        "uid": key.uid,
        "size": size,
        "arrived_at": arrived_at,
        "seen_at": now,
        "tries": tries,
    }


def _messages() -> Select[tuple[object, ...]]:
    """Each message with the state of the last reply that was not cancelled."""
    reply = (
        select(outbox_table.c.state)
        .where(
            and_(
                outbox_table.c.message == message.c.id,
                outbox_table.c.kind == "reply",
                outbox_table.c.state != "cancelled",
            )
        )
        .order_by(outbox_table.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(message, reply.label("reply"))


def _read(row: Row[tuple[object, ...]]) -> Message:
    values = row._mapping
    return Message(
        id=values["id"],
        ref=values["ref"],
        key=MailKey(values["mailbox"], values["folder"], values["uidvalidity"], values["uid"]),
        size=values["size"],
        arrived_at=values["arrived_at"],
        seen_at=values["seen_at"],
        tries=values["tries"],
        wait_until=values["wait_until"],
        sender=values["sender"],
        subject=values["subject"],
        message_id=values["message_id"],
        sent_at=values["sent_at"],
        sha256=values["sha256"],
        administration=values["administration"],
        state=values["state"],
        reason=values["reason"],
        finished_at=values["finished_at"],
        moved=values["moved"],
        lies=_place(values["lies_in"], values["lies_uidvalidity"], values["lies_uid"]),
        reply=_REPLY_STATES.get(values["reply"], "none"),
    )


def _place(folder: str | None, uidvalidity: int | None, uid: int | None) -> Place | None:
    return None if folder is None else Place(folder, uidvalidity, uid)
