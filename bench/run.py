"""`make bench`: how fast, against the least that the work can cost, in pairs of runs on the same machine.

run.py [--quick] [--only imports|mails] [--pairs N] [--accounts N] [--mails N]

Prints a table and writes bench/out/figures.json (quick: quick.json). Needs some 2 GB in the temporary directory.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from draining import measure_draining
from figures import Figure, show
from imports import measure_imports
from lxml import etree
from rich.console import Console

OUT = Path(__file__).parent / "out"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--quick", action="store_true", help="a tenth of everything: under two minutes")
    ask.add_argument("--only", choices=("imports", "mails"))
    ask.add_argument("--pairs", type=int, default=3)
    ask.add_argument("--accounts", type=int, help="of five items each")
    ask.add_argument("--mails", type=int)
    asked = ask.parse_args()
    accounts = asked.accounts or (20_000 if asked.quick else 200_000)
    mails = asked.mails or (100 if asked.quick else 1000)
    console = Console(width=None if sys.stdout.isatty() else 140)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for figure in _measure(Path(directory), asked.only, accounts, mails, asked.pairs):
            console.print(f"{figure.what}: {figure.ratio:.2f}", highlight=False)
            figures.append(figure)
    console.print(show(figures))
    OUT.mkdir(exist_ok=True)
    found = {"machine": _machine(), "figures": [one.to_json() for one in figures]}
    (OUT / ("quick.json" if asked.quick else "figures.json")).write_text(json.dumps(found, indent=2) + "\n")


def _measure(directory: Path, only: str | None, accounts: int, mails: int, pairs: int) -> Iterator[Figure]:
    if only != "mails":
        yield from measure_imports(directory, accounts, pairs)
    if only != "imports":
        yield measure_draining(directory, mails, pairs)


def _machine() -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "lxml": ".".join(map(str, etree.LXML_VERSION)),
        "sqlite": sqlite3.sqlite_version,
    }


if __name__ == "__main__":
    main()
