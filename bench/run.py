"""`make bench`: how fast, against the least that the work can cost, in pairs of runs on the same machine.

run.py [--quick] [--only imports|mails|growth|idle|machines] [--pairs N] [--accounts N] [--mails N]

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
from growing import measure_growth
from idle import measure_idle
from imports import measure_imports
from lxml import etree
from machines import measure_machines
from rich.console import Console

OUT = Path(__file__).parent / "out"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--quick", action="store_true", help="a tenth of everything: under two minutes")
    ask.add_argument("--only", choices=("imports", "mails", "growth", "idle", "machines"))
    ask.add_argument("--pairs", type=int, default=3)
    ask.add_argument("--accounts", type=int, help="of five items each")
    ask.add_argument("--mails", type=int)
    asked = ask.parse_args()
    accounts = asked.accounts or (20_000 if asked.quick else 200_000)
    mails = asked.mails or (100 if asked.quick else 1000)
    console = Console(width=None if sys.stdout.isatty() else 140)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for figure in _measure(Path(directory), asked.only, accounts, mails, asked.pairs, quick=asked.quick):
            console.print(f"{figure.what}: {figure.ratio:.2f}", highlight=False)
            figures.append(figure)
        idle = None
        if asked.only in (None, "idle"):
            idle = measure_idle(Path(directory) / "idle", 5 if asked.quick else 60)
    if figures:
        console.print(show(figures))
    if idle is not None:
        console.print(f"{idle['what']}: {idle['percent_of_a_core']} % of a core", highlight=False)
    OUT.mkdir(exist_ok=True)
    found = {"machine": _machine(), "figures": [one.to_json() for one in figures], "idle": idle}
    (OUT / ("quick.json" if asked.quick else "figures.json")).write_text(json.dumps(found, indent=2) + "\n")


def _measure(
    directory: Path, only: str | None, accounts: int, mails: int, pairs: int, *, quick: bool
) -> Iterator[Figure]:
    if only in (None, "imports"):
        yield from measure_imports(directory, accounts, pairs)
    if only in (None, "mails"):
        yield measure_draining(directory, mails, pairs)
    if only in (None, "growth"):
        yield from measure_growth(directory / "growth", 1 if quick else pairs, quick=quick)
    if only == "machines" or (only is None and not quick):  # daemons take a while to share
        machines = measure_machines(directory / "machines", 160 if quick else 400, 1 if quick else pairs)
        if machines is not None:
            yield machines


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
