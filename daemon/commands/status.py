"""`saldopost status`: how it goes, on one screen."""

import json
import sys
from collections.abc import Iterator

import click

from daemon.commands.exits import Exit
from daemon.commands.output import Column, Format, Row, format_option, show_record, show_rows, write_moment
from daemon.commands.program import Program
from handlers.alarms import GIVEN_UP_LATELY, Condition, find_conditions, find_unwatched
from store.health import Health, Look, measure, read_health

MAILBOXES = (
    Column("mailbox", "mailbox"),
    Column("polled_at", "last read", "moment"),
    Column("backlog", "left", "number"),
    Column("trouble", "trouble", "state"),
    Column("error", "error"),
)
FIGURES = (
    Column("queued", "mails to be sent", "number"),
    Column("given_up", "replies given up", "number"),
    Column("waiting", "mails waiting", "number"),
    Column("held", "mails held", "number"),
    Column("quarantined", "mails quarantined", "number"),
    Column("failed", "mails failed", "number"),
    Column("silent", "silent administrations"),
    Column("store", "store"),
    Column("store_size", "store's bytes", "number"),
    Column("version", "version"),
)


@click.command("status")
@format_option("table", "json")
@click.pass_obj
def command(program: Program, form: Format) -> None:
    """Say how it goes: mailboxes, replies, and what waits for a person.

    Exit code 0 when nothing does, 1 when something needs a person, with what to do. The daemon writes down how the
    mailboxes do once a minute.

    \b
    Examples:
      saldopost status
      saldopost status --format json

    More: docs/operations.md
    """
    from daemon.settings.policies import build_alarm_rules
    from store.clock import read_clock

    rules = build_alarm_rules(program.settings)
    with program.store() as store, store.read() as tx:
        now = read_clock(tx)
        health = read_health(tx, now, GIVEN_UP_LATELY)
        size = measure(tx)
    conditions = [*find_conditions(health, rules, now), *_unwatched(health, rules.mailboxes)]
    figures = _figures(program, health, conditions, size)
    if form == "json":
        looks = [{column.key: row[column.key] for column in MAILBOXES} for row in map(_look, health.looks)]
        needs = [{"condition": one.key, "what": one.text, "mend": one.mend} for one in conditions]
        record = {**figures, "silent": _silent(conditions), "mailboxes": looks, "needs": needs}
        click.echo(json.dumps(record | {"ok": not conditions}, indent=1))
    else:
        show_rows(map(_look, health.looks), MAILBOXES, form)
        click.echo()
        show_record(figures, FIGURES)
        click.echo()
        for condition in conditions:
            click.echo(f"{click.style('Needs you:', fg='red')} {condition.text}\n  {condition.mend}")
        if not conditions:
            click.echo(click.style("Nothing needs you.", fg="green"))
    sys.exit(Exit.PERSON if conditions else Exit.DONE)


def _look(look: Look) -> Row:
    return {
        "mailbox": look.mailbox,
        "polled_at": write_moment(look.polled_at),
        "backlog": look.backlog,
        "trouble": look.trouble,
        "error": look.error or None,
    }


def _figures(program: Program, health: Health, conditions: list[Condition], size: int) -> dict[str, object]:
    from importlib.metadata import version

    from daemon.settings.problems import hide_secrets

    return {
        "queued": health.queued,
        "given_up": health.given_up,
        **{state: health.parked.get(state, 0) for state in ("waiting", "held", "quarantined", "failed")},
        "silent": ", ".join(_silent(conditions)),
        "store": hide_secrets(program.settings.store.url, 1)[0],
        "store_size": size,
        "version": version("saldopost"),
    }


def _silent(conditions: list[Condition]) -> list[str]:
    return [one.key.removeprefix("silent:") for one in conditions if one.key.startswith("silent:")]


def _unwatched(health: Health, mailboxes: tuple[str, ...]) -> Iterator[Condition]:
    for name in find_unwatched(health, mailboxes):
        text = f"No daemon has looked into mailbox {name} so far."
        yield Condition(f"mailbox:{name}", text, "Start the daemon (systemctl start saldopost).")
