"""The store is busy, full, read-only or damaged: a clear word, nothing half done, and the mail stays."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import Answer, Saldopost
from dovecot_server import Account as MailAccount
from exports import Account, OpenItem, export
from mails import mail
from programs import write_settings
from smtp_server import SmtpServer

ITEMS = tuple(OpenItem(str(number), "12.34", description="Zeevracht Rotterdam " * 3) for number in range(5))
BOOKS = [Account(str(10_000 + number), ITEMS, f"Expeditie {number}") for number in range(1_000)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        reason = f"needs root to mount a small disk: {mounted.stderr.strip()}"
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def run(
    account: MailAccount, smtp_server: SmtpServer, sqlite_template: Path, quick_saldopost: Saldopost, tmp_path: Path
) -> Callable[[Path], Answer]:
    """Deliver a mail, and `run --once` over a fresh store in the folder given."""
    account.deliver(
        mail(("ARs_1.xml", export(BOOKS, pagesize=5000)), sender="boekhouding@bakker.example", date=datetime.now(UTC))
    )

    def call(folder: Path) -> Answer:
        store = folder / "store.db"
        if not store.exists():
            store.write_bytes(sqlite_template.read_bytes())
        config = tmp_path / "config.toml"
        write_settings(config, f"sqlite:///{store}?timeout=0.3", account, smtp_server.port)
        return quick_saldopost("--config", str(config), "run", "--once")

    return call


def check_nothing_happened(account: MailAccount, smtp_server: SmtpServer, store: Path) -> None:
    assert len(account.mails()) == 1
    assert not smtp_server.received
    with sqlite3.connect(store) as connection:
        assert connection.execute("SELECT count(*) FROM balance").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    connection.close()


def check_all_is_done(account: MailAccount, smtp_server: SmtpServer, ran: Answer) -> None:
    assert ran.returncode == 0, ran.stderr
    assert len(account.mails("Processed")) == 1
    assert len(smtp_server.received) == 1


def test_a_store_that_another_program_holds_locked(
    run: Callable[[Path], Answer], account: MailAccount, smtp_server: SmtpServer, tmp_path: Path, sqlite_template: Path
) -> None:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ran = run(tmp_path)
    assert ran.returncode == 75
    assert "another program kept it locked" in ran.stderr
    other.execute("ROLLBACK")
    other.close()
    check_nothing_happened(account, smtp_server, tmp_path / "store.db")
    check_all_is_done(account, smtp_server, run(tmp_path))


def test_a_full_disk(
    run: Callable[[Path], Answer], account: MailAccount, smtp_server: SmtpServer, small_disk: Path
) -> None:
    (small_disk / "ballast").write_bytes(bytes(2_400_000))
    ran = run(small_disk)
    assert ran.returncode == 75, ran.stderr
    assert "the disk is full" in ran.stderr
    (small_disk / "ballast").unlink()
    check_nothing_happened(account, smtp_server, small_disk / "store.db")
    check_all_is_done(account, smtp_server, run(small_disk))


def test_a_read_only_disk(
    run: Callable[[Path], Answer],
    account: MailAccount,
    smtp_server: SmtpServer,
    small_disk: Path,
    sqlite_template: Path,
) -> None:
    (small_disk / "store.db").write_bytes(sqlite_template.read_bytes())
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    ran = run(small_disk)
    assert ran.returncode == 75, ran.stderr
    assert "it cannot be written" in ran.stderr or "cannot be opened" in ran.stderr
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    check_nothing_happened(account, smtp_server, small_disk / "store.db")
    check_all_is_done(account, smtp_server, run(small_disk))


def test_a_damaged_store_needs_a_person(
    run: Callable[[Path], Answer],
    account: MailAccount,
    smtp_server: SmtpServer,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    whole = sqlite_template.read_bytes()
    (tmp_path / "store.db").write_bytes(whole[:100] + os.urandom(len(whole) - 100))
    ran = run(tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert "damaged" in ran.stderr
    assert "back-up" in ran.stderr
    assert len(account.mails()) == 1
    assert not smtp_server.received
