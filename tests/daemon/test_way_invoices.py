"""Own invoices and transactions on their way, alone and beside exports, in any order, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from command_line import Saldopost
from dns_server import DnsServer
from exports import GUID, Account, OpenItem, export
from gl_transactions import Entry, Term, transactions
from invoice_lists import invoice_list, row
from mails import DATE, mail
from offices import Office
from openpyxl import load_workbook
from reports import policy
from ubl_invoices import US, Party, UblInvoice, ubl

from daemon import intake
from handlers.policy import CodeRule, InvoiceRules
from handlers.render import Rendered
from store.accounts import apply_cards
from store.database import Store
from store.records import AccountCard

RULES = policy(
    code="nl01",
    language="en",
    customer_code=CodeRule(digits_only=True, strip_zeros=True),
    invoices=InvoiceRules(number="digits", parties=("NL001234567B01",)),
)
BAKKER = GUID.format(42)
LIST = ("facturen.csv", invoice_list([row(customer_code="KLANT-00042")]))
HANDED_OVER = ("transactions.xml", transactions([Entry(code="42", terms=(Term("20260001"),))]))


@pytest.fixture
def office(store: Store, dns_server: DnsServer) -> Office:
    return Office(store, dns_server, methods=("none",), policy=RULES)


def ars(*items: OpenItem, code: str = "42") -> tuple[str, bytes]:
    """An export with another debtor beside, so that nothing looks empty."""
    other = Account("7", (OpenItem("5", "10"),), "Visser", GUID.format(7))
    accounts = [Account(code, items, "Bakker", BAKKER)] if items else []
    return "ARs_1.xml", export([*accounts, other])


SHOWN = ars(OpenItem("20260001", "121.00"))


def told(office: Office) -> str:
    """The text of the newest reply, its figures without blanks between."""
    *_, reply = office.outgoing()
    assert isinstance(reply, EmailMessage)
    body = reply.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def of_bakker(office: Office, side: str = "receivable") -> tuple[int, int, int, int]:
    return office.figures().get((side, "42"), (0, 0, 0, 0))


def test_an_invoice_counts_until_an_export_shows_it(office: Office) -> None:
    assert office.receive(mail(LIST)) == "applied"
    assert of_bakker(office) == (0, 12100, 0, 12100)
    text = told(office)
    assert text.startswith("Updated: 1 own invoice ")
    assert "Customers without an account in Exact, as far as exports have shown: 1 (KLANT-00042 Bakker & Zn." in text
    assert "Receivables not handed to Exact yet 0.00 121.00 +121.00" in text
    assert "who owes whom" not in text
    assert office.receive(mail(ars())) == "applied"
    assert of_bakker(office) == (0, 12100, 0, 12100)
    text = told(office)
    assert "Not handed to Exact yet 1 121.00 Open with what was not handed over 131.00" in text
    assert "Customers without an account in Exact, as far as exports have shown: 1 (KLANT-00042" in text
    assert office.receive(mail(SHOWN)) == "applied"
    assert of_bakker(office) == (12100, 0, 0, 12100)
    text = told(office)
    assert "In this export for the first time 1 121.00" in text
    assert "without an account" not in text


def test_a_customer_that_this_very_export_brings_is_not_called_unmatched(office: Office) -> None:
    office.receive(mail(LIST))
    office.outgoing()
    office.receive(mail(ars(OpenItem("9", "1.00"))))
    assert of_bakker(office) == (100, 12100, 0, 12200)
    assert "without an account" not in told(office)


def test_an_export_that_a_person_said_yes_to_shows_invoices_too(office: Office) -> None:
    office.receive(mail(ars(OpenItem("3", "500"), OpenItem("4", "500"))))
    office.receive(mail(LIST))
    assert office.receive(mail(SHOWN, date=DATE + timedelta(minutes=1))) == "held"
    *_, asked = office.outgoing()
    assert of_bakker(office) == (100000, 12100, 0, 112100)
    yes = mail(text="ja", headers=(("In-Reply-To", asked["Message-ID"]),), date=DATE + timedelta(minutes=2))
    assert office.receive(yes) == "applied"
    assert of_bakker(office) == (12100, 0, 0, 12100)
    assert "In this export for the first time 1 121.00" in told(office)


def test_numbers_that_exact_cannot_have_are_told_of(office: Office) -> None:
    office.policy = replace(RULES, invoices=replace(RULES.invoices, number="as-is"))
    assert office.receive(mail(LIST)) == "applied"
    assert "never shows them and they go on counting: 1 (F2026-0001)" in told(office)
    office.policy = RULES
    assert office.receive(mail(LIST, date=DATE + timedelta(minutes=1))) == "applied"
    assert "never shows them" not in told(office)
    office.receive(mail(SHOWN))
    assert of_bakker(office) == (12100, 0, 0, 12100)


def test_amounts_beyond_reason_are_refused(office: Office) -> None:
    for number in range(3):
        rows = [row(str(number), "9999999999999999.99", customer_code="KLANT-00042")]
        state = office.receive(mail(("facturen.csv", invoice_list(rows))))
        assert state == ("refused" if number else "applied")
    assert "would come to more than can be counted" in told(office)


def test_of_an_invoice_that_comes_twice_in_one_mail_the_last_counts(office: Office) -> None:
    other = ("nog een.csv", invoice_list([row(customer_code="KLANT-00042", amount="50.00")]))
    assert office.receive(mail(LIST, other)) == "applied"
    assert of_bakker(office)[1] == 5000
    assert "so that the last counts: 1 (F2026-0001)" in told(office)


def test_what_was_handed_over_is_in_transit_until_an_export_shows_it(office: Office) -> None:
    assert office.receive(mail(LIST)) == "applied"
    office.outgoing()
    assert office.receive(mail(HANDED_OVER)) == "applied"
    assert of_bakker(office) == (0, 0, 12100, 0)
    text = told(office)
    assert text.startswith("Updated: 1 invoice in transit")
    assert "Their amount, in EUR 121.00" in text
    assert [office.receive(mail(HANDED_OVER)), office.message.reason] == ["unchanged", "transactions-known"]
    assert office.receive(mail(SHOWN)) == "applied"
    assert of_bakker(office) == (12100, 0, 0, 12100)


def test_what_was_handed_over_before_its_invoice_came_is_in_transit_when_that_comes(office: Office) -> None:
    office.receive(mail(LIST))
    other = ("transactions.xml", transactions([Entry(code="42", terms=(Term("20260002"),))]))
    assert [office.receive(mail(other)), office.message.reason] == ["unchanged", "transactions-remembered"]
    assert "are in transit as soon as the invoices come" in told(office)
    later = ("facturen.csv", invoice_list([row("F2026-0002", "50.00", customer_code="KLANT-00042")]))
    assert office.receive(mail(later, date=DATE + timedelta(minutes=1))) == "applied"
    assert of_bakker(office) == (0, 12100, 5000, 12100)
    text = told(office)
    assert "of all: handed to Exact already 1" in text
    assert "Receivables in transit 0.00 50.00 +50.00" in text


def test_the_spreadsheet_tells_what_waits_of_the_invoices_in_the_same_mail(office: Office) -> None:
    office.receive(mail(ars(OpenItem("3", "50"))))
    with office.store.write() as tx:
        apply_cards(tx, "nl01", "EUR", [AccountCard(None, "42", "Bakker", 500_00)])
    known, new = row(customer_code="KLANT-00042"), row("F2026-0008", "30.00", customer_code="KLANT-00008")
    handed_over = row("F2026-0009", "20.00", customer_code="KLANT-00042")
    invoices = ("facturen.csv", invoice_list([known, new, handed_over]))
    entries = ("transactions.xml", transactions([Entry(code="42", terms=(Term("20260009"),))]))
    accounts = [Account("42", (OpenItem("3", "50"),), "Bakker", BAKKER), Account("8", (OpenItem("9", "70"),), "Smit")]
    exported = ("ARs_1.xml", export([*accounts, Account("7", (OpenItem("5", "10"),), "Visser", GUID.format(7))]))
    assert office.receive(mail(exported, invoices, entries, date=DATE + timedelta(minutes=2))) == "applied"
    *_, reply = office.outgoing()
    (attached,) = reply.iter_attachments()
    head, *found = load_workbook(BytesIO(attached.get_content())).worksheets[0].values
    assert head[3:10] == (
        *("Now", "Difference", "Not handed to Exact yet", "In transit", "Total", "Credit limit", "Room left"),
    )
    assert {line[0]: line[3:10] for line in found} == {
        "42": (50, 0, 121, 20, 171, 500, 309),
        "7": (10, 0, 0, 0, 10, None, None),
        "8": (70, 70, 30, 0, 100, None, None),
    }


def test_what_is_in_transit_is_added_where_the_settings_say_so(office: Office) -> None:
    office.receive(mail(LIST, HANDED_OVER))
    assert of_bakker(office) == (0, 0, 12100, 0)
    office.policy = replace(RULES, invoices=replace(RULES.invoices, in_transit="add"))
    office.receive(mail(ars()))
    assert of_bakker(office) == (0, 0, 12100, 12100)
    assert "Open with what is in transit 131.00" in told(office)


@pytest.mark.parametrize("order", list(permutations(("list", "transactions", "export"))), ids="-".join)
def test_in_any_order_nothing_counts_twice_or_not_at_all(office: Office, order: tuple[str, ...]) -> None:
    mails = {"list": LIST, "transactions": HANDED_OVER, "export": SHOWN}
    came: set[str] = set()
    for kind in order:
        expected = "applied"
        if kind == "transactions":
            expected = "refused" if "list" not in came else "unchanged" if "export" in came else "applied"
        assert office.receive(mail(mails[kind])) == expected
        came.add(kind)
        figures = of_bakker(office)
        assert sum(figures[:3]) == (12100 if came & {"list", "export"} else 0)
        assert figures[0] == (12100 if "export" in came else 0)
    assert of_bakker(office) == (12100, 0, 0, 12100)


def test_all_of_it_in_one_mail(office: Office) -> None:
    assert office.receive(mail(HANDED_OVER, LIST, SHOWN)) == "applied"
    assert of_bakker(office) == (12100, 0, 0, 12100)
    text = told(office)
    assert text.startswith("Updated: receivables €131.00; 1 own invoice; transactions ")
    assert "of all: an export shows them already 1" in text


def test_the_total_of_an_export_has_the_invoices_of_the_same_mail_in_it(office: Office) -> None:
    office.receive(mail(LIST))
    office.outgoing()
    more = ("meer.csv", invoice_list([row("F2026-0002", "50.00", customer_code="KLANT-00042")]))
    assert office.receive(mail(more, HANDED_OVER, ars())) == "applied"
    text = told(office)
    assert "Not handed to Exact yet 1 50.00 In transit: handed over, and not in an export yet 1 121.00" in text
    assert "Open with what was not handed over 60.00" in text


def test_transactions_that_mean_nothing_here_are_a_mistake_and_say_what_to_do(office: Office) -> None:
    assert office.receive(mail(HANDED_OVER)) == "refused"
    assert office.message.reason == "not-transactions"
    text = told(office)
    assert "transactions.xml is Exact's export of transactions" in text
    assert "Transactions of no invoice that is known here: 1 (20260001)" in text
    assert "How to make the right export" in text


def test_invoices_sent_again_are_updated_and_never_doubled(office: Office) -> None:
    office.receive(mail(LIST, date=DATE))
    assert [office.receive(mail(LIST, date=DATE)), office.message.reason] == ["unchanged", "invoices-known"]
    newer = ("facturen.csv", invoice_list([row(amount="100.00"), row("F2026-0002", "7.50")]))
    assert office.receive(mail(newer, date=DATE + timedelta(minutes=1))) == "applied"
    assert of_bakker(office)[:2] == (0, 10750)
    office.outgoing()
    assert [office.receive(mail(LIST, date=DATE)), office.message.reason] == ["unchanged", "invoices-older"]
    assert of_bakker(office)[:2] == (0, 10750)
    assert "a newer file told of them before: 1" in told(office)


def test_one_wrong_line_refuses_the_file_and_every_wrong_line_is_named(office: Office) -> None:
    wrong = invoice_list([row(), row("F2026-0002", "veel"), row("F2026-0003", due_date="31-02-2026"), row("", "5.00")])
    assert office.receive(mail(("facturen.csv", wrong), SHOWN)) == "refused"
    assert of_bakker(office) == (12100, 0, 0, 12100)
    text = told(office)
    assert text.startswith("Processed in part: receivables €131.00; 1 file cannot be used")
    assert [f"line {line}" in text for line in (2, 3, 4, 5)] == [False, True, True, True]
    assert office.receive(mail(("facturen.csv", wrong))) == "refused"
    assert told(office).startswith("Not processed. In facturen.csv")


def test_a_ubl_invoice_says_by_its_parties_whose_it_is(office: Office) -> None:
    bakker = Party("Bakker", code="K00042")
    sent = ubl(UblInvoice("F2026-0001", supplier=US, customer=bakker))
    note = ubl(UblInvoice("F2026-0002", root="CreditNote", supplier=US, customer=bakker))
    assert office.receive(mail(("a.xml", sent), ("b.xml", note))) == "applied"
    assert of_bakker(office) == (0, 0, 0, 0)
    assert "own invoices" in told(office)
    received = ubl(UblInvoice("INV/7", supplier=bakker, customer=US))
    assert office.receive(mail(("c.xml", received))) == "applied"
    assert of_bakker(office, "payable") == (0, 12100, 0, 12100)
    assert "Payables not handed to Exact yet 0.00 121.00" in told(office)
    creditor = Account("42", (OpenItem("26700001", "121.00", your_ref="INV/7"),), "Bakker", BAKKER)
    assert office.receive(mail(("APs_1.xml", export(payable=[creditor])))) == "applied"
    assert of_bakker(office, "payable") == (12100, 0, 0, 12100)


def test_a_ubl_invoice_between_strangers_is_refused_and_the_others_are_taken(office: Office) -> None:
    strangers = ubl(UblInvoice("X-1", supplier=Party("A"), customer=Party("B")))
    ours = ubl(UblInvoice("F2026-0001", supplier=US, customer=Party("Bakker", code="K00042")))
    assert office.receive(mail(("x.xml", strangers), ("y.xml", ours))) == "refused"
    assert of_bakker(office)[1] == 12100
    assert office.message.reason == "invoice-not-ours"
    assert told(office).startswith("Processed in part: 1 own invoice; 1 file cannot be used")


def test_without_parties_an_invoice_is_taken_as_receivable_and_the_reply_says_so(office: Office) -> None:
    office.policy = replace(RULES, invoices=InvoiceRules())
    bakker = Party("Bakker", code="K00042")
    assert office.receive(mail(("c.xml", ubl(UblInvoice(supplier=US, customer=bakker))))) == "applied"
    assert of_bakker(office)[1] == 12100
    assert "c.xml does not say who owes whom" in told(office)


def test_two_own_codes_that_are_one_in_exact_refuse_their_files_and_no_other(office: Office) -> None:
    clash = invoice_list([row(customer_code="KLANT-1"), row("F2026-0002", customer_code="KLANT-01", amount="5.00")])
    assert office.receive(mail(("clash.csv", clash), LIST)) == "refused"
    assert office.message.reason == "customers-collide"
    assert of_bakker(office)[1] == 12100
    assert set(office.figures()) == {("receivable", "42")}
    text = told(office)
    assert "KLANT-01 and KLANT-1" in text or "KLANT-1 and KLANT-01" in text
    assert "In clash.csv" in text
    later = invoice_list([row("F2026-0009", customer_code="KLANT-042")])
    assert office.receive(mail(("later.csv", later))) == "refused"
    assert "KLANT-00042" in told(office)


def test_customers_that_exact_does_not_know_refuse_the_file_where_the_settings_say_so(office: Office) -> None:
    office.policy = replace(RULES, unknown_accounts="refuse")
    assert office.receive(mail(LIST)) == "refused"
    assert office.message.reason == "customer-unknown"
    assert office.figures() == {}
    text = told(office)
    assert "KLANT-00042 Bakker & Zn. Expeditie B.V." in text
    assert "line 2" in text


def test_a_customer_is_found_by_the_id_that_the_file_names(office: Office) -> None:
    office.receive(mail(ars(OpenItem("20260001", "121.00"), code="999")))
    office.outgoing()
    mine = invoice_list([row(customer_code="NIEUW", exact_id=BAKKER), row("F2026-2", "5", customer_code="NIEUW")])
    assert office.receive(mail(("facturen.csv", mine))) == "applied"
    assert office.figures()["receivable", "999"] == (12100, 500, 0, 12600)
    assert "without an account in Exact" not in told(office)


def test_invoices_that_are_long_in_transit_are_listed(office: Office) -> None:
    office.policy = replace(RULES, invoices=replace(RULES.invoices, in_transit_days=3))
    office.receive(mail(LIST, HANDED_OVER))
    office.clock += timedelta(days=5)
    office.receive(mail(ars(), date=DATE + timedelta(minutes=5)))
    text = told(office)
    assert "handed to Exact more than 3 days ago, and that no export shows: 1" in text
    assert "F2026-0001 42 Bakker & Zn. Expeditie B.V. 5 121.00" in text


def test_in_mode_invoices_the_reply_tells_what_was_paid(office: Office) -> None:
    office.policy = replace(RULES, mode="invoices")
    office.receive(mail(ars(OpenItem("1", "100"), OpenItem("2", "50"), OpenItem("3", "70"))))
    office.outgoing()
    changed = ars(OpenItem("1", "40", invoice_dc="100"), OpenItem("3", "70"), OpenItem("4", "5"))
    assert office.receive(mail(changed, date=DATE + timedelta(minutes=1))) == "applied"
    text = told(office)
    assert "New invoices 1 5.00 Paid in full 1 50.00 Paid in part 1 60.00" in text
    assert "2 42 Bakker 50.00 0.00" in text
    assert "1 42 Bakker 100.00 40.00" in text


def test_what_changed_between_report_and_effect_is_reported_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_render, rendered = intake.render, []

    def render_and_be_overtaken(*arguments: Any, **more: Any) -> Rendered:
        rendered.append(really_render(*arguments, **more))
        if len(rendered) == 1:
            other: Callable[[bytes], object] = Office(office.store, office.dns, ("none",), uid=77, policy=RULES).receive
            other(mail(("other.csv", invoice_list([row("F2026-0002", "5.00")])), message_id="<2@bakker.example>"))
        return rendered[-1]

    monkeypatch.setattr(intake, "render", render_and_be_overtaken)
    assert office.receive(mail(LIST)) == "applied"
    assert len(rendered) == 3
    assert of_bakker(office)[1] == 12600
    assert "Receivables not handed to Exact yet 5.00 126.00 +121.00" in " ".join(rendered[-1].text.split())


def test_import_takes_invoices_and_transactions(tmp_path: Path, saldopost: Saldopost) -> None:
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/s.db"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
        'matching.customer_code = { digits_only = true, strip_zeros = true }\ninvoices = { number = "digits" }\n'
    )
    wrong = ("wrong.csv", invoice_list([row(amount="x")]))
    for name, content in (LIST, HANDED_OVER, SHOWN, wrong):
        (tmp_path / name).write_bytes(content)
    for _ in range(2):  # the second as the first: nothing is written
        rehearsed = saldopost("import", "facturen.csv", "transactions.xml", "--dry-run")
        assert (rehearsed.returncode, "1 own invoice; 1 invoice in transit" in rehearsed.stdout) == (0, True)
    first = saldopost("import", "facturen.csv", "transactions.xml")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("Updated: 1 own invoice; 1 invoice in transit")
    assert saldopost("import", "facturen.csv").returncode == 0
    refused = saldopost("import", "wrong.csv")
    assert (refused.returncode, "line 2" in refused.stdout) == (4, True)
    assert saldopost("import", "ARs_1.xml").returncode == 0
    found = {line["code"]: line for line in saldopost("balances", "--format", "json").rows}
    assert (found["42"]["open_import"], found["42"]["open_invoices"], found["42"]["in_transit"]) == (
        "121.00",
        "0.00",
        "0.00",
    )
