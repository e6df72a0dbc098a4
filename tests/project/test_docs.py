"""What the documentation says: settings that exist, links that lead somewhere, words of the replies."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doc_pages import PAGES, ROOT, blocks

from daemon.settings.schema import KeyPath, keys_of, table_at, tables
from handlers.first_lines import HEADLINES
from handlers.language import translations
from handlers.view import STEPS

SNIPPETS = [(page.name, block) for page in PAGES for block in blocks(page, "toml")]


def test_there_is_something_to_test() -> None:
    assert len(SNIPPETS) > 5


@pytest.mark.parametrize(("page", "text"), SNIPPETS)
def test_settings_of_the_docs_exist(page: str, text: str) -> None:
    everywhere = {key for _, model in tables() for key in keys_of(model)}
    unknown = [
        ".".join(map(str, path))
        for path in paths(tomllib.loads(text), ())
        if not (len(path) == 1 and path[0] in everywhere) and not known(path)
    ]
    assert unknown == []


def paths(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))
    else:
        yield path


def known(path: KeyPath) -> bool:
    model = table_at(path[:-1])
    return model is not None and path[-1] in keys_of(model)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([\w-]+))?\)", text):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.casefold()).strip().replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{target}#{anchor}"


@pytest.mark.parametrize(("page", "language"), [("bookkeeper.md", "en"), ("bookkeeper.nl.md", "nl")])
def test_the_bookkeepers_page_names_the_verdicts_of_the_reply(page: str, language: str) -> None:
    told = set(re.findall(r"^\| \*\*(.+?)\*\* \|", (ROOT / "docs" / page).read_text(), re.MULTILINE))
    said = {translations(language).gettext(headline) for headline in HEADLINES.values()}
    assert told <= said
    assert len(told) == 5


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_steps_in_exact_have_the_menus_of_both_languages(language: str) -> None:
    page = (ROOT / "docs" / ("bookkeeper.md" if language == "en" else "bookkeeper.nl.md")).read_text()
    step = translations(language).gettext(STEPS[0])
    for menu in ("Import/Export > XML > Financi", "Te vorderen", "A/R", "Te betalen", "A/P", "Financial", "Financieel"):
        assert menu in page
        assert menu in step
