"""docs/commands.md promises what the commands keep."""

import re
from pathlib import Path

import pytest

from daemon.commands import COMMANDS, accounts, balances, imports, invoice_rows, messages
from daemon.commands.exits import Exit
from daemon.commands.output import Column

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()


def test_every_command_and_exit_code_is_on_the_page() -> None:
    assert {name for name in COMMANDS if not re.search(rf"^\| .*`{name}\b", PAGE, re.MULTILINE)} == set()
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)] == sorted(Exit)
    assert f"from best to worst: {', '.join(str(code.value) for code in Exit)}." in PAGE


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("balances", balances.COLUMNS),
        ("messages list", messages.LISTED),
        ("imports list", imports.COLUMNS),
        ("invoices list", invoice_rows.COLUMNS),
        ("accounts list", accounts.COLUMNS),
    ],
)
def test_the_keys_on_the_page_are_there(name: str, columns: tuple[Column, ...]) -> None:
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", PAGE, re.MULTILINE)[-1:]
    promised = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row))
    assert len(promised) > 7
    assert set(promised) <= {column.key for column in columns}
