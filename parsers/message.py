"""The parts of a mail: every leaf of the MIME tree (RFC 2045 to 2049), wherever a mail program put the file.

Split by us rather than by `email.parser`, which recurses into nested parts and holds a mail several times in memory;
the fields of a part, with their RFC 2231 continuations, are left to the library.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import NamedTuple

from parsers.charsets import decode, decode_words
from parsers.display import file_name
from parsers.headers import (
    LARGEST_BLOCK,
    LONGEST_LINE,
    MOST_FIELDS,
    Fields,
    read_fields,
    split_block,
    too_long_line,
)
from parsers.records import Finding, Refused
from parsers.transfer import decode_body

MOST_PARTS = 200
DEEPEST = 20
_LONGEST_PARAMETERS = 4096  # characters of Content-Type and Content-Disposition
_MOST_PARAMETERS = 50
_OVERFULL = {"header-too-large": LARGEST_BLOCK, "line-too-long": LONGEST_LINE, "too-many-headers": MOST_FIELDS}
_MOST_DASHES = 10_000  # lines that begin like a boundary and are none

_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100})")


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree, decoded."""

    path: str  # as IMAP counts: "1", "2.1"
    name: str  # for display; "" if the sender gave none
    content_type: str  # lower case, "text/plain" where it is missing or malformed
    content: bytes
    is_body: bool  # text for people to read rather than a file
    is_damaged: bool  # the transfer encoding is broken: what was decoded is not what was sent
    charset: str = ""  # as the part says; "" if it does not
    is_forwarded: bool = False  # stands in a mail within the mail (message/rfc822)


class _Entity(NamedTuple):
    source: bytes
    start: int
    end: int
    path: str
    depth: int
    default_type: str
    is_forwarded: bool


def walk_parts(raw: bytes, largest: int) -> Iterator[Part]:
    """Give every leaf in the order in which it stands, forwarded and signed mails included.

    Raises `Refused` for a mail over the limits: `mail-too-large`, `line-too-long`, `header-too-large`,
    `too-many-headers`, `too-many-parts`, `nested-too-deep`, `too-many-parameters`.
    """
    if len(raw) > largest:
        raise Refused(Finding("mail-too-large", values={"limit": largest}))
    if too_long_line(raw):
        raise Refused(Finding("line-too-long", values={"limit": LONGEST_LINE}))
    count = 0
    waiting = [_Entity(raw, 0, len(raw), "", 0, "text/plain", False)]
    while waiting:
        entity = waiting.pop()
        count += 1
        if count > MOST_PARTS:
            raise Refused(Finding("too-many-parts", values={"limit": MOST_PARTS}))
        if entity.depth > DEEPEST:
            raise Refused(Finding("nested-too-deep", values={"limit": DEEPEST}))
        inside = _open(entity)
        if isinstance(inside, Part):
            yield inside
        else:
            waiting.extend(reversed(inside))


def _open(entity: _Entity) -> Part | list[_Entity]:
    """A leaf, or the parts inside."""
    source, start, end, path, depth, default_type, is_forwarded = entity
    header_end, body = split_block(source, start, end)
    fields = read_fields(source[start:header_end])
    if fields.overfull:
        raise Refused(Finding(fields.overfull, values={"limit": _OVERFULL[fields.overfull]}))
    content_type = _content_type(fields.first("content-type")) or default_type
    encoding = fields.first("content-transfer-encoding").split(";", 1)[0].strip().lower()
    if content_type.startswith("multipart/"):
        boundary = _parameter(fields, "content-type", "boundary").rstrip().encode()
        spans = _split(source, body, end, boundary) if boundary else []
        if spans:
            prefix = f"{path}." if path else ""
            below = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
            return [
                _Entity(source, *span, f"{prefix}{n}", depth + 1, below, is_forwarded)
                for n, span in enumerate(spans, 1)
            ]
    elif content_type in ("message/rfc822", "message/global"):
        if encoding in ("base64", "quoted-printable"):
            source, _ = decode_body(source[body:end], encoding)
            body, end = 0, len(source)
        return [_Entity(source, body, end, path or "1", depth + 1, "text/plain", True)]
    content, is_damaged = decode_body(source[body:end], encoding)
    name = file_name(
        _parameter(fields, "content-disposition", "filename") or _parameter(fields, "content-type", "name")
    )
    is_attached = fields.first("content-disposition").lower().startswith("attachment")
    is_body = content_type in ("text/plain", "text/html") and not name and not is_attached
    charset = _parameter(fields, "content-type", "charset") if is_body else ""
    return Part(path or "1", name, content_type, content, is_body, is_damaged, charset, is_forwarded)


def _content_type(value: str) -> str:
    match = _TYPE.match(value)
    return match.group(1).lower() if match else ""


def _parameter(fields: Fields, field: str, name: str) -> str:
    """A parameter by any of its spellings: plain, RFC 2231, or RFC 2047 as many programs wrongly send it."""
    value = fields.first(field)
    if len(value) > _LONGEST_PARAMETERS or value.count(";") > _MOST_PARAMETERS:
        raise Refused(Finding("too-many-parameters", values={"limit": _MOST_PARAMETERS}))
    header = Message()
    header[field] = value
    try:
        found = header.get_param(name, "", field)
    except (TypeError, ValueError):  # continuations that cannot be put in order
        return ""
    if isinstance(found, tuple):
        charset, _, text = found
        return decode(text.encode("latin-1", "replace"), charset or "utf-8")
    return decode_words(found)


def _split(source: bytes, start: int, end: int, boundary: bytes) -> list[tuple[int, int]]:
    """The spans between the delimiter lines (RFC 2046 section 5.1.1); a missing last delimiter is forgiven."""
    spans: list[tuple[int, int]] = []
    dashes = b"--" + boundary
    part: int | None = None
    lookalikes = 0
    found = source.find(dashes, start, end)
    while found >= 0:
        after = found + len(dashes)
        line_end = source.find(b"\n", after, end)
        line_end = end if line_end < 0 else line_end
        rest = source[after:line_end].rstrip(b" \t\r") if line_end - after < LONGEST_LINE else b"?"
        if rest in (b"", b"--") and (found == start or source[found - 1] == 0x0A):
            if part is not None:
                spans.append((part, max(part, found - (2 if source[found - 2 : found] == b"\r\n" else 1))))
                if len(spans) > MOST_PARTS:
                    break
            if rest:
                return spans
            part = min(line_end + 1, end)
        else:
            lookalikes += 1
            if lookalikes > _MOST_DASHES:
                raise Refused(Finding("too-many-parts", values={"limit": MOST_PARTS}))
        found = source.find(dashes, after, end)
    if part is not None:
        spans.append((part, end))
    return spans
