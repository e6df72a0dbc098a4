"""How much is answered, and that two programs which mail each other fall silent."""

from datetime import timedelta

import pytest
from dns_server import DnsServer
from exports import Account, OpenItem, export
from mails import mail
from offices import NOW, Office

from handlers.caps import Caps
from store.database import Store
from store.outbox import claim

BOOKS = (Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker"),)
EXPORT = mail(("ARs_1.xml", export(BOOKS)))


@pytest.fixture
def office(store: Store, dns_server: DnsServer) -> Office:
    return Office(store, dns_server, methods=("none",))


def test_a_reply_goes_to_the_from_alone_whoever_else_the_mail_names(office: Office) -> None:
    others = ("Reply-To", "Sender", "Cc", "Return-Path", "Disposition-Notification-To", "Errors-To", "Resent-From")
    raw = mail(("ARs_1.xml", export(BOOKS)), headers=tuple((name, "eve@evil.example") for name in others))
    assert office.receive(raw) == "applied"
    with office.store.write() as tx:
        (reply,) = claim(tx, office.clock, 10, timedelta(days=1))
    assert (reply.envelope_sender, reply.recipient) == ("", "boekhouding@bakker.example")
    assert b"evil.example" not in reply.raw


def test_over_the_cap_a_mail_is_processed_but_not_answered_and_people_are_told_once(office: Office) -> None:
    office.caps = Caps(sender_hour=2)
    assert [office.receive(EXPORT) for _ in range(4)] == ["applied", "unchanged", "unchanged", "unchanged"]
    assert office.message.reply == "none"
    assert len(office.outgoing(now=NOW + timedelta(days=1))) == 2


def test_the_alert_about_caps_names_the_administration_and_nothing_of_the_mail(office: Office) -> None:
    office.caps = Caps(sender_hour=1)
    for _ in range(3):
        office.receive(EXPORT)
    (alert,) = office.outgoing("alert")
    assert alert["To"] == "beheer@example.com"
    assert alert["Auto-Submitted"] == "auto-generated"
    text = alert.get_content()
    assert "nl01" in text
    assert "replies-sender-hour" in text
    assert not any(word in text for word in ("99.80", "Goedemorgen", "Bakker"))


def test_after_an_hour_there_is_room_again(office: Office) -> None:
    office.caps = Caps(sender_hour=1)
    office.receive(EXPORT)
    office.receive(EXPORT)
    office.clock += timedelta(hours=1, minutes=1)
    office.receive(EXPORT)
    assert office.message.reply == "queued"


def test_the_breaker_counts_all_senders(office: Office) -> None:
    office.caps = Caps(all_hour=2, all_hour_per_administration=1)
    for name in ("an", "bo", "cor"):
        office.receive(mail(("ARs_1.xml", export(BOOKS)), sender=f"{name}@bakker.example"))
    assert len(office.outgoing()) == 2


def test_the_report_of_a_held_import_waits_instead_of_being_dropped(office: Office) -> None:
    office.caps = Caps(sender_hour=1)
    office.receive(EXPORT)
    assert office.receive(mail(("ARs_1.xml", export([])), date=NOW - timedelta(minutes=6))) == "held"
    assert office.message.reply == "queued"
    assert len(office.outgoing()) == 1
    (report,) = office.outgoing(now=NOW + timedelta(hours=1))
    assert office.message.ref in str(report["X-Saldopost-Ref"])


def test_two_that_mail_each_other_stop_after_one_reply(
    store: Store, dns_server: DnsServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from store.database import open_store

    other_store = open_store(f"sqlite:///{tmp_path_factory.mktemp('other')}/other.db")
    here = Office(store, dns_server, methods=("none",), senders=("*",), own_address="saldo@here.example")
    there = Office(other_store, dns_server, methods=("none",), senders=("*",), own_address="saldo@there.example")
    exchanged = [mail(("ARs_1.xml", b"no export"), sender="saldo@there.example", to="saldo@here.example")]
    states = []
    for turn in range(10):
        office = (here, there)[turn % 2]
        if not exchanged:
            break
        states.append(office.receive(exchanged.pop()))
        exchanged += [reply.as_bytes() for reply in office.outgoing()]
    other_store.close()
    assert states == ["refused", "ignored"]
