"""Received bytes, kept compressed for a time: what approving, undoing a mode, retrying and audits need.

The same bytes of one administration are kept once. A mail is kept in the transaction that writes what became of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import zstandard
from sqlalchemy import Connection, delete, func, select, text, update

from store.inserting import insert_into
from store.schema import import_, import_file, kept, kept_chunk
from store.statements import Statement

CHUNK = 1024 * 1024  # bytes before compression
LEVEL = 3

Kind = Literal["mail", "file"]

# What an import that waits for an answer has to be read from again.
_NEEDED = kept.c.id.in_(
    select(import_file.c.kept_id)
    .join(import_, import_.c.id == import_file.c.import_id)
    .where(import_.c.state == text("'held'"), import_file.c.kept_id.is_not(None))
)

_KEEP_CHUNK = Statement("INSERT INTO kept_chunk (kept_id, position, data) VALUES (:kept_id, :position, :data)")
_KEEP_SIZE = Statement("UPDATE kept SET size = :size, stored = :stored WHERE id = :kept_id")
_KEEP_WITH = Statement("UPDATE message SET kept_id = :kept_id WHERE id = :message_id")


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail or a file that is kept."""

    id: int
    administration: str
    sha256: str
    kind: Kind
    name: str  # of a file, as it was given; "" for a mail
    size: int  # bytes as received
    kept_at: datetime


class Chunk(NamedTuple):
    """A piece of what is kept, compressed."""

    size: int  # bytes before
    data: bytes


def compress(blocks: Iterable[bytes]) -> Iterator[Chunk]:
    """The bytes that `blocks` are together, as they are kept."""
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    for piece in _in_pieces(blocks):
        yield Chunk(len(piece), compressor.compress(piece))


def keep(
    tx: Connection,
    administration: str,
    kind: Kind,
    name: str,
    chunks: Iterable[Chunk],
    sha256: str,
    now: datetime,
) -> int:
    """Keep what was compressed; `sha256` is that of the bytes before. Returns the id they are kept under.

    What is kept already is kept longer. `chunks` is not read then.
    """
    values = {"administration": administration, "sha256": sha256, "kind": kind, "name": name, "kept_at": now}
    # It gives way to a row with the same content, also one that another program is just writing.
    new = insert_into(tx, kept).on_conflict_do_nothing().returning(kept.c.id)
    kept_id: int | None = tx.execute(new, values | {"size": 0, "stored": 0}).scalar()
    if kept_id is None:
        same = (kept.c.administration == administration, kept.c.sha256 == sha256)
        known: int = tx.execute(update(kept).where(*same).values(kept_at=now).returning(kept.c.id)).scalar_one()
        return known
    size = stored = 0
    for position, chunk in enumerate(chunks):
        _KEEP_CHUNK.run(tx, {"kept_id": kept_id, "position": position, "data": chunk.data})
        size, stored = size + chunk.size, stored + len(chunk.data)
    _KEEP_SIZE.run(tx, {"kept_id": kept_id, "size": size, "stored": stored})
    return kept_id


def keep_with_message(tx: Connection, message_id: int, kept_id: int) -> None:
    """Note that these are the raw bytes of a mail."""
    _KEEP_WITH.run(tx, {"message_id": message_id, "kept_id": kept_id})


def find(tx: Connection, kept_id: int) -> Kept | None:
    """What is kept under this id; None if it is purged by now."""
    row = tx.execute(select(kept).where(kept.c.id == kept_id)).first()
    if row is None:
        return None
    return Kept(row.id, row.administration, row.sha256, row.kind, row.name, row.size, row.kept_at)


def read(tx: Connection, kept_id: int) -> Iterator[bytes]:
    """The kept bytes, a chunk at a time."""
    position = 0
    decompressor = zstandard.ZstdDecompressor()
    chunk = select(kept_chunk.c.data).where(kept_chunk.c.kept_id == kept_id)
    while (data := tx.execute(chunk.where(kept_chunk.c.position == position)).scalar()) is not None:
        yield decompressor.decompress(data)
        position += 1


def purge(tx: Connection, older_than: datetime) -> int:
    """Forget what was kept before that, unless an import that waits for an answer needs it; returns how many."""
    return tx.execute(delete(kept).where(kept.c.kept_at < older_than, ~_NEEDED)).rowcount


def purge_largest(tx: Connection, administration: str, most: int) -> int:
    """Forget the oldest that is kept until at most `most` bytes are stored; what is needed stays. Returns how many."""
    newer = func.sum(kept.c.stored).over(order_by=(kept.c.kept_at.desc(), kept.c.id.desc()))
    ranked = select(kept.c.id, newer.label("newer")).where(kept.c.administration == administration).subquery()
    over = select(ranked.c.id).where(ranked.c.newer > most)
    return tx.execute(delete(kept).where(kept.c.id.in_(over), ~_NEEDED)).rowcount


def _in_pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `CHUNK`."""
    waiting = bytearray()
    for block in blocks:
        waiting += block
        while len(waiting) >= CHUNK:
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    if waiting:
        yield bytes(waiting)
