"""That codes at run time are listed is checked by `readings.gather` in every test that reads something."""

import ast
from collections.abc import Iterator
from pathlib import Path

import parsers
from parsers.codes import CODES

SOURCES = [path for path in Path(parsers.__path__[0]).glob("*.py") if path.name != "codes.py"]
OF_THE_DAEMON = {"too-much-time", "reader-died"}  # when there is no child left to tell
MAKERS = {"Finding", "refuse", "_refuse", "add", "_warn", "WrongAmount"}


def used() -> Iterator[str]:
    """The codes that the code names where it makes a finding."""
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in MAKERS and isinstance(call.args[0], ast.Constant) and "-" in str(call.args[0].value):
                yield str(call.args[0].value)


def test_every_code_that_is_used_is_listed() -> None:
    codes = set(used())
    assert len(codes) > 30, "the search finds them"
    assert codes - set(CODES) == set()


def test_every_code_that_is_listed_is_used() -> None:
    text = "".join(path.read_text() for path in SOURCES)
    assert {code for code in CODES if f'"{code}"' not in text} == OF_THE_DAEMON
