"""`saldopost items ACCOUNT`: why a balance is this figure."""

import click

from daemon.commands.output import Column, Format, Row, format_option, show_rows, write_amount
from daemon.commands.program import Program
from store.records import Account, AccountAmbiguous, AccountUnknown, OpenItem

COLUMNS = (
    Column("administration"),
    Column("code"),
    Column("name"),
    Column("side", "side"),
    Column("number", "number"),
    Column("your_ref", "your ref"),
    Column("description", "description"),
    Column("invoice_date", "invoiced"),
    Column("due_date", "due"),
    Column("currency", "currency"),
    Column("invoice_fc", "invoice", "amount"),
    Column("open_fc", "open", "amount"),
    Column("invoice_dc", kind="amount"),
    Column("open_dc", "in balance", "amount"),
    Column("import_id", "import", "number"),
)


@click.command("items")
@click.argument("account")
@click.option("-a", "--administration", metavar="CODE", help="The administration; may be left out if there is but one.")
@format_option()
@click.pass_obj
def command(program: Program, account: str, administration: str | None, form: Format) -> None:
    """Show the open items that an account's balance is made of.

    ACCOUNT is its code, its Exact ID, or a part of its name that no other account has. "open" is in the item's own
    currency, "in balance" in the administration's: their sum is the balance (import).
    """
    from store.balances import find_account, iterate_items

    chosen = program.administration(administration)
    try:
        with program.store() as store, store.read() as tx:
            found = find_account(tx, chosen.code, account)
            items = list(iterate_items(tx, found.id))
    except AccountUnknown as error:
        raise click.ClickException(str(error)) from None
    except AccountAmbiguous as error:
        listed = "\n".join(f"  {_spell(candidate)}" for candidate in error.candidates)
        raise click.ClickException(f"{error}\n{listed}") from None
    if form == "table":
        _sum_up(found, items, chosen.currency)
    show_rows((_row(item, found, chosen.currency) for item in items), COLUMNS, form)


def _sum_up(account: Account, items: list[OpenItem], currency: str) -> None:
    click.echo(_spell(account))
    for side in ("receivable", "payable"):
        amounts = [item.open_dc for item in items if item.side == side]
        if amounts:
            click.echo(f"{side}: {write_amount(sum(amounts), currency)} {currency}, items: {len(amounts)}")
    click.echo("" if items else "Nothing is open.")


def _spell(account: Account) -> str:
    from parsers.display import visible

    parts = (account.code, account.name, f"Exact ID {account.exact_id}" if account.exact_id else None)
    return ", ".join(visible(part, 200) for part in parts if part)


def _row(item: OpenItem, account: Account, currency: str) -> Row:
    return {
        "administration": account.administration,
        "code": account.code,
        "name": account.name,
        "side": item.side,
        "number": item.number or None,
        "your_ref": item.your_ref or None,
        "description": item.description or None,
        "invoice_date": item.invoice_date or None,
        "due_date": item.due_date or None,
        "currency": item.currency,
        "invoice_fc": write_amount(item.invoice_fc, item.currency),
        "open_fc": write_amount(item.open_fc, item.currency),
        "invoice_dc": write_amount(item.invoice_dc, currency),
        "open_dc": write_amount(item.open_dc, currency),
        "import_id": item.opened_by,
    }
