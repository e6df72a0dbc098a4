"""`saldopost run --dry-run`: what would become of each mail, shown."""

import textwrap
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import click

from daemon.commands.exits import Exit, exit_of, worst
from daemon.commands.output import COLOURS
from daemon.commands.program import Program

if TYPE_CHECKING:
    from daemon.rehearsal import Rehearsed


def show_rehearsal(program: Program) -> Exit:
    """Show mailbox after mailbox; one that cannot be read does not stand in the way of the others."""
    from daemon.assembly import build_way
    from daemon.mailbox import Mailbox
    from daemon.rehearsal import rehearse
    from daemon.token_sources import build_token_sources
    from daemon.unavailable import LoginRefused, ServerUnavailable

    settings, tokens = program.settings, build_token_sources(program.settings)
    states: Counter[str] = Counter()
    codes = []
    with program.store_as_it_is() as store:
        way = build_way(settings, store)
        for one in settings.mailboxes:
            with closing(Mailbox(one, settings.limits.largest_mail, tokens.get(one.oauth2), readonly=True)) as mailbox:
                try:
                    for rehearsed in rehearse(mailbox, way):
                        _show(rehearsed)
                        states[rehearsed.state or "bug"] += 1
                except (ServerUnavailable, LoginRefused) as error:
                    click.echo(f"saldopost: {error}", err=True)
                    codes.append(exit_of(error))
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    click.echo(f"{states.total()} mails{f': {told}' if told else ''}. Nothing was changed.")
    return worst([*codes, Exit.BUG if states["bug"] else Exit.DONE])


def _show(rehearsed: "Rehearsed") -> None:
    from parsers.display import visible

    key, state = rehearsed.mail.key, rehearsed.state or "bug"
    click.secho(f"Mailbox {key.mailbox}, {key.folder}, UID {key.uid}", bold=True)
    click.echo(f"from     {visible(rehearsed.sender, 200)}")
    click.echo(f"subject  {visible(rehearsed.subject, 200)}")
    why = f" ({rehearsed.reason})" if rehearsed.reason else ""
    click.echo(f"state    {click.style(state, fg=COLOURS.get(state))}{why}")
    if rehearsed.reply:
        unsent = f"    not sent now ({rehearsed.withheld})" if rehearsed.withheld else ""
        click.echo(f"reply{unsent}\n" + textwrap.indent(rehearsed.reply.rstrip(), "    "))
    else:
        click.echo("reply    none")
    click.echo()
