"""`saldopost invoices import`: files of own invoices by hand, under the same rules as mailed ones."""

from datetime import datetime
from pathlib import Path

import click

from daemon.commands.import_ import take_files
from daemon.commands.program import Program


@click.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "-a", "--administration", metavar="CODE", help="Whose invoices they are; not needed if there is only one."
)
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="When the files were made, in UTC; without it: now. Older files never overwrite newer ones.",
)
@click.option("--dry-run", is_flag=True, help="Show the report and change nothing.")
@click.pass_obj
def import_(
    program: Program, files: tuple[Path, ...], administration: str | None, date: datetime | None, dry_run: bool
) -> None:
    """Take invoices and credit notes of your own, or what was handed to Exact.

    Each FILE is a CSV with the columns of docs/own-invoices.md, a UBL 2.1 invoice or credit note, a transactions.xml
    (GLTransactions), which marks the invoices in it as handed over, or a zip of such files.

    An invoice that came before is updated, never doubled. A file with a wrong line is refused as a whole, and each
    wrong line is named with its reason. Exits 0 if all was taken or known, 4 if a file was refused.

    \b
    Examples:
      saldopost invoices import invoices.csv -a nl01 --dry-run
      saldopost invoices import invoices.csv -a nl01
      saldopost invoices import transactions.xml -a nl01

    More: docs/own-invoices.md
    """
    take_files(program, files, administration, date, dry_run=dry_run)
