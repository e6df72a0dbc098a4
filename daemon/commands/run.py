"""`saldopost run`: the daemon."""

import logging
import secrets
import sys
from datetime import UTC, datetime
from email.utils import parseaddr
from random import SystemRandom
from typing import TYPE_CHECKING

import click

from daemon.commands.program import Program

if TYPE_CHECKING:
    from daemon.settings import Settings
    from daemon.way import Way
    from store.database import Store


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
    from daemon.service import serve

    program.start_logs(logging.INFO)
    start_reading()
    settings = program.settings
    with program.store() as store:
        sys.exit(serve(settings, store, build_way(settings, store).process, once=once))


def build_way(settings: "Settings", store: "Store") -> "Way":
    """The way of every mail under these settings."""
    from daemon.resolver import Resolver
    from daemon.settings import build_policies, build_routes, build_trust
    from daemon.way import Way
    from handlers.etiquette import Identity
    from parsers.child import Limits

    sender = settings.smtp.sender if settings.smtp else ""
    address = parseaddr(sender)[1]
    return Way(
        store=store,
        routes=build_routes(settings),
        policies=build_policies(settings),
        # A name below the sender's domain: people of that domain may write to us, and are no loop.
        identity=Identity(frozenset({address}), f"saldopost.{address.rpartition('@')[2]}"),
        sender=sender,
        trust=build_trust(settings),
        lookup=Resolver([str(address) for address in settings.trust.name_servers]).lookup_keys,
        limits=Limits(int(settings.limits.child_memory), settings.limits.child_cpu_seconds),
        largest_file=int(settings.limits.largest_file),
        largest_plain_file=int(settings.limits.largest_plain_file),
        clock=lambda: datetime.now(UTC),
        random=SystemRandom(),
        secret=secrets.token_bytes,
    )
