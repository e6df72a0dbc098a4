"""DKIM signatures (RFC 6376, RFC 8463), verified on the raw bytes with keys that are handed in.

dkimpy does the mathematics. The rules here are stricter than the RFC: a signature counts only if nobody between the
signer and us can have changed what the mail says, and only with a key that nobody can be expected to forge.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from parsers.authentication import RawField, split_strictly
from parsers.headers import LARGEST_BLOCK, MOST_FIELDS, split_block
from parsers.records import Key, Verdict

MOST_SIGNATURES = 5
LONGEST_SIGNATURE = 8 * 1024  # bytes of one DKIM-Signature field; some patterns of dkimpy take quadratic time
MOST_LINES = 5000  # of a header block, for the same reason
SMALLEST_KEY, GOOD_KEY, LARGEST_KEY = 1024, 2048, 8192  # bits of RSA
LEEWAY = timedelta(hours=1)  # for a signer's clock
SIGNED = (b"from", b"subject", b"date", b"content-type")

_KEY_TYPES = {b"rsa-sha256": b"rsa", b"ed25519-sha256": b"ed25519"}

Tags = dict[bytes, bytes]


class _Refusal(Exception):
    pass


def verify(raw: bytes, keys: Sequence[Key], now: datetime) -> tuple[Verdict, ...]:
    """One verdict for each of the first five signatures whose key was handed in, from the top down; never raises.

    `now` is the moment that the mail is judged at. Give the moment of its arrival, so that no signature expires
    while a mail waits for us.
    """
    end, body_at = split_block(raw)
    block = raw[:end]
    fields = split_strictly(block) if len(block) <= LARGEST_BLOCK and block.count(b"\n") <= MOST_LINES else None
    if fields is None or len(fields) > MOST_FIELDS:
        return ()
    asked = {(key.domain.lower(), key.selector): key for key in keys}
    signatures = [field for field in fields if field.name == b"dkim-signature"][:MOST_SIGNATURES]
    body = _with_full_line_ends(raw[body_at:])
    verdicts = []
    for index, field in enumerate(signatures):
        tags = _tags(field.value)
        domain, selector = (tags.get(tag, b"").decode("latin-1") for tag in (b"d", b"s"))
        key = asked.get((domain.lower(), selector))
        if key is None:
            continue
        try:
            _check_signature(field, tags, now)
            _check_coverage(tags, fields)
            warnings = _check_key(key, tags)
            _check_mathematics(block, body, index, tags, key)
            verdicts.append(Verdict(index, key.domain, key.selector, "", warnings))
        except _Refusal as refusal:
            verdicts.append(Verdict(index, key.domain, key.selector, str(refusal)))
    return tuple(verdicts)


def _check_signature(field: RawField, tags: Tags, now: datetime) -> None:
    if len(field.value) > LONGEST_SIGNATURE or not tags:
        raise _Refusal("signature-malformed")
    if b"l" in tags:
        raise _Refusal("body-length-limited")
    algorithm = tags.get(b"a", b"")
    if algorithm == b"rsa-sha1":
        raise _Refusal("algorithm-weak")
    if algorithm not in _KEY_TYPES:
        raise _Refusal("algorithm-unknown")
    try:
        # Its own look at t= and x= goes by the clock of the machine; ours follows.
        dkim.validate_signature_fields({tag: value for tag, value in tags.items() if tag not in (b"t", b"x")})
    except (dkim.ValidationError, IndexError) as error:
        raise _Refusal("signature-malformed") from error
    signed_at, expires_at = _moment(tags.get(b"t")), _moment(tags.get(b"x"))
    if signed_at is not None and signed_at > now.timestamp() + LEEWAY.total_seconds():
        raise _Refusal("signed-in-future")
    if expires_at is not None and expires_at < now.timestamp() - LEEWAY.total_seconds():
        raise _Refusal("signature-expired")
    if signed_at is not None and expires_at is not None and expires_at < signed_at:
        raise _Refusal("signature-malformed")


def _check_coverage(tags: Tags, fields: Iterable[RawField]) -> None:
    signed = _signed(tags)
    names = [field.name for field in fields]
    for name in SIGNED:
        if names.count(name) == 0:
            raise _Refusal("header-missing")
        if names.count(name) > 1:
            raise _Refusal("header-repeated")
        if name not in signed:
            raise _Refusal("header-unsigned")


def _check_key(key: Key, tags: Tags) -> tuple[str, ...]:
    """The warnings about a key that fits the signature (RFC 6376 section 3.6.1)."""
    if not key.records:
        raise _Refusal("key-missing")
    if len(key.records) > 1:
        raise _Refusal("key-ambiguous")
    known = _tags(key.records[0])
    if not known or known.get(b"v", b"DKIM1") != b"DKIM1" or b"p" not in known:
        raise _Refusal("key-malformed")
    if not known[b"p"]:
        raise _Refusal("key-revoked")
    flags = _listed(known.get(b"t", b""))
    if b"y" in flags:
        raise _Refusal("key-testing")
    if b"s" in flags and tags.get(b"i", b"@" + tags[b"d"]).rpartition(b"@")[2].lower() != tags[b"d"].lower():
        raise _Refusal("identity-differs")
    if b"h" in known and b"sha256" not in _listed(known[b"h"]):
        raise _Refusal("key-malformed")
    if not {b"*", b"email"} & set(_listed(known.get(b"s", b"*"))):
        raise _Refusal("key-not-for-mail")
    kind = known.get(b"k", b"rsa")
    if kind != _KEY_TYPES[tags[b"a"]]:
        raise _Refusal("key-type-differs")
    return _check_strength(key) if kind == b"rsa" else ()


def _check_strength(key: Key) -> tuple[str, ...]:
    public, bits, _, _ = _public_key(key)
    if bits < SMALLEST_KEY:
        raise _Refusal("key-too-short")
    if bits > LARGEST_KEY or not 3 <= public["publicExponent"] < 2**64:
        raise _Refusal("key-too-costly")
    return ("key-short",) if bits < GOOD_KEY else ()


def _check_mathematics(block: bytes, body: bytes, index: int, tags: Tags, key: Key) -> None:
    headers_by, _, body_by = tags.get(b"c", b"simple/simple").partition(b"/")
    if not {headers_by, body_by or b"simple"} <= {b"simple", b"relaxed"}:
        raise _Refusal("signature-malformed")
    message = dkim.DKIM(block + b"\r\n\r\n")
    header = [field for field in message.headers if field[0].lower() == b"dkim-signature"][index]
    message.pk, message.keysize, message.ktag, message.seqtlsrpt = _public_key(key)
    try:
        if base64.b64decode(tags[b"bh"], validate=True) != sha256(canonical_body(body, body_by == b"relaxed")).digest():
            raise _Refusal("body-changed")
        # Without bh= it leaves the body alone.
        rest = {tag: value for tag, value in tags.items() if tag != b"bh"}
        good = message.verify_sig_process(rest, _signed(tags), header, None)
    except dkim.KeyFormatError as error:
        raise _Refusal("key-malformed") from error
    except (dkim.DKIMException, ValueError) as error:
        raise _Refusal("signature-malformed") from error
    if not good:
        raise _Refusal("signature-wrong")


def canonical_body(body: bytes, relaxed: bool) -> bytes:
    """RFC 6376 section 3.4.3 and 3.4.4, for a body whose lines end in CRLF.

    dkimpy's own takes quadratic time for long runs of blanks and twenty times the memory of the body.
    """
    if relaxed:
        body = body.replace(b"\t", b" ")
        while b"  " in body:
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \r\n", b"\r\n")
    kept = len(body.rstrip(b"\r\n"))
    if body.endswith(b"\n"):
        # Each LF has its CR; a CR of its own belongs to the text.
        body = body[: max(kept, body.rfind(b"\r\r", kept) + 1)]
    return body + b"\r\n" if body or not relaxed else b""


def _public_key(key: Key) -> tuple[dict[str, int], int, bytes, bool]:
    """dkimpy's own form of the key: the key, its bits, its type, whether it is for reports about TLS alone."""
    try:
        found: tuple[dict[str, int], int, bytes, bool] = dkim.evaluate_pk(key.selector, key.records[0])
    except (dkim.DKIMException, ValueError, IndexError, KeyError, TypeError) as error:
        raise _Refusal("key-malformed") from error
    return found


def _with_full_line_ends(body: bytes) -> bytes:
    return body if body.count(b"\n") == body.count(b"\r\n") else re.sub(rb"\r?\n", b"\r\n", body)


def _tags(text: bytes) -> Tags:
    """The tags of a signature or key without any blanks (RFC 6376 section 3.2); none if one is wrong or repeated."""
    try:
        return {name: b"".join(value.split()) for name, value in parse_tag_value(text).items()}
    except InvalidTagValueList:
        return {}


def _signed(tags: Tags) -> list[bytes]:
    return [name.lower() for name in _listed(tags.get(b"h", b""))]


def _listed(value: bytes) -> list[bytes]:
    return [one for one in value.split(b":") if one]


def _moment(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(rb"[0-9]{1,12}", value):
        raise _Refusal("signature-malformed")
    return int(value)
