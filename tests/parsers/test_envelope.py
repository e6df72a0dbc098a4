from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mails import mail, raw_mail

from parsers.envelope import read_envelope
from parsers.headers import LARGEST_BLOCK, MOST_FIELDS
from parsers.records import Envelope, Signature

HEADER_NAMES = st.sampled_from(
    [
        "From",
        "To",
        "Cc",
        "Subject",
        "Date",
        "Message-ID",
        "References",
        "In-Reply-To",
        "DKIM-Signature",
        "Return-Path",
        "Delivered-To",
        "Auto-Submitted",
        "Content-Type",
        "X-Loop",
        "List-Id",
        "from ",
        "Precedence",
    ]
)
HEADER_TEXT = st.text(alphabet=st.characters(max_codepoint=0x2100), max_size=60) | st.sampled_from(
    ['"', "<", "=?utf-8?b?=?=", "=?x?q?=41?=", "(((", "a@b.c", "Mon, 99 Foo 2026 25:61:00 +9999", "<a@b>", ";;=", ":;,"]
)


def envelope(*lines: str) -> Envelope:
    return read_envelope(raw_mail(*lines))


def test_an_ordinary_mail_is_read() -> None:
    found = read_envelope(mail(headers=(("Cc", "Piet <piet@x.example>"), ("Delivered-To", "saldo@example.com"))))
    assert found == Envelope(
        message_id="<export-1@bakker.example>",
        sender="boekhouding@bakker.example",
        recipients=("saldo+nl01@example.com", "piet@x.example", "saldo@example.com"),
        delivered_to=("saldo@example.com",),
        subject="Openstaande posten",
        date=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        in_reply_to=(),
        references=(),
        automatic=None,
        loop=(),
        signatures=(),
    )


@given(st.binary(max_size=2000))
@example(b"")
@example(b"\r\n\r\n")
@example(b'From: "')
@example(b"\xff\xfe\x00From: a@b.c")
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert isinstance(read_envelope(raw), Envelope)


@given(st.lists(st.tuples(HEADER_NAMES, HEADER_TEXT), max_size=12), st.sampled_from(["\r\n", "\n", "\r"]))
def test_no_headers_make_it_raise(headers: list[tuple[str, str]], line_end: str) -> None:
    raw = line_end.join(f"{name}: {text}" for name, text in headers).encode("utf-8", "replace")
    found = read_envelope(raw + b"\r\n\r\nbody")
    assert len(found.subject) <= 200
    assert not set(found.subject) & set("\r\n\x00\x85\u2028\u2029")
    assert found.date is None or found.date.tzinfo is UTC


@pytest.mark.parametrize(
    ("field", "sender"),
    [
        ("a@b.example", "a@b.example"),
        ("Anna <Anna.B@B.Example>", "Anna.B@b.example"),
        ('"Bakker, Anna" <a@b.example>', "a@b.example"),
        ("=?utf-8?q?J=C3=BCrgen?= <j@b.example>", "j@b.example"),
        ("a@b.example (Anna, van <boven>)", "a@b.example"),
        ("a@b.example <a@b.example>", "a@b.example"),
        ("<a@b.example>", "a@b.example"),
        # parseaddr on Python 3.11 reads the first of these as evil.
        ("evil@x.example,<boss@y.example>", None),
        ("evil@x.example <boss@y.example>", None),
        ("<evil@x.example> <boss@y.example>", None),
        ("boss@y.example, evil@x.example", None),
        ("Staff: boss@y.example;", None),
        ("boss@y.example>", None),
        ("<boss@y.example", None),
        ('"boss@y.example', None),
        ("(boss@y.example", None),
        ("<@relay.example:boss@y.example>", None),
        ('"boss@y.example"@evil.example', None),
        ("boss@y.example evil@x.example", None),
        ("boss@y.example\x00@evil.example", None),
        ("boss@[127.0.0.1]", None),
        ("boss@y..example", None),
        ("=?utf-8?q?boss=40y.example?=@evil.example", None),
        ("bôss@y.example", None),
        ("", None),
    ],
)
def test_the_sender_is_one_mailbox_that_can_be_read_in_one_way(field: str, sender: str | None) -> None:
    assert envelope(f"From: {field}").sender == sender


@pytest.mark.parametrize(
    "lines",
    [
        ("From: a@b.example", "From: c@d.example"),
        ("From: a@b.example", "FROM : c@d.example"),
        ("Subject: x\rFrom: c@d.example", "From: a@b.example"),
        ("Subject: none",),
        ("From: a@b.example", *("X-Filler: x" for _ in range(MOST_FIELDS)), "From: c@d.example"),
        ("From: a@b.example", *(f"X-{n}: {'x' * 60_000}" for n in range(LARGEST_BLOCK // 60_000 + 1))),
        ("From: a@b.example", "X-Long: " + "x" * 70_000),
    ],
    ids=["two", "obsolete blank", "behind a bare CR", "none", "too many headers", "too large a block", "a long line"],
)
def test_without_exactly_one_readable_from_there_is_no_sender(lines: tuple[str, ...]) -> None:
    assert envelope(*lines).sender is None


def test_a_folded_from_is_unfolded_and_a_from_in_the_body_does_not_count() -> None:
    raw = raw_mail("From: Anna\r\n <a@b.example>", "Subject: x", body="From: c@d.example\r\n")
    assert read_envelope(raw).sender == "a@b.example"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?b?T3BlbnN0YWFuZGUgcG9zdGVuIOKCrA==?=", "Openstaande posten €"),
        ("=?iso-8859-1?q?J=FCrgen?= =?utf-8?q?_=E2=82=AC?=", "Jürgen €"),
        ("=?utf-8?q?a=0Ab=00c=C2=85d=E2=80=A8e=E2=80=A9f?=", "a b c d e f"),
        ("=?utf-8?q?evil=E2=80=AEfdp?=", "evilfdp"),
        ("=?martian?q?caf=C3=A9?=", "café"),
        ("=?zip?b?eJw=?=", "xœ"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("x" * 300, "x" * 200),
        ("  two\r\n  lines ", "two lines"),
    ],
)
def test_the_subject_is_decoded_and_made_fit_to_show(subject: str, expected: str) -> None:
    assert envelope(f"Subject: {subject}").subject == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 02 Mar 2026 10:30:00 +0100 (CET)", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("2 Mar 2026 09:30 GMT", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 09:30:00 -0000", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 32 Mar 2026 09:30:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
    ],
)
def test_the_date_is_in_utc_or_none(date: str, expected: datetime | None) -> None:
    assert envelope(f"Date: {date}").date == expected


def test_two_dates_are_no_date() -> None:
    assert envelope("Date: Mon, 02 Mar 2026 09:30:00 +0000", "Date: Mon, 09 Mar 2026 09:30:00 +0000").date is None


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [
        ("<a.b@c.example>", "<a.b@c.example>"),
        ("\r\n <a.b@c.example>", "<a.b@c.example>"),
        ("<a@[10.0.0.1]>", "<a@[10.0.0.1]>"),
        ("a.b@c.example", None),
        ("<a b@c.example>", None),
        ('<"a\\"b"@c.example>', None),
        ("<a@b> <c@d>", None),
        ("<a@b@c>", None),
        ('<a@b> ) "; DELETE', None),
        ("<" + "a" * 300 + "@b>", None),
    ],
)
def test_a_message_id_is_one_valid_msg_id_or_none(message_id: str, expected: str | None) -> None:
    assert envelope(f"Message-ID: {message_id}").message_id == expected


def test_of_in_reply_to_and_references_only_valid_ids_are_kept() -> None:
    found = envelope("In-Reply-To: your mail of <a@b> today", "References: <x@y>\r\n\t<bad id@z>\r\n <c@d>")
    assert (found.in_reply_to, found.references) == (("<a@b>",), ("<x@y>", "<c@d>"))


def test_recipients_come_in_order_and_once() -> None:
    found = envelope(
        'To: Team: a@x.example, "B, C" <b@X.example>;, broken <, undisclosed-recipients:;',
        "X-Original-To: d@x.example",
        "Delivered-To: c@x.example",
        "Cc: a@x.example, e@x.example",
    )
    assert found.recipients == (
        "a@x.example",
        "b@x.example",
        "e@x.example",
        "c@x.example",
        "d@x.example",
    )
    assert found.delivered_to == ("c@x.example",)


def test_signatures_are_listed_five_at_most_with_their_place() -> None:
    good = "DKIM-Signature: v=1; a=rsa-sha256; d=B.example;\r\n s=key1; b=AAA="
    twice = "DKIM-Signature: v=1; d=b.example; d=c.example; s=key1"
    odd = "DKIM-Signature: v=1; d=b.example; s=../etc"
    found = envelope(good, twice, odd, good, good, good, good).signatures
    assert found == (
        Signature(0, "b.example", "key1"),
        Signature(3, "b.example", "key1"),
        Signature(4, "b.example", "key1"),
    )


def test_loop_values_are_kept_to_recognise_our_own_mail() -> None:
    assert envelope("X-Loop: saldo@example.com").loop == ("saldo@example.com",)
