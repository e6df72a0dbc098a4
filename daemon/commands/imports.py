"""`saldopost imports`: which exports were applied, held or refused, and what a person makes of them."""

import json
import typing
from collections.abc import Sequence
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
from store.records import AccountChange, Import, ImportState, Side

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
DETAILS = (
    Column("opened", "items new or changed", "number"),
    Column("closed", "items gone or changed", "number"),
    Column("doubts", "what was said of it"),
    Column("approvable", "a yes applies it"),
    Column("superseded_by", "superseded by", "number"),
    Column("decided_at", "decided"),
    Column("decided_by", "decided by"),
)
CHANGES = (
    Column("code", "code"),
    Column("name", "name"),
    Column("exact_id"),
    Column("before", "before", "amount"),
    Column("after", "after", "amount"),
    Column("is_new"),
)


@click.group("imports")
def command() -> None:
    """Show which exports were applied, held or refused; say yes or no, or take one back.

    \b
    Examples:
      saldopost imports list --state held
      saldopost imports show 12
      saldopost imports approve 12

    More: docs/rules.md
    """


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
    """List the imports, newest first.

    \b
    Examples:
      saldopost imports list
      saldopost imports list -a nl01 --side receivable -n 10

    More: docs/commands.md
    """
    from store.imports import list_imports

    with program.store() as store, store.read() as tx:
        found = list_imports(tx, administration=administration, side=side, state=state, limit=limit)
    show_rows(map(_row, found), COLUMNS, form)


@command.command()
@click.argument("import_", metavar="ID|REF")
@format_option("table", "json")
@click.pass_obj
def show(program: Program, import_: str, form: Format) -> None:
    """Show an import, its files and what it changed, by its ID, or all of one mail by its REF.

    \b
    Examples:
      saldopost imports show 12
      saldopost imports show 7KQ2-M4

    More: docs/rules.md
    """
    from store.imports import find_imports, iterate_changes, list_files

    with program.store() as store, store.read() as tx:
        found = [
            (
                one,
                [asdict(file) for file in list_files(tx, one.id)],
                [_change(change, one.currency) for change in iterate_changes(tx, one.id)],
            )
            for one in find_imports(tx, import_)
        ]
    if not found:
        raise click.ClickException(f"there is no import {import_}")
    if form == "json":
        rows = ({**_details(one), "files": files, "changes": changes} for one, files, changes in found)
        show_rows(rows, (*COLUMNS, *DETAILS, Column("files"), Column("changes")), form)
        return
    for one, files, changes in found:
        show_record(_details(one), (*SHOWN, *DETAILS))
        tables: tuple[tuple[Sequence[Row], Sequence[Column]], ...] = ((files, FILES), (changes, CHANGES))
        for shown, columns in tables:
            if shown:
                click.echo()
                show_rows(shown, columns, form)


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


def _details(one: Import) -> Row:
    found = ", ".join(str(finding["code"]) for finding in json.loads(one.findings))
    return {
        **_row(one),
        "opened": one.opened,
        "closed": one.closed,
        "doubts": found or None,
        "approvable": ("yes" if one.approvable else "no") if one.state == "held" else None,
        "superseded_by": one.superseded_by,
        "decided_at": write_moment(one.decided_at),
        "decided_by": one.decided_by,
    }


def _change(change: AccountChange, currency: str) -> Row:
    return {
        "code": change.code,
        "name": change.name,
        "exact_id": change.exact_id,
        "before": write_amount(change.before, currency),
        "after": write_amount(change.after, currency),
        "is_new": change.is_new,
    }
