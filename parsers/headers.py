"""The header block of a mail or of a part as raw fields (RFC 5322 section 2.2), read leniently and within limits."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from parsers.charsets import decode

LARGEST_BLOCK = 256 * 1024  # bytes
LONGEST_LINE = 64 * 1024
MOST_FIELDS = 500

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"(?m)^([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)")
_BREAK = re.compile(r"\r?\n(?=[ \t])|[\r\n]")


class Fields(NamedTuple):
    """Unfolded fields by lower-case name, each as often as it stands. Text is UTF-8 or else windows-1252, not decoded
    by RFC 2047.
    """

    values: dict[str, list[str]]
    size: int  # of the header block in bytes, its empty line not counted
    overfull: str  # the finding code of the limit that was passed; "" if none

    def all(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def first(self, name: str) -> str:
        found = self.values.get(name)
        return found[0] if found else ""


def split_block(raw: bytes, start: int = 0, end: int | None = None) -> tuple[int, int]:
    """Where the header block that begins at `start` ends, and where the body after its empty line begins."""
    end = len(raw) if end is None else end
    if raw.startswith((b"\n", b"\r\n"), start, end):
        return start, raw.index(b"\n", start) + 1
    gap = _END.search(raw, start, end)
    return (gap.start(), gap.end()) if gap else (end, end)


def read_fields(block: bytes) -> Fields:
    """Read as much as the limits allow; never raises."""
    values: dict[str, list[str]] = {}
    overfull = "header-too-large" if len(block) > LARGEST_BLOCK else ""
    if too_long_line(block[:LARGEST_BLOCK]):
        overfull = overfull or "line-too-long"
    for count, (name, value) in enumerate(_split(block[:LARGEST_BLOCK])):
        if count == MOST_FIELDS:
            overfull = overfull or "too-many-headers"
            break
        values.setdefault(name, []).append(value)
    return Fields(values, len(block), overfull)


def too_long_line(raw: bytes) -> bool:
    """Whether any line is longer than `LONGEST_LINE`."""
    start, end = 0, len(raw)
    while end - start > LONGEST_LINE:
        line_end = raw.rfind(b"\n", start, start + LONGEST_LINE + 1)
        if line_end < 0:
            return True
        start = line_end + 1
    return False


def count_fields(block: bytes, name: bytes) -> int:
    """How often a field stands in the raw block, for the strictest and the laxest reader alike.

    A bare CR ends a line for some readers only, so what stands behind one counts too.
    """
    return len(re.findall(rb"(?i)(?:\A|[\r\n])" + re.escape(name) + rb"[ \t]*:", block))


def _split(block: bytes) -> Iterator[tuple[str, str]]:
    for match in _FIELD.finditer(block):
        value = decode(match.group(2), "utf-8")
        yield match.group(1).decode("ascii").lower(), _BREAK.sub("", value).strip()
