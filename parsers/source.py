"""A file to be read, wherever it lies: in a part, in an archive, on disk. It can be opened again and again."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from parsers.records import File, Finding, Refused

LARGEST_RATIO = 200  # of unpacked to packed bytes
_RATIO_COUNTS_FROM = 1024 * 1024  # unpacked bytes; a small file of repeated text hurts nobody


class Head(NamedTuple):
    """What the first bytes of a file say."""

    data: bytes
    text: str
    root: str  # its first XML element, with its namespace as {uri}name; "" if it does not begin like XML
    children: tuple[str, ...]  # the elements below the root, as far as the head goes


class Readable(Protocol):
    """The half of a binary file that reading needs."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file with its name and place."""

    name: str  # for display
    part: str  # where it was found, for `File.part`
    open: Callable[[], Readable]  # raises `Refused`, as reading does
    largest: int  # bytes it may have
    packed: int | None = None  # its size inside an archive
    content_type: str = ""  # as the mail says
    is_body: bool = False  # text for people to read: never a look-alike
    is_damaged: bool = False  # its transfer encoding is broken: fit for telling what it was, no more

    def stream(self) -> "Stream":
        """Open it from the start, counted and limited. Streams opened before may be of no use any more."""
        return Stream(self, self.open())

    def refuse(self, code: str, **values: str | int) -> Refused:
        """The error that names this file."""
        return Refused(Finding(code, self.name, values=values))


@dataclass(slots=True)
class Stream:
    """Counts and hashes what is read, and refuses what is too large (`file-too-large`, `archive-ratio`)."""

    source: Source
    file: Readable
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def read(self, size: int, /) -> bytes:
        data = self.file.read(size)
        self.size += len(data)
        self._hash.update(data)
        source = self.source
        if self.size > source.largest:
            raise source.refuse("file-too-large", limit=source.largest)
        if source.packed is not None and self.size > max(_RATIO_COUNTS_FROM, source.packed * LARGEST_RATIO):
            raise source.refuse("archive-ratio", limit=LARGEST_RATIO)
        return data

    def drain(self) -> None:
        """Read what is left, so that size and hash are the file's and an archive checks its checksum."""
        while self.read(64 * 1024):
            pass

    @property
    def sha256(self) -> str:
        """Of what was read, in hexadecimal."""
        return self._hash.hexdigest()

    def as_file(self, index: int, kind: str, warnings: Iterable[Finding] = ()) -> File:
        """What was read, as a file of this kind, once it came to its end."""
        source = self.source
        return File(index, source.name, source.part, self.sha256, self.size, kind, None, (), tuple(warnings))


def read_head(source: Source, size: int) -> bytes:
    """The first bytes of it; fewer only if it has no more."""
    stream = source.stream()
    head = b""
    while len(head) < size and (data := stream.read(size - len(head))):
        head += data
    return head
