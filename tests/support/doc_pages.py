"""The pages of the documentation and the help of the commands, and what they tell people to type."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from daemon.commands import COMMANDS, saldopost

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)

SAMPLES = {"ID": "12", "REF": "7KQ2-M4", "CODE": "nl01"}  # what the pages have in place of such words, elsewhere


def blocks(page: Path, language: str = "") -> Iterator[str]:
    """Code that stands by itself: between fences, or indented."""
    for match in FENCED.finditer(page.read_text()):
        if not language or match[2] == language:
            indent = match[1] or ("    " if match[4] else "")
            yield re.sub(rf"^{indent}", "", match[3] or match[4], flags=re.MULTILINE)


def walk_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command under its whole name, groups included."""
    yield "saldopost", saldopost
    for name, (module, _) in COMMANDS.items():
        command = importlib.import_module(f"daemon.commands.{module}").command
        yield f"saldopost {name}", command
        if isinstance(command, click.Group):
            yield from ((f"saldopost {name} {inner}", found) for inner, found in command.commands.items())


def commands() -> dict[tuple[str, ...], list[str]]:
    """The arguments of every call of `saldopost` that is told of, and where."""
    found: dict[tuple[str, ...], list[str]] = {}
    for page in PAGES:
        inline = re.findall(r"(?<!`)`(saldopost [^`]+)`(?!`)", " ".join(page.read_text().split()))
        for text in (*blocks(page), *(code for code in inline if "COMMAND" not in code and "…" not in code)):
            for words in _calls(text):
                found.setdefault(words, []).append(page.name)
    for name, command in walk_commands():
        for words in _calls(command.help or ""):
            found.setdefault(words, []).append(f"{name} --help")
    return found


def _calls(text: str) -> Iterator[tuple[str, ...]]:
    for line in text.replace("\\\n", " ").splitlines():
        if re.match(r"(sudo )?saldopost ", line.strip()):
            words = shlex.split(line.strip(), comments=True)
            cut = next((at for at, word in enumerate(words) if word in ("&&", "|", ">", "||")), len(words))
            yield tuple(SAMPLES.get(word, word) for word in words[words.index("saldopost") + 1 : cut])
