"""What the documentation tells people to type: commands that parse, settings that exist, links that lead somewhere."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from daemon.commands import COMMANDS as DEFINED
from daemon.commands import saldopost
from daemon.settings.schema import KeyPath, keys_of, table_at, tables
from handlers.first_lines import HEADLINES
from handlers.language import translations
from handlers.view import STEPS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)
SAMPLES = {"FILE": "ARs_1.xml", "ID": "1", "REF": "7KQ2-M4", "CODE": "nl01", "ACCOUNT": "10042", "DATE": "2026-03-02"}


def blocks(page: Path, language: str = "") -> Iterator[str]:
    """Code that stands by itself: between fences, or indented."""
    for match in FENCED.finditer(page.read_text()):
        if not language or match[2] == language:
            indent = match[1] or ("    " if match[4] else "")
            yield re.sub(rf"^{indent}", "", match[3] or match[4], flags=re.MULTILINE)


def commands() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        inline = re.findall(r"(?<!`)`(saldopost [^`]+)`(?!`)", " ".join(page.read_text().split()))
        for block in (*blocks(page), *(code for code in inline if "COMMAND" not in code and "…" not in code)):
            for line in block.replace("\\\n", " ").splitlines():
                words = (
                    shlex.split(line.strip(), comments=True) if re.match(r"(sudo )?saldopost ", line.strip()) else []
                )
                if words:
                    cut = next((at for at, word in enumerate(words) if word in ("&&", "|", ">", "||")), len(words))
                    yield page.name, words[words.index("saldopost") + 1 : cut]


COMMANDS = list(commands())
SNIPPETS = [(page.name, block) for page in PAGES for block in blocks(page, "toml")]


def test_there_is_something_to_test() -> None:
    assert len(COMMANDS) > 25
    assert len(SNIPPETS) > 5


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_a_command_of_the_docs_parses(
    page: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [SAMPLES.get(word, word) for word in words]
    for word in arguments:
        if re.fullmatch(r"[\w.]+\.(xml|csv|zip)", word):
            Path(word).touch()
    if len(words) == 1:  # a command is only named
        assert words[0] in DEFINED
        return
    context = saldopost.make_context("saldopost", arguments)
    found: click.Command = saldopost
    rest = [*context._protected_args, *context.args]
    while isinstance(found, click.Group):
        name, inner, rest = found.resolve_command(context, rest)
        assert inner is not None
        context = inner.make_context(name, rest, parent=context)
        rest = [*context._protected_args, *context.args]
        found = inner


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
