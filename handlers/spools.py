"""Rows of files that are no exports, laid aside until they are applied: beyond a few megabytes in a nameless file."""

from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Generic, Protocol, Self, TypeVar

import msgspec

from parsers.records import Card, Invoice, Transaction

IN_MEMORY = 4 * 1024 * 1024  # bytes
_LENGTH = 4  # bytes that say how long the next chunk is


class Paged(Protocol):
    """A record of a file."""

    @property
    def page(self) -> int:
        """`File.index` of the file it stands in."""


Row = TypeVar("Row", bound=Paged)


class Spool(Generic[Row]):
    """Holds rows of one kind in the order in which they came, and gives them as often as they are asked for."""

    def __init__(self, kind: type[Row]) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._decoder: msgspec.msgpack.Decoder[list[Row]] = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._begins: dict[int, int] = {}  # where the rows of a file begin, by their page

    def add(self, rows: Sequence[Row]) -> None:
        """Take rows of one file; all rows of a file come before those of the next."""
        if rows:
            self._begins.setdefault(rows[0].page, self._file.tell())
            data = msgspec.msgpack.encode(rows)
            self._file.write(len(data).to_bytes(_LENGTH, "big"))
            self._file.write(data)

    def drop(self, page: int) -> None:
        """Take back the rows of the file that came last, if it gave any."""
        begin = self._begins.pop(page, None)
        if begin is not None:
            self._file.seek(begin)
            self._file.truncate()

    def close(self) -> None:
        """Forget them all."""
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH):
            yield from self._decoder.decode(self._file.read(int.from_bytes(length, "big")))


class Spools:
    """A spool for each kind of row. A context manager."""

    def __init__(self) -> None:
        self.cards = Spool(Card)
        self.invoices = Spool(Invoice)
        self.transactions = Spool(Transaction)

    def drop(self, page: int) -> None:
        """Take back what the file that came last gave."""
        for spool in (self.cards, self.invoices, self.transactions):
            spool.drop(page)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for spool in (self.cards, self.invoices, self.transactions):
            spool.close()
