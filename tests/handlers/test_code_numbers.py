"""Each code has a number that people and programs can rely on."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from reports import report

from handlers.codes import CODES
from handlers.codes.numbers import MEANINGS, NUMBERS, spell
from handlers.codes.page import render_page
from handlers.render import render
from parsers.records import Finding
from store.records import ImportState, MessageState

ROOT = Path(__file__).parents[2]


def words_of_strangers() -> Iterator[str]:
    """The reasons of a quarantine, as docs/sender-trust.md lists them for people."""
    page = (ROOT / "docs" / "sender-trust.md").read_text()
    yield from re.findall(r"^\| `([a-z-]+)` \|", page[page.index("What was quarantined") :], re.MULTILINE)


def test_every_code_and_outcome_has_a_number_of_its_own() -> None:
    named = CODES.keys() | set(get_args(ImportState)) | set(get_args(MessageState)) | set(words_of_strangers())
    assert named - NUMBERS.keys() == set(), "give each a new number in handlers/codes/numbers.py"
    assert len(set(NUMBERS.values())) == len(NUMBERS)


def test_what_no_reply_tells_has_a_meaning_and_the_rest_a_sentence() -> None:
    assert NUMBERS.keys() == CODES.keys() | MEANINGS.keys()


def test_the_page_of_codes_is_that_of_the_tables() -> None:
    page = (ROOT / "docs" / "codes.md").read_text()
    assert page == render_page(), "write it anew: python -m handlers.codes.page > docs/codes.md"
    assert set(re.findall(r"^\| (SP-\d+) ", page, re.MULTILINE)) == {spell(word) for word in NUMBERS}


@pytest.mark.parametrize("word", sorted(CODES))
def test_a_reply_shows_the_code_of_what_it_says(word: str) -> None:
    rendered = render(report(refused=(Finding(word, "ARs_1.xml", values=_values(word)),)))
    assert f"({spell(word)})" in rendered.text
    assert spell(word) in rendered.html
    assert spell(word) in rendered.codes


def _values(word: str) -> dict[str, str | int]:
    code = CODES[word]
    samples: dict[str | None, str | int] = {"moment": "2025-11-20T08:00:00+00:00", "day": "2025-11-20"}
    names = set(re.findall(r"%\((\w+)\)s", code.what + code.todo)) - {"file"}
    return {name: samples.get(code.manners.get(name), 3) for name in names}
