"""`saldopost imports`: which exports were applied, held or refused, and what a person makes of them."""

import typing
from dataclasses import asdict

import click

from daemon.commands import decisions
from daemon.commands.output import (
    Column,
    Format,
    Row,
    format_option,
    show_record,
    show_rows,
    write_amount,
    write_moment,
)
from daemon.commands.program import Program
from store.records import Import, ImportState, Side

COLUMNS = (
    Column("id", "id", "number"),
    Column("ref", "ref"),
    Column("administration", "administration"),
    Column("side", "side"),
    Column("state", "state", "state"),
    Column("reason", "reason"),
    Column("items", "items", "number"),
    Column("accounts", "accounts", "number"),
    Column("currency", "currency"),
    Column("total_before", "before", "amount"),
    Column("total", "total", "amount"),
    Column("ordered_at"),
    Column("recorded_at"),
    Column("applied_at", "applied", "moment"),
)
SHOWN = (
    *(column for column in COLUMNS if column.heading),
    Column("recorded_at", "recorded"),
    Column("ordered_at", "as of"),
)
FILES = (
    Column("name", "file"),
    Column("part", "part"),
    Column("size", "bytes", "number"),
    Column("count", "count", "number"),
    Column("pagesize", "page size", "number"),
    Column("sha256", "SHA-256"),
)


@click.group("imports")
def command() -> None:
    """Show which exports were applied, held or refused; say yes or no, or take one back."""


for decision in (decisions.approve, decisions.reject, decisions.undo):
    command.add_command(decision)


@command.command("list")
@click.option("-a", "--administration", metavar="CODE", help="Only of this administration.")
@click.option("--side", type=click.Choice(typing.get_args(Side)), help="Only debtors or only creditors.")
@click.option("--state", type=click.Choice(typing.get_args(ImportState)), help="Only in this state.")
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@format_option()
@click.pass_obj
def list_(
    program: Program,
    administration: str | None,
    side: Side | None,
    state: ImportState | None,
    limit: int | None,
    form: Format,
) -> None:
    """List the imports, newest first."""
    from store.imports import list_imports

    with program.store() as store, store.read() as tx:
        found = list_imports(tx, administration=administration, side=side, state=state, limit=limit)
    show_rows(map(_row, found), COLUMNS, form)


@command.command()
@click.argument("import_", metavar="ID|REF")
@format_option("table", "json")
@click.pass_obj
def show(program: Program, import_: str, form: Format) -> None:
    """Show an import and its files, by its ID, or all of one mail by its REF."""
    from store.imports import find_imports, list_files

    with program.store() as store, store.read() as tx:
        found = [(one, [asdict(file) for file in list_files(tx, one.id)]) for one in find_imports(tx, import_)]
    if not found:
        raise click.ClickException(f"there is no import {import_}")
    if form == "json":
        show_rows(({**_row(one), "files": files} for one, files in found), (*COLUMNS, Column("files")), form)
        return
    for one, files in found:
        show_record(_row(one), SHOWN)
        click.echo()
        show_rows(files, FILES, form)


def _row(one: Import) -> Row:
    return {
        "id": one.id,
        "ref": one.ref,
        "administration": one.administration,
        "side": one.side,
        "state": one.state,
        "reason": one.reason or None,
        "items": one.items,
        "accounts": one.accounts,
        "currency": one.currency,
        "total_before": write_amount(one.total_before, one.currency),
        "total": write_amount(one.total, one.currency),
        "ordered_at": write_moment(one.ordered_at),
        "recorded_at": write_moment(one.recorded_at),
        "applied_at": write_moment(one.applied_at),
    }
