"""What the raw header block offers as evidence, and what is read of a border's stamps."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing import compose

from parsers.authentication import read_facts, read_results
from parsers.envelope import read_envelope
from parsers.records import HeaderFacts, Trace

MICROSOFT = (
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=bakker.example; dkim=pass (signature was verified)"
    " header.d=bakker.example;dmarc=pass action=none header.from=bakker.example;compauth=pass reason=100"
)


def outcomes(value: str, authserv_id: str | None = "mx.example.com") -> list[tuple[str, str]]:
    return [(one.method, one.outcome) for one in read_results(value, authserv_id)]


def test_one_sender_and_no_trace() -> None:
    assert read_facts(compose()) == HeaderFacts("", "jan@bakker.example")


@pytest.mark.parametrize(
    "sender",
    [
        "jan@bakker.example, piet@bakker.example",
        "evil@x.example,<boss@bakker.example>",
        '"',
        "",
        "Groep: jan@bakker.example;",
        "jan@bakker.example\r\nFrom: boss@bakker.example",
        "jan@bakker.example\r\nfrom: jan@bakker.example",
    ],
)
def test_anything_but_one_from_with_one_mailbox_is_unclear(sender: str) -> None:
    facts = read_facts(compose(sender))
    assert (facts.problem, facts.sender) == ("from-unclear", None)


@pytest.mark.parametrize(
    "top", ["X: 1\rFrom: a@b.example\r\n", "From : a@b.example\r\n", "words\r\n", "X: \0\r\n", "From a@b.example\r\n"]
)
def test_a_header_block_that_two_readers_would_split_differently_is_malformed(top: str) -> None:
    assert read_facts(compose(top=top)).problem == "header-malformed"


@pytest.mark.parametrize("top", ["X: 1\r\n" * 501, ("X: " + "a" * 70000 + "\r\n"), ("X: " + "a" * 60000 + "\r\n") * 5])
def test_a_header_block_over_its_limits_proves_nothing(top: str) -> None:
    assert read_facts(compose(top=top)).problem == "header-too-large"


def test_the_trace_stands_in_its_order() -> None:
    top = (
        "Received: from a (helo by evil.example)\r\n\tby MX.example.com (Postfix) with ESMTPS;\r\n Mon, 2 Mar 2026\r\n"
        "Authentication-Results: mx.example.com;\r\n dkim=pass header.d=bakker.example\r\n"
        "Received: (from nobody) id 7\r\n"
    )
    assert read_facts(compose(top=top)).trace == (
        Trace("received", "evil.example mx.example.com"),
        Trace("results", "mx.example.com; dkim=pass header.d=bakker.example"),
        Trace("received", ""),
    )


def test_results_of_the_configured_border_are_read() -> None:
    value = "MX.example.com 1; spf=fail smtp.mailfrom=x@y.example; dkim=pass (good) header.d=bakker.example"
    spf, dkim = read_results(value, "mx.example.com")
    assert (spf.method, spf.outcome) == ("spf", "fail")
    assert (dkim.method, dkim.outcome, dkim.values("header.d")) == ("dkim", "pass", ["bakker.example"])


@pytest.mark.parametrize(
    "value",
    [
        "mx.evil.example; dmarc=pass header.from=bakker.example",
        "mx.example.com.evil.example; dmarc=pass header.from=bakker.example",
        "(mx.example.com;) mx.evil.example; dmarc=pass",
        MICROSOFT,
        "mx.example.com; none",
        "mx.example.com; dmarc",
        "mx.example.com; dmarc=pass " + "(" * 5000,
        "mx.example.com; dmarc=pass " + "x" * 9000,
        "",
    ],
)
def test_what_another_wrote_or_nobody_can_read_says_nothing(value: str) -> None:
    assert outcomes(value) == []


def test_a_border_that_omits_its_name_is_read_when_that_is_configured() -> None:
    assert outcomes(MICROSOFT, None) == [("spf", "pass"), ("dkim", "pass"), ("dmarc", "pass"), ("compauth", "pass")]
    assert outcomes("mx.evil.example; dmarc=pass header.from=bakker.example", None) == []


def test_a_pass_in_a_comment_or_a_quoted_string_is_none() -> None:
    value = (
        'mx.example.com; spf=fail (dmarc=pass) smtp.mailfrom="a; dmarc=pass header.from=bakker.example; b"@x.example'
    )
    assert [one for one in outcomes(value) if one == ("dmarc", "pass")] == []


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    read_facts(raw)
    read_facts(b"From: a@b.example\r\nReceived: " + raw + b"\r\nAuthentication-Results: " + raw)


@given(st.text(alphabet='abdmr=pass;. "\\()@/1\t\n', max_size=200))
def test_no_results_raise(value: str) -> None:
    read_results(value, "mx.example.com")
    read_results("mx.example.com; dmarc=pass " + value, "mx.example.com")
    read_results(value, None)


@given(st.text(alphabet='From: a@b.example<>,;:"()\r\n\t\\', max_size=80))
def test_facts_and_envelope_name_the_same_sender(text: str) -> None:
    raw = b"From: " + text.encode() + b"\r\n\r\n"
    facts = read_facts(raw)
    assert facts.sender is None or facts.sender == read_envelope(raw).sender


@given(st.binary(max_size=200))
def test_facts_survive_the_way_out_of_the_child(received: bytes) -> None:
    facts = read_facts(
        b"Received: " + received + b"\r\nAuthentication-Results: " + received + b"\r\nFrom: a@b.example\r\n"
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=HeaderFacts) == facts
