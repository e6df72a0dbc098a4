"""Which account of Exact an own customer is linked to, as a person sees and says it, on both databases."""

from pathlib import Path

import pytest
from command_line import Saldopost
from own_files import own, take
from staged_exports import Account, apply_export

from store.database import Store

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def books(store: Store, store_url: str, tmp_path: Path) -> Store:
    """Two debtors known to Exact, a customer that fits the first by its code, and one that fits none."""
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{store_url}"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    apply_export(store, [Account("10042", [("1", 5)], GUID, "Jansen"), Account("10043", [("2", 5)], None, "De Wit")])
    take(store, [own("A", 100, "K10042", exact_code="10042"), own("B", 200, "LOST", customer_name="De Wit & Zn.")])
    return store


def linked(call: Saldopost) -> dict[str, tuple[str | None, str, bool]]:
    rows = call("accounts", "list", "-a", "nl01", "--format", "json").rows
    return {row["customer"]: (row["code"], row["linked_by"], row["known"]) for row in rows}


def open_invoices(call: Saldopost) -> dict[str, str]:
    return {row["code"]: row["open_invoices"] for row in call("balances", "--format", "json").rows}


def test_the_list_says_what_each_customer_is_linked_to_and_how(quick_saldopost: Saldopost, books: Store) -> None:
    rows = quick_saldopost("accounts", "list", "--format", "json").rows
    assert rows[0] == {
        "administration": "nl01",
        "customer": "K10042",
        "name": rows[0]["name"],
        "exact_code": "10042",
        "code": "10042",
        "account_name": "Jansen",
        "exact_id": GUID,
        "linked_by": "code",
        "known": True,
        "invoices": 1,
    }
    assert linked(quick_saldopost)["LOST"] == ("LOST", "code", False)
    said = quick_saldopost("accounts", "list", "--unknown").stdout.splitlines()
    assert len(said) == 2
    assert said[1].split()[:2] == ["nl01", "LOST"]


def test_a_link_by_hand_moves_the_invoices_and_is_taken_back(quick_saldopost: Saldopost, books: Store) -> None:
    assert open_invoices(quick_saldopost) == {"10042": "1.00", "10043": "0.00", "LOST": "2.00"}
    done = quick_saldopost("accounts", "link", "LOST", "wit", "-a", "nl01")
    assert (done.returncode, done.stdout) == (1, "")  # two accounts have "wit" in their names
    done = quick_saldopost("accounts", "link", "LOST", "10043", "-a", "nl01")
    assert (done.returncode, done.stdout) == (0, "LOST is linked to 10043, De Wit\n")
    assert open_invoices(quick_saldopost)["10043"] == "2.00"
    assert linked(quick_saldopost)["LOST"] == ("10043", "hand", True)
    done = quick_saldopost("accounts", "unlink", "LOST", "-a", "nl01")
    assert (done.returncode, done.stdout) == (0, "LOST: the link is gone\n")
    assert open_invoices(quick_saldopost) == {"10042": "1.00", "10043": "0.00", "LOST": "2.00"}
    done = quick_saldopost("accounts", "unlink", "LOST", "-a", "nl01")
    assert (done.returncode, done.stdout) == (0, "LOST was not linked by hand\n")


def test_a_customer_that_no_file_named_yet_can_be_linked(quick_saldopost: Saldopost, books: Store) -> None:
    assert quick_saldopost("accounts", "link", "NEW", GUID).returncode == 0
    take(books, [own("C", 300, "NEW")])
    assert open_invoices(quick_saldopost)["10042"] == "4.00"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["link", "LOST", "99999"], 1, "no account of nl01 has the code, the Exact ID or a name with '99999'"),
        (["unlink", "NOBODY"], 1, "NOBODY"),
        (["link", " ", "10042"], 2, "OWN is empty"),
        (["list", "-a", "nl09"], 2, "There is no administration 'nl09'"),
    ],
)
def test_what_is_not_there_is_said(
    quick_saldopost: Saldopost, books: Store, arguments: list[str], code: int, said: str
) -> None:
    done = quick_saldopost("accounts", *arguments)
    assert (done.returncode, said in done.stderr) == (code, True)
