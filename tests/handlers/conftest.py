"""Golden files: `pytest tests/handlers --update-golden` writes what is given now; then read the difference."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/handlers anew")


@pytest.fixture
def matches_golden(pytestconfig: pytest.Config) -> Callable[[str, str], None]:
    """Asserts that a text is what the golden file of that name holds."""
    # Not registered when pytest starts elsewhere than in this directory.
    update = pytestconfig.getoption("--update-golden", default=False)

    def compare(name: str, given: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(given, encoding="utf-8", newline="\n")
        assert given == path.read_text(encoding="utf-8")

    return compare
