"""`saldopost forget` and `saldopost token`, on both databases."""

from pathlib import Path

import pytest
from command_line import Saldopost
from staged_exports import Account, apply_export

from store.balances import iterate_balances
from store.database import Store
from store.records import Subledger

BOOKS = '[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'


@pytest.fixture
def filled(store: Store, store_url: str, tmp_path: Path) -> Path:
    for code in ("nl01", "nl02"):
        apply_export(store, [Account("1", [("A", 100)])], Subledger(code, "receivable"))
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\nurl = "{store_url}"\n{BOOKS}')
    return config


def _administrations(store: Store) -> set[str]:
    with store.read() as tx:
        return {row.administration for row in iterate_balances(tx)}


def test_an_administration_is_forgotten_only_after_a_yes(
    quick_saldopost: Saldopost, filled: Path, store: Store
) -> None:
    done = quick_saldopost("forget", "nl02")
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "Would delete for nl02")
    assert "1 of balance" in done.stdout
    assert _administrations(store) == {"nl01", "nl02"}
    done = quick_saldopost("forget", "nl02", "--yes")
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "Deleted for nl02")
    assert _administrations(store) == {"nl01"}
    assert quick_saldopost("forget", "nl02", "--yes").stdout == "Deleted for nl02: nothing.\n"


def test_an_administration_that_mail_still_reaches_is_not_forgotten(
    quick_saldopost: Saldopost, filled: Path, store: Store
) -> None:
    with filled.open("a") as config:
        config.write(
            '[smtp]\nhost = "h"\nsender = "s@example.com"\n'
            '[[mailboxes]]\nname = "main"\nhost = "h"\nusername = "u"\npassword = "p"\n'
            '[[routes]]\nmailbox = "main"\nfrom = ["*@bakker.example"]\nadministration = "nl01"\n'
        )
    done = quick_saldopost("forget", "nl01", "--yes")
    assert done.returncode == 2
    assert "still bring mail" in done.stderr
    assert _administrations(store) == {"nl01", "nl02"}


def test_a_token_stands_alone_on_standard_output(quick_saldopost: Saldopost, filled: Path) -> None:
    tokens = set()
    for _ in range(3):
        done = quick_saldopost("token", "nl01")
        assert done.returncode == 0
        tokens.add(done.stdout)
    assert len(tokens) == 3
    assert all(len(token) == 27 and token[:26].isalnum() and token.endswith("\n") for token in tokens)
    assert "token_file" in done.stderr


def test_a_token_is_made_for_an_administration_that_exists(quick_saldopost: Saldopost, filled: Path) -> None:
    done = quick_saldopost("token", "nl1")
    assert done.returncode == 2
    assert "Did you mean 'nl01'?" in done.stderr
