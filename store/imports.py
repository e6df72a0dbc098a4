"""The imports: what became of each export, and which one stands."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

from sqlalchemy import Connection, Row, Select, bindparam, delete, false, func, insert, select

from store.records import (
    AccountChange,
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
from store.schema import account, balance_change, import_, import_file
from store.subledgers import find_position, lock

NEW = insert(import_).returning(import_.c.id)  # with the columns of `import_values`
_BY_ID = select(import_).where(import_.c.id == bindparam("which"))
_STANDS = select(import_.c.id, import_.c.ref, import_.c.planned_under).where(
    import_.c.administration == bindparam("of"),
    import_.c.side == bindparam("on"),
    import_.c.source_sha256 == bindparam("source"),
    import_.c.part == bindparam("its_part"),
    import_.c.state == "applied",
)
_ITS_FILES = import_file.c.import_id == bindparam("of")
_FILES = (
    select(*(import_file.c[field.name] for field in fields(ImportFile)))
    .where(_ITS_FILES)
    .order_by(import_file.c.position)
)
_NO_FILES = delete(import_file).where(_ITS_FILES)
_NEW_FILES = insert(import_file)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last import of a subledger that still stands says is open."""

    last: LastImport | None
    items: int = 0
    accounts: int = 0
    total: int = 0
    gross: int = 0
    account_version: int = 0
    ts_d: str | None = None  # the largest of its pages


def record(tx: Connection, new: NewImport, currency: str, now: datetime) -> int:
    """Write one import that changes nothing, and its files; returns its id. `currency`: ISO 4217, of its amounts.

    For one that is applied see `Staging.apply`, for one that waits for an answer `holding.hold`.
    """
    import_id: int = tx.execute(NEW, import_values(new, currency, now)).scalar_one()
    write_files(tx, import_id, new.files)
    return import_id


def record_compared(tx: Connection, comparison: Comparison, new: NewImport, currency: str, now: datetime) -> int:
    """`record`, if the comparison it was decided by still holds; else `ImportMoved`."""
    lock_compared(tx, comparison, currency)
    return record(tx, new, currency, now)


def lock_compared(tx: Connection, comparison: Comparison, currency: str) -> None:
    """`lock`, and see to it that the comparison still holds: raises `ImportMoved` if another import went through."""
    lock(tx, comparison.subledger.administration, currency)
    if find_position(tx, comparison.subledger) != (
        comparison.last.id if comparison.last else None,
        comparison.account_version,
    ):
        of = comparison.subledger
        raise ImportMoved(f"another import of {of.administration} {of.side} was applied or undone meanwhile")


def import_values(new: NewImport, currency: str, now: datetime) -> dict[str, object]:
    """The columns of `import` that a new import fills, or that an existing one is written anew with."""
    skipped = ("subledger", "files")
    values = {field.name: getattr(new, field.name) for field in fields(NewImport) if field.name not in skipped}
    of = {"administration": new.subledger.administration, "side": new.subledger.side, "currency": currency}
    return values | of | {"recorded_at": now, "applied_at": now if new.state == "applied" else None}


def figures(new: NewImport) -> dict[str, object]:
    """The columns of `import` in which a held one is written anew; where it came from does not change."""
    names = ("state", "reason", "planned_under", "items", "accounts", "total", "total_before", "approvable", "findings")
    return {name: getattr(new, name) for name in names}


def write_files(tx: Connection, import_id: int, files: Sequence[ImportFile]) -> None:
    """Make these the files of the import."""
    tx.execute(_NO_FILES, {"of": import_id})
    if files:
        tx.execute(
            _NEW_FILES,
            [{"import_id": import_id, "position": position, **asdict(file)} for position, file in enumerate(files)],
        )


def find_standing(tx: Connection, of: Subledger) -> Standing:
    """The import that stands, and its figures."""
    last_id, account_version = find_position(tx, of)
    row = tx.execute(_BY_ID, {"which": last_id}).first()
    if row is None:
        return Standing(None, account_version=account_version)
    files = list_files(tx, row.id)
    hashes = tuple(sorted(file.sha256 for file in files))
    last = LastImport(row.id, row.ordered_at, row.arrived_at, row.uid, hashes, row.planned_under, row.ref)
    largest = max((file.ts_d for file in files if file.ts_d), key=_row_version, default=None)
    return Standing(last, row.items, row.accounts, row.total, row.gross, account_version, largest)


def tell_apart(tx: Connection, new: NewImport, last: LastImport | None) -> NewImport:
    """`new`, as a part of its own if the same part of the same source was applied before `last` and still stands.

    Then others went between, or the settings changed, and somebody means it. Needs the lock. Raises `EffectStands` if
    that is `last` itself, under the same settings: this is then the same effect a second time.
    """
    of = {"of": new.subledger.administration, "on": new.subledger.side}
    standing = tx.execute(_STANDS, of | {"source": new.source_sha256, "its_part": new.part}).first()
    if standing is None:
        return new
    if last is None or (standing.id, standing.planned_under) == (last.id, new.planned_under):
        raise EffectStands(
            f"this source was applied before, as import {standing.id} ({standing.ref}), and still stands"
        )
    return replace(new, part=f"{new.part} after {last.id}")


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


def iterate_changes(tx: Connection, import_id: int) -> Iterator[AccountChange]:
    """What an import changed, by account code; of one that was undone, only accounts that are still there."""
    query = (
        select(
            account.c.code,
            account.c.name,
            account.c.exact_id,
            balance_change.c.before,
            balance_change.c.after,
            func.coalesce(account.c.created_by == import_id, false()).label("is_new"),
        )
        .join(account, account.c.id == balance_change.c.account_id)
        .where(balance_change.c.import_id == import_id)
        .order_by(account.c.code, account.c.id)
    )
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        yield AccountChange(row.code, row.name, row.exact_id, row.before, row.after, bool(row.is_new))


def list_files(tx: Connection, import_id: int) -> list[ImportFile]:
    """The files of an import, in the order in which they were given."""
    return [ImportFile(*row) for row in tx.execute(_FILES, {"of": import_id})]


def _row_version(ts_d: str) -> str:
    """Hexadecimal text of one length, which sorts by value."""
    return ts_d.strip().lower().removeprefix("0x").rjust(64, "0")


def _read(row: Row[tuple[object, ...]]) -> Import:
    return Import(**{field.name: row._mapping[field.name] for field in fields(Import)})
