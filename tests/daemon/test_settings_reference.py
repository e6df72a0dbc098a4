import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from daemon.settings.reference import render_reference
from daemon.settings.schema import model_in, tables
from daemon.settings.values import SECRET_KEYS
from handlers.policy import CodeRule, InvoiceRules, Rules

ROOT = Path(__file__).parents[2]
TABLES = dict(tables())


def test_the_documented_settings_are_those_of_the_models() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert documented == render_reference(), "write it anew: python -m daemon.settings.reference > docs/settings.md"


@pytest.mark.parametrize(("header", "model"), TABLES.items(), ids=TABLES)
def test_every_table_and_key_is_described(header: str, model: type[BaseModel]) -> None:
    assert model.__doc__, header
    for name, field in model.model_fields.items():
        assert field.description or model_in(field.annotation), f"{header} {name}"


@pytest.mark.parametrize(("header", "model"), TABLES.items(), ids=TABLES)
def test_the_example_shows_every_key(header: str, model: type[BaseModel]) -> None:
    text = (ROOT / "config.example.toml").read_text().replace("\n# [", "\n[")  # some tables are behind a #
    section = text[text.index(f"\n{header}\n") :]
    section = section[:end] if (end := section.find("\n[", 2)) > 0 else section
    keys = {line.removeprefix("# ").split(" = ")[0] for line in section.splitlines() if " = " in line}
    plain = {field.alias or name for name, field in model.model_fields.items() if not model_in(field.annotation)}
    if "password" in keys:
        plain -= set(SECRET_KEYS) - {"password"}  # told of once, in [smtp]
    assert plain <= keys


def test_thresholds_are_the_rules_of_the_handlers() -> None:
    assert set(TABLES["[administrations.thresholds]"].model_fields) == set(Rules.__dataclass_fields__)


def test_what_is_set_about_own_invoices_is_what_the_handlers_go_by() -> None:
    keys = set(TABLES["[administrations.matching.customer_code]"].model_fields)
    assert keys == set(CodeRule.__dataclass_fields__)
    assert set(TABLES["[administrations.invoices]"].model_fields) == set(InvoiceRules.__dataclass_fields__)


def test_the_example_is_plain_toml_that_another_program_can_read() -> None:
    assert tomllib.loads((ROOT / "config.example.toml").read_text())["administrations"][0]["code"] == "nl01"
