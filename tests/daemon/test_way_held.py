"""Exports that wait for a yes: asked about, answered by mail, completed by a later one, decided only once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO

import pytest
from exports import Account, OpenItem, export
from mails import RECIPIENT, SENDER, mail
from openpyxl import load_workbook
from ways import ROUTE, make_way

from daemon.mailbox import FetchedMail
from daemon.trust import Trust
from store import holding, undoing
from store.balances import iterate_balances
from store.database import Store
from store.imports import list_imports
from store.messages import list_messages
from store.outbox import claim
from store.records import MailKey, MessageState

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BIG = Account("10042", (OpenItem("1", "1000"),), "Bakker")
SMALL = Account("10043", (OpenItem("2", "250"),), "Smit")
BOOKS = (BIG, SMALL)
TOKEN = "jq3m" * 7


class Office:
    """Mails arrive an hour apart; `replies` are those that the courier would have sent by then."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = START
        self.uid = 0
        self.route = ROUTE
        self.trust = Trust(tokens={"nl01": TOKEN})

    def receive(self, raw: bytes) -> MessageState | None:
        self.uid += 1
        key = MailKey("main", "INBOX", 7, self.uid)
        way = make_way(self.store, lambda: self.now, self.uid, routes=(self.route,), trust=self.trust)
        return way.process(FetchedMail(key, len(raw), self.now, raw))

    def export(
        self, *accounts: Account, pagesize: int = 500, name: str = "ARs_1.xml", to: str = RECIPIENT
    ) -> MessageState | None:
        self.now += timedelta(hours=1)
        raw = mail(
            (name, export(accounts, pagesize=pagesize)), to=to, date=self.now,
            message_id=f"<{self.uid}@bakker.example>", headers=(("Delivered-To", to),),
        )  # fmt: skip
        return self.receive(raw)

    def answer(self, to: EmailMessage, text: str, sender: str = SENDER) -> MessageState | None:
        self.now += timedelta(minutes=1)
        thread = (("In-Reply-To", to["Message-ID"]), ("References", f"{to['References'] or ''} {to['Message-ID']}"))
        raw = mail(
            sender=sender, to="saldo@example.com", subject=f"Re: {to['Subject']}", date=self.now, text=text,
            message_id=f"<answer-{self.uid}@bakker.example>", headers=thread,
        )  # fmt: skip
        return self.receive(raw)

    def replies(self, *, held_back: bool = False) -> list[EmailMessage]:
        """The replies since the last call."""
        with self.store.write() as tx:
            due = claim(tx, self.now, 100, timedelta(days=9), held_back=held_back)
        found = [message_from_bytes(one.raw, policy=policy.default) for one in due]
        assert all(isinstance(one, EmailMessage) for one in found)
        return found

    def reply(self) -> EmailMessage:
        (reply,) = self.replies()
        return reply

    @property
    def total(self) -> int:
        with self.store.read() as tx:
            return sum(row.open_import for row in iterate_balances(tx))

    @property
    def mails(self) -> list[tuple[str | None, bool]]:
        """State, and whether it lies where it belongs; oldest first."""
        with self.store.read() as tx:
            return [(one.state, one.moved) for one in reversed(list_messages(tx))]

    @property
    def imports(self) -> list[str]:
        with self.store.read() as tx:
            return [one.state for one in reversed(list_imports(tx))]


@pytest.fixture
def office(store: Store) -> Office:
    """Books of 1,250.00, and the reply about them read."""
    opened = Office(store)
    assert opened.export(*BOOKS) == "applied"
    opened.replies()
    return opened


def body(reply: EmailMessage) -> str:
    part = reply.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_an_export_that_looks_partial_waits_and_a_yes_applies_it(office: Office) -> None:
    assert office.export(SMALL) == "held"
    assert office.total == 125000
    question = office.reply()
    assert "yes" in body(question)

    assert (
        office.answer(
            question, "Yes\n\nOn 2 Mar 2026, at 11:00, Saldopost <saldo@example.com> wrote:\n> Is it right?\n"
        )
        == "applied"
    )
    assert office.total == 25000
    assert office.imports == ["applied", "applied"]
    assert [state for state, _ in office.mails] == ["applied", "applied", "applied"]
    assert "said yes" in body(office.reply())


def test_an_answer_takes_the_route_of_the_export_whichever_address_it_is_sent_to(office: Office) -> None:
    office.route = replace(ROUTE, recipients=(RECIPIENT,))
    assert office.export(SMALL) == "held"
    question = office.reply()
    assert question["Reply-To"] == RECIPIENT
    assert office.answer(question, "yes", sender="piet@bakker.example") == "quarantined"
    assert office.answer(question, "yes") == "applied"
    assert office.total == 25000
    assert office.answer(question, "no") == "unchanged"  # it was settled, and is told so


def test_an_answer_proves_by_what_it_answers_what_the_secret_address_proves(office: Office) -> None:
    office.route = replace(ROUTE, recipients=("saldo+*@example.com",), authenticate=("token",))
    assert office.export(SMALL, to=f"saldo+{TOKEN}@example.com") == "held"
    question = office.reply()
    assert question["Reply-To"] is None
    assert TOKEN not in question.as_string()
    guessed = EmailMessage()
    guessed["Message-ID"] = "<00112233445566778899aabbccddeeff@saldopost.example.com>"
    assert office.answer(guessed, "yes") == "quarantined"
    assert office.answer(question, "yes", sender="piet@bakker.example") == "quarantined"
    assert office.total == 125000

    assert office.answer(question, "yes") == "applied"
    assert office.total == 25000
    assert office.answer(question, "no") == "quarantined"  # the question is closed, and proves nothing any more


def test_a_yes_to_both_sides_lists_the_accounts_of_both(office: Office) -> None:
    office.now += timedelta(hours=1)
    both = mail(("x.xml", export(BOOKS, BOOKS)), date=office.now, message_id="<both@bakker.example>")
    assert office.receive(both) == "applied"
    office.replies()
    office.now += timedelta(hours=1)
    filtered = mail(("x.xml", export((SMALL,), (SMALL,))), date=office.now, message_id="<few@bakker.example>")
    assert office.receive(filtered) == "held"
    assert office.answer(office.reply(), "yes") == "applied"
    (attached,) = office.reply().iter_attachments()
    book = load_workbook(BytesIO(attached.get_content()))
    codes = {sheet.title: [row[0] for row in sheet.values][1:] for sheet in book.worksheets}
    assert codes == {"receivables": ["10042", "10043"], "payables": ["10042", "10043"]}


def test_a_no_puts_it_aside(office: Office) -> None:
    office.export(SMALL)
    assert office.answer(office.reply(), "nee") == "unchanged"
    assert office.total == 125000
    assert office.imports == ["applied", "rejected"]
    assert office.mails[1] == ("refused", False)


def test_anything_else_is_asked_again_and_can_still_be_answered(office: Office) -> None:
    office.export(SMALL)
    question = office.reply()
    assert office.answer(question, "Ja, maar wacht nog even met verwerken") == "refused"
    assert office.total == 125000
    assert office.answer(office.reply(), "ja") == "applied"
    assert office.total == 25000


def test_an_answer_of_somebody_else_counts_for_nothing(office: Office) -> None:
    office.export(SMALL)
    question = office.reply()
    assert office.answer(question, "yes", sender="other@bakker.example") == "refused"
    assert office.answer(question, "yes", sender="eve@evil.example") == "quarantined"
    assert (office.total, office.imports) == (125000, ["applied", "held"])


def test_an_export_attached_to_an_answer_is_processed_as_any(office: Office) -> None:
    office.export(SMALL)
    question = office.reply()
    office.now += timedelta(minutes=5)
    raw = mail(
        ("ARs_1.xml", export((BIG, SMALL, Account("10044")))),
        date=office.now,
        text="yes",
        headers=(("In-Reply-To", question["Message-ID"]),),
    )
    assert office.receive(raw) == "applied"
    assert office.imports == ["applied", "superseded", "applied"]
    assert office.mails[1] == ("unchanged", False)


def test_a_second_yes_hears_that_it_was_applied_already(office: Office) -> None:
    office.export(SMALL)
    question = office.reply()
    office.answer(question, "yes")
    office.replies()
    assert office.answer(question, "yes") == "unchanged"
    assert "already" in body(office.reply())
    assert office.imports == ["applied", "applied"]


def test_a_yes_to_figures_that_changed_since_is_asked_anew(office: Office) -> None:
    office.export(SMALL)
    question = office.reply()
    with office.store.write() as tx:  # somebody takes the first import back meanwhile
        undoing.undo(tx, 1, office.now, "ops")
    assert office.answer(question, "yes") == "unchanged"
    assert office.total == 0
    assert office.imports == ["undone", "held"]
    assert office.answer(office.reply(), "yes") == "applied"
    assert office.total == 25000


def test_the_same_bytes_again_are_answered_under_the_same_import(office: Office) -> None:
    office.export(SMALL)
    office.replies()
    assert office.export(SMALL) == "held"
    assert office.imports == ["applied", "held"]
    assert office.answer(office.reply(), "yes") == "applied"
    assert office.total == 25000
    assert [state for state, _ in office.mails] == ["applied", "applied", "applied", "applied"]


def test_pages_in_two_mails_are_one_export_whatever_comes_first(store: Store) -> None:
    pages = (("ARs_1.xml", (BIG,), 1), ("ARs_2.xml", (), 1))
    for order in (pages, pages[::-1]):
        office = Office(store)
        with store.write() as tx:
            for row in list_imports(tx, state="applied"):
                undoing.undo(tx, row.id, START, "test")
        office.uid = 100 if order is not pages else 0
        (name, accounts, size), (other, others, _) = order
        assert office.export(*accounts, pagesize=size, name=name) == "held"
        assert office.replies() == []  # the other page often comes in the next mail
        assert office.export(*others, pagesize=size, name=other) == "applied"
        assert office.total == 100000
        assert len(office.replies(held_back=True)) == 1
        assert [state for state, _ in office.mails][-2:] == ["applied", "applied"]


def test_a_missing_page_cannot_be_approved(office: Office) -> None:
    assert office.export(BIG, name="ARs_2.xml") == "held"
    office.now += timedelta(minutes=20)
    question = office.reply()
    assert office.answer(question, "yes") == "refused"
    assert office.imports[-1] == "held"
    assert office.total == 125000


def test_an_older_export_does_not_push_aside_a_newer_one_that_waits(office: Office) -> None:
    office.export(SMALL)
    older = mail(("ARs_1.xml", export((BIG, SMALL, Account("10044")))), date=office.now - timedelta(minutes=30))
    assert office.receive(older) == "refused"
    assert office.imports == ["applied", "held", "refused"]


def test_what_is_kept_reads_as_it_was_sent(office: Office) -> None:
    office.export(SMALL)
    with office.store.read() as tx:
        (held,) = [holding.find_by_id(tx, row.id) for row in list_imports(tx, state="held")]
    assert all(file.kept_id is not None for file in held.files)
