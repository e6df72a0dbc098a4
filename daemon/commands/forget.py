"""`saldopost forget`: delete what is kept about an administration."""

import click

from daemon.commands.program import Program
from daemon.commands.progress import progress


@click.command("forget")
@click.argument("code")
@click.option("--yes", is_flag=True, help="Really delete; without it, only say what would be.")
@click.pass_obj
def command(program: Program, code: str, yes: bool) -> None:
    """Delete everything that is kept about an administration.

    CODE is the administration: its accounts, balances, items, imports, kept files, mails and replies. There is no way
    back. Take its routes out of the settings and restart the daemon first, or the next mail brings it back. Mails in
    the folders of the mailbox, back-ups and logs are yours to delete.

    \b
    Examples:
      saldopost forget nl01
      saldopost forget nl01 --yes

    More: docs/operations.md
    """
    from store.forgetting import forget

    routes = [route for route in program.settings.routes if route.administration == code]
    if routes and yes:
        raise click.UsageError(
            f"{len(routes)} of the routes still bring mail to {code!r}: take them out of {program.file} and restart "
            "the daemon first."
        )
    with progress("deleting" if yes else "counting"), program.store() as store, store.write() as tx:
        deleted = {table: rows for table, rows in forget(tx, code).items() if rows}
        if not yes:
            tx.rollback()
    what = ", ".join(f"{rows} of {table.replace('_', ' ')}" for table, rows in deleted.items()) or "nothing"
    if yes:
        click.echo(f"Deleted for {code}: {what}.")
        return
    click.echo(f"Would delete for {code}: {what}. Say --yes to do it.")
