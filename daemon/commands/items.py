"""`saldopost items ACCOUNT`: why a balance is this figure, and how it came to be so."""

from itertools import chain

import click

from daemon.commands.account_choice import choose_account, spell_account
from daemon.commands.output import Column, Format, Row, format_option, show_rows, write_amount, write_moment
from daemon.commands.program import Program
from store.own_records import OwnInvoice
from store.records import Account, OpenItem, PastItem

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
    Column("counts_in"),
)
HISTORY = (
    *COLUMNS[:-2],
    Column("opened_by", "opened by", "number"),
    Column("opened_ref"),
    Column("opened_at", "opened", "moment"),
    Column("closed_by", "closed by", "number"),
    Column("closed_ref"),
    Column("closed_at", "closed", "moment"),
)
OWN = (
    Column("side", "side"),
    Column("number", "number"),
    Column("customer", "customer"),
    Column("invoice_date", "invoiced"),
    Column("currency", "currency"),
    Column("open_fc", "open", "amount"),
    Column("open_dc", "in balance", "amount"),
    Column("status", "status"),
    Column("batch", "batch"),
)
COUNT = {"open": "open_invoices", "in-transit": "in_transit"}  # the balance that an own invoice of this status is in


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

    Below them, the invoices of your own that no export has shown yet: those "open" make the balance (invoices), the
    others are in transit. In JSON and CSV "counts_in" tells which figure a row is part of.

    \b
    Examples:
      saldopost items 10042 -a nl01
      saldopost items bakker -a nl01 --history

    More: docs/commands.md
    """
    from store.balances import iterate_history, iterate_items
    from store.own_invoices import list_invoices

    chosen = program.administration(administration)
    with program.store() as store, store.read() as tx:
        found = choose_account(tx, chosen.code, account)
        items = list(iterate_items(tx, found.id))
        past = list(iterate_history(tx, found.id)) if history else []
        own = [one for one in list_invoices(tx, administration=chosen.code, account_id=found.id) if one.status in COUNT]
    if form == "table":
        _sum_up(found, items, own, chosen.currency)
    if history:
        show_rows((_past_row(item, found, chosen.currency) for item in past), HISTORY, form)
        return
    rows = [_row(item, found, chosen.currency) for item in items]
    own_rows = [_own_row(one, found, chosen.currency) for one in own]
    if form == "table":
        _show_tables(rows, own_rows)
    else:
        show_rows(chain(rows, own_rows), COLUMNS, form)


def _show_tables(rows: list[Row], own_rows: list[Row]) -> None:
    if rows or not own_rows:
        show_rows(rows, COLUMNS, "table")
    if rows and own_rows:
        click.echo()
    if own_rows:
        click.echo("Your own, not seen in an export yet:")
        show_rows(own_rows, OWN, "table")


def _sum_up(account: Account, items: list[OpenItem], own: list[OwnInvoice], currency: str) -> None:
    click.echo(spell_account(account))
    for side in ("receivable", "payable"):
        amounts = [item.open_dc for item in items if item.side == side]
        if amounts:
            click.echo(f"{side}: {write_amount(sum(amounts), currency)} {currency}, items: {len(amounts)}")
        for status, said in (("open", "own invoices"), ("in-transit", "in transit")):
            waiting = [one.amount_dc for one in own if one.side == side and one.status == status]
            if waiting:
                total = write_amount(sum(waiting), currency)
                click.echo(f"{side}, {said}: {total} {currency}, invoices: {len(waiting)}")
    click.echo("" if items or own else "Nothing is open.")


def _row(item: OpenItem, account: Account, currency: str) -> Row:
    return {**_item(item, account, currency), "import_id": item.opened_by, "counts_in": "open_import"}


def _own_row(one: OwnInvoice, account: Account, currency: str) -> Row:
    amount_fc, amount_dc = write_amount(one.amount_fc, one.currency), write_amount(one.amount_dc, currency)
    return {
        "administration": account.administration,
        "code": account.code,
        "name": account.name,
        "side": one.side,
        "number": one.number,
        "your_ref": one.your_ref or None,
        "description": one.description or None,
        "invoice_date": one.invoice_date or None,
        "due_date": one.due_date or None,
        "currency": one.currency,
        "invoice_fc": amount_fc,
        "open_fc": amount_fc,
        "invoice_dc": amount_dc,
        "open_dc": amount_dc,
        "import_id": None,
        "counts_in": COUNT[one.status],
        "customer": one.customer_code,
        "status": f"{one.status}, ambiguous" if one.ambiguous else one.status,
        "batch": one.batch,
    }


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
