import gzip
import io
import struct
import time
import warnings
import zipfile
import zlib

import pytest
from exports import Account, export
from hypothesis import given
from hypothesis import strategies as st
from readings import EUR, Reading, read_xml

from parsers.archive import MOST_FILES
from parsers.protocol import Options

XML = export([Account("1")])


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, content in files:
                archive.writestr(name, content)
    return out.getvalue()


def read(content: bytes, name: str = "export.zip", options: Options = EUR) -> Reading:
    return read_xml(content, name, options)


def patched(content: bytes, local: int, central: int, value: int) -> bytes:
    """A zip of one file with a 16-bit field changed in both of its headers (APPNOTE 4.3.7 and 4.3.12)."""
    data = bytearray(content)
    directory = content.index(b"PK\x01\x02")
    struct.pack_into("<H", data, local, value)
    struct.pack_into("<H", data, directory + central, value)
    return bytes(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_in_a_zip_are_read_with_their_place(method: int) -> None:
    reading = read(zipped(("ARs_1.xml", XML), ("map/ARs_2.xml", XML), method=method))
    assert [(file.name, file.part, file.number) for file in reading.files] == [
        ("ARs_1.xml", "export.zip/ARs_1.xml", 1),
        ("ARs_2.xml", "export.zip/ARs_2.xml", 2),
    ]
    assert [block.block for block in reading.blocks] == [0, 1]
    assert reading.files[0].sha256 == reading.files[1].sha256


def test_gzip_of_one_file_is_read() -> None:
    file = read(gzip.compress(XML), "ARs_1.xml.gz").file
    assert (file.name, file.part, file.size) == ("ARs_1.xml", "ARs_1.xml.gz/ARs_1.xml", len(XML))


def test_what_a_mac_adds_is_passed_over() -> None:
    reading = read(zipped(("__MACOSX/._ARs_1.xml", b"\x00\x05\x16\x07"), (".DS_Store", b"\x00"), ("ARs_1.xml", XML)))
    assert (len(reading.files), reading.refused) == (1, [])


def test_names_inside_are_made_safe() -> None:
    reading = read(zipped(("../../etc/ARs_1.xml", XML), ("C:\\x\\..\\ARs_2.xml", XML)))
    assert [file.name for file in reading.files] == ["ARs_1.xml", "ARs_2.xml"]


BZIP2 = zipped(("ar.xml", b"\x00" * 10_000_000), method=zipfile.ZIP_BZIP2)
LZMA = zipped(("ar.xml", XML), method=zipfile.ZIP_LZMA)
PLAIN = zipped(("ar.xml", XML))
DIRECTORY = PLAIN.index(b"PK\x01\x02")


def overlapping() -> bytes:
    """Two directory entries for one and the same file."""
    directory = PLAIN[DIRECTORY : PLAIN.index(b"PK\x05\x06")]
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, 2 * len(directory), DIRECTORY, 0)
    return PLAIN[:DIRECTORY] + directory + directory.replace(b"ar.xml", b"ap.xml") + end


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BZIP2, "archive-method"),
        (LZMA, "archive-method"),
        (patched(PLAIN, 8, 10, 99), "archive-method"),
        (patched(PLAIN, 6, 8, 0x1), "not-encrypted-zip"),
        (patched(PLAIN, 6, 8, 0x41), "not-encrypted-zip"),
        (zipped(*((f"{n}.xml", XML) for n in range(MOST_FILES + 1))), "archive-too-many-files"),
        (zipped(("ar.xml", XML), ("ar.xml", XML)), "archive-repeated-name"),
        (zipped(("ar.xml", XML), ("AR.XML", XML)), "archive-repeated-name"),
        (overlapping(), "archive-overlap"),
        (zipped(("inner.zip", PLAIN)), "archive-nested"),
        (zipped(("inner.xml", gzip.compress(XML))), "archive-nested"),
        (gzip.compress(PLAIN), "archive-nested"),
        (gzip.compress(gzip.compress(XML)), "archive-nested"),
        (zipped(), "archive-empty"),
        (zipped(("map/", b"")), "archive-empty"),
        (zipped(("ar.xml", b"<eExact>" + b" " * 3_000_000)), "archive-ratio"),
        (gzip.compress(b"<eExact>" + b" " * 3_000_000), "archive-ratio"),
        (PLAIN[:-30], "archive-damaged"),
        (PLAIN[: DIRECTORY - 40] + b"\x55" * 20 + PLAIN[DIRECTORY - 20 :], "archive-damaged"),
        (PLAIN.replace(struct.pack("<I", zlib.crc32(XML)), b"\x01\x02\x03\x04"), "archive-damaged"),
        (gzip.compress(XML)[:-4], "archive-damaged"),
        (gzip.compress(XML)[:-8] + b"\x00" * 8, "archive-damaged"),
        (gzip.compress(XML) + b"junk", "archive-damaged"),
        (b"PK\x03\x04", "archive-damaged"),
        (b"PK\x05\x06", "archive-damaged"),
        (b"\x1f\x8b\x08", "archive-damaged"),
    ],
    ids=[
        *("bzip2", "lzma", "aes", "encrypted", "strongly encrypted", "21 files", "name twice", "name in capitals"),
        *("overlap", "zip in zip", "gzip in zip", "zip in gzip", "gzip in gzip", "no file", "only a folder"),
        *(
            "zip bomb",
            "gzip bomb",
            "cut off",
            "garbled",
            "wrong CRC",
            "gzip cut off",
            "gzip wrong CRC",
            "gzip and junk",
        ),
        *("bare zip", "bare end", "bare gzip"),
    ],
)
def test_an_archive_that_no_export_comes_in_is_refused(content: bytes, code: str) -> None:
    started = time.monotonic()
    assert read(content).refusal.code == code
    assert time.monotonic() - started < 2


def test_a_file_that_is_too_large_unpacked_is_refused_by_count() -> None:
    assert read(PLAIN, options=Options("EUR", largest_file=len(XML) - 1)).refusal.code == "file-too-large"
    assert read(PLAIN, options=Options("EUR", largest_file=len(XML))).files
    assert read(gzip.compress(XML), options=Options("EUR", largest_file=10)).refusal.code == "file-too-large"


def test_the_files_of_an_archive_count_together() -> None:
    pages = zipped(*((f"ARs_{number}.xml", XML) for number in (1, 2, 3)))
    assert len(read(pages, options=Options("EUR", largest_file=3 * len(XML))).files) == 3
    reading = read(pages, options=Options("EUR", largest_file=3 * len(XML) - 1))
    assert [file.name for file in reading.files] == ["ARs_1.xml", "ARs_2.xml"]
    assert [(finding.code, finding.file) for finding in reading.refused] == [("file-too-large", "export.zip")]


def test_one_bad_file_in_an_archive_does_not_spoil_the_others() -> None:
    reading = read(zipped(("ARs_1.xml", XML[:-20]), ("ARs_2.xml", XML)))
    assert [(finding.code, finding.file) for finding in reading.refused] == [("xml-truncated", "ARs_1.xml")]
    assert ([file.index for file in reading.files], [block.page for block in reading.blocks]) == ([1], [1])


@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
def test_no_changed_byte_makes_a_zip_raise_or_change_a_figure(place: int, value: int) -> None:
    changed = bytearray(PLAIN)
    changed[place] = value
    reading = read(bytes(changed))
    assert reading.total() in (0, 10000)
    assert len(reading.files) + len(reading.refused) == 1


@given(st.binary(max_size=200), st.sampled_from([b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PK\x05\x06"]))
def test_no_bytes_behind_a_magic_make_it_raise(junk: bytes, magic: bytes) -> None:
    assert read(magic + junk).refused
