"""`saldopost balances`: the three balances per account."""

import typing

import click

from daemon.commands.output import Column, Format, Row, format_option, show_rows, write_amount
from daemon.commands.program import Program
from store.records import Balance, Side

COLUMNS = (
    Column("administration", "administration"),
    Column("side", "side"),
    Column("code", "code"),
    Column("name", "name"),
    Column("exact_id"),
    Column("currency", "currency"),
    Column("open_import", "import", "amount"),
    Column("open_invoices", "invoices", "amount"),
    Column("in_transit", "in transit", "amount"),
    Column("open_total", "total", "amount"),
    Column("credit_limit", "credit limit", "amount"),
)


@click.command("balances")
@click.option("-a", "--administration", metavar="CODE", help="Only of this administration.")
@click.option("--side", type=click.Choice(typing.get_args(Side)), help="Only debtors or only creditors.")
@format_option()
@click.pass_obj
def command(program: Program, administration: str | None, side: Side | None, form: Format) -> None:
    """Show the open balances per account.

    "import" is what the last applied export says is open, "invoices" what we invoiced and Exact does not know yet,
    "total" the sum of the two; "in transit" was handed to Exact and not seen in an export yet. Positive is owed to us
    by debtors, and owed by us to creditors.
    """
    from store.balances import iterate_balances

    with program.store() as store, store.read() as tx:  # into memory: a reader that lingers holds off writers
        found = list(iterate_balances(tx, administration=administration, side=side))
    if administration is not None and not found:
        program.administration(administration)
    show_rows(map(_row, found), COLUMNS, form)


def _row(balance: Balance) -> Row:
    currency = balance.currency
    return {
        "administration": balance.administration,
        "side": balance.side,
        "code": balance.code,
        "name": balance.name,
        "exact_id": balance.exact_id,
        "currency": currency,
        "open_import": write_amount(balance.open_import, currency),
        "open_invoices": write_amount(balance.open_invoices, currency),
        "in_transit": write_amount(balance.in_transit, currency),
        "open_total": write_amount(balance.open_total, currency),
        "credit_limit": write_amount(balance.credit_limit, currency),
    }
