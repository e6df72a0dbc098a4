"""What a person sees of own invoices and says of them, on both databases."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import Saldopost
from own_files import own, take
from staged_exports import PAYABLE, Account, apply_export, item

from store import batches
from store.database import Store
from store.own_records import InvoiceChoice, TransactionRow

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def books(store: Store, store_url: str, tmp_path: Path) -> Store:
    """Two debtors known to Exact; four own invoices: one of them seen, two of one number."""
    write(tmp_path, store_url)
    apply_export(store, [Account("10042", [("20260001", 121_00)], GUID, "Jansen"), Account("10043", [("9", 5)])])
    take(
        store,
        [
            own("FAC-2026-0001", 121_00, "K1", exact_number="20260001", exact_code="10042", customer_name="Jansen BV"),
            own("FAC-2026-0002", 50_00, "K1", exact_number="20260002", exact_code="10042"),
            own("FAC-2026-0002", 70_00, "K2", exact_number="20260002", exact_code="10043"),
            own("CRED-1", 20_00, "K2", kind="credit-note", exact_number="1", exact_code="10043"),
        ],
    )
    return store


def write(directory: Path, url: str, more: str = "") -> None:
    (directory / "config.toml").write_text(
        f'[store]\nurl = "{url}"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n{more}'
    )


def statuses(call: Saldopost, *arguments: str) -> dict[tuple[str, str], str]:
    done = call("invoices", "list", "-a", "nl01", "--format", "json", *arguments)
    return {(row["customer"], row["number"]): row["status"] for row in done.rows}


def figures(call: Saldopost) -> dict[str, tuple[str, str, str, str]]:
    names = ("open_import", "open_invoices", "in_transit", "open_total")
    rows = call("balances", "-a", "nl01", "--format", "json").rows
    return {row["code"]: tuple(row[name] for name in names) for row in rows}  # type: ignore[misc]


def test_the_list_keeps_the_keys_of_the_contract(quick_saldopost: Saldopost, books: Store) -> None:
    rows = quick_saldopost("invoices", "list", "-a", "nl01", "--format", "json").rows
    row = next(row for row in rows if row["number"] == "FAC-2026-0001")
    promised = {
        "administration": "nl01",
        "side": "receivable",
        "kind": "invoice",
        "number": "FAC-2026-0001",
        "exact_number": "20260001",
        "customer": "K1",
        "code": "10042",
        "name": "Jansen",
        "exact_id": GUID,
        "invoice_date": "2026-01-15",
        "due_date": "2026-02-14",
        "currency": "EUR",
        "amount": "121.00",
        "amount_dc": "121.00",
        "open": None,
        "state": None,
        "status": "seen",
        "ambiguous": False,
        "batch": None,
        "batched_at": None,
    }
    assert promised.items() <= row.items()
    assert [row["amount"] for row in rows if row["kind"] == "credit-note"] == ["-20.00"]


def test_the_table_is_for_people(quick_saldopost: Saldopost, books: Store) -> None:
    said = quick_saldopost("invoices", "list", "-a", "nl01", "--customer", "K1").stdout
    assert said == (
        "administration  side        number         kind     customer  code   name    invoiced    currency  amount"
        "  status  batch\n"
        "nl01            receivable  FAC-2026-0001  invoice  K1        10042  Jansen  2026-01-15  EUR       121.00"
        "  seen\n"
        "nl01            receivable  FAC-2026-0002  invoice  K1        10042  Jansen  2026-01-15  EUR        50.00"
        "  open\n"
    )


def test_csv_holds_no_formula(quick_saldopost: Saldopost, books: Store) -> None:
    take(books, [own("=1+1", 1_00, "K1", exact_code="10042")])
    said = quick_saldopost("invoices", "list", "-a", "nl01", "--format", "csv").stdout
    assert "'=1+1" in [row["number"] for row in csv.DictReader(io.StringIO(said))]


def test_a_batch_is_in_transit_until_it_is_taken_back(quick_saldopost: Saldopost, books: Store) -> None:
    before = figures(quick_saldopost)
    assert before == {"10042": ("121.00", "50.00", "0.00", "171.00"), "10043": ("0.05", "50.00", "0.00", "50.05")}
    done = quick_saldopost("invoices", "batch", "-a", "nl01", "--all", "--name", "2026-W10")
    assert (done.returncode, done.stdout) == (
        0,
        "In transit to Exact, in batch 2026-W10: 3 (100.00 EUR); left as they were: 1\n",
    )
    assert figures(quick_saldopost) == {
        "10042": ("121.00", "0.00", "50.00", "121.00"),
        "10043": ("0.05", "0.00", "50.00", "0.05"),
    }
    rows = quick_saldopost("invoices", "list", "-a", "nl01", "--batch", "2026-W10", "--format", "json").rows
    assert {row["status"] for row in rows} == {"in-transit"}
    assert len(rows) == 3
    assert all(row["batched_at"] for row in rows)
    done = quick_saldopost("invoices", "unbatch", "-a", "nl01", "--name", "2026-W10")
    assert (done.returncode, done.stdout) == (0, "Open again: 3 (100.00 EUR)\n")
    assert figures(quick_saldopost) == before


def test_a_batch_of_invoices_that_never_came_can_be_taken_back(quick_saldopost: Saldopost, books: Store) -> None:
    with books.write() as tx:
        gone = TransactionRow(7, "receivable", "10042", None, "77", "", "", None)
        batches.mark_transactions(tx, "nl01", [gone], "7KQ2-M4", datetime.now(UTC), "a test")
    done = quick_saldopost("invoices", "unbatch", "--name", "7KQ2-M4")
    assert done.stdout == "Open again: 0 (0.00 EUR); of invoices that did not come yet: 1\n"
    assert quick_saldopost("invoices", "unbatch", "--name", "7KQ2-M4").returncode == 1


def test_what_was_ended_is_not_called_ambiguous(quick_saldopost: Saldopost, books: Store) -> None:
    take(books, [own("X", 5, code, exact_number="9", exact_id=GUID, exact_code="10042") for code in ("K8", "K9")])
    apply_export(books, [Account("10042", [("20260001", 121_00), ("9", 5)], GUID, "Jansen")])
    quick_saldopost("invoices", "cancel", "X", "--customer", "K8")
    rows = quick_saldopost("invoices", "list", "--format", "json").rows
    told = {row["customer"]: (row["status"], row["ambiguous"]) for row in rows if row["number"] == "X"}
    assert told == {"K8": ("cancelled", False), "K9": ("seen", False)}


def test_a_batch_can_be_narrowed_down(quick_saldopost: Saldopost, books: Store) -> None:
    quick_saldopost("invoices", "batch", "-a", "nl01", "--all", "--customer", "K1", "--name", "one")
    assert statuses(quick_saldopost, "--status", "in-transit") == {("K1", "FAC-2026-0002"): "in-transit"}


def test_a_number_of_several_names_them_and_what_tells_them_apart(quick_saldopost: Saldopost, books: Store) -> None:
    for command in (("batch", "--name", "x"), ("cancel",), ("paid",)):
        done = quick_saldopost("invoices", *command, "-a", "nl01", "FAC-2026-0002", "CRED-1")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "Error: nl01 has several invoices FAC-2026-0002; say which one is meant:\n"
            "  --customer K1: Jansen, 2026-01-15, 50.00 EUR\n"
            "  --customer K2: Bakker, 2026-01-15, 70.00 EUR\n"
            "Nothing was changed.\n"
        )
    assert set(statuses(quick_saldopost).values()) == {"seen", "open"}
    done = quick_saldopost("invoices", "cancel", "-a", "nl01", "FAC-2026-0002", "--customer", "K2")
    assert done.returncode == 0
    assert statuses(quick_saldopost, "--status", "cancelled") == {("K2", "FAC-2026-0002"): "cancelled"}


def test_an_invoice_and_a_credit_note_of_one_number_are_told_apart(quick_saldopost: Saldopost, books: Store) -> None:
    take(books, [own("CRED-1", 30_00, "K2", exact_code="10043")])
    done = quick_saldopost("invoices", "cancel", "CRED-1")
    assert "  --kind invoice: Bakker, 2026-01-15, 30.00 EUR\n" in done.stderr
    assert "  --kind credit-note: Bakker, 2026-01-15, -20.00 EUR\n" in done.stderr
    done = quick_saldopost("invoices", "cancel", "CRED-1", "--kind", "credit-note")
    assert (done.returncode, done.stdout) == (0, "Cancelled: 1 (-20.00 EUR)\n")


def test_an_unknown_number_is_said_and_nothing_is_changed(quick_saldopost: Saldopost, books: Store) -> None:
    done = quick_saldopost("invoices", "paid", "CRED-1", "NONE-1")
    assert done.returncode == 1
    assert done.stderr == "Error: nl01 has no such invoice: NONE-1\nNothing was changed.\n"
    assert ("K2", "CRED-1") in statuses(quick_saldopost, "--status", "open")


def test_what_was_paid_before_exact_knew_of_it_counts_no_more(quick_saldopost: Saldopost, books: Store) -> None:
    done = quick_saldopost("invoices", "paid", "FAC-2026-0002", "--customer", "K1")
    assert (done.returncode, done.stdout) == (0, "Marked as paid: 1 (50.00 EUR)\n")
    assert figures(quick_saldopost)["10042"] == ("121.00", "0.00", "0.00", "121.00")
    again = quick_saldopost("invoices", "paid", "FAC-2026-0002", "--customer", "K1")
    assert (again.returncode, again.stdout) == (0, "Marked as paid: 0 (0.00 EUR); left as they were: 1\n")
    (row,) = quick_saldopost("invoices", "list", "--status", "paid", "--format", "json").rows
    assert row["ended_by"].endswith(" (command line)")
    undone = quick_saldopost("invoices", "paid", "FAC-2026-0002", "--undo")  # the only one of them that is marked
    assert (undone.returncode, undone.stdout) == (0, "Not marked as paid any more: 1 (50.00 EUR)\n")
    assert figures(quick_saldopost)["10042"] == ("121.00", "50.00", "0.00", "171.00")


def test_a_mark_of_one_kind_is_not_taken_back_as_the_other(quick_saldopost: Saldopost, books: Store) -> None:
    quick_saldopost("invoices", "cancel", "CRED-1")
    assert quick_saldopost("invoices", "paid", "CRED-1", "--undo").returncode == 1
    quick_saldopost("invoices", "paid", "FAC-2026-0002", "--customer", "K1")
    done = quick_saldopost("invoices", "cancel", "FAC-2026-0002", "--customer", "K1", "--undo")
    assert (done.returncode, done.stdout) == (0, "Counting again: 0 (0.00 EUR); left as they were: 1\n")
    assert quick_saldopost("invoices", "cancel", "CRED-1", "--undo").returncode == 0
    assert set(statuses(quick_saldopost).values()) == {"seen", "open", "paid"}


def test_a_customer_or_a_batch_without_invoices_is_said(quick_saldopost: Saldopost, books: Store) -> None:
    done = quick_saldopost("invoices", "batch", "--all", "--customer", "K9", "--name", "2026-W10")
    assert (done.returncode, done.stderr) == (1, "Error: nl01 has no such invoices of customer K9\n")
    done = quick_saldopost("invoices", "unbatch", "--name", "2026-W10")
    assert (done.returncode, done.stderr) == (1, "Error: nl01 has no such invoices of batch 2026-W10\n")


def test_what_exact_has_is_left_to_the_exports(quick_saldopost: Saldopost, books: Store) -> None:
    done = quick_saldopost("invoices", "paid", "FAC-2026-0001")
    assert (done.returncode, done.stdout) == (0, "Marked as paid: 0 (0.00 EUR); left as they were: 1\n")


def test_what_is_wrong_with_the_question_is_said(quick_saldopost: Saldopost, books: Store) -> None:
    for arguments in (
        ("batch", "--name", "x"),
        ("batch", "--all", "CRED-1", "--name", "x"),
        ("batch", "--all", "--name", " "),
        ("batch", "--all"),
        ("unbatch",),
        ("cancel",),
        ("paid",),
        ("paid", ""),
    ):
        assert quick_saldopost("invoices", *arguments).returncode == 2, arguments


def test_items_explain_the_figures_of_own_invoices(quick_saldopost: Saldopost, books: Store) -> None:
    quick_saldopost("invoices", "batch", "CRED-1", "--name", "2026-W10")
    said = quick_saldopost("items", "10043").stdout
    assert said == (
        "10043, Bakker\n"
        "receivable: 0.05 EUR, items: 1\n"
        "receivable, own invoices: 70.00 EUR, invoices: 1\n"
        "receivable, in transit: -20.00 EUR, invoices: 1\n"
        "\n"
        "side        number  your ref  description  invoiced    due         currency  invoice  open  in balance"
        "  import\n"
        "receivable  9                 Factuur      2026-01-15  2026-02-14  EUR          0.05  0.05        0.05"
        "       1\n"
        "\n"
        "Your own, not seen in an export yet:\n"
        "side        number         customer  invoiced    currency    open  in balance  status      batch\n"
        "receivable  CRED-1         K2        2026-01-15  EUR       -20.00      -20.00  in-transit  2026-W10\n"
        "receivable  FAC-2026-0002  K2        2026-01-15  EUR        70.00       70.00  open\n"
    )
    rows = quick_saldopost("items", "10043", "--format", "json").rows
    assert [(row["counts_in"], row["open_dc"]) for row in rows] == [
        ("open_import", "0.05"),
        ("in_transit", "-20.00"),
        ("open_invoices", "70.00"),
    ]


def test_the_total_includes_what_is_in_transit_where_the_settings_say_so(
    quick_saldopost: Saldopost, books: Store, store_url: str, tmp_path: Path
) -> None:
    quick_saldopost("invoices", "batch", "--all", "--customer", "K1", "--name", "2026-W10")
    assert figures(quick_saldopost)["10042"] == ("121.00", "0.00", "50.00", "121.00")
    write(tmp_path, store_url, '[administrations.invoices]\nin_transit = "add"\n')
    assert figures(quick_saldopost)["10042"] == ("121.00", "0.00", "50.00", "171.00")
    write(tmp_path, store_url)
    assert figures(quick_saldopost)["10042"] == ("121.00", "0.00", "50.00", "121.00")


def test_the_credit_limit_is_held_against_what_is_in_transit_too(
    quick_saldopost: Saldopost, books: Store, store_url: str, tmp_path: Path
) -> None:
    (tmp_path / "limits.csv").write_text("code;credit_limit\n10042;1000\n")
    assert quick_saldopost("import", "limits.csv").returncode == 0
    quick_saldopost("invoices", "batch", "--all", "--name", "2026-W10")
    for setting in ("report", "add"):
        write(tmp_path, store_url, f'[administrations.invoices]\nin_transit = "{setting}"\n')
        rows = quick_saldopost("balances", "--format", "json").rows
        assert [row["credit_room"] for row in rows if row["code"] == "10042"] == ["829.00"]


def test_status_lists_what_is_in_transit_for_too_long_and_needs_nobody_for_it(
    quick_saldopost: Saldopost, books: Store, store_url: str, tmp_path: Path
) -> None:
    handed_over = datetime.now(UTC) - timedelta(days=15)
    with books.write() as tx:
        batches.batch(tx, "nl01", InvoiceChoice(customer="K2"), "2026-W10", handed_over, "a test")
    quick_saldopost("invoices", "batch", "--all", "--name", "2026-W12")  # a minute ago
    done = quick_saldopost("status", "--format", "json")
    said = json.loads(done.stdout)
    oldest = f"{handed_over:%Y-%m-%dT%H:%M:%SZ}"
    assert said["overdue"] == [{"administration": "nl01", "side": "receivable", "invoices": 2, "oldest": oldest}]
    assert (done.returncode, said["ok"]) == (0, True)
    assert "In transit to Exact for too long" in quick_saldopost("status").stdout
    write(tmp_path, store_url, "[administrations.invoices]\nin_transit_days = 16\n")
    assert json.loads(quick_saldopost("status", "--format", "json").stdout)["overdue"] == []
    assert "In transit" not in quick_saldopost("status").stdout


def test_an_invoice_is_shown_by_its_own_number_and_by_that_in_exact(quick_saldopost: Saldopost, books: Store) -> None:
    for number in ("FAC-2026-0001", "20260001"):
        (row,) = quick_saldopost("invoices", "show", number, "--format", "json").rows
        assert (row["number"], row["status"], row["payments"]) == ("FAC-2026-0001", "seen", [])
    assert len(quick_saldopost("invoices", "show", "FAC-2026-0002", "--format", "json").rows) == 2
    said = quick_saldopost("invoices", "show", "FAC-2026-0001").stdout
    assert "number in Exact   20260001\n" in said
    done = quick_saldopost("invoices", "show", "NONE")
    assert (done.returncode, done.stderr) == (1, "Error: there is no invoice NONE in nl01\n")


class TestModeInvoices:
    """Open invoices followed one by one."""

    @pytest.fixture(autouse=True)
    def _follow(self, books: Store, store_url: str, tmp_path: Path) -> None:
        write(tmp_path, store_url, 'mode = "invoices"\n')
        part = item("20260001", 100_00, invoice_fc=121_00, invoice_dc=121_00)
        apply_export(books, [Account("10042", [part], GUID, "Jansen"), Account("10043", [("10", 7)])])

    def states(self, call: Saldopost, *arguments: str) -> dict[str, tuple[str | None, str | None]]:
        rows = call("invoices", "list", "--format", "json", *arguments).rows
        return {row["number"]: (row["state"], row["open"]) for row in rows}

    def test_the_list_follows_what_exact_shows(self, quick_saldopost: Saldopost) -> None:
        assert self.states(quick_saldopost, "--side", "receivable") == {
            "FAC-2026-0001": ("part-paid", "100.00"),
            "FAC-2026-0002": (None, "70.00"),
            "CRED-1": (None, "-20.00"),
            "9": ("paid", "0.00"),
            "10": ("open", "0.07"),
        }
        assert self.states(quick_saldopost, "--state", "paid") == {"9": ("paid", "0.00")}
        assert set(self.states(quick_saldopost, "--open")) == {"FAC-2026-0001", "FAC-2026-0002", "CRED-1", "10"}
        assert "in Exact" in quick_saldopost("invoices", "list").stdout

    def test_what_is_seen_by_number_date_and_amount_stands_with_what_shows_it(
        self, quick_saldopost: Saldopost, books: Store
    ) -> None:
        take(books, [own("F-77", 55_00, "NEW", exact_number="77", exact_code="99")])
        other = Account("10043", [item("77", 55_00), item("10", 7)])
        apply_export(books, [Account("10042", [item("20260001", 100_00)], GUID, "Jansen"), other])
        rows = quick_saldopost("invoices", "list", "--format", "json").rows
        (row,) = [row for row in rows if "77" in (row["number"], row["exact_number"])]
        assert (row["customer"], row["code"], row["seen_by"]) == ("NEW", "10043", "number-date-amount")
        assert (row["state"], row["open"]) == ("open", "55.00")
        assert quick_saldopost("invoices", "paid", "F-77").returncode == 0
        assert self.states(quick_saldopost, "--state", "paid-by-hand").keys() == {"F-77"}
        assert quick_saldopost("invoices", "paid", "77", "--undo", "--account", "10043").returncode == 0

    def test_the_list_goes_account_by_account(self, quick_saldopost: Saldopost) -> None:
        rows = quick_saldopost("invoices", "list", "--format", "json").rows
        assert [(row["code"], row["number"]) for row in rows] == [
            ("10042", "FAC-2026-0001"),
            ("10042", "FAC-2026-0002"),
            ("10043", "CRED-1"),
            ("10043", "FAC-2026-0002"),
            ("10043", "10"),
            ("10043", "9"),
        ]

    def test_an_invoice_tells_its_payments(self, quick_saldopost: Saldopost) -> None:
        (row,) = quick_saldopost("invoices", "show", "FAC-2026-0001", "--format", "json").rows
        assert [(one["amount"], one["import_id"]) for one in row["payments"]] == [("21.00", 2)]
        assert (row["open"], row["state"], row["reopened"]) == ("100.00", "part-paid", 0)
        said = quick_saldopost("invoices", "show", "20260001").stdout
        assert "21.00" in said

    def test_paid_by_hand_stays_and_changes_no_balance(self, quick_saldopost: Saldopost, books: Store) -> None:
        before = figures(quick_saldopost)
        done = quick_saldopost("invoices", "paid", "FAC-2026-0001", "10")
        assert (done.returncode, done.stdout.startswith("Marked as paid: 2 (")) == (0, True)
        assert self.states(quick_saldopost, "--state", "paid-by-hand").keys() == {"FAC-2026-0001", "10"}
        assert figures(quick_saldopost) == before
        (row,) = quick_saldopost("invoices", "show", "20260001", "--format", "json").rows
        assert row["marked_by"].endswith(" (command line)")
        undone = quick_saldopost("invoices", "paid", "20260001", "--undo")
        assert undone.returncode == 0
        assert self.states(quick_saldopost)["FAC-2026-0001"][0] == "part-paid"
        assert self.states(quick_saldopost)["10"][0] == "paid-by-hand"

    def test_a_number_of_several_accounts_is_told_apart_by_the_account(
        self, quick_saldopost: Saldopost, books: Store
    ) -> None:
        apply_export(books, [Account("10042", [("10", 9)], GUID, "Jansen"), Account("10043", [("10", 7)])])
        done = quick_saldopost("invoices", "paid", "10")
        assert done.returncode == 1
        assert f"  --account {GUID}: Jansen, 2026-01-15, 0.09 EUR\n" in done.stderr
        assert "  --account 10043: Bakker, 2026-01-15, 0.07 EUR\n" in done.stderr
        assert quick_saldopost("invoices", "paid", "10", "--account", "10043").returncode == 0
        rows = quick_saldopost("invoices", "list", "--state", "paid-by-hand", "--format", "json").rows
        assert [row["code"] for row in rows] == ["10043"]

    def test_a_payable_is_known_by_the_suppliers_number(self, quick_saldopost: Saldopost, books: Store) -> None:
        bill = item("700", 80_00, your_ref="S-1")
        apply_export(books, [Account("60001", [bill], None, "Shell", side="payable")], PAYABLE)
        take(books, [own("S-1", 80_00, "SHELL", side="payable", exact_code="60001")])
        (row,) = quick_saldopost("invoices", "list", "--side", "payable", "--format", "json").rows
        assert (row["number"], row["status"], row["state"], row["open"]) == ("S-1", "seen", "open", "80.00")
        assert quick_saldopost("invoices", "paid", "S-1").returncode == 0
        (row,) = quick_saldopost("invoices", "show", "S-1", "--format", "json").rows
        assert row["state"] == "paid-by-hand"

    def test_the_mode_can_be_switched_and_the_marks_stay(
        self, quick_saldopost: Saldopost, books: Store, store_url: str, tmp_path: Path
    ) -> None:
        quick_saldopost("invoices", "paid", "10")
        write(tmp_path, store_url)
        assert "10" not in self.states(quick_saldopost)
        assert quick_saldopost("invoices", "paid", "10").returncode == 1  # nobody follows it
        write(tmp_path, store_url, 'mode = "invoices"\n')
        assert self.states(quick_saldopost)["10"][0] == "paid-by-hand"
        write(tmp_path, store_url)
        assert quick_saldopost("invoices", "paid", "10", "--undo").returncode == 0

    def test_what_is_left_within_the_tolerance_is_paid(
        self, quick_saldopost: Saldopost, books: Store, store_url: str, tmp_path: Path
    ) -> None:
        before = figures(quick_saldopost)
        write(tmp_path, store_url, 'mode = "invoices"\n[administrations.invoices]\ntolerance_cents = 10000\n')
        assert self.states(quick_saldopost)["FAC-2026-0001"] == ("paid", "100.00")
        assert figures(quick_saldopost) == before
