"""The cards of files of accounts, laid aside until they are applied: beyond a few megabytes in a nameless file."""

from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Self

import msgspec

from parsers.records import Card
from store.records import AccountCard

IN_MEMORY = 4 * 1024 * 1024  # bytes
_LENGTH = 4  # bytes that say how long the next chunk is

_decoder: msgspec.msgpack.Decoder[list[Card]] = msgspec.msgpack.Decoder(list[Card])


class CardSpool:
    """Holds cards in the order in which they came, and gives them as often as they are asked for. A context manager."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed at the end of our own block
        self._begins: dict[int, int] = {}  # where the cards of a file of accounts begin, by `Card.page`

    def add(self, rows: Sequence[Card]) -> None:
        """Take cards of one file; all cards of a file come before those of the next."""
        if rows:
            self._begins.setdefault(rows[0].page, self._file.tell())
            data = msgspec.msgpack.encode(rows)
            self._file.write(len(data).to_bytes(_LENGTH, "big"))
            self._file.write(data)

    def drop(self, page: int) -> None:
        """Take back the cards of the file that came last, if it gave any."""
        begin = self._begins.pop(page, None)
        if begin is not None:
            self._file.seek(begin)
            self._file.truncate()

    def __iter__(self) -> Iterator[AccountCard]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH):
            for card in _decoder.decode(self._file.read(int.from_bytes(length, "big"))):
                yield AccountCard(
                    exact_id=card.exact_id,
                    code=card.code,
                    name=card.name,
                    credit_limit=card.credit_limit,
                    unlimited=card.unlimited,
                    may_create=card.is_customer is not False or card.is_supplier is True,
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Forget them all."""
        self._file.close()
