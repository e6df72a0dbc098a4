import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import envelope

from handlers.render import Rendered
from handlers.reply import compose, compose_alert
from store.records import OutgoingMail

NOW = datetime(2025, 11, 21, 22, 0, tzinfo=UTC)
SENDER = "Saldopost <saldo@example.com>"
RENDERED = Rendered("Bijgewerkt: debiteuren – Bäcker", "Regel één: € 1,00\n\nTabel\n", "<p>Regel één: € 1,00</p>\n")


def compose_one(rendered: Rendered = RENDERED, to: str = "boekhouding@bakker.example", **changes: Any) -> OutgoingMail:
    return compose(
        rendered, to, SENDER, envelope(**changes), "7KQ2-M4", NOW, "saldopost.example.com", lambda n: b"\x5a" * n
    )


def read(mail: OutgoingMail) -> EmailMessage:
    message = message_from_bytes(mail.raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def content(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_reply_says_who_what_and_when() -> None:
    message = read(compose_one())
    assert message["From"] == SENDER
    assert message["To"] == "boekhouding@bakker.example"
    assert message["Subject"] == RENDERED.subject
    assert parsedate_to_datetime(message["Date"]) == NOW


def test_a_reply_holds_the_text_first_and_then_the_html() -> None:
    message = read(compose_one())
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), content(text)) == ("text/plain", RENDERED.text)
    assert (html.get_content_type(), content(html)) == ("text/html", RENDERED.html)


def test_no_machine_answers_a_reply() -> None:
    mail = compose_one()
    message = read(mail)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Loop"] == "saldopost.example.com"
    assert mail.envelope_sender == ""


def test_the_message_id_is_ours_and_of_the_given_randomness() -> None:
    mail = compose_one()
    assert mail.message_id == f"<{'5a' * 16}@saldopost.example.com>"
    assert read(mail)["Message-ID"] == mail.message_id


def test_a_reply_is_threaded_to_the_mail_it_answers() -> None:
    message = read(compose_one(message_id="<3@x.example>", references=("<1@x.example>", "<2@x.example>")))
    assert message["In-Reply-To"] == "<3@x.example>"
    assert message["References"].split() == ["<1@x.example>", "<2@x.example>", "<3@x.example>"]


def test_a_mail_that_answers_without_references_is_threaded_by_what_it_answers() -> None:
    message = read(compose_one(message_id="<3@x.example>", in_reply_to=("<2@x.example>",)))
    assert message["References"].split() == ["<2@x.example>", "<3@x.example>"]


def test_a_mail_without_an_id_is_answered_without_a_thread() -> None:
    message = read(compose_one(message_id=None, references=("<1@x.example>",)))
    assert message["In-Reply-To"] is None
    assert message["References"] is None


def test_a_long_thread_keeps_its_first_and_its_latest() -> None:
    ids = tuple(f"<{number}.{'x' * 150}@x.example>" for number in range(50))
    mail = compose_one(message_id=ids[-1], references=ids[:-1])
    assert read(mail)["References"].split() == [ids[0], *ids[-19:]]


@pytest.mark.parametrize(
    "to", ["", "a@x.example\r\nBcc: b@y.example", "a@x.example, b@y.example", "<a@x.example>", "jö@x.example"]
)
def test_what_is_no_single_address_is_never_written_to(to: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        compose_one(to=to)


def test_a_name_beyond_ascii_may_send() -> None:
    mail = compose(
        RENDERED, "a@x.example", '"Bäckerei, Büro" <saldo@example.com>', envelope(), "R", NOW, "s.example", bytes
    )
    assert read(mail)["From"].addresses[0].display_name == "Bäckerei, Büro"


anything = st.text(st.characters() | st.sampled_from('\r\n\x00\x85\u2028 <>@,:;"=?'), max_size=300)
HEADERS = {
    "Content-Type", "MIME-Version", "From", "To", "Subject", "Date", "Message-ID", "X-Loop", "X-Auto-Response-Suppress",
    "Auto-Submitted", "X-Saldopost-Ref", "In-Reply-To", "References",
}  # fmt: skip


@given(anything, anything, anything, anything)
def test_nothing_that_a_stranger_writes_breaks_a_reply(subject: str, body: str, own: str, other: str) -> None:
    mail = compose_one(
        Rendered(subject, body, body), message_id=own, references=(other, own), in_reply_to=(other,), subject=subject
    )
    assert mail.raw.isascii()
    assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    message = read(mail)
    assert set(message.keys()) <= HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert message["To"] == "boekhouding@bakker.example"
    assert len(list(message.iter_parts())) == 2


@given(st.lists(st.from_regex(r"<[a-z0-9.$+-]{1,120}@[a-z0-9.-]{1,120}>", fullmatch=True), min_size=1, max_size=30))
def test_message_ids_come_through_as_they_are(ids: list[str]) -> None:
    raw = compose_one(message_id=ids[-1], references=tuple(ids[:-1])).raw
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", raw)
    found = re.search(rb"^References: (.*?)\r$", unfolded, re.MULTILINE)
    assert found
    assert found[1].decode().split() == (ids if len(ids) <= 20 else [ids[0], *ids[-19:]])


def test_an_alert_is_plain_and_generated() -> None:
    mail = compose_alert("Mailbox\nweg", "Al 3 uur.\n", "ops@example.com", SENDER, NOW, "s.example", bytes)
    message = read(mail)
    assert (message["Subject"], message["Auto-Submitted"], mail.kind) == ("Mailbox weg", "auto-generated", "alert")
    assert content(message) == "Al 3 uur.\n"
