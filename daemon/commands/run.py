"""`saldopost run`: the daemon."""

import logging
import sys

import click

from daemon.commands.program import Program


@click.command("run")
@click.option("--once", is_flag=True, help="Drain every mailbox and the outbox, then exit.")
@click.pass_obj
def command(program: Program, once: bool) -> None:
    """Run the daemon: read the mailboxes, update balances, answer.

    It stays in the foreground and logs to standard error; systemd does the rest. With --once it exits 0 when all is
    done, 1 if a person is needed, 75 if a server could not be reached or replies remain. Held and refused mails are
    no failures.
    """
    from daemon.reading import start_reading

    program.start_logs(logging.INFO)
    start_reading()
    from daemon.assembly import build_way
    from daemon.service import serve

    settings = program.settings
    with program.store() as store:
        sys.exit(serve(settings, store, build_way(settings, store).process, once=once))
