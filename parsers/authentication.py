"""What the raw header block offers as evidence of its sender: one sender, and what servers stamped on the way.

DKIM reads header fields in one way and programs that show mail in another. Here a header block counts only if all
of them must read it alike; otherwise it proves nothing.
"""

import re
from typing import NamedTuple

import authres

from parsers.addresses import only_mailbox
from parsers.charsets import decode
from parsers.headers import LARGEST_BLOCK, MOST_FIELDS, split_block, too_long_line
from parsers.records import HeaderFacts, Trace

LONGEST_RESULTS = 8 * 1024  # characters of one Authentication-Results field

_FIELD = re.compile(rb"([!-9;-~]{1,200}):([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)(?:\r?\n|\Z)")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BY = re.compile(r"\bby\s+\[?([A-Za-z0-9._:-]+)", re.IGNORECASE)


class RawField(NamedTuple):
    """One header field as it stands: the name in lower case, the value with its folds, without its last line end."""

    name: bytes
    value: bytes


class Result(NamedTuple):
    """One finding of the border (RFC 8601 section 2.2), all in lower case but the values."""

    method: str  # "dkim", "spf", "dmarc"
    outcome: str  # "pass", "fail", "none"
    properties: tuple[tuple[str, str], ...]  # such as ("header.d", "example.com")

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.properties if key == name]


def read_facts(raw: bytes) -> HeaderFacts:
    """Never raises, whatever the bytes."""
    block = raw[: split_block(raw)[0]]
    if len(block) > LARGEST_BLOCK or too_long_line(block):
        return HeaderFacts("header-too-large", None)
    fields = split_strictly(block)
    if fields is None:
        return HeaderFacts("header-malformed", None)
    if len(fields) > MOST_FIELDS:
        return HeaderFacts("header-too-large", None)
    senders = [_unfold(field.value) for field in fields if field.name == b"from"]
    sender = only_mailbox(senders[0]) if len(senders) == 1 else None
    return HeaderFacts("" if sender else "from-unclear", sender, _trace(fields))


def split_strictly(block: bytes) -> list[RawField] | None:
    """The fields of a header block (RFC 5322 section 2.2); None if two readers could split it differently.

    That is: a bare CR, a control character, a line that is neither a field nor a fold, a blank before a colon, or
    the "From " line of a mailbox file.
    """
    if _CONTROLS.search(block):
        return None
    fields: list[RawField] = []
    position = 0
    while position < len(block):
        match = _FIELD.match(block, position)
        if match is None:
            return None
        fields.append(RawField(match[1].lower(), match[2]))
        position = match.end()
    return fields


def read_results(value: str, authserv_id: str | None) -> tuple[Result, ...]:
    """What the border of this name found; nothing if another wrote the field or it cannot be read.

    `authserv_id` None is a border that leaves its own name out, as Microsoft 365 does: then a field that does name
    its author is not the border's.
    """
    if len(value) > LONGEST_RESULTS:
        return ()
    expected = authserv_id or "border.invalid"
    text = value if authserv_id else f"{expected}; {value}"
    try:
        field = authres.AuthenticationResultsHeader.parse_value(text)
    except (authres.AuthResError, RecursionError):
        return ()
    if field.authserv_id != expected.lower():
        return ()
    return tuple(_result(found) for found in field.results)


def _result(found: authres.AuthenticationResult) -> Result:
    properties = ((f"{one.type}.{one.name}".lower(), str(one.value)) for one in found.properties)
    return Result(found.method.lower(), found.result.lower(), tuple(properties))


def _trace(fields: list[RawField]) -> tuple[Trace, ...]:
    trace = []
    for field in fields:
        if field.name == b"received":
            trace.append(Trace("received", " ".join(_BY.findall(_unfold(field.value))).lower()))
        elif field.name == b"authentication-results":
            trace.append(Trace("results", _unfold(field.value)))
    return tuple(trace)


def _unfold(value: bytes) -> str:
    return re.sub(r"\r?\n", "", decode(value, "utf-8")).strip()
