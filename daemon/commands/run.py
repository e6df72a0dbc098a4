"""`saldopost run`: the daemon."""

import gc
import logging
import sys

import click
import structlog

from daemon.commands.program import Program

log = structlog.get_logger()


@click.command("run")
@click.option("--once", is_flag=True, help="Drain every mailbox and the outbox, then exit.")
@click.option("--dry-run", is_flag=True, help="Show what would become of each mail, and the replies. Nothing changes.")
@click.pass_obj
def command(program: Program, once: bool, dry_run: bool) -> None:
    """Run the daemon: read the mailboxes, update balances, answer.

    It stays in the foreground and logs to standard error; systemd does the rest. With --once it exits 0 when all is
    done, 1 if a person is needed, 75 if a server could not be reached or replies remain. Held and refused mails are
    no failures. SIGHUP reads the settings anew; wrong ones are refused, and the old ones stay.

    With --dry-run every mail that lies in the mailboxes is read and judged as ever, and what would become of it is
    shown with the reply. No mail is marked or moved, nothing is written or sent. Each mail is held against the store
    as it is now. Exits 0, or as --once does if a mailbox cannot be read.

    \b
    Examples:
      saldopost run --dry-run
      saldopost run --once
      saldopost run

    More: docs/operations.md
    """
    from daemon.reading import start_reading

    if dry_run:
        from daemon.commands.dry_run import show_rehearsal

        start_reading()
        sys.exit(show_rehearsal(program))
    program.start_logs(logging.INFO)
    start_reading()
    from daemon.assembly import build_way
    from daemon.metrics import Page, measured, serve_metrics
    from daemon.renewal import Reloaded
    from daemon.service import serve
    from daemon.settings import load_settings
    from daemon.settings.doubts import find_doubts
    from parsers.handover import GARBAGE_AT
    from store.clock import Clock

    settings = program.settings
    for doubt in find_doubts(settings):
        log.warning("settings-doubtful", doubt=doubt.text)
    clock = Clock()
    with program.store() as store:
        clock.set(store)

        def reload() -> Reloaded:
            renewed = load_settings(program.file)
            return renewed, measured(build_way(renewed, store, clock).process)

        if settings.metrics.port is not None:
            serve_metrics(settings.metrics.port, Page(store, clock))
        process = measured(build_way(settings, store, clock).process)
        gc.freeze()  # modules stay: nobody need look for garbage among them
        gc.set_threshold(GARBAGE_AT)
        sys.exit(serve(settings, store, process, clock=clock, reload=reload, once=once))
