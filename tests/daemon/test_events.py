"""docs/events.md tells of every event, and every event of the log is told of."""

import ast
import re
from pathlib import Path

import pytest
from dns_server import DnsServer
from exports import Account, OpenItem, export
from mails import mail
from offices import Office
from structlog.testing import capture_logs

from daemon.events import MEANINGS, _fields, find_logged, render_page
from daemon.reading import start_reading
from store.database import Store

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_every_event_that_is_logged_has_a_meaning_and_no_other_has() -> None:
    logged = {found.event for found in find_logged()}
    assert len(logged) > 30
    assert logged == MEANINGS.keys(), "tell what it means in daemon/events.py"


def test_an_event_is_a_word_that_can_be_searched_for() -> None:
    assert [event for event in MEANINGS if not re.fullmatch(r"[a-z]+(-[a-z]+)*", event)] == []


def test_the_page_of_events_is_that_of_the_code() -> None:
    assert PAGE.read_text() == render_page(), "write it anew: python -m daemon.events > docs/events.md"


def test_a_bug_is_logged_with_its_traceback_and_never_as_less_than_an_error() -> None:
    levels = {found.event: found.level for found in find_logged() if found.event.endswith("-bug")}
    assert set(levels.values()) <= {"error", "critical"}


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("log.info('a', one=1, two=2)", ["one", "two"]),
        ("log.exception('a', one=1)", ["one", "traceback"]),
        ("log.critical('a', extra={'one': 1}, exc_info=error)", ["one", "traceback"]),
    ],
)
def test_every_way_to_give_a_field_is_known(call: str, fields: list[str]) -> None:
    assert list(_fields(ast.parse(call, mode="eval").body)) == fields  # type: ignore[arg-type]


def test_fields_that_cannot_be_read_from_the_call_are_refused() -> None:
    with pytest.raises(ValueError, match="name each field"):
        list(_fields(ast.parse("log.info('a', **known)", mode="eval").body))  # type: ignore[arg-type]


def test_no_line_has_a_field_that_the_page_does_not_list(store: Store, dns_server: DnsServer) -> None:
    start_reading()
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]* \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE))
    office = Office(store, dns_server, methods=("none",))
    with capture_logs() as lines:
        assert office.receive(mail(("ARs_1.xml", export((Account("1", (OpenItem("1", "5"),)),))))) == "applied"
        assert office.receive(mail(sender="eve@evil.example")) == "quarantined"
        office.methods = ("dkim",)
        assert office.receive(mail()) == "quarantined"
    assert len(lines) >= 3
    for line in lines:
        assert set(line) - {"event", "log_level"} <= set(re.findall(r"`(\w+)`", listed[line["event"]])), line
