"""What the lists say of a store that was filled, on both databases: tables, and the JSON that scripts rely on."""

import csv
import io
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import Saldopost
from staged_exports import NOW, PAYABLE, Account, apply_export, item, new_import

from store import imports, messages
from store.accounts import apply_cards
from store.database import Store
from store.records import AccountCard, MailKey, Outcome, OutgoingMail

BOOKS = '[[administrations]]\ncode = "nl01"\nname = "Bakker"\n\n[[administrations]]\ncode = "nl02"\nname = "De Boer"\n'
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def filled(store: Store, store_url: str, tmp_path: Path) -> str:
    """Settings for a store with two debtors and a creditor, one import refused, and a mail; returns the mail's ref."""
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "{store_url}"\n{BOOKS}')
    dollars = item("20260003", 250_00, currency="USD", invoice_fc=300_00, open_fc=275_50, your_ref="PO 7")
    debtors = [
        Account("00001", [("20260001", 4105_00), ("20260002", -5)], exact_id=GUID, name="=Jansen"),
        Account("00002", [dollars], name="De Vries"),
        Account("00003", [("20260004", 100)], name="De Wit"),
    ]
    apply_export(store, debtors)
    apply_export(store, debtors[:2])
    creditor = Account("00002", [("7", 12_34)], name="De Vries", side="payable")
    apply_export(store, [creditor], PAYABLE)
    refused = new_import(PAYABLE, state="refused", reason="stale", ref="9ZZZ-Z9", files=())
    with store.write() as tx:
        imports.record(tx, refused, "EUR", NOW)
        key = MailKey("main", "INBOX", 1, 12)
        message = messages.remember(tx, key, 2048, NOW, NOW, random.Random(1))
        messages.describe(
            tx,
            message.id,
            sender="anna@bakker.example",
            subject="Open posten",
            rfc_message_id="<1@bakker.example>",
            sent_at=datetime(2026, 3, 2, 9, 29, tzinfo=UTC),
            sha256="00",
        )
        reply = OutgoingMail("anna@bakker.example", "", "<r1@saldo.example>", b"Done.")
        messages.finish(tx, message.id, Outcome("applied", "", "nl01", (reply,)), NOW)
    return message.ref


def test_balances_keep_the_keys_of_the_contract(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("balances", "--format", "json")
    assert done.returncode == 0
    by_account = {(row["side"], row["code"]): row for row in done.rows}
    assert by_account["receivable", "00001"] == {
        "administration": "nl01",
        "side": "receivable",
        "code": "00001",
        "name": "=Jansen",
        "exact_id": GUID,
        "currency": "EUR",
        "open_import": "4104.95",
        "open_invoices": "0.00",
        "in_transit": "0.00",
        "open_total": "4104.95",
        "credit_limit": None,
        "credit_room": None,
    }
    assert {key: row["open_total"] for key, row in by_account.items()} == {
        ("receivable", "00001"): "4104.95",
        ("receivable", "00002"): "250.00",
        ("receivable", "00003"): "0.00",
        ("payable", "00002"): "12.34",
    }


def test_balances_as_a_table_are_for_people(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("balances", "-a", "nl01", "--side", "receivable")
    assert done.stdout == (
        "administration  side        code   name      currency   import  invoices  in transit    total  credit limit"
        "  room left\n"
        "nl01            receivable  00001  =Jansen   EUR       4104.95      0.00        0.00  4104.95\n"
        "nl01            receivable  00002  De Vries  EUR        250.00      0.00        0.00   250.00\n"
        "nl01            receivable  00003  De Wit    EUR          0.00      0.00        0.00     0.00\n"
    )


def test_the_room_left_counts_what_is_open(quick_saldopost: Saldopost, store: Store, filled: str) -> None:
    with store.write() as tx:
        apply_cards(tx, "nl01", "EUR", [AccountCard(GUID, "00001", "=Jansen", 5000_00)])
    row = quick_saldopost("balances", "--side", "receivable", "--format", "json").rows[0]
    assert (row["credit_limit"], row["credit_room"]) == ("5000.00", "895.05")


def test_ageing_is_by_due_date_as_of_a_day(quick_saldopost: Saldopost, filled: str) -> None:
    def ages(day: str) -> list[str]:
        rows = quick_saldopost("balances", "--ageing", "--as-of", day, "-a", "nl01", "--format", "json").rows
        row = next(row for row in rows if (row["side"], row["code"]) == ("receivable", "00001"))
        return [row[age] for age in ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90")]

    assert ages("2026-02-14") == ["4104.95", "0.00", "0.00", "0.00", "0.00"]
    assert ages("2026-02-15") == ["0.00", "4104.95", "0.00", "0.00", "0.00"]
    assert ages("2026-03-17") == ["0.00", "0.00", "4104.95", "0.00", "0.00"]
    assert ages("2026-06-01") == ["0.00", "0.00", "0.00", "0.00", "4104.95"]


def test_as_of_alone_is_a_mistake(quick_saldopost: Saldopost, filled: str) -> None:
    assert quick_saldopost("balances", "--as-of", "2026-02-14").returncode == 2


def test_history_tells_what_opened_and_what_closed_an_item(quick_saldopost: Saldopost, filled: str) -> None:
    (row,) = quick_saldopost("items", "00003", "-a", "nl01", "--history", "--format", "json").rows
    assert (row["number"], row["open_dc"], row["opened_by"], row["closed_by"]) == ("20260004", "1.00", 1, 2)


def test_an_import_tells_what_it_changed(quick_saldopost: Saldopost, filled: str) -> None:
    (row,) = quick_saldopost("imports", "show", "2", "--format", "json").rows
    assert (row["opened"], row["closed"]) == (0, 1)
    assert [(one["code"], one["before"], one["after"]) for one in row["changes"]] == [("00003", "1.00", "0.00")]


def test_the_last_import_is_taken_back_and_then_the_one_before(quick_saldopost: Saldopost, filled: str) -> None:
    wrong = quick_saldopost("imports", "undo", "1", "--yes")
    assert (wrong.returncode, "not the last" in wrong.stderr) == (1, True)
    done = quick_saldopost("imports", "undo", "2", "--yes")
    assert (done.returncode, "import 1 stands again" in done.stdout) == (0, True)
    rows = quick_saldopost("balances", "--side", "receivable", "--format", "json").rows
    assert [row["open_import"] for row in rows] == ["4104.95", "250.00", "1.00"]
    assert quick_saldopost("imports", "undo", "1", "--yes").returncode == 0
    assert quick_saldopost("balances", "--side", "receivable", "--format", "json").rows == []


def test_a_decision_about_no_import_says_so(quick_saldopost: Saldopost, filled: str) -> None:
    for decision in (("approve", "99"), ("reject", "99"), ("undo", "99", "--yes")):
        done = quick_saldopost("imports", *decision)
        assert (done.returncode, "no import 99" in done.stderr) == (1, True)


def test_balances_as_csv_hold_no_formula(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("balances", "--side", "receivable", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["name"], row["open_total"]) for row in rows] == [
        ("'=Jansen", "4104.95"),
        ("De Vries", "250.00"),
        ("De Wit", "0.00"),
    ]


def test_an_administration_without_balances_has_an_empty_list(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("balances", "-a", "nl02", "--format", "json")
    assert (done.returncode, done.rows) == (0, [])


def test_items_add_up_to_the_balance(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("items", "00001", "-a", "nl01", "--format", "json")
    assert [(row["number"], row["open_dc"]) for row in done.rows] == [("20260001", "4105.00"), ("20260002", "-0.05")]
    assert done.rows[0] == {
        "administration": "nl01",
        "code": "00001",
        "name": "=Jansen",
        "side": "receivable",
        "number": "20260001",
        "your_ref": None,
        "description": "Factuur",
        "invoice_date": "2026-01-15",
        "due_date": "2026-02-14",
        "currency": "EUR",
        "invoice_fc": "4105.00",
        "open_fc": "4105.00",
        "invoice_dc": "4105.00",
        "open_dc": "4105.00",
        "import_id": 1,
        "counts_in": "open_import",
    }


def test_items_of_an_account_on_both_sides_are_summed_by_side(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("items", "vries", "-a", "nl01")
    assert done.returncode == 0
    assert done.stdout == (
        "00002, De Vries\n"
        "receivable: 250.00 EUR, items: 1\n"
        "payable: 12.34 EUR, items: 1\n"
        "\n"
        "side        number    your ref  description  invoiced    due         currency  invoice    open  in balance"
        "  import\n"
        "receivable  20260003  PO 7      Factuur      2026-01-15  2026-02-14  USD        300.00  275.50      250.00"
        "       1\n"
        "payable     7                   Factuur      2026-01-15  2026-02-14  EUR         12.34   12.34       12.34"
        "       3\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["items", "99", "-a", "nl01"], 1, "no account of nl01 has the code, the Exact ID or a name with '99'"),
        (["items", "de", "-a", "nl01"], 1, "2 accounts of nl01 fit 'de'"),
        (["items", "00001"], 2, "name an administration: -a CODE"),
        (["imports", "show", "99"], 1, "there is no import 99"),
        (["messages", "show", "AAAA-A1"], 1, "there is no mail with the reference AAAA-A1"),
    ],
)
def test_what_is_not_there_is_said(
    quick_saldopost: Saldopost, filled: str, arguments: list[str], code: int, said: str
) -> None:
    done = quick_saldopost(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_an_account_without_items_says_so(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("items", "00003", "-a", "nl01")
    assert done.stdout.startswith("00003, De Wit\nNothing is open.\n")
    assert quick_saldopost("items", "00003", "-a", "nl01", "--format", "json").rows == []


def test_imports_keep_the_keys_of_the_contract(quick_saldopost: Saldopost, filled: str) -> None:
    done = quick_saldopost("imports", "list", "--format", "json")
    assert [row["id"] for row in done.rows] == [4, 3, 2, 1]
    assert done.rows[2] == {
        "id": 2,
        "ref": "7KQ2-M4",
        "administration": "nl01",
        "side": "receivable",
        "state": "applied",
        "reason": None,
        "items": 3,
        "accounts": 2,
        "currency": "EUR",
        "total_before": "4355.95",
        "total": "4354.95",
        "ordered_at": "2026-03-02T09:30:00Z",
        "recorded_at": "2026-03-02T09:30:00Z",
        "applied_at": "2026-03-02T09:30:00Z",
    }
    refused = done.rows[0]
    assert (refused["state"], refused["reason"], refused["total"], refused["applied_at"]) == (
        "refused",
        "stale",
        None,
        None,
    )


def test_imports_can_be_narrowed_down(quick_saldopost: Saldopost, filled: str) -> None:
    def ids(*arguments: str) -> list[int]:
        return [row["id"] for row in quick_saldopost("imports", "list", "--format", "json", *arguments).rows]

    assert ids("--state", "refused") == [4]
    assert ids("--side", "payable", "-a", "nl01") == [4, 3]
    assert ids("-n", "2") == [4, 3]


def test_an_import_is_shown_with_its_files(quick_saldopost: Saldopost, filled: str) -> None:
    (row,) = quick_saldopost("imports", "show", "2", "--format", "json").rows
    assert (row["id"], [file["name"] for file in row["files"]]) == (2, ["ARs_1.xml"])
    shown = quick_saldopost("imports", "show", "2").stdout
    assert ["total", "4354.95"] in [line.split() for line in shown.splitlines()]
    assert "ARs_1.xml" in shown
    assert [row["id"] for row in quick_saldopost("imports", "show", "7kq2-m4", "--format", "json").rows] == [1, 2, 3]


def test_messages_keep_the_keys_of_the_contract(quick_saldopost: Saldopost, filled: str) -> None:
    assert quick_saldopost("messages", "list", "--format", "json").rows == [
        {
            "ref": filled,
            "arrived_at": "2026-03-02T09:30:00Z",
            "mailbox": "main",
            "message_id": "<1@bakker.example>",
            "sender": "anna@bakker.example",
            "subject": "Open posten",
            "administration": "nl01",
            "state": "applied",
            "reason": None,
            "reply": "queued",
        }
    ]


def test_a_message_is_shown_by_its_reference(quick_saldopost: Saldopost, filled: str) -> None:
    shown = quick_saldopost("messages", "show", filled.lower()).stdout
    assert f"ref             {filled}\n" in shown
    assert "Message-ID      <1@bakker.example>\n" in shown
    (row,) = quick_saldopost("messages", "show", filled, "--format", "json").rows
    assert (row["uid"], row["tries"], row["sent_at"]) == (12, 1, "2026-03-02T09:29:00Z")
