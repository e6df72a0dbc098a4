"""The imports: what became of each export, which one stands, and the lock under which that is decided."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, Executable, Row, Select, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.records import (
    Comparison,
    EffectStands,
    Import,
    ImportFile,
    ImportMoved,
    ImportState,
    LastImport,
    NewImport,
    Side,
    Subledger,
)
from store.schema import import_, import_file, subledger

SIDES: tuple[Side, Side] = ("payable", "receivable")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last import of a subledger that still stands says is open."""

    last: LastImport | None
    items: int = 0
    accounts: int = 0
    total: int = 0
    gross: int = 0


def lock(tx: Connection, administration: str, currency: str) -> None:
    """Let nobody else decide about this administration until the transaction ends.

    Both sides are locked, in one order: they share their accounts. `currency` is kept at first sight.
    """
    for side in SIDES:
        tx.execute(_insert_subledger(tx, administration, side, currency))
    tx.execute(
        select(subledger.c.side)
        .where(subledger.c.administration == administration)
        .order_by(subledger.c.side)
        .with_for_update()
    ).all()


def record(tx: Connection, new: NewImport, currency: str, now: datetime, *, gross: int | None = None) -> int:
    """Write one import and its files; returns its id. `currency`: ISO 4217, of its amounts.

    Nothing else changes: for an applied one see `Staging.apply`, which calls this under the lock.
    """
    import_id: int = tx.execute(
        insert(import_)
        .values(
            ref=new.ref,
            administration=new.subledger.administration,
            side=new.subledger.side,
            currency=currency,
            state=new.state,
            reason=new.reason,
            source_sha256=new.source_sha256,
            part=new.part,
            ordered_at=new.ordered_at,
            arrived_at=new.arrived_at,
            uid=new.uid,
            planned_under=new.planned_under,
            items=new.items,
            accounts=new.accounts,
            total=new.total,
            total_before=new.total_before,
            gross=gross,
            recorded_at=now,
            applied_at=now if new.state == "applied" else None,
        )
        .returning(import_.c.id)
    ).scalar_one()
    if new.files:
        tx.execute(
            insert(import_file),
            [{"import_id": import_id, "position": position, **asdict(file)} for position, file in enumerate(new.files)],
        )
    return import_id


def lock_compared(tx: Connection, comparison: Comparison, currency: str) -> None:
    """`lock`, and see to it that the comparison still holds: raises `ImportMoved` if another import went through."""
    lock(tx, comparison.subledger.administration, currency)
    if find_last_id(tx, comparison.subledger) != (comparison.last.id if comparison.last else None):
        of = comparison.subledger
        raise ImportMoved(f"another import of {of.administration} {of.side} was applied meanwhile")


def record_compared(tx: Connection, comparison: Comparison, new: NewImport, currency: str, now: datetime) -> int:
    """`record` an import that changes nothing, if the comparison it was decided by still holds; else `ImportMoved`."""
    lock_compared(tx, comparison, currency)
    return record(tx, new, currency, now)


def make_last(tx: Connection, of: Subledger, import_id: int, currency: str) -> None:
    """Note that this import is the one that stands. Needs the lock."""
    tx.execute(
        update(subledger)
        .where(subledger.c.administration == of.administration, subledger.c.side == of.side)
        .values(last_import_id=import_id, currency=currency)
    )


def find_last_id(tx: Connection, of: Subledger) -> int | None:
    """The id of the import that stands, None before the first."""
    last_id: int | None = tx.execute(
        select(subledger.c.last_import_id).where(
            subledger.c.administration == of.administration, subledger.c.side == of.side
        )
    ).scalar()
    return last_id


def find_standing(tx: Connection, of: Subledger) -> Standing:
    """The import that stands, and its figures."""
    row = tx.execute(select(import_).where(import_.c.id == find_last_id(tx, of))).first()
    if row is None:
        return Standing(None)
    files = tuple(sorted(file.sha256 for file in list_files(tx, row.id)))
    last = LastImport(row.id, row.ordered_at, row.arrived_at, row.uid, files, row.planned_under, row.ref)
    return Standing(last, row.items, row.accounts, row.total, row.gross)


def refuse_repeated_effect(tx: Connection, new: NewImport) -> None:
    """Raise `EffectStands` if the same part of the same source is applied and not undone. Needs the lock."""
    standing = tx.execute(
        select(import_.c.id, import_.c.ref).where(
            import_.c.administration == new.subledger.administration,
            import_.c.side == new.subledger.side,
            import_.c.source_sha256 == new.source_sha256,
            import_.c.part == new.part,
            import_.c.state == "applied",
        )
    ).first()
    if standing is not None:
        raise EffectStands(
            f"this source was applied before, as import {standing.id} ({standing.ref}), and still stands"
        )


def list_imports(
    tx: Connection,
    *,
    administration: str | None = None,
    side: Side | None = None,
    state: ImportState | None = None,
    limit: int | None = None,
) -> list[Import]:
    """The imports, newest first."""
    query = select(import_).order_by(import_.c.id.desc()).limit(limit)
    for column, wanted in (("administration", administration), ("side", side), ("state", state)):
        if wanted is not None:
            query = query.where(import_.c[column] == wanted)
    return [_read(row) for row in tx.execute(query)]


def find_imports(tx: Connection, id_or_ref: str) -> list[Import]:
    """The import of this id, or those of this reference (a mail may hold several); oldest first."""
    wanted = id_or_ref.strip().upper()
    query: Select[tuple[object, ...]] = select(import_).order_by(import_.c.id)
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        return [_read(row) for row in tx.execute(query.where(import_.c.id == int(wanted)))]
    return [_read(row) for row in tx.execute(query.where(import_.c.ref == wanted))]


def list_files(tx: Connection, import_id: int) -> list[ImportFile]:
    """The files of an import, in the order in which they were given."""
    columns = (import_file.c[field.name] for field in fields(ImportFile))
    rows = tx.execute(select(*columns).where(import_file.c.import_id == import_id).order_by(import_file.c.position))
    return [ImportFile(*row) for row in rows]


def _insert_subledger(tx: Connection, administration: str, side: Side, currency: str) -> Executable:
    values = {"administration": administration, "side": side, "currency": currency}
    if tx.dialect.name == "postgresql":
        return postgresql.insert(subledger).values(values).on_conflict_do_nothing()
    return sqlite.insert(subledger).values(values).on_conflict_do_nothing()


def _read(row: Row[tuple[object, ...]]) -> Import:
    return Import(**{field.name: row._mapping[field.name] for field in fields(Import)})
