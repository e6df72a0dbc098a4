"""Once a day: the digest of quarantined mails, and deleting what is old."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from random import Random

import pytest
from own_files import own, take

from daemon.alerts import Alerts
from daemon.housekeeping import Housekeeping
from daemon.settings.models import RetentionSettings
from handlers.etiquette import Identity
from store import messages, outbox
from store.batches import mark_transactions
from store.database import Store
from store.own_records import TransactionRow
from store.records import MailKey, Outcome

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class House:
    def __init__(self, store: Store) -> None:
        self.store, self.now, self.uid = store, NOW, 0
        identity = Identity(frozenset({"saldo@example.com"}), "saldopost.example.com")
        self.random = Random(1)
        alerts = Alerts(("beheer@example.com",), "Saldopost <saldo@example.com>", identity, self.random.randbytes)
        self.keeping = Housekeeping(store, alerts, RetentionSettings(messages_days=10), lambda: self.now)

    def quarantine(self, sender: str | None = "eve@evil.example") -> None:
        self.uid += 1
        with self.store.write() as tx:
            message = messages.remember(tx, MailKey("main", "INBOX", 1, self.uid), 1, self.now, self.now, self.random)
            messages.describe(
                tx,
                message.id,
                sender=sender,
                subject="Betaal nu: http://evil.example",
                rfc_message_id=None,
                sent_at=None,
                sha256="0",
            )
            messages.finish(tx, message.id, Outcome("quarantined", "dkim-missing", "nl01"), self.now)
            messages.mark_moved(tx, [(message.id, "quarantined", None)])

    def digests(self) -> list[str]:
        """What is told by now and was not told before."""
        self.keeping.run_due()
        with self.store.write() as tx:
            claimed = outbox.claim(tx, self.now, 100, DAY)
            outbox.mark_sent(tx, [mail.id for mail in claimed], self.now)
        parsed = [message_from_bytes(mail.raw, policy=policy.default) for mail in claimed]
        return [f"{mail['Subject']}\n{mail.get_content()}" for mail in parsed]  # type: ignore[attr-defined]


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def test_quarantined_mails_are_told_of_once_and_at_most_once_a_day(house: House) -> None:
    assert house.digests() == []
    house.quarantine()
    (digest,) = house.digests()
    assert "mails in quarantine: 1" in digest
    assert "eve@evil.example" in digest
    assert "dkim-missing" in digest
    house.now += timedelta(hours=1)
    house.quarantine("mal@evil.example")
    house.now += timedelta(hours=22)
    assert house.digests() == []
    house.now += timedelta(hours=1)
    (digest,) = house.digests()
    assert "mal@evil.example" in digest
    assert "eve@evil.example" not in digest
    house.now += DAY
    assert house.digests() == []


def test_a_digest_shows_nothing_that_a_stranger_could_lure_with(house: House) -> None:
    house.quarantine("eve@evil.example\r\nBcc: victim@example.com\u202e")
    (digest,) = house.digests()
    assert "http://" not in digest
    assert not any(line.startswith("Bcc") for line in digest.splitlines())
    assert "\u202e" not in digest


def test_a_flood_makes_a_short_digest(house: House) -> None:
    for _ in range(60):
        house.quarantine()
    (digest,) = house.digests()
    assert "50 or more" in digest
    assert digest.count("dkim-missing") == 50


def test_what_was_handed_over_and_never_came_goes_with_the_files(house: House) -> None:
    take(house.store, [own("A")])
    with house.store.write() as tx:
        mark_transactions(tx, "nl01", [TransactionRow(7, None, "1", None, "B", "", "", None)], "W10", house.now, "jan")
    house.now += timedelta(days=100)
    house.keeping.run_due()
    assert take(house.store, [own("B")]).handed_over == 0


def test_old_records_are_deleted_once_a_day(house: House) -> None:
    house.quarantine()
    house.digests()
    house.now += timedelta(days=10, hours=1)
    house.keeping.run_due()
    with house.store.read() as tx:
        assert messages.list_messages(tx) == []
