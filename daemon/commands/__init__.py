"""The command line: `saldopost --config FILE COMMAND`. Each command is a module that is loaded when it is called."""

import difflib
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from daemon.commands.exits import Exit, exit_of

# Module and one line of help; a test holds the lines against those of the commands themselves.
COMMANDS = {
    "run": ("run", "Run the daemon: read the mailboxes, update balances, answer."),
    "check": ("check", "Say whether the settings are right, and if not, where and how to mend them."),
    "route": ("route", "Say which route a mail takes and why, and why not the others."),
    "status": ("status", "Say how it goes: mailboxes, replies, and what waits for a person."),
    "balances": ("balances", "Show the open balances per account."),
    "items": ("items", "Show the open items that an account's balance is made of."),
    "import": ("import_", "Apply export files by hand: A/R, A/P or both, as XML or zip."),
    "imports": ("imports", "Show which exports were applied, held or refused; say yes or no, or take one back."),
    "messages": (
        "messages",
        "Show what became of each mail; release one from quarantine, or have mails processed anew.",
    ),
    "invoices": (
        "invoices",
        "Keep invoices of your own that Exact does not know yet; follow them until they are paid.",
    ),
    "accounts": (
        "accounts",
        "Show which account of Exact each customer of your own is linked to; link one by hand, or unlink it.",
    ),
    "backup": ("backup", "Copy the store into FILE while the daemon runs."),
    "token": ("token", "Make the secret part of an address, for routes with `token`."),
    "forget": ("forget", "Delete everything that is kept about an administration."),
    "demo": ("demo", "Try it: the whole daemon with mail servers and sample mails of its own."),
}


class Commands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command:
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{hint}")
        command = importlib.import_module(f"daemon.commands.{COMMANDS[name][0]}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings. Without it: $SALDOPOST_CONFIG, ./config.toml, /etc/saldopost/config.toml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log in detail.")
@click.version_option(package_name="saldopost", message="%(prog)s %(version)s")
@click.pass_context
def saldopost(context: click.Context, config: Path | None, verbose: bool) -> None:
    """Turn mailed Exact Online exports of open items into open balances.

    Exit codes: 0 done, 1 a person is needed, 2 usage, 3 held, 4 refused, 70 a bug, 75 something was unavailable,
    78 wrong settings.

    \b
    Examples:
      saldopost demo
      saldopost check --online
      saldopost run --dry-run
      saldopost balances --help

    More: README.md and docs/commands.md
    """
    from daemon.commands.program import Program

    context.obj = Program(config, verbose=verbose)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point. This is the boundary at which every error becomes an exit code and a word to the user."""
    gc.disable()  # a tenth of the start: modules that are loaded never go away. Whoever begins to work enables it
    try:
        saldopost.main(args=arguments, prog_name="saldopost")
    except Exception as error:  # noqa: BLE001 - the boundary: what nobody expects is logged with its traceback
        sys.exit(_end(error))
    finally:
        gc.enable()
    raise AssertionError("click always exits")


def _end(error: Exception) -> Exit:
    code = exit_of(error)
    if code is Exit.SETTINGS:
        click.echo(str(error), err=True)
    elif code is Exit.BUG:
        _log_bug(error)
        click.echo(f"saldopost: this is a bug ({type(error).__name__}); its traceback is in the log", err=True)
    else:
        click.echo(f"saldopost: {error}", err=True)
    return code


def _log_bug(error: Exception) -> None:
    import structlog

    from daemon.logs import configure_logs

    if not structlog.is_configured():  # it failed before the command began; the default would show variables
        configure_logs(sys.stderr, os.environ)
    structlog.get_logger("daemon.commands").critical("bug", exc_info=error)
