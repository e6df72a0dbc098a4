"""Logs hold no amounts, no text of a mail and nothing out of its files, whatever becomes of it."""

import io
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from dns_server import DnsServer
from exports import Account, OpenItem, export
from mails import DATE, RECIPIENT, mail
from offices import Office

from daemon.logs import configure_logs
from daemon.reading import start_reading
from daemon.trust import Trust
from daemon.unavailable import MailMetBug
from store.database import Store

BIG = Account("88117", (OpenItem("20269913", "7531.97", description="Zwijggeld"),), "Geheimhouder")
SMALL = Account("88118", (OpenItem("20269914", "250.19"),), "Stilzwijger")
TOKEN = "jq3m" * 7
SECRETS = (
    *("7531", "7.531", "7,531", "753197", "250.19", "250,19", "25019", "7782", "7.782", "7,782", "778216"),
    *("88117", "88118", "20269913", "20269914", "Zwijggeld", "Geheimhouder", "Stilzwijger", "OutstandingItem"),
    *("Vertrouwelijk", "ondergetekende", "akkoord", TOKEN),
)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that would stand in the journal, at the level that shows the most."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logs(stream, {"INVOCATION_ID": "1"}, level=logging.DEBUG)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def office(store: Store, dns_server: DnsServer) -> Office:
    start_reading()
    return Office(store, dns_server, methods=("none",), trust=Trust(tokens={"nl01": TOKEN}))


def sent(
    minute: int, content: bytes | None, text: str = "Vertrouwelijk, ondergetekende", to: str = RECIPIENT, **headers: str
) -> bytes:
    return mail(
        *([("ARs_1.xml", content)] if content else []),
        to=to,
        date=DATE + timedelta(minutes=minute),
        message_id=f"<{minute}@bakker.example>",
        text=f"{text}\n",
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
    )


def test_of_no_outcome_does_the_log_tell_more_than_words_of_ours(office: Office, logged: io.StringIO) -> None:
    assert office.receive(sent(1, export((BIG, SMALL)))) == "applied"
    office.outgoing()
    assert office.receive(sent(2, export((SMALL,)))) == "held"
    (question,) = office.outgoing()
    assert office.receive(sent(3, None, "akkoord", In_Reply_To=question["Message-ID"])) == "applied"
    assert office.receive(sent(4, export((BIG, SMALL)).replace(b"7531.97", b"7531,97"))) == "refused"
    assert office.receive(sent(5, export((BIG, SMALL))[:-20])) == "refused"
    assert office.receive(sent(6, export((BIG,)), Auto_Submitted="auto-replied")) == "ignored"
    assert office.receive_header(sent(7, export((BIG,)))) == "refused"
    office.methods = ("token",)
    assert office.receive(sent(8, export((BIG,)), to=f"saldo+{TOKEN}@example.com")) == "quarantined"
    office.methods = ("dkim",)
    assert office.receive(sent(9, export((BIG,)), DKIM_Signature="v=1; Vertrouwelijk")) == "quarantined"
    lines = logged.getvalue()
    assert [lines.count(f"state={state}") for state in ("applied", "refused", "ignored", "quarantined")] == [2, 3, 1, 2]
    assert [secret for secret in SECRETS if secret in lines] == []


def test_a_bug_that_a_mail_meets_shows_nothing_of_it(office: Office, logged: io.StringIO) -> None:
    """A database that refuses a row quotes it."""
    with office.store.write() as tx:
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("ALTER TABLE open_item ADD CONSTRAINT never CHECK (open_dc = 0)")
        else:
            tx.exec_driver_sql(
                "CREATE TRIGGER never BEFORE INSERT ON open_item BEGIN SELECT RAISE(ABORT, 'never'); END"
            )
    with pytest.raises(MailMetBug):
        office.receive(sent(1, export((BIG, SMALL))))
    lines = logged.getvalue()
    assert "mail-met-a-bug" in lines
    assert "never" in lines
    assert [secret for secret in SECRETS if secret in lines] == []
