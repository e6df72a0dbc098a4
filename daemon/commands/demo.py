"""`saldopost demo`: the whole daemon against mail servers of its own, with sample mails."""

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import get_args

import click
import structlog

from daemon.commands.exits import Exit
from handlers.policy import Language

USERNAME, PASSWORD = "saldo", "demo"

SETTINGS = """\
[store]
url = "sqlite:///{folder}/saldopost.db"

[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "Saldopost <saldo@saldopost.example>"

[[mailboxes]]
name = "main"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{username}"
password = "{password}"

[[administrations]]
code = "nl01"
name = "Bakker Expeditie B.V."
currency = "EUR"
language = "{language}"

[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
authenticate = ["none"]
"""


@click.command("demo")
@click.option("--html", type=click.Path(file_okay=False, path_type=Path), help="Also write the replies there as HTML.")
@click.option(
    "--language", type=click.Choice(get_args(Language)), default="en", show_default=True, help="Of the replies."
)
def command(html: Path | None, language: Language) -> None:
    """Try it: the whole daemon with mail servers and sample mails of its own.

    An IMAP and an SMTP server are started on loopback, three mails of a bookkeeper are put into the mailbox, `run
    --once` does its work, and the balances and the replies are shown. Nothing is left behind.

    \b
    Examples:
      saldopost demo
      saldopost demo --language nl
      saldopost demo --html replies

    More: README.md
    """
    try:
        from daemon.demo.servers import serve_imap, serve_smtp
    except ModuleNotFoundError as error:
        raise click.UsageError(f"the demo needs {error.name}: pip install 'saldopost[demo]'") from error
    from daemon.demo.mails import build_mails

    with (
        tempfile.TemporaryDirectory(prefix="saldopost-demo-") as folder,
        serve_imap(USERNAME, PASSWORD) as imap_port,
        serve_smtp() as (smtp_port, received),
    ):
        ports = {"imap_port": imap_port, "smtp_port": smtp_port}
        text = SETTINGS.format(folder=folder, username=USERNAME, password=PASSWORD, language=language, **ports)
        config = Path(folder, "config.toml")
        config.write_text(text, encoding="utf-8")
        _say("The settings", text)
        now = datetime.now(UTC)
        for mail in build_mails(now):  # one by one: an export is as new as its mail
            _deliver(imap_port, mail)
        _title("The daemon at work: saldopost run --once")
        code = _run(config)
        _title("What the store knows now: saldopost balances")
        _call(config, "balances")
        _title("What became of the mails: saldopost messages list")
        _call(config, "messages", "list")
        replies = [_parsed(raw) for raw in received]
        for number, reply in enumerate(replies, 1):
            _say(f"Reply {number} of {len(replies)}", _as_text(reply))
        if html is not None:
            _write_html(html, replies)
    sys.exit(code)


def _deliver(port: int, mail: bytes) -> None:
    from imapclient import IMAPClient

    with IMAPClient("127.0.0.1", port=port, ssl=False, timeout=10) as client:
        client.login(USERNAME, PASSWORD)
        client.append("INBOX", mail)


def _run(config: Path) -> Exit:
    """The very same code as `saldopost run --once`."""
    return _call(config, "run", "--once")


def _call(config: Path, *arguments: str) -> Exit:
    """One command of ours in this process."""
    from daemon.commands import saldopost

    try:
        saldopost.main(["--config", str(config), *arguments], prog_name="saldopost", standalone_mode=False)
    except SystemExit as ended:
        return Exit(int(ended.code or 0))
    finally:
        structlog.contextvars.clear_contextvars()
    return Exit.DONE


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _body(reply: EmailMessage, kind: str) -> str:
    body = reply.get_body((kind,))
    return body.get_content() if body is not None else ""


def _as_text(reply: EmailMessage) -> str:
    headers = "\n".join(f"{name}: {reply[name]}" for name in ("From", "To", "Subject", "In-Reply-To"))
    return f"{headers}\n\n{_body(reply, 'plain')}"


def _write_html(folder: Path, replies: Sequence[EmailMessage]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, reply in enumerate(replies, 1):
        (folder / f"reply-{number}.html").write_text(_body(reply, "html"), encoding="utf-8")


def _title(text: str) -> None:
    click.secho(f"\n== {text} ==", bold=True)


def _say(title: str, text: str) -> None:
    _title(title)
    click.echo(text.rstrip())
