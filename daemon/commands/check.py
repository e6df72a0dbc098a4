"""`saldopost check`: are the settings right, and with `--online`, does every server let us in."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from daemon.commands.exits import Exit, exit_of, worst
from daemon.commands.program import Program
from daemon.settings import MailboxSettings, Settings, SmtpSettings
from daemon.settings.doubts import find_doubts
from daemon.settings.problems import hide_secrets
from daemon.token_sources import build_token_sources
from daemon.unavailable import LoginRefused, ServerUnavailable
from handlers.etiquette import mailable
from store.records import StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from daemon.oauth import TokenSource

TOLD = ("IDLE", "MOVE", "UIDPLUS")  # what makes the daemon quicker, or tidier


@click.command("check")
@click.option("--online", is_flag=True, help="Also open the store and log in to each mailbox and the SMTP server.")
@click.option("--send-to", metavar="ADDRESS", help="With --online: send a mail to this address, as replies are sent.")
@click.pass_obj
def command(program: Program, online: bool, send_to: str | None) -> None:
    """Say whether the settings are right, and if not, where and how to mend them.

    Each problem is shown with its line. Exit code 78 when the settings are wrong; with --online 75 when a server
    cannot be reached and 1 when one refuses the login.

    \b
    Examples:
      saldopost check
      saldopost check --online
      saldopost check --online --send-to you@example.com

    More: config.example.toml and docs/settings.md
    """
    if send_to is not None and (not online or mailable(send_to) is None):
        raise click.UsageError("--send-to ADDRESS goes with --online, and takes one plain address")
    settings = program.settings
    click.echo(f"The settings in {program.file} are right.")
    _describe(settings)
    for doubt in find_doubts(settings):
        line = program.line(doubt.path)
        place = f" ({program.file}:{line})" if line else ""
        click.echo(click.style("Mind: ", fg="yellow") + f"{doubt.text}{place}.")
    if online:
        click.get_current_context().exit(_try_servers(program, send_to))


def _describe(settings: Settings) -> None:
    url, _ = hide_secrets(settings.store.url, 1)
    click.echo(f"Store: {url}")
    for mailbox in settings.mailboxes:
        click.echo(f"Mailbox {mailbox.name}: {_address(mailbox)}, folder {mailbox.folder}")
    if settings.smtp is not None:
        click.echo(f"Replies: {_address(settings.smtp)}, from {settings.smtp.sender}")
    click.echo(f"Administrations: {len(settings.administrations)}, routes: {len(settings.routes)}")


def _address(server: MailboxSettings | SmtpSettings) -> str:
    login = f"{server.username} at " if server.username else ""
    return f"{login}{server.host}:{server.port} ({server.security})"


def _try_servers(program: Program, send_to: str | None) -> Exit:
    settings = program.settings
    trials: list[tuple[str, Callable[[], str]]] = [("Store", partial(_try_store, program))]
    tokens = build_token_sources(settings)
    trials += [
        (
            f"Mailbox {mailbox.name}",
            partial(_try_mailbox, mailbox, settings.limits.largest_mail, tokens.get(mailbox.oauth2)),
        )
        for mailbox in settings.mailboxes
    ]
    if settings.smtp is not None:
        trials.append(("Replies", partial(_try_smtp, settings, tokens.get(settings.smtp.oauth2), send_to)))
    return worst([_try(name, trial) for name, trial in trials])


def _try(name: str, trial: Callable[[], str]) -> Exit:
    """Say how one trial ended. What is nobody's expected failure goes on to the boundary."""
    try:
        found = trial()
    except (StoreUnavailable, StoreBroken, ServerUnavailable, LoginRefused) as error:
        click.echo(f"{name}: {click.style('failed', fg='red')}\n  {error}")
        return exit_of(error)
    click.echo(f"{name}: {click.style('ok', fg='green')}{found}")
    return Exit.DONE


def _try_store(program: Program) -> str:
    from store.about import describe

    with program.store() as store, store.read() as tx:
        return f", {describe(tx)}"


def _try_mailbox(settings: MailboxSettings, largest_mail: int, tokens: "TokenSource | None") -> str:
    from daemon.mailbox import Mailbox

    mailbox = Mailbox(settings, largest_mail, tokens, readonly=True)
    try:
        probe = mailbox.probe()
    finally:
        mailbox.close()
    folders = f", to be created: {', '.join(probe.missing_folders)}" if probe.missing_folders else ""
    found = [name for name in TOLD if name in probe.capabilities]
    lacking = [name for name in TOLD if name not in probe.capabilities]
    can = f"\n  The server knows {', '.join(found) or 'none of IDLE, MOVE, UIDPLUS'}"
    can += f", but not {', '.join(lacking)}." if found and lacking else "."
    limits = [f"\n  It takes mails of {size} bytes." for size in _append_limits(probe.capabilities)]
    warnings = [f"\n  {warning}" for warning in probe.warnings]
    return "".join([f", mails: {probe.mails}{folders}", can, *limits, *warnings])


def _append_limits(capabilities: Iterable[str]) -> Iterator[str]:
    """RFC 7889 section 3."""
    return (name.partition("=")[2] for name in capabilities if name.startswith("APPENDLIMIT="))


def _try_smtp(settings: Settings, tokens: "TokenSource | None", send_to: str | None) -> str:
    from daemon import courier

    assert settings.smtp is not None
    probe = asyncio.run(courier.probe(settings.smtp, tokens))
    limit = f", largest mail: {probe.largest_mail} bytes" if probe.largest_mail else ""
    if send_to is None and probe.refusal:
        return f"{limit}\n  It may take no replies: {probe.refusal}. See with --send-to ADDRESS."
    if send_to is None:
        return f"{limit}\n  It would take a reply."
    from daemon.trial_mail import send_trial

    asyncio.run(send_trial(settings, tokens, send_to))
    return f"{limit}, a mail was sent to {send_to}"
