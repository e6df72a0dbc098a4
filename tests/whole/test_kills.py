"""The daemon is killed at random moments, again and again, while mails come in.

In CI some 20 mails and 8 kills; nightly `SALDOPOST_KILLS=100 SALDOPOST_KILL_MAILS=300`.
"""

import json
import os
import random
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import Saldopost
from dovecot_server import Account as MailAccount
from exports import Account, OpenItem, export
from mails import mail
from programs import running, wait_until, write_settings
from smtp_server import SmtpServer

KILLS = int(os.environ.get("SALDOPOST_KILLS", "8"))
MAILS = int(os.environ.get("SALDOPOST_KILL_MAILS", "20"))
CODES = ("bakker", "smit", "devries")
FOLDERS = ("INBOX", "Processed", "Held", "Refused", "Quarantine", "Ignored", "Failed")


class Books:
    """Mails, each with the state it should end in, and the balances that they come to."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.balances: dict[tuple[str, str], str] = {}
        self.states: Counter[str] = Counter()
        self.began = datetime.now(UTC) - timedelta(hours=1)

    def next(self, number: int) -> bytes:
        kind = self.chance.choice(("applied",) * 6 + ("refused", "quarantined"))
        code = self.chance.choice(CODES)
        self.states[kind] += 1
        known = {"date": self.began + timedelta(seconds=number), "message_id": f"<{number}@{code}.example>"}
        sender = f"boekhouding@{code}.example"
        if kind == "refused":
            return mail(("lijst.csv", b"Code;Naam;Saldo\n1;A;2,00\n"), sender=sender, **known)
        if kind == "quarantined":
            return mail(("ARs_1.xml", export()), sender="eve@evil.example", **known)
        amount = f"{100 + number}.{number % 100:02d}"
        self.balances[code, "10042"], self.balances[code, "10043"] = amount, "250.00"
        accounts = [
            Account("10042", (OpenItem("1", amount),), "Bakker"),
            Account("10043", (OpenItem("2", "250"),), "S"),
        ]
        return mail(("ARs_1.xml", export(accounts)), sender=sender, **known)

    @property
    def replies(self) -> int:
        return self.states["applied"] + self.states["refused"]


@pytest.mark.timeout(120 + 6 * KILLS + MAILS)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_happens_twice(
    account: MailAccount, smtp_server: SmtpServer, store_url: str, quick_saldopost: Saldopost, tmp_path: Path
) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    books = Books(seed)
    config = write_settings(tmp_path / "config.toml", store_url, account, smtp_server.port, CODES)
    number = 0
    for kill in range(KILLS):
        with running(config, tmp_path / "log"):
            while number < MAILS * (kill + 1) // KILLS:
                account.deliver(books.next(number))
                number += 1
            # Starting takes most of a second; then the moments are as likely as they are long.
            wait_briefly(0.4 + books.chance.random() * 2)
    with running(config, tmp_path / "log") as daemon:

        def is_done() -> bool:
            messages = quick_saldopost("--config", str(config), "messages", "list", "--format", "json").rows
            done = [row for row in messages if row["state"] and row["reply"] in ("none", "sent")]
            return len(done) == MAILS and not account.count("INBOX")

        wait_until(is_done, "all mails done", 60 + MAILS)
        daemon.terminate()
        assert daemon.wait(timeout=10) in (0, -signal.SIGTERM)  # all may be done before it listens to signals

    check(books, account, smtp_server, quick_saldopost, str(config))


def wait_briefly(seconds: float) -> None:
    """A moment to be killed at: the one wait that is meant."""
    import time

    time.sleep(seconds)


def check(books: Books, account: MailAccount, smtp_server: SmtpServer, saldopost: Saldopost, config: str) -> None:
    balances = saldopost("--config", config, "balances", "--format", "json").rows
    assert {(row["administration"], row["code"]): row["open_import"] for row in balances} == books.balances
    messages = saldopost("--config", config, "messages", "list", "--format", "json").rows
    assert Counter(row["state"] for row in messages) == books.states, json.dumps(messages)
    lying = {folder: account.mails(folder) for folder in FOLDERS}
    assert {folder: len(mails) for folder, mails in lying.items() if mails} == {
        folder: books.states[state]
        for folder, state in (("Processed", "applied"), ("Refused", "refused"), ("Quarantine", "quarantined"))
        if books.states[state]
    }
    assert len({raw for mails in lying.values() for raw in mails}) == MAILS, "each is in one folder"
    imports = saldopost("--config", config, "imports", "list", "--format", "json").rows
    assert Counter(row["state"] for row in imports)["applied"] == books.states["applied"]
    raws = {received.raw for received in smtp_server.received}
    assert len(raws) == books.replies, "each reply once, or again with the same bytes"
    assert len(smtp_server.received) <= books.replies + KILLS
