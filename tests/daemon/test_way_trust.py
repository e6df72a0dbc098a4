"""Nothing of a mail is opened, and nobody is answered, before its sender is trusted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from dns_server import DnsServer
from exports import Account, OpenItem, export
from mails import mail
from offices import NOW, SIGNER, Office, signed

from daemon.reading import Reading
from daemon.trust import Border, Trust
from parsers.records import Key, Verdict
from store.database import Store

BOOKS = (Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),)
NAME = "s1._domainkey.bakker.example"
TOKEN = "jq3m" * 7
EXPORT = mail(("ARs_1.xml", export(BOOKS)))


@pytest.fixture
def office(store: Store, dns_server: DnsServer) -> Office:
    dns_server.names[NAME] = [SIGNER.record]
    return Office(store, dns_server)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was opened, in order."""
    seen: list[object] = []
    really_open = Reading.open

    def watch(self: Reading, options: object) -> object:
        seen.append(options)
        return really_open(self, options)  # type: ignore[arg-type]

    monkeypatch.setattr(Reading, "open", watch)
    return seen


def test_a_signed_export_is_applied_and_answered(office: Office, opened: list[object]) -> None:
    assert office.receive(signed(EXPORT)) == "applied"
    assert office.balances() == {("receivable", "10042"): 9980}
    assert len(office.outgoing()) == 1
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (EXPORT, "dkim-missing"),
        (signed(EXPORT).replace(b"Openstaande", b"Opengevallen"), "dkim-signature-wrong"),
        (signed(EXPORT).replace(b"hierbij", b"ziehier"), "dkim-body-changed"),
        (signed(mail(("ARs_1.xml", export(BOOKS)), sender="Jan <jan@bakker.example>, <eve@evil.example>")), "no-route"),
        (signed(mail(("ARs_1.xml", export(BOOKS)), sender="eve@evil.example")), "no-route"),
    ],
    ids=["unsigned", "changed subject", "changed body", "two senders", "unknown sender"],
)
def test_a_stranger_is_quarantined_unopened_and_unanswered(
    office: Office, opened: list[object], raw: bytes, reason: str
) -> None:
    assert office.receive(raw) == "quarantined"
    assert office.message.reason == reason
    assert (office.balances(), office.outgoing(), opened) == ({}, [], [])


def test_a_mail_waits_while_the_dns_is_in_trouble_and_is_taken_when_it_is_back(
    office: Office, opened: list[object]
) -> None:
    office.dns.names[NAME] = "trouble"
    raw = signed(EXPORT)
    assert office.receive(raw) is None
    assert (office.message.state, office.message.reason, office.message.tries) == ("waiting", "dns-unavailable", 0)
    assert office.message.wait_until == NOW + timedelta(minutes=5)
    assert (opened, office.outgoing()) == ([], [])

    office.dns.names[NAME] = [SIGNER.record]
    office.clock += timedelta(minutes=5)
    assert office.look_again(raw) == "applied"
    assert office.balances() == {("receivable", "10042"): 9980}


def test_after_a_day_without_dns_the_mail_is_quarantined_not_judged_forged(office: Office) -> None:
    office.dns.names[NAME] = "silence"
    raw = signed(EXPORT)
    waits = []
    assert office.receive(raw) is None
    while office.message.state == "waiting":
        assert office.message.wait_until is not None
        waits.append(office.message.wait_until - office.clock)
        office.clock = office.message.wait_until
        office.look_again(raw)
    assert (office.message.state, office.message.reason) == ("quarantined", "dns-unavailable")
    assert office.clock == NOW + timedelta(hours=24)
    assert waits[0] == timedelta(minutes=5)
    assert max(waits) == timedelta(hours=1)
    assert office.outgoing() == []


def test_signatures_that_kill_their_reader_are_a_strangers(
    office: Office, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    really_verify = Reading.verify

    def die(self: Reading, keys: Sequence[Key], moment: datetime) -> list[Verdict]:
        self._child.kill()
        return really_verify(self, keys, moment)

    with monkeypatch.context() as patch:
        patch.setattr(Reading, "verify", die)
        assert office.receive(signed(EXPORT)) == "quarantined"
    assert office.message.reason == "dkim-unreadable"
    assert (opened, office.outgoing()) == ([], [])
    assert office.receive(signed(EXPORT)) == "applied"


def test_a_secret_address_is_enough_where_the_route_says_so(office: Office) -> None:
    office.methods = ("token",)
    office.trust = Trust(tokens={"nl01": TOKEN})
    delivered = b"Delivered-To: saldo+" + TOKEN.encode() + b"@example.com\n"
    assert office.receive(EXPORT) == "quarantined"
    assert office.message.reason == "token-missing"
    assert office.receive(delivered + EXPORT) == "applied"
    (reply,) = office.outgoing()
    assert TOKEN not in reply.as_string()


def test_the_border_vouches_for_a_sender(office: Office) -> None:
    office.methods = ("authentication-results",)
    office.trust = Trust(border=Border("mx.example.com", "mx.example.com", removes_forged=True))
    results = b"Authentication-Results: mx.example.com; dmarc=pass header.from=bakker.example\n"
    received = b"Received: from mail.bakker.example by mx.example.com; Mon, 02 Mar 2026 09:31:00 +0000\n"
    assert office.receive(received + results + EXPORT) == "quarantined"  # written by the sender
    assert office.receive(results + received + EXPORT) == "applied"


def test_a_mail_above_the_limit_is_refused_unread_where_its_header_proves_the_sender(
    office: Office, opened: list[object]
) -> None:
    office.methods = ("token",)
    office.trust = Trust(tokens={"nl01": TOKEN})
    delivered = b"Delivered-To: saldo+" + TOKEN.encode() + b"@example.com\n"
    assert office.receive_header(delivered + EXPORT) == "refused"
    assert (office.message.reason, office.message.sha256) == ("mail-too-large", None)
    (reply,) = office.outgoing()
    assert reply["To"] == "boekhouding@bakker.example"
    assert "The mail is larger than 50 MB" in str(reply.get_body(("plain",)))
    assert (opened, office.balances()) == ([], {})


@pytest.mark.parametrize(
    ("methods", "raw", "state", "reason"),
    [
        (("dkim",), signed(EXPORT), "quarantined", "mail-too-large"),
        (("token",), EXPORT, "quarantined", "mail-too-large"),
        (("none",), mail(sender="eve@evil.example"), "quarantined", "mail-too-large"),
        (("none",), b"Auto-Submitted: auto-replied\n" + EXPORT, "ignored", "auto-submitted"),
    ],
    ids=["signature", "no token", "no route", "automatic"],
)
def test_a_mail_above_the_limit_that_proves_no_sender_is_never_answered(
    office: Office, opened: list[object], methods: tuple[str, ...], raw: bytes, state: str, reason: str
) -> None:
    office.methods = methods
    office.trust = Trust(tokens={"nl01": TOKEN})
    assert (office.receive_header(raw), office.message.reason) == (state, reason)
    assert (opened, office.outgoing()) == ([], [])


def test_a_mail_sent_again_much_later_is_a_replay(office: Office) -> None:
    old = signed(mail(("ARs_1.xml", export(BOOKS)), date=NOW - timedelta(days=9)))
    assert office.receive(old) == "quarantined"
    assert office.message.reason == "replayed"


def test_a_released_mail_is_processed_as_if_its_sender_were_trusted(office: Office) -> None:
    office.receive(EXPORT)
    before = office.message
    assert office.way.release(office.fetched(EXPORT), before) == "applied"
    assert office.balances() == {("receivable", "10042"): 9980}
    assert (office.message.ref, office.message.state, office.message.moved) == (before.ref, "applied", False)
    assert len(office.outgoing()) == 1
