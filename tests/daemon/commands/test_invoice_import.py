"""`saldopost invoices import`: files of own invoices by hand, on both databases."""

from pathlib import Path

import pytest
from command_line import Saldopost
from gl_transactions import Entry, Term, transactions
from invoice_lists import invoice_list, row
from staged_exports import Account, apply_export
from ubl_invoices import ubl

from store.database import Store


@pytest.fixture
def folder(store_url: str, tmp_path: Path) -> Path:
    """A folder with settings."""
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{store_url}"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
        '[administrations.invoices]\nnumber = "digits"\n[administrations.matching.customer_code]\ndigits_only = true\n'
    )
    return tmp_path


def listed(call: Saldopost) -> dict[str, tuple[str, str]]:
    rows = call("invoices", "list", "--format", "json").rows
    return {row["number"]: (row["amount"], row["status"]) for row in rows}


def test_a_list_is_taken_once(quick_saldopost: Saldopost, folder: Path) -> None:
    (folder / "invoices.csv").write_bytes(invoice_list([row("F2026-0001", "121.00"), row("F2026-0002", "-10")]))
    done = quick_saldopost("invoices", "import", "invoices.csv", "-a", "nl01")
    assert done.returncode == 0
    assert "Administration: Bakker (nl01)" in done.stdout
    assert "mail" not in done.stdout  # nothing was mailed, and nothing is answered
    assert listed(quick_saldopost) == {"F2026-0001": ("121.00", "open"), "F2026-0002": ("-10.00", "open")}
    assert quick_saldopost("invoices", "import", "invoices.csv", "-a", "nl01").returncode == 0
    assert len(listed(quick_saldopost)) == 2


def test_a_dry_run_says_the_same_and_changes_nothing(quick_saldopost: Saldopost, folder: Path) -> None:
    (folder / "invoices.csv").write_bytes(invoice_list([row()]))
    done = quick_saldopost("invoices", "import", "invoices.csv", "--dry-run")
    assert done.returncode == 0
    assert "121.00" in done.stdout
    assert done.stdout.endswith("Nothing was changed.\n")
    assert listed(quick_saldopost) == {}


def test_wrong_lines_are_named_with_their_reason_and_nothing_is_taken(quick_saldopost: Saldopost, folder: Path) -> None:
    rows = [row("F1"), row(""), row("F3", "x,y"), row("F4")]
    (folder / "invoices.csv").write_bytes(invoice_list(rows))
    done = quick_saldopost("invoices", "import", "invoices.csv")
    assert done.returncode == 4
    for said in ("invoices.csv", "line 3", "line 4", "x,y"):
        assert said in done.stdout
    assert "line 2" not in done.stdout
    assert listed(quick_saldopost) == {}


def test_a_good_file_is_taken_beside_a_wrong_one(quick_saldopost: Saldopost, folder: Path) -> None:
    (folder / "good.csv").write_bytes(invoice_list([row("F1")]))
    (folder / "wrong.csv").write_bytes(invoice_list([row("F2", "")]))
    done = quick_saldopost("invoices", "import", "good.csv", "wrong.csv")
    assert done.returncode == 4
    assert set(listed(quick_saldopost)) == {"F1"}


def test_an_older_file_overwrites_nothing(quick_saldopost: Saldopost, folder: Path) -> None:
    (folder / "new.csv").write_bytes(invoice_list([row("F1", "121.00")]))
    (folder / "old.csv").write_bytes(invoice_list([row("F1", "99.00"), row("F2", "5.00")]))
    quick_saldopost("invoices", "import", "new.csv")
    assert quick_saldopost("invoices", "import", "old.csv", "--date", "2026-01-01").returncode == 0
    assert listed(quick_saldopost) == {"F1": ("121.00", "open"), "F2": ("5.00", "open")}


def test_ubl_and_transactions_are_taken_too(quick_saldopost: Saldopost, folder: Path, store: Store) -> None:
    (folder / "invoice.xml").write_bytes(ubl())
    assert quick_saldopost("invoices", "import", "invoice.xml").returncode == 0
    ((number, (amount, status)),) = listed(quick_saldopost).items()
    assert status == "open"
    (shown,) = quick_saldopost("invoices", "list", "--format", "json").rows
    entry = Entry(code=shown["code"], terms=(Term(shown["exact_number"], debit=amount),))
    (folder / "transactions.xml").write_bytes(transactions([entry]))
    assert quick_saldopost("invoices", "import", "transactions.xml").returncode == 0
    assert listed(quick_saldopost) == {number: (amount, "in-transit")}
    apply_export(store, [Account(shown["code"], [(shown["exact_number"], 5)])])
    assert listed(quick_saldopost) == {number: (amount, "seen")}


def test_two_customers_that_the_rule_takes_for_one_are_both_named(quick_saldopost: Saldopost, folder: Path) -> None:
    rows = [row("F1", customer_code="KLANT-1"), row("F2", customer_code="DEB-1")]
    (folder / "invoices.csv").write_bytes(invoice_list(rows))
    done = quick_saldopost("invoices", "import", "invoices.csv")
    assert done.returncode == 4
    assert "KLANT-1" in done.stdout
    assert "DEB-1" in done.stdout
    assert listed(quick_saldopost) == {}
