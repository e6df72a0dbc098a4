"""`saldopost messages`: what became of each mail."""

import sys
import typing
from contextlib import closing

import click

from daemon.commands.again import rescan, retry
from daemon.commands.exits import Exit
from daemon.commands.output import Column, Format, Row, format_option, show_record, show_rows, write_moment
from daemon.commands.program import Program
from store.records import Message, MessageState

LISTED = (
    Column("ref", "ref"),
    Column("arrived_at", "arrived", "moment"),
    Column("mailbox", "mailbox"),
    Column("message_id"),
    Column("sender", "sender"),
    Column("subject", "subject"),
    Column("administration", "administration"),
    Column("state", "state", "state"),
    Column("reason", "reason"),
    Column("reply", "reply", "state"),
)
SHOWN = (
    Column("ref", "ref"),
    Column("state", "state", "state"),
    Column("reason", "reason"),
    Column("administration", "administration"),
    Column("reply", "reply", "state"),
    Column("sender", "sender"),
    Column("subject", "subject"),
    Column("message_id", "Message-ID"),
    Column("sent_at", "sent", "moment"),
    Column("mailbox", "mailbox"),
    Column("folder", "folder"),
    Column("uid", "UID", "number"),
    Column("size", "bytes", "number"),
    Column("arrived_at", "arrived", "moment"),
    Column("finished_at", "finished", "moment"),
    Column("wait_until", "waits until", "moment"),
    Column("tries", "tries", "number"),
)


@click.group("messages")
def command() -> None:
    """Show what became of each mail; release one from quarantine, or have mails processed anew.

    \b
    Examples:
      saldopost messages list -n 20
      saldopost messages show 7KQ2-M4
      saldopost messages list --state quarantined

    More: docs/operations.md
    """


command.add_command(retry)
command.add_command(rescan)


@command.command("list")
@click.option("-a", "--administration", metavar="CODE", help="Only of this administration.")
@click.option("-m", "--mailbox", metavar="NAME", help="Only of this mailbox.")
@click.option("--state", type=click.Choice(typing.get_args(MessageState)), help="Only in this state.")
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@format_option()
@click.pass_obj
def list_(
    program: Program,
    administration: str | None,
    mailbox: str | None,
    state: MessageState | None,
    limit: int | None,
    form: Format,
) -> None:
    """List the mails, newest first.

    \b
    Examples:
      saldopost messages list -a nl01 -n 20
      saldopost messages list --state failed

    More: docs/commands.md, and docs/codes.md for the reasons
    """
    from store.messages import list_messages

    with program.store() as store, store.read() as tx:
        found = list_messages(tx, mailbox=mailbox, administration=administration, state=state, limit=limit)
    show_rows(map(_row, found), LISTED, form)


@command.command()
@click.argument("ref")
@format_option("table", "json")
@click.pass_obj
def show(program: Program, ref: str, form: Format) -> None:
    """Show one mail, by its REF in the reply or the log, such as 7KQ2-M4.

    \b
    Examples:
      saldopost messages show 7KQ2-M4

    More: docs/codes.md
    """
    from store.messages import find_message

    with program.store() as store, store.read() as tx:
        message = find_message(tx, ref)
    if message is None:
        raise click.ClickException(f"there is no mail with the reference {ref}")
    if form == "table":
        show_record(_row(message), SHOWN)
    else:
        show_rows([_row(message)], SHOWN, form)


@command.command()
@click.argument("ref")
@click.pass_obj
def release(program: Program, ref: str) -> None:
    """Process a quarantined mail after all, as if its sender were trusted.

    Look at it first: whatever it holds is believed. It is taken from the folder Quarantine, read, applied and answered
    like any other, and moved to the folder of its new state; the daemon may run meanwhile, and sends the reply. Exit
    code 3 if the import is held, 4 if it is refused, 1 if the mail stays in quarantine.

    \b
    Examples:
      saldopost messages list --state quarantined
      saldopost messages release 7KQ2-M4

    More: docs/sender-trust.md
    """
    from daemon.reading import start_reading

    start_reading()
    from daemon.assembly import build_way
    from daemon.mailbox import Mailbox
    from daemon.quarantine import NotReleased
    from daemon.quarantine import release as release_from
    from daemon.token_sources import build_token_sources
    from store.messages import find_message

    settings = program.settings
    with program.store() as store:
        with store.read() as tx:
            message = find_message(tx, ref)
        if message is None:
            raise click.ClickException(f"there is no mail with the reference {ref}")
        chosen = next((one for one in settings.mailboxes if one.name == message.key.mailbox), None)
        if chosen is None:
            raise click.ClickException(f"the settings have no mailbox {message.key.mailbox!r} any more")
        tokens = build_token_sources(settings).get(chosen.oauth2)
        with closing(Mailbox(chosen, settings.limits.largest_mail, tokens)) as mailbox:
            try:
                state = release_from(message, mailbox, store, build_way(settings, store).release)
            except NotReleased as error:
                raise click.ClickException(f"{error}.") from error
        with store.read() as tx:
            reason = found.reason if (found := find_message(tx, ref)) else ""
    click.echo(f"{message.ref}: {state}{f' ({reason})' if reason else ''}")
    sys.exit({"applied": Exit.DONE, "unchanged": Exit.DONE, "held": Exit.HELD, "refused": Exit.REFUSED}.get(state, 1))


def _row(message: Message) -> Row:
    return {
        "ref": message.ref,
        "mailbox": message.key.mailbox,
        "folder": message.key.folder,
        "uid": message.key.uid,
        "message_id": message.message_id,
        "sender": message.sender,
        "subject": message.subject,
        "administration": message.administration,
        "state": message.state,
        "reason": message.reason or None,
        "reply": message.reply,
        "size": message.size,
        "tries": message.tries,
        "sent_at": write_moment(message.sent_at),
        "arrived_at": write_moment(message.arrived_at),
        "finished_at": write_moment(message.finished_at),
        "wait_until": write_moment(message.wait_until),
    }
