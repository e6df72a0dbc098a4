"""`saldopost import`: export files applied by hand, under the same rules as mailed ones."""

import gc
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, NoReturn

import click

from daemon.commands.exits import Exit
from daemon.commands.program import Program
from daemon.commands.progress import progress

if TYPE_CHECKING:
    from daemon.commands.packing import Packed
    from handlers.policy import Policy
    from handlers.report import Report
    from handlers.spools import Spools
    from handlers.taking import Taken
    from parsers.handover import SentFile
    from parsers.protocol import Options
    from store.database import Store
    from store.staging import Staging

EXITS = {"applied": Exit.DONE, "unchanged": Exit.DONE, "held": Exit.HELD, "refused": Exit.REFUSED}


@click.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("-a", "--administration", metavar="CODE", help="Whose export it is; not needed if there is only one.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="When the export was made, in UTC; without it: now.",
)
@click.option("--dry-run", is_flag=True, help="Show the report and change nothing.")
@click.pass_obj
def command(
    program: Program, files: tuple[Path, ...], administration: str | None, date: datetime | None, dry_run: bool
) -> None:
    """Apply export files by hand: A/R, A/P or both, as XML or zip. Pages of one export go together in one call.

    Files of accounts are taken too, as Exact's XML or as CSV: they update names, codes and credit limits; so are
    invoices of your own (see `invoices import --help`).

    The same rules hold as for mailed files. Exits 0 if all was applied or unchanged, 3 if something was held, 4 if
    something was refused; a dry run exits as the import would.

    \b
    Examples:
      saldopost import ARs_1.xml -a nl01 --dry-run
      saldopost import ARs_1.xml ARs_2.xml -a nl01
      saldopost import relations.xml -a nl01

    More: docs/rules.md, docs/accounts.md
    """
    take_files(program, files, administration, date, dry_run=dry_run)


def take_files(
    program: Program,
    files: Sequence[Path],
    administration: str | None,
    date: datetime | None,
    *,
    dry_run: bool,
) -> NoReturn:
    """Read the files, settle what they hold, show the report, and exit as it came out."""
    from daemon.reading import start_reading

    start_reading(mails=False)
    from daemon.settings import build_policy
    from handlers.render import render
    from parsers.handover import GARBAGE_AT

    gc.freeze()  # modules stay: nobody need look for garbage among them while a million items pass
    gc.set_threshold(GARBAGE_AT)
    policy = build_policy(program.administration(administration))
    now = datetime.now(UTC)
    when = min(date.replace(tzinfo=UTC), now) if date else now
    with program.store_as_it_is() if dry_run else program.store() as store:
        report = _import(program, store, policy, files, when, now, dry_run=dry_run)
    click.echo(render(replace(report, policy=replace(policy, language="en"), by_hand=True)).text)
    if dry_run:
        click.echo("Nothing was changed.")
    sys.exit(EXITS[report.state])


def _import(
    program: Program,
    store: "Store",
    policy: "Policy",
    paths: Sequence[Path],
    when: datetime,
    now: datetime,
    *,
    dry_run: bool,
) -> "Report":
    from daemon.assembly import build_rereader
    from daemon.commands.packing import Packing
    from handlers.decide import Source
    from handlers.importing import DRY_RUN, Conclusion, Job, settle
    from handlers.planning import as_of
    from handlers.spools import Spools
    from store.references import find_free_reference

    rereader = build_rereader(program.settings, store)
    with store.read() as tx:
        ref = DRY_RUN if dry_run else find_free_reference(tx, SystemRandom())
    source = Source(when, now, 0)
    named = list(zip(name_apart(paths), paths, strict=True))
    with store.staging() as staging, Spools() as spools, Packing([] if dry_run else named) as packing:
        staging.look_early(policy.code, as_of(source, policy))
        taken = _read(program, named, rereader.options(policy), staging, spools)
        kept = {packed.name: _keep(store, policy, packed, now) for packed in packing} if taken.files else {}
        job = Job(
            ref=ref,
            policy=policy,
            source=source,
            source_sha256=_source(ref, taken),
            keep=lambda _tx: lambda file: kept.get(file.part.split("/")[0]),
            dry_run=dry_run,
        )
        return settle(
            taken, staging, store, job, now, rereader.reread, lambda _report: Conclusion(lambda _tx: None)
        )  # fmt: skip


def name_apart(paths: Iterable[Path]) -> list[str]:
    """What the files are called in the report and in the store: no two alike, and as the child shows them.

    Raises UsageError for names that are alike and too long to be told apart.
    """
    from parsers.display import file_name

    names: dict[str, None] = {}
    for path in paths:
        shown = name = file_name(path.name) or "?"
        for number in count(2):
            if shown not in names:
                break
            shown = f"{Path(name).stem} ({number}){Path(name).suffix}"
        if file_name(shown) != shown:  # cut off, it might lose its number of a page
            raise click.UsageError(f"Two files are called {name}: rename one of them.")
        names[shown] = None
    return list(names)


def _read(
    program: Program,
    named: Sequence[tuple[str, Path]],
    options: "Options",
    staging: "Staging",
    spools: "Spools",
) -> "Taken":
    """Have a child read the files; it is let go of, with its memory, before anything is compared."""
    from daemon.assembly import build_limits
    from daemon.reading import read_files
    from handlers.taking import stage
    from parsers.handover import SentFile

    with ExitStack() as opened:
        files = [SentFile(name, opened.enter_context(path.open("rb")).fileno()) for name, path in named]
        reading = opened.enter_context(read_files(files, build_limits(program.settings)))
        # The child reads through the same open files, so their offset tells how far it is.
        total = sum(os.fstat(file.fd).st_size for file in files)
        with progress("reading", total, of="bytes", done=lambda: sum(_offset(file) for file in files)):
            return stage(reading.open(options), staging, spools=spools)


def _keep(store: "Store", policy: "Policy", packed: "Packed", now: datetime) -> int:
    """Keep the file as it was read, ahead of its import: the lock on the store is not held for that long."""
    from store import keeping

    with store.write() as tx:
        return keeping.keep(tx, policy.code, "file", packed.name, packed.chunks(), packed.sha256, now)


def _source(ref: str, taken: "Taken") -> str:
    """What makes this effect unique. Each call is a source of its own: a person may mean it, and the rules hold."""
    return sha256("\n".join([ref, *(file.sha256 for file in taken.files)]).encode()).hexdigest()


def _offset(file: "SentFile") -> int:
    return os.lseek(file.fd, 0, os.SEEK_CUR)
