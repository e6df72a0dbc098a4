"""docs/events.md tells of every event, and every event of the log is told of."""

import re
from pathlib import Path

from daemon.events import MEANINGS, find_logged, render_page

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
