"""`saldopost messages retry` and `rescan`: mails that are processed anew."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import click

from daemon.commands.exits import Exit
from daemon.commands.program import Program
from daemon.commands.progress import progress


@click.command()
@click.argument("ref")
@click.pass_obj
def retry(program: Program, ref: str) -> None:
    """Have one mail processed anew, by its REF: after a bug was mended, or the settings were.

    The daemon does it at its next look, wherever the mail lies; what the mail did to the balances before is never done
    twice. A mail in quarantine is judged again: to vouch for it, use release.

    \b
    Examples:
      saldopost messages list --state failed
      saldopost messages retry 7KQ2-M4

    More: docs/operations.md
    """
    from daemon.mailbox_folders import STATE_FOLDERS
    from store import messages
    from store.records import NotFinal

    with program.store() as store, store.write() as tx:
        message = messages.find_message(tx, ref)
        if message is None:
            raise click.ClickException(f"there is no mail with the reference {ref}")
        if message.state in (None, "waiting"):
            raise click.ClickException(f"{message.ref} is not done yet: the daemon is at it")
        try:
            messages.retry(tx, message.id, STATE_FOLDERS[message.state])
        except NotFinal as error:
            raise click.ClickException(f"{message.ref} is being moved: try again in a minute") from error
    click.echo(f"{message.ref}: the daemon will process it anew at its next look into mailbox {message.key.mailbox}.")


@click.command()
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Arrived since then.")
@click.pass_obj
def rescan(program: Program, since: datetime) -> None:
    """Read the mails in Processed, Held and Refused again, those that arrived since DATE.

    For a store that was put back from a back-up: stop the daemon, give the date of the back-up, and start the daemon
    again. Mails that the store knows are skipped. Nobody is answered a second time. Exit code 3 if exports are held:
    what somebody said yes to since the back-up has to be approved again.

    \b
    Examples:
      saldopost messages rescan --since 2026-03-01

    More: docs/operations.md
    """
    from daemon.reading import start_reading

    start_reading()
    from daemon.assembly import build_way
    from daemon.mailbox import FetchedMail, Mailbox
    from daemon.rescanning import rescan as read_again
    from daemon.token_sources import build_token_sources

    settings = program.settings
    tokens = build_token_sources(settings)

    def track(mails: Sequence[FetchedMail]) -> Iterator[FetchedMail]:
        with progress("mails", len(mails)) as advance:
            for mail in mails:
                yield mail
                advance(1)

    with program.store() as store, contextlib.ExitStack() as closing:
        mailboxes = [Mailbox(one, settings.limits.largest_mail, tokens.get(one.oauth2)) for one in settings.mailboxes]
        for mailbox in mailboxes:
            closing.callback(mailbox.close)
        process = replace(build_way(settings, store), again=True).process
        ended = read_again(mailboxes, store, process, since.date(), track)
    for state, count in sorted(ended.items()):
        click.echo(f"{state}: {count}")
    sys.exit(Exit.HELD if ended["held"] else Exit.DONE)
