"""`saldopost accounts`: which account of Exact each customer of your own is linked to."""

import click

from daemon.commands.account_choice import choose_account, spell_account
from daemon.commands.output import Column, Format, Row, format_option, show_rows
from daemon.commands.program import Program
from store.own_records import Customer, CustomersCollide, CustomerUnknown

COLUMNS = (
    Column("administration", "administration"),
    Column("customer", "customer"),
    Column("name", "name"),
    Column("exact_code", "code by the rule"),
    Column("code", "account"),
    Column("account_name", "name in Exact"),
    Column("exact_id"),
    Column("linked_by", "linked by"),
    Column("known"),
    Column("invoices", "invoices", "number"),
)
TABLE = (*(column for column in COLUMNS if column.heading), Column("shown_known", "known to Exact"))


@click.group("accounts")
def command() -> None:
    """Show which account of Exact each customer of your own is linked to; link one by hand, or unlink it.

    Customers link themselves: by Exact's ID if your file has it, else by their code under the rules of
    [administrations.matching.customer_code]. What fits no account gets one of its own, until Exact brings it.

    \b
    Examples:
      saldopost accounts list -a nl01 --unknown
      saldopost accounts link KLANT-00001 10042 -a nl01

    More: docs/own-invoices.md
    """


@command.command("list")
@click.option("-a", "--administration", metavar="CODE", help="Only of this administration.")
@click.option("--unknown", is_flag=True, help="Only those whose account Exact does not know: look at them first.")
@format_option()
@click.pass_obj
def list_(program: Program, administration: str | None, unknown: bool, form: Format) -> None:
    """List your own customers and their accounts.

    "linked by" says how: "exact-id", "code", or "hand". "invoices" counts those of your own that count in the balance.

    \b
    Examples:
      saldopost accounts list -a nl01
      saldopost accounts list -a nl01 --unknown --format csv

    More: docs/own-invoices.md
    """
    from store.customers import list_customers

    if administration is not None:
        program.administration(administration)
    with program.store() as store, store.read() as tx:  # into memory: a reader that lingers holds off writers
        found = [one for one in list_customers(tx, administration=administration) if not (unknown and one.is_known)]
    show_rows(map(_row, found), TABLE if form == "table" else COLUMNS, form)


@command.command()
@click.argument("own")
@click.argument("exact")
@click.option("-a", "--administration", metavar="CODE", help="The administration; may be left out if there is but one.")
@click.pass_obj
def link(program: Program, own: str, exact: str, administration: str | None) -> None:
    """Link your own customer OWN to the account EXACT, whatever the rules say. Its invoices go there at once.

    OWN is your own code, also of a customer that no file has named yet. EXACT is the account's code in Exact, its
    Exact ID, or a part of its name that no other account has.

    \b
    Examples:
      saldopost accounts link KLANT-00001 10042 -a nl01

    More: docs/own-invoices.md
    """
    from store.customers import link as write_link
    from store.subledgers import lock

    own = own.strip()
    if not own:
        raise click.UsageError("OWN is empty")
    chosen = program.administration(administration)
    with program.store() as store, store.write() as tx:
        lock(tx, chosen.code, chosen.currency)  # else the account may go before it is linked
        account = choose_account(tx, chosen.code, exact)
        write_link(tx, chosen.code, chosen.currency, own, account.id)
    click.echo(f"{own} is linked to {spell_account(account)}")


@command.command()
@click.argument("own")
@click.option("-a", "--administration", metavar="CODE", help="The administration; may be left out if there is but one.")
@click.pass_obj
def unlink(program: Program, own: str, administration: str | None) -> None:
    """Take back a link that was made by hand: Exact's ID and the rules decide again.

    \b
    Examples:
      saldopost accounts unlink KLANT-00001 -a nl01

    More: docs/own-invoices.md
    """
    from store.customers import unlink as write_unlink

    chosen = program.administration(administration)
    own = own.strip()
    try:
        with program.store() as store, store.write() as tx:
            was_linked = write_unlink(tx, chosen.code, chosen.currency, own)
    except (CustomerUnknown, CustomersCollide) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{own}: the link is gone" if was_linked else f"{own} was not linked by hand")


def _row(one: Customer) -> Row:
    return {
        "administration": one.administration,
        "customer": one.code,
        "name": one.name,
        "exact_code": one.exact_code or None,
        "code": one.account_code,
        "account_name": one.account_name,
        "exact_id": one.account_exact_id,
        "linked_by": one.linked_by,
        "known": one.is_known,
        "shown_known": "yes" if one.is_known else "no",
        "invoices": one.invoices,
    }
