"""Imports that wait for a yes: one for each subledger at most, and the mails whose state hangs on them.

A mail has the state of the worst of its imports. When one of them is decided, the mail's state is reckoned anew and
it is due to be moved again.
"""

from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection, Row, bindparam, exists, insert, select, text, union, update

from store import outbox
from store.imports import figures, import_values, list_files, lock_compared, write_files
from store.inserting import insert_into
from store.records import (
    Comparison,
    HeldImport,
    ImportState,
    ImportUnknown,
    MessageState,
    NewImport,
    NotHeld,
    Subledger,
)
from store.schema import import_, import_mail, message
from store.subledgers import lock_known

_HELD = import_.c.state == text("'held'")  # as the partial index says it
_HELD_OF = (import_.c.administration == bindparam("of"), import_.c.side == bindparam("on"), _HELD)
_FIND_HELD = select(import_).where(*_HELD_OF)
_SUPERSEDE = (
    update(import_)
    .where(*_HELD_OF)
    .values(state="superseded", decided_at=bindparam("decided_at"))
    .returning(import_.c.id)
)
_WORST_FIRST: tuple[MessageState, ...] = ("failed", "held", "refused", "applied", "unchanged")
_STATE_OF_MAIL: dict[ImportState, MessageState] = {
    "applied": "applied",
    "undone": "applied",  # it was, when the mail was dealt with
    "held": "held",
    "refused": "refused",
    "rejected": "refused",
    "unchanged": "unchanged",
    "superseded": "unchanged",
}


def find_held(tx: Connection, of: Subledger) -> HeldImport | None:
    """The import of this subledger that waits for an answer, with its files."""
    row = tx.execute(_FIND_HELD, {"of": of.administration, "on": of.side}).first()
    return None if row is None else _read(tx, row)


def find_held_by_report(tx: Connection, message_ids: Collection[str]) -> list[HeldImport]:
    """The imports that were asked about in replies with these Message-IDs, also those decided since (see `state`).

    One reply can ask about both sides. By id; empty if none of the Message-IDs is one of ours that asked.
    """
    asked = select(import_).where(import_.c.report_message_id.in_(list(message_ids)))
    return [_read(tx, row) for row in tx.execute(asked.order_by(import_.c.id)).all()]


def find_by_id(tx: Connection, import_id: int) -> HeldImport:
    """The import of this id, whatever its state, with its files. Raises `ImportUnknown`."""
    row = tx.execute(select(import_).where(import_.c.id == import_id)).first()
    if row is None:
        raise ImportUnknown(f"there is no import {import_id}")
    return _read(tx, row)


def hold(
    tx: Connection, comparison: Comparison, new: NewImport, currency: str, now: datetime, *, joined: bool = False
) -> int:
    """Record an import that waits for a yes; returns its id. The one that waited before is superseded.

    The mail of that one becomes unchanged, and its reply is cancelled if it was held back. With `joined` the pages
    of that one are part of this export, and its mails take the state that this import ends in. Raises `ImportMoved`
    if another import was applied since the comparison: then nothing was written.
    """
    lock_compared(tx, comparison, currency)
    superseded = supersede(tx, comparison.subledger, now)
    values = import_values(replace(new, state="held"), currency, now) | _base(comparison)
    import_id: int = tx.execute(insert(import_).values(values).returning(import_.c.id)).scalar_one()
    write_files(tx, import_id, new.files)
    name_successor(tx, superseded, import_id, now, joined=joined)
    return import_id


def hold_again(
    tx: Connection, import_id: int, comparison: Comparison, new: NewImport, currency: str, now: datetime
) -> None:
    """Let a held import wait on under its id with new figures, findings and report: the balances changed since.

    Of `new` only those count; where the import came from, and its files, stay as they are.

    Raises `NotHeld` if it was decided meanwhile, and `ImportMoved` if the comparison is out of date.
    """
    lock_compared(tx, comparison, currency)
    see_it_is_held(tx, import_id)
    values = figures(replace(new, state="held")) | _base(comparison)
    values |= {"currency": currency, "recorded_at": now, "report_message_id": new.report_message_id}
    tx.execute(update(import_).where(import_.c.id == import_id).values(values))


def reject(tx: Connection, import_id: int, now: datetime, by: str) -> HeldImport:
    """A person said no: the import never counts, its mails are refused. Returns it as it is now.

    `by` names the person: an address, or a user of the command line. Raises `ImportUnknown` or `NotHeld`.
    """
    held = find_by_id(tx, import_id)
    lock_known(tx, held.subledger.administration)
    see_it_is_held(tx, import_id)
    tx.execute(update(import_).where(import_.c.id == import_id).values(state="rejected", decided_at=now, decided_by=by))
    settle_mails(tx, list_mails(tx, [import_id]), now)
    return find_by_id(tx, import_id)


def wait_with(tx: Connection, import_id: int, message_id: int) -> None:
    """Let a further mail, with the very files of this held import, take the state that the import ends in.

    Raises `NotHeld` if the import was decided meanwhile: then the mail is to be dealt with on its own.
    """
    held = find_by_id(tx, import_id)
    lock_known(tx, held.subledger.administration)
    see_it_is_held(tx, import_id)
    _join_mails(tx, import_id, [message_id])


def supersede(tx: Connection, of: Subledger, now: datetime) -> int | None:
    """End the waiting of this subledger's held import; returns its id. Needs the lock.

    `name_successor` has to follow in the same transaction, once the id of the newer import is known.
    """
    given = {"of": of.administration, "on": of.side, "decided_at": now}
    superseded: int | None = tx.execute(_SUPERSEDE, given).scalar()
    return superseded


def name_successor(tx: Connection, superseded: int | None, by: int, now: datetime, *, joined: bool) -> None:
    """Note which import superseded that one (None: nothing waited), and settle the mails. See `hold` for `joined`."""
    if superseded is None:
        return
    tx.execute(update(import_).where(import_.c.id == superseded).values(superseded_by=by))
    mails = list_mails(tx, [superseded])
    if joined:
        _join_mails(tx, by, mails)
    settle_mails(tx, mails, now)
    for mail in mails:
        _cancel_held_back(tx, mail)


def end_waiting(tx: Connection, of: Subledger, by: int, now: datetime) -> None:
    """The pages that waited are part of the import `by`, which changes nothing and is recorded already.

    Their mails take its state. Needs the lock.
    """
    name_successor(tx, supersede(tx, of, now), by, now, joined=True)


def settle_mails(tx: Connection, message_ids: Iterable[int], now: datetime) -> None:
    """Give held mails the state of the worst that is in them, now that an import of theirs is decided.

    Those that change are due to be moved.
    """
    for message_id in message_ids:
        outcomes = _list_outcomes(tx, message_id)
        if other := tx.execute(select(message.c.other_state).where(message.c.id == message_id)).scalar():
            outcomes.append((other, "files-refused"))
        state, reason = min(outcomes, key=lambda outcome: _WORST_FIRST.index(outcome[0]))
        if state != "held":
            tx.execute(
                update(message)
                .where(message.c.id == message_id, message.c.state == "held")
                .values(state=state, reason=reason, finished_at=now, moved=False)
            )


def list_mails(tx: Connection, import_ids: Collection[int]) -> list[int]:
    """The ids of the messages that these imports came in, or that wait with them."""
    came_in = select(import_.c.message_id).where(import_.c.id.in_(import_ids), import_.c.message_id.is_not(None))
    wait_too = select(import_mail.c.message_id).where(import_mail.c.import_id.in_(import_ids))
    return sorted(tx.execute(union(came_in, wait_too)).scalars())


def see_what_waits(tx: Connection, of: Subledger, waiting: HeldImport | None) -> None:
    """Raise `NotHeld` unless just this import of the subledger waits for an answer, asked as it was. Needs the lock."""
    if find_held(tx, of) != waiting:
        raise NotHeld(f"of {of.administration} {of.side} something else waits for an answer than before")


def see_it_is_held(tx: Connection, import_id: int) -> None:
    """Raise `NotHeld` unless this import waits for an answer. Needs the lock."""
    state = tx.execute(select(import_.c.state).where(import_.c.id == import_id)).scalar()
    if state != "held":
        raise NotHeld(f"import {import_id} waits for no answer: it is {state or 'unknown'}")


def _base(comparison: Comparison) -> dict[str, int | None]:
    return {"base_import_id": comparison.last.id if comparison.last else None, "gross": comparison.gross_after}


def _list_outcomes(tx: Connection, message_id: int) -> list[tuple[MessageState, str]]:
    """What the imports of a mail make of it, each with the reason: what was decided, else what the rules said."""
    own = select(import_.c.id).where(import_.c.message_id == message_id)
    joined = select(import_mail.c.import_id).where(import_mail.c.message_id == message_id)
    imports = select(import_.c.state, import_.c.reason).where(import_.c.id.in_(own.union(joined)))
    return [
        (_STATE_OF_MAIL[state], state if state in ("superseded", "rejected") else reason)
        for state, reason in tx.execute(imports)
    ]


def _join_mails(tx: Connection, import_id: int, message_ids: Iterable[int]) -> None:
    rows = [{"import_id": import_id, "message_id": message_id} for message_id in message_ids]
    if rows:
        tx.execute(insert_into(tx, import_mail).on_conflict_do_nothing(), rows)


def _cancel_held_back(tx: Connection, message_id: int) -> None:
    """Nobody need read a question that is no longer asked; but a reply that tells of other imports is sent."""
    tells_more = exists().where(import_.c.message_id == message_id, import_.c.state != "superseded")
    if not tx.execute(select(tells_more)).scalar():
        outbox.cancel_held_back(tx, message_id)


def _read(tx: Connection, row: Row[tuple[object, ...]]) -> HeldImport:
    values = row._mapping
    plain = {field.name: values[field.name] for field in fields(HeldImport) if field.name not in ("subledger", "files")}
    of = Subledger(values["administration"], values["side"])
    return HeldImport(**plain, subledger=of, files=tuple(list_files(tx, values["id"])))
