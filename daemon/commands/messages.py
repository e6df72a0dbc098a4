"""`saldopost messages`: what became of each mail."""

import typing

import click

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
    """Show what became of each mail."""


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
    """List the mails, newest first."""
    from store.messages import list_messages

    with program.store() as store, store.read() as tx:
        found = list_messages(tx, mailbox=mailbox, administration=administration, state=state, limit=limit)
    show_rows(map(_row, found), LISTED, form)


@command.command()
@click.argument("ref")
@format_option("table", "json")
@click.pass_obj
def show(program: Program, ref: str, form: Format) -> None:
    """Show one mail, by its REF in the reply or the log, such as 7KQ2-M4."""
    from store.messages import find_message

    with program.store() as store, store.read() as tx:
        message = find_message(tx, ref)
    if message is None:
        raise click.ClickException(f"there is no mail with the reference {ref}")
    if form == "table":
        show_record(_row(message), SHOWN)
    else:
        show_rows([_row(message)], SHOWN, form)


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
