"""`saldopost invoices`: invoices of our own, from the file they came in to the day Exact shows them as paid."""

import typing
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from daemon.commands import invoice_marks
from daemon.commands.aside import Aside
from daemon.commands.invoice_import import import_
from daemon.commands.invoice_paid import paid
from daemon.commands.invoice_rows import (
    COLUMNS,
    DETAILS,
    FOLLOWED,
    FOLLOWED_COLUMNS,
    PAYMENTS,
    TABLE,
    Pair,
    full_row,
    pair,
    row,
)
from daemon.commands.output import Format, format_option, show_record, show_rows
from daemon.commands.program import Program
from store.own_records import OwnStatus, TrackedInvoice, TrackedState
from store.records import Side

if TYPE_CHECKING:
    from daemon.settings import AdministrationSettings
    from store.database import Transaction


@click.group("invoices")
def command() -> None:
    """Keep invoices of your own that Exact does not know yet; follow them until they are paid.

    An invoice counts in "open balance (invoices)" until an export of Exact shows it. Between the two it may be "in
    transit": handed to Exact, and not seen in an export yet.

    \b
    Examples:
      saldopost invoices import invoices.csv -a nl01
      saldopost invoices list -a nl01 --open
      saldopost invoices batch -a nl01 --all --name 2026-W10

    More: docs/own-invoices.md
    """


for inner in (import_, invoice_marks.batch, invoice_marks.unbatch, paid, invoice_marks.cancel):
    command.add_command(inner)


@command.command("list")
@click.option("-a", "--administration", metavar="CODE", help="Only of this administration.")
@click.option("--side", type=click.Choice(typing.get_args(Side)), help="Only to debtors or only from creditors.")
@click.option("--status", type=click.Choice(typing.get_args(OwnStatus)), help="Only your own in this status.")
@click.option("--state", type=click.Choice(typing.get_args(TrackedState)), help="Only those in this state in Exact.")
@click.option("--customer", metavar="OWN", help="Only of this customer, by your own code.")
@click.option("--batch", metavar="NAME", help="Only those of this batch.")
@click.option("--open", "only_open", is_flag=True, help="Only what counts still, or is unpaid in Exact.")
@format_option()
@click.pass_obj
def list_(
    program: Program,
    administration: str | None,
    side: Side | None,
    status: OwnStatus | None,
    state: TrackedState | None,
    customer: str | None,
    batch: str | None,
    only_open: bool,
    form: Format,
) -> None:
    """List your own invoices, and what became of each.

    STATUS: "open" is not handed to Exact, "in-transit" was handed over and not seen in an export; these two count.
    "seen" was in an export, "paid" and "cancelled" were ended by hand; these count no more. An "ambiguous" one may be
    in an export: it counts until that is clear.

    With mode = "invoices" also what Exact alone has, and how much is open: "open", "part-paid", "paid", "paid-by-hand".

    \b
    Examples:
      saldopost invoices list -a nl01 --status in-transit
      saldopost invoices list -a nl01 --open --format csv

    More: docs/own-invoices.md
    """

    def fits(one: Pair) -> bool:
        return (
            (one.own is not None or not (status or customer or batch))
            and (state is None or (one.tracked is not None and one.tracked.state == state))
            and (one.is_open or not only_open)
        )

    from store.own_invoices import list_invoices

    chosen = [program.administration(administration)] if administration else program.settings.administrations
    with program.store() as store, Aside() as rows:
        with store.read() as tx:
            for one in chosen:
                own = list_invoices(
                    tx, administration=one.code, side=side, status=status, batch=batch, customer_code=customer
                )
                tracked = _tracked(tx, one, side, paid_too=not only_open)
                rows.add(row(of, one.currency) for of in pair(own, tracked) if fits(of))
        table = FOLLOWED if any(one.mode == "invoices" for one in chosen) else TABLE
        show_rows(rows, table if form == "table" else COLUMNS, form)


@command.command()
@click.argument("number")
@click.option("-a", "--administration", metavar="CODE", help="The administration; may be left out if there is but one.")
@format_option("table", "json")
@click.pass_obj
def show(program: Program, number: str, administration: str | None, form: Format) -> None:
    """Show all that is known of an invoice, by your own NUMBER or that in Exact.

    With mode = "invoices" also its payments, as one export after the other shows them: an amount that is open no more
    was paid (or credited) by the day of that export.

    \b
    Examples:
      saldopost invoices show FAC-2026-0001 -a nl01

    More: docs/own-invoices.md
    """
    from store.own_invoices import list_invoices

    chosen = program.administration(administration)
    with program.store() as store, store.read() as tx:
        own = list(list_invoices(tx, administration=chosen.code, numbers=(number,)))
        numbers = tuple(dict.fromkeys((number, *(one.exact_number for one in own if one.exact_number))))
        tracked = list(_tracked(tx, chosen, numbers=numbers))
    found = [full_row(of, chosen.currency) for of in pair(own, tracked)]
    if not found:
        raise click.ClickException(f"there is no invoice {number} in {chosen.code}")
    if form == "json":
        show_rows(found, (*COLUMNS, *FOLLOWED_COLUMNS), form)
        return
    for index, shown in enumerate(found):
        if index:
            click.echo()
        show_record(shown, [column for column in DETAILS if shown[column.key] is not None])
        if shown["payments"]:
            click.echo()
            show_rows(shown["payments"], PAYMENTS, form)


def _tracked(
    tx: "Transaction",
    of: "AdministrationSettings",
    side: Side | None = None,
    *,
    numbers: tuple[str, ...] = (),
    paid_too: bool = True,
) -> Iterable[TrackedInvoice]:
    """What Exact shows, where invoices are followed one by one."""
    from store.tracking import iterate_tracked

    if of.mode != "invoices":
        return ()
    tolerance = of.invoices.tolerance_cents
    return iterate_tracked(tx, of.code, side=side, numbers=numbers, tolerance=tolerance, paid_too=paid_too)
