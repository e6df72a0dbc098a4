"""What the work costs at least: honest loops in one process, without any of our rules.

`floor.py import FILE DB` parses every field of every item into exact tuples and inserts them into one plain table.
`floor.py mails PORT AUTHORITY USER PASSWORD SMTP_PORT DB REPLY` fetches each mail of an inbox, parses its export,
commits, sends a prepared reply (the bytes of the file REPLY), and moves the mail, one after the other.

Both use the journal that the store uses, and synchronous=FULL.
"""

import email
import re
import smtplib
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from imapclient import IMAPClient
from lxml import etree

from store.database import wal_is_safe

ROWS = 1000
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_TABLE = """CREATE TABLE item (
    exact_id TEXT, code TEXT, name TEXT, number TEXT, your_ref TEXT, description TEXT, invoice_date TEXT, due_date TEXT,
    currency TEXT, invoice_fc INTEGER, open_fc INTEGER, invoice_dc INTEGER, open_dc INTEGER)"""
_INSERT = f"INSERT INTO item VALUES ({', '.join('?' * 13)})"

Row = tuple[str | int | None, ...]


def main() -> None:
    match sys.argv[1:]:
        case "import", file, database:
            connection = open_database(database)
            with open(file, "rb") as opened:
                insert(connection, read_items(opened))
        case "mails", port, authority, user, password, smtp_port, database, reply:
            login = (user, password)
            drain(int(port), authority, login, int(smtp_port), open_database(database), Path(reply).read_bytes())
        case _:
            sys.exit(__doc__)


def open_database(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {'WAL' if wal_is_safe(sqlite3.sqlite_version_info) else 'TRUNCATE'}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE)
    return connection


def insert(connection: sqlite3.Connection, rows: Iterator[Row]) -> None:
    """One transaction."""
    connection.execute("BEGIN")
    while some := list(islice(rows, ROWS)):
        connection.executemany(_INSERT, some)
    connection.execute("COMMIT")


def read_items(file: BinaryIO) -> Iterator[Row]:
    """Every field of every item: amounts to cents by Decimal, dates looked at, finished elements let go."""
    for _, block in etree.iterparse(file, tag=("AR", "AP")):
        account, items = block.find("Account"), block.find("OutstandingItems")
        owner = (account.get("ID"), account.get("code").strip(), account.findtext("Name"))
        for item in items:
            fields = {field.tag: field for field in item}
            reference = fields.get("YourRef")
            invoiced, due = fields["InvoiceDate"].text, fields["DueDate"].text
            if not (_DATE.fullmatch(invoiced) and _DATE.fullmatch(due)):
                raise ValueError(f"line {item.sourceline}: no date")
            yield (
                *owner,
                item.get("number"),
                "" if reference is None else reference.text,
                fields["Description"].text,
                invoiced,
                due,
                fields["Currency"].get("code"),
                _cents(fields["InvoiceAmtFC"].text),
                _cents(fields["OutstandingAmtFC"].text),
                _cents(fields["InvoiceAmtDC"].text),
                _cents(fields["OutstandingAmtDC"].text),
            )
        block.clear()
        while block.getprevious() is not None:
            del block.getparent()[0]


def drain(
    port: int, authority: str, login: tuple[str, str], smtp_port: int, connection: sqlite3.Connection, reply: bytes
) -> None:
    tls = ssl.create_default_context(cafile=authority)
    with IMAPClient("localhost", port, ssl_context=tls) as imap, smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        imap.login(*login)
        imap.create_folder("Processed")
        imap.select_folder("INBOX")
        for uid in imap.search():
            raw = imap.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
            for part in email.message_from_bytes(raw).walk():
                if part.get_filename():
                    insert(connection, read_items(BytesIO(part.get_payload(decode=True))))
            smtp.sendmail("saldo@example.com", ["boekhouding@bakker.example"], reply)
            imap.move([uid], "Processed")


def _cents(text: str) -> int:
    cents = Decimal(text).scaleb(2)
    if cents != int(cents):
        raise ValueError(f"{text}: more than two digits")
    return int(cents)


if __name__ == "__main__":
    main()
