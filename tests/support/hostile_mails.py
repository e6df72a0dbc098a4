"""Hostile mails, built by code: shapes, headers, forged senders, each with the state and the word it must come to."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from exports import export
from hostile_files import BOOKS, WHOLE
from mails import DATE, SENDER, mail, multipart, part
from offices import SIGNED, Signer, signed

from parsers.records import Key
from store.records import MessageState

EXPORT = mail(("ARs_1.xml", export(BOOKS)))
ATTACHED = "Content-Type: application/xml; name=ARs_1.xml"
HEAD = f"From: {SENDER}\r\nTo: saldo+nl01@example.com\r\nDate: Mon, 02 Mar 2026 09:30:00 +0000\r\n"
LONG_NAME = 'Content-Disposition: attachment; filename="' + "\r\n ".join(["x" * 900] * 20) + '"'


class MailCase(NamedTuple):
    name: str
    raw: bytes
    state: MessageState
    reason: str = ""
    methods: tuple[str, ...] = ("none",)
    records: tuple[Key, ...] = ()  # beside the key of the test's signer


def _mixed(*parts: bytes) -> bytes:
    return multipart("b", *parts, headers=HEAD)


def _nested(depth: int) -> bytes:
    inner = part(WHOLE, ATTACHED)
    for level in range(depth - 1):
        inner = multipart(f"b{level}.", inner, headers="")
    return multipart("outer", inner, headers=HEAD)


def _headed(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape") + EXPORT.replace(b"\n", b"\r\n")


def shape_cases() -> Iterator[MailCase]:
    cut = base64.b64encode(WHOLE + b" ")[:-2]
    damaged = f"{ATTACHED}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + cut + b"\r\n"
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" * 3000 + WHOLE
    yield MailCase("20 parts deep", _nested(19), "applied")
    for name, raw, reason in (
        ("40 parts deep", _nested(40), "nested-too-deep"),
        ("forwarded 3,000 times", _mixed(forwarded), "nested-too-deep"),
        ("300 parts", _mixed(*[part(b"x", "Content-Type: text/plain")] * 300), "too-many-parts"),
        ("20,000 false boundaries", _mixed(b"--bogus\r\n" * 20_000 + b"\r\n"), "too-many-parts"),
        ("a line of 70 KB", _mixed(part(b"x" * 70_000, ATTACHED, encoding="7bit")), "line-too-long"),
        ("10,000 parameters", _mixed(part(WHOLE, "Content-Type: text/xml" + "; a=b" * 10_000)), "too-many-parameters"),
        ("32,000 semicolons", _mixed(part(WHOLE, "Content-Type: text/xml" + ";" * 32_000)), "too-many-parameters"),
        ("600 headers of a part", _mixed(part(WHOLE, *["X: y"] * 600)), "too-many-headers"),
        ("base64 cut off", _mixed(damaged), "part-damaged"),
        ("an unknown transfer encoding", _mixed(part(WHOLE, ATTACHED, encoding="x-uuencode")), "part-damaged"),
        ("a name of 18,000 letters", _mixed(part(WHOLE, ATTACHED, LONG_NAME)), "too-many-parameters"),
        ("no attachment", mail(), "nothing-attached"),
    ):
        yield MailCase(name, raw, "refused", reason)
    for name, disposition in (
        ("a name that climbs", 'attachment; filename="../../../etc/ARs_1.xml"'),
        ("a name of Windows", 'attachment; filename="C:\\\\x\\\\..\\\\ARs_1.xml"'),
        ("a name with a line break", "attachment; filename*=utf-8''ARs_1%0D%0ABcc:%20a@b.example.xml"),
        ("a name with NUL", "attachment; filename*=utf-8''ARs_1%00.xml"),
        ("a name in broken words", 'attachment; filename="=?utf-8?b?////?="'),
        ("a name in an unknown charset", "attachment; filename*=x-none''ARs_1.xml"),
        ("a quote that never ends", 'attachment; filename="ARs_1.xml'),
    ):
        raw = _mixed(part(WHOLE, ATTACHED, f"Content-Disposition: {disposition}"))
        yield MailCase(name, raw, "applied")
    yield MailCase("a signed part", multipart("s", part(WHOLE, ATTACHED), subtype="signed", headers=HEAD), "applied")


def header_cases() -> Iterator[MailCase]:
    for line, reason in (
        ("Auto-Submitted: auto-generated", "auto-submitted"),
        ("Auto-Submitted: (no) auto-replied; no", "auto-submitted"),
        ("Auto-Submitted: no\r\nAuto-Submitted: auto-replied", "auto-submitted"),
        ("Return-Path: <>", "null-return-path"),
        ("Return-Path: <a@b.example>\r\nReturn-Path: <c@d.example>", "repeated-return-path"),
        ("Return-Path: <MAILER-DAEMON@bakker.example>", "robot-address"),
        ("Return-Path: <owner-x@bakker.example>", "robot-address"),
        ("Return-Path: <x-bounces@bakker.example>", "robot-address"),
        ("List-Id: <x.bakker.example>", "list"),
        ("list-unsubscribe: <mailto:x@bakker.example>", "list"),
        ("Precedence: Bulk", "precedence"),
        ("Precedence: junk", "precedence"),
        ("X-Loop: x", "loop"),
        ("X-Loop: saldopost.example.com", "loop"),
        ("X-Auto-Response-Suppress: All", "x-auto-response-suppress"),
        ("X-Autoreply: yes", "x-autoreply"),
    ):
        yield MailCase(f"never answered: {line.splitlines()[-1]}", _headed(line), "ignored", reason)
    yield MailCase("our own address", mail(sender="Saldo@Example.com"), "ignored", "own-sender")
    ours = mail(("ARs_1.xml", WHOLE), message_id="<1@saldopost.example.com>")
    yield MailCase("our own Message-ID", ours, "ignored", "own-message-id")
    report = HEAD.encode() + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n"
    yield MailCase("a report of a mail server", report, "ignored", "report")
    bare = EXPORT.replace(b"From: " + SENDER.encode() + b"\n", b"")
    for name, sender in (
        ("no From", b""),
        ("two From", f"From: {SENDER}\nFrom: {SENDER}\n".encode()),
        ("two senders", f"From: {SENDER}, eve@evil.example\n".encode()),
        ("a From within a From", f"From: eve@evil.example,<{SENDER}>\n".encode()),
        ("an unclosed quote", b'From: "\n'),
        ("a From behind a bare CR", f"X: 1\rFrom: {SENDER}\n".encode()),
        ("a group", f"From: x: {SENDER};\n".encode()),
        ("another's domain as a name", f'From: "{SENDER}" <eve@evil.example>\n'.encode()),
        ("a look-alike letter", "From: boekhouding@b\u0430kker.example\n".encode()),
        ("a domain that only begins alike", b"From: a@bakker.example.evil.example\n"),
        ("600 headers", b"X: y\n" * 600 + f"From: {SENDER}\n".encode()),
        ("a header block of 300 KB", b"X: " + b"x" * 900 + b"\n " + b"y" * 900 * 300 + f"\nFrom: {SENDER}\n".encode()),
    ):
        yield MailCase(f"sender: {name}", sender + bare, "quarantined", "no-route")
    for name, subject in (
        ("a line break in words", "=?utf-8?q?x=0D=0ABcc:_a@b.example?="),
        ("next line and line separator", "=?utf-8?q?x=C2=85=E2=80=A8=E2=80=A9?="),
        ("NUL in words", "=?utf-8?q?=00?="),
        ("40,000 words", "=?utf-8?q?a?= " * 3_000),
        ("markup", "<script>alert(1)</script>"),
        ("another direction", "=?utf-8?q?=E2=80=AE?="),
    ):
        raw = EXPORT.replace(b"Subject: Openstaande posten", b"Subject: " + subject.encode())
        yield MailCase(f"subject: {name}", raw, "applied")


def authentication_cases() -> Iterator[MailCase]:
    good = Signer()

    def case(name: str, raw: bytes, reason: str, *records: Key) -> MailCase:
        return MailCase(f"dkim: {name}", raw, "quarantined", f"dkim-{reason}", ("dkim",), records)

    wire = EXPORT.replace(b"\n", b"\r\n")
    yield MailCase("dkim: a good signature", signed(EXPORT), "applied", "", ("dkim",))
    yield case("no signature", wire, "missing")
    yield case("of another domain", Signer("evil.example").sign(wire, signed=SIGNED), "not-aligned")
    yield case("of a name below", Signer("mail.bakker.example").sign(wire, signed=SIGNED), "not-aligned")
    yield case("of a public suffix", Signer("example").sign(wire, signed=SIGNED), "not-aligned")
    yield case("subject changed", signed(EXPORT).replace(b"Openstaande", b"Betaalde"), "signature-wrong")
    yield case("date changed", signed(EXPORT).replace(b" 09:30:00", b" 09:30:01"), "signature-wrong")
    yield case("body changed", signed(EXPORT).replace(b"hierbij", b"ziehier"), "body-changed")
    yield case("something added", signed(EXPORT) + b"meer\r\n", "body-changed")
    yield case("a body length", good.sign(wire, signed=SIGNED, length=10), "body-length-limited")
    yield case("SHA-1", good.sign(wire, signed=SIGNED, algorithm="rsa-sha1"), "algorithm-weak")
    yield case("From unsigned", good.sign(wire, signed=SIGNED[1:]), "header-unsigned")
    for index, header in enumerate(SIGNED[1:4], 1):
        rest = (*SIGNED[:index], *SIGNED[index + 1 :])
        yield case(f"{header} unsigned", good.sign(wire, signed=rest), "header-unsigned")
    for header in ("Subject", "Content-Type"):
        yield case(f"a second {header}", f"{header}: x\r\n".encode() + signed(EXPORT), "header-repeated")
    yield case("expired", good.sign(wire, signed=SIGNED, t="1700000000", x="1700000001"), "signature-expired")
    yield case("from the future", good.sign(wire, signed=SIGNED, t="1900000000"), "signed-in-future")
    yield case("no key", Signer(selector="gone").sign(wire, signed=SIGNED), "key-missing")
    for name, tags, reason in (
        ("in testing", {"t": "y"}, "key-testing"),
        ("withdrawn", {"p": ""}, "key-revoked"),
        ("for something else", {"s": "tls"}, "key-not-for-mail"),
        ("of another kind", {"k": "ed25519"}, "key-type-differs"),
        ("for SHA-1 alone", {"h": "sha1"}, "key-malformed"),
        ("that is none", {"p": "AAAA"}, "key-malformed"),
        ("of another version", {"v": "DKIM9"}, "key-malformed"),
    ):
        signer = Signer(selector="s2", key_tags=tags)
        yield case(f"a key {name}", signer.sign(wire, signed=SIGNED), reason, signer.key)
    short = Signer(selector="s3", bits=768)
    yield case("a key of 768 bits", short.sign(wire, signed=SIGNED), "key-too-short", short.key)
    double = Key("bakker.example", "s4", (good.record, good.record + b"; n=x"))
    yield case("two keys of one name", Signer(selector="s4").sign(wire, signed=SIGNED), "key-ambiguous", double)
    sixth = signed(EXPORT)
    for _ in range(5):
        sixth = b"DKIM-Signature: v=1; a=rsa-sha256; d=bakker.example; s=s1; h=from; bh=; b=\r\n" + sixth
    yield case("a good one behind five bad ones", sixth, "signature-malformed")
    for days in (8, -8):
        raw = mail(("ARs_1.xml", WHOLE), date=DATE + timedelta(days=days))
        yield MailCase(f"dkim: sent {days} days off", signed(raw), "quarantined", "replayed", ("dkim",))
    undated = mail(("ARs_1.xml", WHOLE), date=None, headers=(("Date", "gisteren"),))
    yield MailCase("dkim: no date", signed(undated), "quarantined", "date-unclear", ("dkim",))
    forged = b"Authentication-Results: mx.example.com; dmarc=pass header.from=bakker.example\n" + EXPORT
    results = ("authentication-results",)
    yield MailCase("results: no border", forged, "quarantined", "results-not-configured", results)
    yield MailCase("token: not the secret address", EXPORT, "quarantined", "token-missing", ("token",))
    to = b"Delivered-To: saldo+" + b"a" * 26 + b"@example.com\n" + EXPORT
    yield MailCase("token: a guess", to, "quarantined", "token-missing", ("token",))
    yield MailCase("both: one is not enough", signed(EXPORT), "quarantined", "token-missing", ("dkim", "token"))
