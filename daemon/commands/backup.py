"""`saldopost backup`: a copy of the store while the daemon runs."""

from pathlib import Path

import click

from daemon.commands.program import Program
from daemon.commands.progress import progress


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def command(program: Program, file: Path) -> None:
    """Copy the store into FILE while the daemon runs.

    FILE is replaced only when the copy is whole and was checked. To put it back: stop the daemon, copy FILE over the
    store, and read the mails since again: saldopost messages rescan --since DATE. A store in PostgreSQL is backed up
    by pg_dump.

    \b
    Examples:
      saldopost backup /backup/saldopost.db

    More: docs/operations.md
    """
    from store.backup import NotOurs, back_up, measure_backup, measure_source

    url = program.settings.store.url
    try:
        with progress("copying", measure_source(url), of="bytes", done=lambda: measure_backup(file)):
            size = back_up(url, file)
    except NotOurs as error:
        raise click.UsageError(f"{error}.") from error
    click.echo(f"{file}: {size} bytes")
