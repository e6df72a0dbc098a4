"""Archives (zip and gzip) as sources of the files inside, never unpacked to memory or disk."""

import gzip
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO, cast

from parsers.display import file_name
from parsers.source import Readable, Source

MOST_FILES = 20
_LOCAL_HEADER = 30  # bytes before the name (APPNOTE 4.3.7)
_ENCRYPTED = 0x1 | 0x40  # general purpose bits 0 and 6 (APPNOTE 4.4.4)
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError, IndexError)
_UNREADABLE = (*_DAMAGED, NotImplementedError, RuntimeError)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b\x08"


def is_archive(head: bytes) -> bool:
    """Whether the first bytes are of an archive that is opened."""
    return head.startswith((*_ZIP, _GZIP))


def open_archive(source: Source, head: bytes, largest: int) -> list[Source]:
    """The files inside, together at most `largest` bytes; it counts what is read of them.

    Raises `Refused` for an archive that no export comes in: too many files, names that stand twice, files that
    overlap, a method other than stored and deflated, a password. Damage inside a file shows while it is read.
    """
    return [_gunzip(source, largest)] if head.startswith(_GZIP) else _unzip(source, largest)


def _gunzip(source: Source, largest: int) -> Source:
    packed = cast(BinaryIO, source.open())
    name = source.name[:-3] if source.name.lower().endswith(".gz") else source.name

    def opened() -> Readable:
        return _Unpacked(source, gzip.GzipFile(fileobj=cast(BinaryIO, source.open())))

    return Source(name, f"{source.part}/{name}", opened, largest, packed=packed.seek(0, io.SEEK_END))


def _unzip(source: Source, largest: int) -> list[Source]:
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, source.open()))
        _check(source, archive)
    except _UNREADABLE as error:
        raise source.refuse("archive-damaged") from error
    sources = []
    unpacked: dict[str, int] = {}
    for entry in archive.infolist():
        name = file_name(entry.filename)
        # What macOS adds to an archive is no file of the sender's.
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/") and name != ".DS_Store":
            opened = _Entry(source, archive, entry, largest, unpacked)
            sources.append(Source(name or "?", f"{source.part}/{name}", opened, largest, entry.compress_size))
    if not sources:
        raise source.refuse("archive-empty")
    return sources


def _check(source: Source, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if not entries:
        raise source.refuse("archive-empty")
    if len(entries) > MOST_FILES:
        raise source.refuse("archive-too-many-files", limit=MOST_FILES)
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise source.refuse("not-encrypted-zip")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise source.refuse("archive-method")
    if len({entry.filename.casefold() for entry in entries}) < len(entries):
        raise source.refuse("archive-repeated-name")
    # Each file lies before the next one and the last before the directory; else one is packed inside another.
    in_order = sorted(entries, key=lambda entry: entry.header_offset)
    limits = [*(entry.header_offset for entry in in_order[1:]), archive.start_dir]
    for entry, limit in zip(in_order, limits, strict=True):
        if entry.header_offset + _LOCAL_HEADER + len(entry.orig_filename) + entry.compress_size > limit:
            raise source.refuse("archive-overlap")


@dataclass(frozen=True, slots=True)
class _Entry:
    """Opens a file inside a zip."""

    source: Source
    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo
    largest: int
    unpacked: dict[str, int]  # bytes read so far, by the names of all files in the archive

    def __call__(self) -> Readable:
        try:
            file = _Unpacked(self.source, cast(BinaryIO, self.archive.open(self.entry)))
        except _UNREADABLE as error:
            raise self.source.refuse("archive-damaged") from error
        return _Counted(self, file)


@dataclass(slots=True)
class _Counted:
    """Refuses to read on when the files of an archive are too large together. Each counts once, however often read."""

    opened: _Entry
    file: Readable
    size: int = 0

    def read(self, size: int, /) -> bytes:
        data = self.file.read(size)
        self.size += len(data)
        name, unpacked, largest = self.opened.entry.filename, self.opened.unpacked, self.opened.largest
        unpacked[name] = max(unpacked.get(name, 0), self.size)
        if sum(unpacked.values()) > largest:
            raise self.opened.source.refuse("file-too-large", limit=largest)
        return data


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """Says in our words what is wrong with a file inside; its checksum is checked at its end."""

    source: Source
    file: BinaryIO | gzip.GzipFile

    def read(self, size: int, /) -> bytes:
        try:
            return self.file.read(size)
        except _DAMAGED as error:
            raise self.source.refuse("archive-damaged") from error
