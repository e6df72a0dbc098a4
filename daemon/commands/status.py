"""`saldopost status`: how it goes, on one screen."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from daemon.commands.exits import Exit
from daemon.commands.output import Column, Format, Row, format_option, show_record, show_rows, write_moment, write_size
from daemon.commands.program import Program
from daemon.settings import Settings
from handlers.alarms import GIVEN_UP_LATELY, Condition, find_conditions, find_unwatched
from store.health import Health, Look, measure, read_health
from store.transit import Overdue, count_overdue

if TYPE_CHECKING:
    from store.database import Transaction

MAILBOXES = (
    Column("mailbox", "mailbox"),
    Column("polled_at", "last read", "moment"),
    Column("backlog", "left", "number"),
    Column("trouble", "trouble", "state"),
    Column("error", "last error"),
)
FIGURES = (
    Column("queued", "mails to be sent", "number"),
    Column("oldest_due", "the oldest since", "moment"),
    Column("given_up", "replies given up", "number", "red"),
    Column("waiting", "mails waiting", "number"),
    Column("held", "mails held", "number", "yellow"),
    Column("quarantined", "mails quarantined", "number", "yellow"),
    Column("failed", "mails failed", "number", "red"),
    Column("silent", "silent administrations", warn="red"),
    Column("store", "store"),
    Column("database", "database"),
    Column("size", "size"),
    Column("version", "saldopost"),
    Column("python", "Python"),
)
OVERDUE = (
    Column("administration", "administration"),
    Column("side", "side"),
    Column("invoices", "invoices", "number"),
    Column("oldest", "the oldest since", "moment"),
)


@click.command("status")
@format_option("table", "json")
@click.pass_obj
def command(program: Program, form: Format) -> None:
    """Say how it goes: mailboxes, replies, and what waits for a person.

    Exit code 0 when nothing does, 1 when something needs a person, with what to do. The daemon writes down how the
    mailboxes do once a minute. Invoices in transit for longer than in_transit_days are listed, and change no exit code:
    the reports ask the bookkeeper about them.

    \b
    Examples:
      saldopost status
      saldopost status --format json

    More: docs/operations.md
    """
    from daemon.settings.policies import build_alarm_rules
    from store.about import describe
    from store.clock import read_clock

    rules = build_alarm_rules(program.settings)
    with program.store() as store, store.read() as tx:
        now = read_clock(tx)
        health = read_health(tx, now, GIVEN_UP_LATELY)
        size, database = measure(tx), describe(tx)
        overdue = [_overdue(one) for one in _find_overdue(tx, program.settings, now)]
    conditions = [*find_conditions(health, rules, now), *_unwatched(health, rules.mailboxes)]
    figures = _figures(program, health, conditions) | {"database": database, "store_size": size}
    looks = [_look(look) for look in _of_settings(health, rules.mailboxes)]
    if form == "json":
        needs = [{"condition": one.key, "what": one.text, "mend": one.mend} for one in conditions]
        record = {**figures, "silent": _silent(conditions), "mailboxes": looks, "needs": needs, "overdue": overdue}
        click.echo(json.dumps(record | {"ok": not conditions}, indent=1))
    else:
        show_rows(looks, MAILBOXES, form)
        click.echo()
        show_record(figures | {"size": write_size(size)}, FIGURES)
        click.echo()
        if overdue:
            click.echo("In transit to Exact for too long (saldopost invoices list --status in-transit):")
            show_rows(overdue, OVERDUE, form)
            click.echo()
        for condition in conditions:
            click.echo(f"{click.style('Needs you:', fg='red')} {condition.text}\n  {condition.mend}")
        if not conditions:
            click.echo(click.style("Nothing needs you.", fg="green"))
    sys.exit(Exit.PERSON if conditions else Exit.DONE)


def _find_overdue(tx: "Transaction", settings: Settings, now: datetime) -> list[Overdue]:
    """Sides with invoices that are in transit for longer than their administration allows."""
    days = {one.code: one.invoices.in_transit_days for one in settings.administrations}
    return sorted(
        one
        for limit in set(days.values())
        for one in count_overdue(tx, now - timedelta(days=limit))
        if days.get(one.administration) == limit
    )


def _overdue(one: Overdue) -> Row:
    return one._asdict() | {"oldest": write_moment(one.oldest)}


def _of_settings(health: Health, mailboxes: tuple[str, ...]) -> Iterator[Look]:
    """The mailboxes that are read; not those that were taken out of the settings."""
    known = {look.mailbox: look for look in health.looks}
    return (known.get(name, Look(name, None, 0)) for name in mailboxes)


def _look(look: Look) -> dict[str, object]:
    return {
        "mailbox": look.mailbox,
        "polled_at": write_moment(look.polled_at),
        "backlog": look.backlog if look.polled_at else None,
        "trouble": look.trouble,
        "error": look.error or None,
    }


def _figures(program: Program, health: Health, conditions: list[Condition]) -> dict[str, object]:
    import platform
    from importlib.metadata import version

    from daemon.settings.problems import hide_secrets

    return {
        "queued": health.queued,
        "oldest_due": write_moment(health.oldest_due),
        "given_up": health.given_up,
        **{state: health.parked.get(state, 0) for state in ("waiting", "held", "quarantined", "failed")},
        "silent": ", ".join(_silent(conditions)),
        "store": hide_secrets(program.settings.store.url, 1)[0],
        "version": version("saldopost"),
        "python": platform.python_version(),
    }


def _silent(conditions: list[Condition]) -> list[str]:
    return [one.key.removeprefix("silent:") for one in conditions if one.key.startswith("silent:")]


def _unwatched(health: Health, mailboxes: tuple[str, ...]) -> Iterator[Condition]:
    for name in find_unwatched(health, mailboxes):
        text = f"No daemon has looked into mailbox {name} so far."
        yield Condition(f"mailbox:{name}", text, "Start the daemon (systemctl start saldopost).")
