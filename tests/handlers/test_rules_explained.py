"""The page that explains the rules to a bookkeeper, held against the rules."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from handlers.answers import understand
from handlers.policy import Rules

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["rules.md", "rules.nl.md"]


@pytest.mark.parametrize("name", PAGES)
def test_every_threshold_is_explained_with_its_default(name: str) -> None:
    explained = dict(re.findall(r"`(\w+)` = `([^`]+)`", (DOCS / name).read_text(encoding="utf-8")))
    assert explained == {field.name: json.dumps(field.default) for field in fields(Rules)}


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_answers_are_understood_as_the_page_says(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    table = text[text.index("| --- | --- |\n", text.index("## Yes" if name == "rules.md" else "## Ja")) :]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[1:4]]
    for yes, other in rows:
        assert understand(yes.replace("<br>", "\n")) == "yes"
        assert understand(other.replace("<br>", "\n")) == "unclear"
