"""`saldopost balances`: the three balances per account, or what is open by days past the due date."""

import typing
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click

from daemon.commands.output import Column, Format, Row, format_option, show_rows, write_amount
from daemon.commands.program import Program
from store.records import AgedBalance, Balance, Side

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
    Column("credit_room", "room left", "amount"),
)
AGES = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90")
AGEING = (
    *COLUMNS[:7],
    Column("not_due", "not due", "amount"),
    Column("days_1_30", "1-30 days", "amount"),
    Column("days_31_60", "31-60", "amount"),
    Column("days_61_90", "61-90", "amount"),
    Column("over_90", "over 90", "amount"),
)


@click.command("balances")
@click.option("-a", "--administration", metavar="CODE", help="Only of this administration.")
@click.option("--side", type=click.Choice(typing.get_args(Side)), help="Only debtors or only creditors.")
@click.option("--ageing", is_flag=True, help="What is open by days past the due date.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="With --ageing: as of this day, not today."
)
@format_option()
@click.pass_obj
def command(
    program: Program,
    administration: str | None,
    side: Side | None,
    ageing: bool,
    as_of: datetime | None,
    form: Format,
) -> None:
    """Show the open balances per account.

    "import" is what the last applied export says is open, "invoices" what we invoiced and Exact does not know yet,
    "total" the sum of the two; "in transit" was handed to Exact and not seen in an export yet: it is in the total only
    with in_transit = "add". Positive is owed to us by debtors, and owed by us to creditors. The room left is the credit
    limit less all three.

    \b
    Examples:
      saldopost balances -a nl01
      saldopost balances --side receivable --ageing
      saldopost balances --format csv

    More: docs/commands.md, and docs/sql-views.md for other programs
    """
    if as_of is not None and not ageing:
        raise click.UsageError("--as-of goes with --ageing")
    if ageing:
        rows, columns = _aged(program, administration, side, as_of.date() if as_of else None), AGEING
    else:
        rows, columns = _balances(program, administration, side), COLUMNS
    if administration is not None and not rows:
        program.administration(administration)
    show_rows(rows, columns, form)


def _balances(program: Program, administration: str | None, side: Side | None) -> list[Row]:
    from store.balances import iterate_balances

    with program.store() as store, store.read() as tx:  # into memory: a reader that lingers holds off writers
        return [_row(found) for found in iterate_balances(tx, administration=administration, side=side)]


def _aged(program: Program, administration: str | None, side: Side | None, as_of: date | None) -> list[Row]:
    """Today is that of the administration's time zone; of several, the first one's."""
    from store.ageing import iterate_ageing

    zone = ZoneInfo(program.settings.administrations[0].time_zone)
    if administration is not None:
        zone = ZoneInfo(program.administration(administration).time_zone)
    day = as_of or datetime.now(zone).date()
    with program.store() as store, store.read() as tx:
        return [_aged_row(found) for found in iterate_ageing(tx, day, administration=administration, side=side)]


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
        "credit_room": write_amount(_room(balance), currency),
    }


def _room(balance: Balance) -> int | None:
    if balance.credit_limit is None or balance.side != "receivable":
        return None
    return balance.credit_limit - balance.open_import - balance.open_invoices - balance.in_transit


def _aged_row(balance: AgedBalance) -> Row:
    currency = balance.currency
    return {
        "administration": balance.administration,
        "side": balance.side,
        "code": balance.code,
        "name": balance.name,
        "exact_id": balance.exact_id,
        "currency": currency,
        "open_import": write_amount(balance.open_import, currency),
        **{age: write_amount(getattr(balance.ageing, age), currency) for age in AGES},
    }
