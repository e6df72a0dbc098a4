"""Rows of a list, laid aside while the store is read: who reads them slowly must not hold off those who write."""

from collections.abc import Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any, Self

import msgspec

IN_MEMORY = 4 * 1024 * 1024  # bytes


class Aside:
    """Holds rows, beyond a few megabytes in a nameless file, and gives them in their order. A context manager."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by `__exit__`
        self._encoder = msgspec.json.Encoder()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows of what JSON has; each is written before the next is asked for."""
        for row in rows:  # `writelines` would hold them all in memory
            self._file.write(self._encoder.encode(row) + b"\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        yield from map(msgspec.json.Decoder(dict[str, Any]).decode, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
