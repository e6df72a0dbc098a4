"""`saldopost items ACCOUNT`: why a balance is this figure, and how it came to be so."""

import click

from daemon.commands.output import Column, Format, Row, format_option, show_rows, write_amount, write_moment
from daemon.commands.program import Program
from store.records import Account, AccountAmbiguous, AccountUnknown, OpenItem, PastItem

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
HISTORY = (
    *COLUMNS[:-1],
    Column("opened_by", "opened by", "number"),
    Column("opened_ref"),
    Column("opened_at", "opened", "moment"),
    Column("closed_by", "closed by", "number"),
    Column("closed_ref"),
    Column("closed_at", "closed", "moment"),
)


@click.command("items")
@click.argument("account")
@click.option("-a", "--administration", metavar="CODE", help="The administration; may be left out if there is but one.")
@click.option("--history", is_flag=True, help="All that was ever open, and the imports that opened and closed it.")
@format_option()
@click.pass_obj
def command(program: Program, account: str, administration: str | None, history: bool, form: Format) -> None:
    """Show the open items that an account's balance is made of.

    ACCOUNT is its code, its Exact ID, or a part of its name that no other account has. "open" is in the item's own
    currency, "in balance" in the administration's: their sum is the balance (import). With --history an item that
    changed stands there once for each figure it had, from the import that opened it to the one that closed it.

    \b
    Examples:
      saldopost items 10042 -a nl01
      saldopost items bakker -a nl01 --history

    More: docs/commands.md
    """
    from store.balances import find_account, iterate_history, iterate_items

    chosen = program.administration(administration)
    try:
        with program.store() as store, store.read() as tx:
            found = find_account(tx, chosen.code, account)
            items = list(iterate_items(tx, found.id))
            past = list(iterate_history(tx, found.id)) if history else []
    except AccountUnknown as error:
        raise click.ClickException(str(error)) from None
    except AccountAmbiguous as error:
        listed = "\n".join(f"  {_spell(candidate)}" for candidate in error.candidates)
        raise click.ClickException(f"{error}\n{listed}") from None
    if form == "table":
        _sum_up(found, items, chosen.currency)
    if history:
        show_rows((_past_row(item, found, chosen.currency) for item in past), HISTORY, form)
    else:
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
    return {**_item(item, account, currency), "import_id": item.opened_by}


def _past_row(item: PastItem, account: Account, currency: str) -> Row:
    return {
        **_item(item, account, currency),
        "opened_by": item.opened_by,
        "opened_ref": item.opened_ref,
        "opened_at": write_moment(item.opened_at),
        "closed_by": item.closed_by,
        "closed_ref": item.closed_ref,
        "closed_at": write_moment(item.closed_at),
    }


def _item(item: OpenItem | PastItem, account: Account, currency: str) -> Row:
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
    }
