"""SECURITY.md names a test for each defence: it must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()
ROWS = re.findall(r"^\| (?!threat|---)(.+?) \| (.+?) \| `(tests/[\w/]+\.py)(?:::(\w+))?` \|$", PAGE, re.MULTILINE)


def test_every_defence_names_a_test_that_exists() -> None:
    table = PAGE.split("## Threats")[1].split("## ")[0]
    assert len(ROWS) == table.count("\n|") - 2  # every row but the two of the heading
    assert len(ROWS) > 20
    for threat, _, file, name in ROWS:
        path = ROOT / file
        assert path.is_file(), threat
        assert not name or re.search(rf"^def {name}\(", path.read_text(), re.MULTILINE), threat
