import base64
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mails import mail, multipart, part, raw_mail

from parsers.display import file_name
from parsers.message import DEEPEST, MOST_PARTS, Part, walk_parts
from parsers.records import Refused

LARGEST_MAIL = 16 * 1024 * 1024
XML = b"<eExact>\r\n<ARs/></eExact>"
ATTACHED = 'Content-Type: application/octet-stream; name="ar.xml"'


def files(raw: bytes) -> list[Part]:
    return [one for one in walk_parts(raw, LARGEST_MAIL) if not one.is_body]


def refusal(raw: bytes) -> str:
    with pytest.raises(Refused) as refused:
        list(walk_parts(raw, LARGEST_MAIL))
    return refused.value.finding.code


def test_an_attachment_is_found_with_its_name_and_place() -> None:
    assert files(mail(("ARs_1.xml", XML))) == [Part("2", "ARs_1.xml", "application/xml", XML, False, False)]


def test_a_mail_that_is_the_file_is_one_part() -> None:
    raw = raw_mail("From: a@b.example", ATTACHED, body="<eExact/>")
    assert files(raw) == [Part("1", "ar.xml", "application/octet-stream", b"<eExact/>", False, False)]


@pytest.mark.parametrize("subtype", ["mixed", "related", "alternative", "signed", "x-unknown"])
def test_every_kind_of_multipart_is_walked(subtype: str) -> None:
    raw = multipart("b", part(b"hello", "Content-Type: text/plain"), part(XML, ATTACHED), subtype=subtype)
    assert [(one.path, one.name, one.content) for one in files(raw)] == [("2", "ar.xml", XML)]


def test_a_file_inside_a_signed_mail_is_found() -> None:
    inner = multipart("in", part(b"hello", "Content-Type: text/plain"), part(XML, ATTACHED), headers="")
    signature = part(b"\x30\x82", 'Content-Type: application/pkcs7-signature; name="smime.p7s"')
    assert [(one.path, one.name) for one in files(multipart("out", inner, signature, subtype="signed"))] == [
        ("1.2", "ar.xml"),
        ("2", "smime.p7s"),
    ]


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_a_file_inside_a_forwarded_mail_is_found(encoding: str) -> None:
    inner = mail(("ARs_1.xml", XML)).replace(b"\n", b"\r\n")
    body = inner.replace(b"=", b"=3D") if encoding == "quoted-printable" else inner
    forwarded = part(body, "Content-Type: message/rfc822", "Content-Disposition: attachment", encoding=encoding)
    raw = multipart("out", part(b"see below", "Content-Type: text/plain"), forwarded)
    assert [(one.path, one.content) for one in files(raw)] == [("2.2", XML)]


def test_inline_and_quoted_printable_parts_are_files_too() -> None:
    raw = multipart(
        "b",
        part(
            b"<eExact a=3D'1'>=\r\n</eExact>",
            'Content-Type: text/xml; name="ar.xml"',
            "Content-Disposition: inline",
            encoding="quoted-printable",
        ),
    )
    assert [(one.name, one.content) for one in files(raw)] == [("ar.xml", b"<eExact a='1'></eExact>")]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Content-Disposition: attachment; filename=ar.xml", "ar.xml"),
        ("Content-Disposition: attachment; filename*=UTF-8''J%C3%BCrgen.xml", "Jürgen.xml"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'de'J%FCrgen.xml", "Jürgen.xml"),
        ("Content-Disposition: attachment; filename*=martian''J%C3%BCrgen.xml", "Jürgen.xml"),
        (
            "Content-Disposition: attachment; filename*0*=utf-8''J%C3; filename*1*=%BCrg; filename*2=en.xml",
            "Jürgen.xml",
        ),
        ('Content-Disposition: attachment; filename="=?utf-8?q?J=C3=BCrgen?= =?utf-8?q?=2Exml?="', "Jürgen.xml"),
        ('Content-Disposition: attachment; filename="=?utf-8?b?SsO8cmdlbi54bWw=?="', "Jürgen.xml"),
        ('Content-Disposition: attachment; filename="Ju\u0308rgen.xml"', "Jürgen.xml"),
        ("Content-Disposition: attachment; filename*=a; filename*0=b", ""),
        ("Content-Disposition: attachment; filename*99999999999999999999=b", "b"),
        ('Content-Disposition: attachment; filename="../../etc/passwd"', "passwd"),
        ('Content-Disposition: attachment; filename="C:\\\\x\\\\ar.xml"', "ar.xml"),
        ('Content-Disposition: attachment; filename=".."', ""),
        ('Content-Disposition: attachment; filename="=?utf-8?q?a=0D=0AX-Evil=3A_b.xml?="', "a X-Evil: b.xml"),
        ('Content-Disposition: attachment; filename="ar\u202elmx.exe"', "arlmx.exe"),
        ('Content-Disposition: attachment; filename="' + "x" * 500 + '.xml"', "x" * 120),
    ],
)
def test_names_come_decoded_and_without_tricks(header: str, name: str) -> None:
    raw = multipart("b", part(XML, "Content-Type: application/xml", header).replace(b"\n\n", b"\r\n\r\n"))
    assert [one.name for one in files(raw)] == [name]


@given(st.text(max_size=300))
def test_a_name_is_never_a_path_nor_more_than_a_line(name: str) -> None:
    shown = file_name(name)
    assert len(shown) <= 120
    assert not set(shown) & set("/\\\r\n\x00\u2028")
    assert shown not in (".", "..")
    assert file_name(shown) == shown


@pytest.mark.parametrize(
    ("body", "damaged"),
    [
        (base64.encodebytes(XML), False),
        (base64.b64encode(XML * 100_000), False),
        (base64.b64encode(XML + b" ")[:-2], True),
        (base64.b64encode(XML)[:-3] + b"!!!", True),
        (base64.b64encode(XML + b" ") + b"\r\n-- \r\nmailing list footer", True),
        (b"", False),
    ],
    ids=["lines", "one line", "cut", "garbage", "footer", "empty"],
)
def test_broken_base64_is_marked(body: bytes, damaged: bool) -> None:
    if len(body) > 60_000:
        body = b"\r\n".join(body[n : n + 60_000] for n in range(0, len(body), 60_000))
    (found,) = files(multipart("b", ATTACHED.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body))
    assert found.is_damaged is damaged
    if not damaged:
        assert found.content == XML * (len(found.content) // len(XML))


def test_an_unknown_transfer_encoding_marks_the_part() -> None:
    (found,) = files(multipart("b", part(XML, ATTACHED, encoding="x-uuencode")))
    assert found.is_damaged


def test_a_missing_last_boundary_is_forgiven() -> None:
    raw = multipart("b", part(XML, ATTACHED)).removesuffix(b"--b--\r\n")
    assert [one.content for one in files(raw)] == [XML]


def test_a_multipart_without_its_boundary_is_a_leaf() -> None:
    raw = raw_mail("Content-Type: multipart/mixed", "", body="text")
    assert [(one.path, one.content_type) for one in walk_parts(raw, LARGEST_MAIL)] == [("1", "multipart/mixed")]


def nested(depth: int) -> bytes:
    inner = part(XML, ATTACHED)
    for level in range(depth):
        inner = multipart(f"b{level}.", inner, headers="")
    return inner


def test_twenty_parts_deep_is_read_and_more_is_refused() -> None:
    assert [one.content for one in files(nested(DEEPEST))] == [XML]
    assert refusal(nested(DEEPEST + 1)) == "nested-too-deep"
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" * 3000
    assert refusal(forwarded + XML) == "nested-too-deep"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"x" * (LARGEST_MAIL + 1), "mail-too-large"),
        (b"Subject: x\r\n\r\n" + b"x" * 70_000, "line-too-long"),
        (b"X-Filler: x\r\n" * 501 + b"\r\n", "too-many-headers"),
        (b"X: " + b"x" * 1000 + b"\r\n " + b"\r\n ".join([b"x" * 1000] * 300) + b"\r\n\r\n", "header-too-large"),
        (multipart("b", *[b"\r\n"] * MOST_PARTS), "too-many-parts"),
        (multipart("b", b"--bogus\r\n" * 20_000), "too-many-parts"),
        (b"Content-Type: text/plain" + b"; a=b" * 10_000 + b"\r\n\r\n", "too-many-parameters"),
        (b"Content-Type: text/plain" + b";" * 32_000 + b"\r\n\r\n", "too-many-parameters"),
        (b"Content-Disposition: x; filename=" + b"=?utf-8?q?a?= " * 4_000 + b"\r\n\r\n", "too-many-parameters"),
    ],
    ids=["mail", "line", "headers", "header block", "parts", "false boundaries", "parameters", "semicolons", "words"],
)
def test_a_mail_over_a_limit_is_refused_at_once(raw: bytes, code: str) -> None:
    started = time.monotonic()
    assert refusal(raw) == code
    assert time.monotonic() - started < 2


@given(st.binary(max_size=500), st.sampled_from(["mixed", "digest", "signed"]))
def test_no_body_makes_it_raise(body: bytes, subtype: str) -> None:
    for one in walk_parts(multipart("b", body, body, subtype=subtype), LARGEST_MAIL):
        assert isinstance(one, Part)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_what_a_mail_library_attaches_comes_back_byte_for_byte(contents: list[bytes]) -> None:
    message = EmailMessage()
    message.set_content("text")
    for number, content in enumerate(contents):
        message.add_attachment(content, maintype="application", subtype="xml", filename=f"{number}.xml")
    assert [one.content for one in files(message.as_bytes())] == contents
