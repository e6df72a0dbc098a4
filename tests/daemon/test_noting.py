"""What the settings say of totals stands in the store, for the views."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from daemon.noting import note_totals
from daemon.settings import Settings, load_settings
from store.database import Store, Transaction
from store.transit import find_adding


def settings(directory: Path, **in_transit: str) -> Settings:
    tables = (
        f'[[administrations]]\ncode = "{code}"\nname = "Bakker"\ninvoices = {{ in_transit = "{how}" }}\n'
        for code, how in in_transit.items()
    )
    (directory / "config.toml").write_text("".join(tables))
    return load_settings(directory / "config.toml")


def adding(store: Store) -> frozenset[str]:
    with store.read() as tx:
        return find_adding(tx)


def test_what_totals_add_up_follows_the_settings(store: Store, tmp_path: Path) -> None:
    note_totals(store, settings(tmp_path, nl02="add", nl01="add", nl03="report"))
    assert adding(store) == {"nl01", "nl02"}
    note_totals(store, settings(tmp_path, nl01="report", nl02="add", nl03="add"))
    assert adding(store) == {"nl02", "nl03"}


def test_what_is_noted_already_is_not_written_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(tmp_path, nl01="add", nl02="report")
    note_totals(store, given)

    def refuse() -> AbstractContextManager[Transaction]:
        raise AssertionError("nothing is to be written")

    monkeypatch.setattr(store, "write", refuse)
    note_totals(store, given)
