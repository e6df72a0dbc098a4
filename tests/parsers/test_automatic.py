import pytest
from mails import raw_mail

from parsers.envelope import read_envelope


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Auto-Submitted: auto-replied", "auto-submitted"),
        ("Auto-Submitted: auto-generated; type=x", "auto-submitted"),
        ("Auto-Submitted:", "auto-submitted"),
        ("Auto-Submitted: No ; comment=1", None),
        ("Auto-Submitted: no (really)", None),
        ("Return-Path: <>", "null-return-path"),
        ("Return-Path: < >", "null-return-path"),
        ("Return-Path: <a@b.example>\r\nReturn-Path: <c@d.example>", "repeated-return-path"),
        ("Return-Path: <a@b.example>", None),
        ("Return-Path: <news-bounces+piet=x.example@lists.example>", "robot-address"),
        ("List-Id: <news.example>", "list"),
        ("LIST-UNSUBSCRIBE: <mailto:a@b.example>", "list"),
        ("Precedence: Bulk", "precedence"),
        ("Precedence: list", "precedence"),
        ("Precedence: junk", "precedence"),
        ("Precedence: first-class", None),
        ("X-Loop: a@b.example", "x-loop"),
        ("X-Auto-Response-Suppress: All", "x-auto-response-suppress"),
        ("X-Autoreply: yes", "x-autoreply"),
        ("Content-Type: multipart/report; report-type=delivery-status", "report"),
        ("Content-Type: message/delivery-status", "report"),
        ("Content-Type: Multipart/Mixed; boundary=x", None),
    ],
)
def test_automatic_mail_is_recognised_by_its_headers(line: str, reason: str | None) -> None:
    assert read_envelope(raw_mail("From: a@b.example", line)).automatic == reason


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("owner-news@x.example", "robot-address"),
        ("news-request@x.example", "robot-address"),
        ("news-bounces@x.example", "robot-address"),
        ("MAILER-DAEMON@x.example", "robot-address"),
        ("postmaster@x.example", "robot-address"),
        ("owner@x.example", None),
        ("postmasters@x.example", None),
    ],
)
def test_automatic_mail_is_recognised_by_its_sender(sender: str, reason: str | None) -> None:
    assert read_envelope(raw_mail(f"From: {sender}")).automatic == reason
