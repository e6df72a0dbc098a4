"""How it goes, as `status` and the alarms see it. Cheap, however long the history is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Row, and_, exists, func, select, text

from store.inserting import insert_into
from store.records import Side
from store.schema import PARKED, import_, mailbox_state, message, outbox, subledger

Trouble = Literal["login", "server", "store", "bug"]

USUALLY = 3  # exports after which an administration is one that usually sends
_HELD = import_.c.state == text("'held'")  # as the partial index says it
_QUEUED = outbox.c.state == text("'queued'")
_GIVEN_UP = outbox.c.state == text("'failed'")


@dataclass(frozen=True, slots=True)
class Look:
    """How the last looks into a mailbox went."""

    mailbox: str
    polled_at: datetime | None  # the last that went through; None: none did so far
    backlog: int  # mails it left in the folder
    trouble: Trouble | None = None  # of a look since
    error: str = ""  # the last, and when; over unless there is trouble
    watched_since: datetime | None = None  # given by the store


@dataclass(frozen=True, slots=True)
class HeldExport:
    """An import that waits for a yes or no."""

    id: int
    ref: str
    administration: str
    side: Side
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """What there is to know at one moment."""

    looks: tuple[Look, ...]
    parked: dict[str, int]  # mails by state: waiting, held, quarantined, failed
    failed: tuple[str, ...]  # refs, the newest first, at most `FAILED_SHOWN`
    queued: int  # mails to be sent
    oldest_due: datetime | None  # since when the one that is due longest should be gone
    given_up: int  # replies that could not be delivered, lately
    held: tuple[HeldExport, ...]  # the oldest first
    last_exports: dict[str, datetime]  # of administrations that usually send


FAILED_SHOWN = 50


def note_looks(tx: Connection, looks: Iterable[Look], now: datetime) -> None:
    """Write down how it went; the moment of the last look that did not fail stays, and so does the last error."""
    for look in looks:
        new = insert_into(tx, mailbox_state).values(
            mailbox=look.mailbox,
            watched_since=now,
            polled_at=look.polled_at,
            backlog=look.backlog,
            trouble=look.trouble,
            error=look.error,
        )
        kept = {
            "polled_at": func.coalesce(new.excluded.polled_at, mailbox_state.c.polled_at),
            "error": func.coalesce(func.nullif(new.excluded.error, ""), mailbox_state.c.error),
        }
        given = {name: new.excluded[name] for name in ("backlog", "trouble")}
        tx.execute(new.on_conflict_do_update(index_elements=[mailbox_state.c.mailbox], set_=given | kept))


def read_health(tx: Connection, now: datetime, given_up_since: timedelta) -> Health:
    looks = tx.execute(select(mailbox_state).order_by(mailbox_state.c.mailbox))
    parked = tx.execute(select(message.c.state, func.count()).where(PARKED).group_by(message.c.state))
    failed = select(message.c.ref).where(PARKED, message.c.state == "failed").order_by(message.c.id.desc())
    held = select(import_).where(_HELD).order_by(import_.c.id)
    # Until a mail is tried for the first time, `next_try_at` may lie ahead because it is meant to wait.
    is_due = and_(_QUEUED, (outbox.c.tries > 0) | (outbox.c.next_try_at <= now))
    due_since = func.min(outbox.c.created_at, type_=outbox.c.created_at.type)
    given_up = and_(_GIVEN_UP, outbox.c.kind == "reply", outbox.c.created_at > now - given_up_since)
    return Health(
        looks=tuple(_look(row) for row in looks),
        parked={row[0]: row[1] for row in parked},
        failed=tuple(tx.execute(failed.limit(FAILED_SHOWN)).scalars()),
        queued=tx.execute(select(func.count()).select_from(outbox).where(_QUEUED)).scalar_one(),
        oldest_due=tx.execute(select(due_since).where(is_due)).scalar(),
        given_up=tx.execute(select(func.count()).select_from(outbox).where(given_up)).scalar_one(),
        held=tuple(
            HeldExport(row.id, row.ref, row.administration, row.side, row.recorded_at) for row in tx.execute(held)
        ),
        last_exports=_last_exports(tx),
    )


def measure(tx: Connection) -> int:
    """Bytes that the store takes."""
    if tx.dialect.name == "postgresql":
        return int(tx.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    pages, size = (tx.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size"))
    return int(pages) * int(size)


def _last_exports(tx: Connection) -> dict[str, datetime]:
    """When the administrations that usually send sent last: one step in an index each, whatever the history."""
    of_subledger = and_(import_.c.administration == subledger.c.administration, import_.c.side == subledger.c.side)
    newest = select(import_.c.id).where(of_subledger).order_by(import_.c.id.desc()).correlate(subledger)
    last = newest.limit(1).scalar_subquery()
    usual = exists(newest.limit(1).offset(USUALLY - 1))
    rows = tx.execute(
        select(import_.c.administration, func.max(import_.c.recorded_at, type_=import_.c.recorded_at.type))
        .join_from(subledger, import_, import_.c.id == last)
        .where(usual)
        .group_by(import_.c.administration)
    )
    return {row[0]: row[1] for row in rows}


def _look(row: Row[tuple[object, ...]]) -> Look:
    values = row._mapping
    return Look(
        mailbox=values["mailbox"],
        polled_at=values["polled_at"],
        backlog=values["backlog"],
        trouble=values["trouble"],
        error=values["error"],
        watched_since=values["watched_since"],
    )
