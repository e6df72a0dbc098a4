"""Files of accounts on their way: names, codes and credit limits, alone or beside exports, on both databases."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from command_line import Saldopost
from dns_server import DnsServer
from exports import GUID, Account, OpenItem, document, export
from mails import mail
from offices import Office

from daemon import intake
from handlers.render import Rendered
from store import messages
from store.accounts import apply_cards
from store.balances import iterate_balances
from store.database import Store
from store.records import AccountCard, AlreadyFinished

BOOKS = (
    Account("10042", (OpenItem("1", "100.10"), OpenItem("2", "-0.30")), "Bakker", GUID.format(1)),
    Account("10043", (OpenItem("3", "250"),), "Smit"),
)
ARS = ("ARs_1.xml", export(BOOKS))


@pytest.fixture
def office(store: Store, dns_server: DnsServer) -> Office:
    return Office(store, dns_server, methods=("none",))


def relations(*inside: str) -> tuple[str, bytes]:
    return "relations.xml", document(f"<Accounts>{''.join(inside)}</Accounts>")


def relation(code: str, name: str, limit: str = "", exact_id: str | None = None, status: str = "C") -> str:
    identity = "" if exact_id is None else f' ID="{exact_id}"'
    credit = f"<CreditLine><Sales>{limit}</Sales></CreditLine>" if limit else ""
    return f'<Account code="{code:>18}"{identity} status="{status}"><Name>{name}</Name>{credit}</Account>'


def table(*lines: str) -> tuple[str, bytes]:
    return "relaties.csv", "\r\n".join(("relatiecode;naam;kredietlimiet", *lines)).encode("cp1252")


def known(office: Office) -> dict[str | None, tuple[str, int | None]]:
    """Name and credit limit by code, of the debtors that have a balance."""
    with office.store.read() as tx:
        return {row.code: (row.name, row.credit_limit) for row in iterate_balances(tx)}


def told(office: Office) -> str:
    """The text of the newest reply, its figures without blanks between."""
    *_, reply = office.outgoing()
    assert isinstance(reply, EmailMessage)
    body = reply.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_a_file_of_accounts_alone_updates_names_and_limits(office: Office) -> None:
    office.receive(mail(ARS))
    office.outgoing()
    file = relations(
        relation("10042", "Bakker &amp; Zn.", "50", GUID.format(1)), relation("10043", "Smit", "1000"), "<Account/>"
    )
    assert office.receive(mail(file)) == "applied"
    assert known(office) == {"10042": ("Bakker & Zn.", 5000), "10043": ("Smit", 100000)}
    assert office.balances() == {("receivable", "10042"): 9980, ("receivable", "10043"): 25000}
    text = told(office)
    assert text.startswith("Updated: 2 accounts")
    assert "Now above the credit limit" in text
    assert "10042 Bakker & Zn. 50.00 99.80 -49.80" in text
    assert "Balances come from the A/R or A/P export" in text


def test_the_same_file_again_changes_nothing(office: Office) -> None:
    office.receive(mail(ARS))
    file = relations(relation("10042", "Bakker", "50", GUID.format(1)))
    assert [office.receive(mail(file)), office.receive(mail(file))] == ["applied", "unchanged"]
    assert office.message.reason == "accounts-known"
    assert len(office.outgoing()) == 3


def test_accounts_and_open_items_come_in_one_mail(office: Office) -> None:
    assert office.receive(mail(relations(relation("10043", "Smit B.V.", "300")), ARS)) == "applied"
    assert known(office)["10043"] == ("Smit B.V.", 30000)
    assert office.balances()["receivable", "10043"] == 25000
    assert "Accounts – relations.xml" in told(office)


def test_a_limit_is_held_against_the_balance_of_the_same_mail(office: Office) -> None:
    assert office.receive(mail(table("10042;;99,80", "10043;;249,99"), ARS)) == "applied"
    text = told(office)
    assert "10043 Smit 249.99 250.00 -0.01" in text
    assert "10042 Bakker 99.80 99.80" not in text


def test_a_list_beside_a_held_export_is_taken_all_the_same(office: Office) -> None:
    office.receive(mail(ARS))
    assert office.receive(mail(table("10043;;5"), ("ARs_1.xml", export([])))) == "held"
    assert known(office)["10043"] == ("Smit", 500)
    assert office.balances()["receivable", "10043"] == 25000


def test_nothing_of_a_list_is_there_when_the_mail_is_finished_elsewhere(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receive(mail(ARS))
    finish: Callable[..., None] = messages.finish

    def finish_twice(*arguments: object) -> None:
        finish(*arguments)
        finish(*arguments)

    monkeypatch.setattr(messages, "finish", finish_twice)
    with pytest.raises(AlreadyFinished):
        office.receive(mail(table("10042;Anders;5", "1;New;")))
    assert known(office)["10042"] == ("Bakker", None)


def test_accounts_changed_between_report_and_effect_are_reported_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receive(mail(ARS))
    office.outgoing()
    really_render, rendered = intake.render, []

    def render_and_be_overtaken(*arguments: Any, **more: Any) -> Rendered:
        if not rendered:
            with office.store.write() as tx:
                apply_cards(tx, "nl01", "EUR", [AccountCard(None, "10043", "Smit", 500)])
        rendered.append(really_render(*arguments, **more))
        return rendered[-1]

    monkeypatch.setattr(intake, "render", render_and_be_overtaken)
    assert office.receive(mail(table("10042;;500,00", "10043;;5,00"))) == "applied"
    assert len(rendered) == 2
    assert told(office).startswith("Updated: 1 account ")


def test_a_limit_that_came_first_is_there_when_the_balance_comes(office: Office) -> None:
    assert office.receive(mail(table("10042;Bakker;50,00", "10043;;"))) == "applied"
    assert office.receive(mail(ARS)) == "applied"
    assert known(office)["10042"][1] == 5000


def test_a_list_finds_accounts_by_code_and_leaves_alone_what_it_does_not_say(office: Office) -> None:
    office.receive(mail(ARS))
    office.receive(mail(table("10042;;75,00", "10043;Smit Lefèvre;")))
    assert known(office) == {"10042": ("Bakker", 7500), "10043": ("Smit Lefèvre", None)}
    office.receive(mail(table("10042;=1+1;geen")))
    assert known(office)["10042"] == ("=1+1", None)


def test_one_wrong_line_refuses_the_list(office: Office) -> None:
    office.receive(mail(ARS))
    office.outgoing()
    assert office.receive(mail(table("10042;Bakker;75,00", "10043;Smit;veel"))) == "refused"
    assert known(office) == {"10042": ("Bakker", None), "10043": ("Smit", None)}
    text = told(office)
    assert "line 3, account 10043: veel" in text
    assert office.message.reason == "limit-invalid"


def test_a_wrong_list_does_not_stop_the_export_beside_it(office: Office) -> None:
    assert office.receive(mail(table("10042;Bakker;-1"), ARS)) == "refused"
    assert known(office)["10042"] == ("Bakker", None)
    assert told(office).startswith("Processed in part")


def test_a_code_that_fits_two_accounts_refuses_the_list(office: Office) -> None:
    twins = (
        Account("10042", (OpenItem("1"),), "Bakker", GUID.format(1)),
        Account("10042", (OpenItem("2"),), "Bakker II", GUID.format(2)),
    )
    office.receive(mail(("ARs_1.xml", export(twins))))
    office.outgoing()
    assert office.receive(mail(table("10042;Bakker;5", "10099;New;5"))) == "refused"
    assert office.message.reason == "list-ambiguous"
    assert "10042" in told(office)
    assert {limit for _, limit in known(office).values()} == {None}


def test_a_prospect_is_no_account(office: Office) -> None:
    file = relations(relation("1", "Prospect", "5", status="P"), relation("2", "Suspect", "5", status="S"))
    assert office.receive(mail(file)) == "unchanged"


def test_an_ageing_list_is_no_list_of_accounts(office: Office) -> None:
    lines = b"Code;Naam;Kredietlimiet;Openstaand\r\n10042;Bakker;5;10\r\n"
    assert office.receive(mail(("ouderdom.csv", lines))) == "refused"
    assert office.message.reason == "not-csv"


def test_import_takes_files_of_accounts(tmp_path: Path, saldopost: Saldopost) -> None:
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/s.db"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    for name, content in (ARS, table("10042;Bakker & Zn.;50,00"), ("wrong.csv", b"code,name\n1,A\n2\n")):
        (tmp_path / name).write_bytes(content)
    first = saldopost("import", "ARs_1.xml", "relaties.csv")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Now above the credit limit" in first.stdout
    again = saldopost("import", "relaties.csv")
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "Nothing new: accounts")
    wrong = saldopost("import", "wrong.csv")
    assert (wrong.returncode, "line 3: 2" in wrong.stdout) == (4, True)
    limits = {row["code"]: row["credit_limit"] for row in saldopost("balances", "--format", "json").rows}
    assert limits == {"10042": "50.00", "10043": None}
