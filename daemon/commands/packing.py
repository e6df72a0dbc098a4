"""Files compressed for the store while they are being read: keeping them then takes its lock only for writing."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Self

from store.keeping import CHUNK, Chunk, compress


class Packed:
    """A file as the store keeps it, in a nameless file."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._hash = sha256()
        self._file = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._sizes: list[tuple[int, int]] = []  # of each chunk, before and after
        try:
            self._pack(path)
        except BaseException:
            self.close()
            raise

    @property
    def sha256(self) -> str:
        """Of the file before, in hexadecimal."""
        return self._hash.hexdigest()

    def chunks(self) -> Iterator[Chunk]:
        """All of them, each time from the start."""
        self._file.seek(0)
        for size, stored in self._sizes:
            yield Chunk(size, self._file.read(stored))

    def close(self) -> None:
        self._file.close()

    def _pack(self, path: Path) -> None:
        with path.open("rb") as file:
            for chunk in compress(self._read(file)):
                self._sizes.append((chunk.size, len(chunk.data)))
                self._file.write(chunk.data)

    def _read(self, file: BinaryIO) -> Iterator[bytes]:
        while data := file.read(CHUNK):
            self._hash.update(data)
            yield data


class Packing:
    """Packs files in a thread of its own, and gives them in their order as they are done. A context manager."""

    def __init__(self, named: Iterable[tuple[str, Path]]) -> None:
        self._thread = ThreadPoolExecutor(1, "packing")
        self._packed = [self._thread.submit(Packed, name, path) for name, path in named]

    def __iter__(self) -> Iterator[Packed]:
        """Waits for each, and raises OSError if it cannot be read or laid aside."""
        return (packed.result() for packed in self._packed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
        for packed in self._packed:
            if not packed.cancelled() and not packed.exception():
                packed.result().close()
