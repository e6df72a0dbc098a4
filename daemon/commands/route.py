"""`saldopost route`: which route a mail would take, and why not the others."""

import difflib

import click

from daemon.commands.exits import Exit
from daemon.commands.program import Program
from daemon.settings import MailboxSettings, Settings, build_routes
from handlers.policy import Route
from handlers.routing import Misfit, fits, misfit

MOST_SHOWN = 30  # routes that do not fit


@click.command("route")
@click.option("--from", "sender", metavar="ADDRESS", required=True, help="Who sends the mail.")
@click.option("--to", "recipients", metavar="ADDRESS", multiple=True, help="Whom it is sent to; may be repeated.")
@click.option("-m", "--mailbox", metavar="NAME", help="In which mailbox it lies; not needed if there is only one.")
@click.pass_obj
def command(program: Program, sender: str, recipients: tuple[str, ...], mailbox: str | None) -> None:
    """Say which route a mail takes and why, and why not the others. No mail is sent or read.

    Exit code 1 if none fits: such a mail would be quarantined.

    \b
    Examples:
      saldopost route --from jan@bakker.example
      saldopost route --from jan@bakker.example --to saldo+nl01@example.com -m main

    More: docs/sender-trust.md
    """
    settings = program.settings
    name = _mailbox(settings, mailbox).name
    routes = build_routes(settings)
    misfits = [misfit(route, name, sender, recipients) for route in routes]
    chosen = next((index for index, reason in enumerate(misfits) if not reason), None)
    click.echo(f"A mail from {sender} to {', '.join(recipients) or 'anybody'} in mailbox {name}:\n")
    last = len(routes) if chosen is None else chosen
    for index in range(max(0, last - MOST_SHOWN), last):
        click.echo(
            f"  {_place(program, index)}  passed over: {_why(routes[index], misfits[index], sender, recipients)}"
        )
    if last > MOST_SHOWN:
        click.echo(f"  and {last - MOST_SHOWN} routes before these, which do not fit either")
    if chosen is None:
        click.echo(f"\n{click.style('No route fits', fg='red')}: the mail would be quarantined.")
        click.get_current_context().exit(Exit.PERSON)
    route = routes[chosen]
    click.echo(f"  {_place(program, chosen)}  {click.style('fits', fg='green')}: {_why_so(route, sender, recipients)}")
    later = [index for index, reason in enumerate(misfits) if not reason and index > chosen]
    for index in later[:MOST_SHOWN]:
        click.echo(f"  {_place(program, index)}  would fit too, but the first that fits wins")
    click.echo(f"\nIt belongs to administration {_named(settings, route.administration)}.")
    click.echo(_proof(route))


def _mailbox(settings: Settings, name: str | None) -> MailboxSettings:
    known = {mailbox.name: mailbox for mailbox in settings.mailboxes}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is None:
        raise click.UsageError(f"name the mailbox: --mailbox NAME ({', '.join(known) or 'there is none'})")
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise click.UsageError(f"There is no mailbox {name!r}.{f' Did you mean {near[0]!r}?' if near else ''}")
    return known[name]


def _place(program: Program, index: int) -> str:
    line = program.line(("routes", index))
    return f"routes #{index + 1}" + (f" (line {line})" if line else "")


def _why(route: Route, reason: Misfit, sender: str, recipients: tuple[str, ...]) -> str:
    match reason:
        case "mailbox":
            return f"it is for mailbox {route.mailbox}"
        case "from":
            return f"{sender} is not {_any_of(route.senders)}"
        case _:
            whom = " and ".join(recipients)
            return f"{whom or 'nobody'} is not {_any_of(route.recipients)}"


def _why_so(route: Route, sender: str, recipients: tuple[str, ...]) -> str:
    pattern = next(pattern for pattern in route.senders if fits(pattern, sender))
    if not route.recipients:
        return f"from {pattern}, to anybody"
    whom = next(pattern for pattern in route.recipients if any(fits(pattern, one) for one in recipients))
    return f"from {pattern}, to {whom}"


def _any_of(patterns: tuple[str, ...]) -> str:
    return " or ".join(patterns)


def _named(settings: Settings, code: str) -> str:
    return next(f"{one.code} ({one.name})" for one in settings.administrations if one.code == code)


def _proof(route: Route) -> str:
    if route.authenticate == ("none",):
        return 'Whoever writes this From is believed: the route has authenticate = ["none"].'
    return f"The sender must prove who they are, by {' and '.join(route.authenticate)}; else it is quarantined."
