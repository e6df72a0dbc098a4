"""`saldopost run --once` on an inbox full of exports: a real Dovecot, a real SMTP server, balances and replies."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import trustme
from books import Books, days, write_export
from certificates import Certificates
from dovecot_server import Account, Dovecot
from figures import Figure, measure
from imports import BIN, FLOOR, size_of
from mails import mail
from measuring import Run, run
from smtp_server import SmtpServer

DAYS = 10  # each administration mails as many exports, day after day
BOOKS = (40, 5)  # accounts, and items of each
CONFIG = """\
[store]
url = "{store}"
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "Saldopost <saldo@example.com>"
[caps]
sender_hour = 1000
sender_day = 1000
all_hour = 1000000
"""
MAILBOX = """\
[[mailboxes]]
name = "{user}"
host = "localhost"
port = {imap}
security = "tls"
ca_file = "{authority}"
username = "{user}"
password = "{password}"
"""
ADMINISTRATION = """\
[[administrations]]
code = "{code}"
name = "Bakker Expeditie B.V."
[[routes]]
mailbox = "{user}"
from = ["*@{code}.example"]
administration = "{code}"
authenticate = ["none"]
"""


def measure_draining(directory: Path, mails: int, pairs: int) -> Figure:
    exports = list(write_mails(mails))
    with mail_servers(directory) as (dovecot, smtp):
        bench = Draining(directory, dovecot, smtp, exports)
        what = f"{mails:,} mails of {BOOKS[0] * BOOKS[1]} items, IMAP to SMTP"
        return measure(what, pairs, bench.ours, bench.floor, 2.0, bench.growth)


class Draining:
    """Each run has an inbox of its own on the same servers."""

    def __init__(self, directory: Path, dovecot: Dovecot, smtp: SmtpServer, exports: list[bytes]) -> None:
        self.directory, self.dovecot, self.smtp, self.exports = directory, dovecot, smtp, exports
        self.store, self.plain = directory / "mails.db", directory / "plain.db"
        self.reply = directory / "reply.eml"  # the last one of ours, for the floor to send

    def ours(self) -> Run:
        return self.drain(self.deliver())

    def drain(self, account: Account, lying: int = 0) -> Run:
        """Drain an inbox into a folder in which so many mails lie already. Raises RuntimeError unless all went well."""
        self.store.unlink(missing_ok=True)
        config = self.directory / "mails.toml"
        config.write_text(self._settings(account))
        done = run([BIN / "saldopost", "--config", config, "run", "--once"], self.directory, self.store)
        listed = [BIN / "saldopost", "--config", config, "messages", "list", "--format", "json"]
        messages = json.loads(subprocess.run(listed, check=True, capture_output=True).stdout)
        states = {(one["state"], one["reply"]) for one in messages}
        if states != {("applied", "sent")} or len(messages) != len(self.exports):
            raise RuntimeError(f"{len(messages)} of {len(self.exports)} mails were processed: {states}")
        self._check(account, lying)
        self.reply.write_bytes(self.smtp.received[-1].raw)
        return done

    def floor(self) -> Run:
        account = self.deliver()
        self.plain.unlink(missing_ok=True)
        server = [self.dovecot.tls_port, self.dovecot.certificates.authority, account.user, account.password]
        command = [sys.executable, FLOOR, "mails", *map(str, server), str(self.smtp.port), self.plain, self.reply]
        done = run(command, self.directory, self.plain)
        self._check(account)
        return done

    def growth(self) -> int:
        return size_of(self.store)

    def deliver(self) -> Account:
        account = self.dovecot.account()
        account.deliver(*self.exports)
        self.smtp.received.clear()
        return account

    def _check(self, account: Account, lying: int = 0) -> None:
        with account.connect() as client:
            left = client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"]
            moved = client.folder_status("Processed", ["MESSAGES"])[b"MESSAGES"]
        if (left, moved - lying, len(self.smtp.received)) != (0, len(self.exports), len(self.exports)):
            raise RuntimeError(f"{left} mails left, {moved} moved, {len(self.smtp.received)} replies")

    def _settings(self, account: Account) -> str:
        store = f"sqlite:///{self.store}"
        return write_settings(store, self.dovecot, self.smtp, [(account, codes_of(len(self.exports)))])


def write_settings(
    store: str, dovecot: Dovecot, smtp: SmtpServer, codes: Sequence[tuple[Account, Sequence[str]]]
) -> str:
    """The TOML of a daemon that reads these mailboxes, each with mails of these administrations."""
    authority = dovecot.certificates.authority
    text = CONFIG.format(store=store, smtp=smtp.port)
    for account, _ in codes:
        known = {"user": account.user, "password": account.password}
        text += MAILBOX.format(imap=dovecot.tls_port, authority=authority, **known)
    for account, own in codes:
        text += "".join(ADMINISTRATION.format(code=code, user=account.user) for code in own)
    return text


def codes_of(mails: int, first: int = 0) -> list[str]:
    """The administrations that send so many mails."""
    return [f"nl{first + number:05}" for number in range(-(-mails // DAYS))]


def write_mails(mails: int, first: int = 0) -> Iterator[bytes]:
    """One day after the other, on each day one mail of each administration; they are numbered from `first` on."""
    began = datetime.now(UTC) - timedelta(days=DAYS)
    codes = codes_of(mails, first)
    for number in range(mails):
        day, which = divmod(number, len(codes))
        books = Books(*BOOKS, seed=first + which)
        out = StringIO()
        write_export(out, books, **list(days(books, DAYS))[day])
        yield mail(
            ("ARs_1.xml", out.getvalue().encode()),
            sender=f"boekhouding@{codes[which]}.example",
            date=began + timedelta(days=day, seconds=which),
            message_id=f"<{first}.{number}@bakker.example>",
        )


@contextmanager
def mail_servers(directory: Path) -> Iterator[tuple[Dovecot, SmtpServer]]:
    files = Certificates(*(directory / name for name in ("authority.pem", "server.pem", "server.key")))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(files.authority)
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(files.key)
    for position, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(files.certificate, append=position > 0)
    dovecot, smtp = Dovecot(files), SmtpServer()
    try:
        dovecot.start()
        smtp.start()
        yield dovecot, smtp
    finally:
        smtp.stop()
        dovecot.close()
