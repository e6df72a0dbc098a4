from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.alarms import AlarmRules, find_conditions, find_unwatched
from store.health import Health, HeldExport, Look

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = AlarmRules(("main",), timedelta(minutes=15), 4 * HOUR, 3 * DAY, {"nl01": 7 * DAY, "nl02": timedelta(0)})
WELL = Health(
    looks=(Look("main", NOW - timedelta(minutes=1), 0),),
    parked={},
    failed=(),
    queued=0,
    oldest_due=None,
    given_up=0,
    held=(),
    last_exports={"nl01": NOW - DAY, "nl02": NOW - 300 * DAY},
)


def keys(health: Health, rules: AlarmRules = RULES) -> list[str]:
    return [condition.key for condition in find_conditions(health, rules, NOW)]


def test_nothing_is_told_when_all_is_well() -> None:
    assert keys(WELL) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"looks": (Look("main", NOW - HOUR, 0, "server", "no answer"),)}, "mailbox:main"),
        ({"looks": (Look("main", NOW - HOUR, 0),)}, "mailbox:main"),
        ({"looks": (Look("main", None, 0, "server", "no answer", NOW - HOUR),)}, "mailbox:main"),
        ({"looks": (Look("main", NOW, 0, "login", "refused"),)}, "mailbox:main"),
        ({"queued": 1, "oldest_due": NOW - 5 * HOUR}, "replies-wait"),
        ({"given_up": 1}, "replies-given-up"),
        ({"failed": ("7KQ2-M4",)}, "failed:7KQ2-M4"),
        ({"held": (HeldExport(7, "7KQ2-M4", "nl01", "receivable", NOW - 4 * DAY),)}, "held:7"),
        ({"last_exports": {"nl01": NOW - 8 * DAY}}, "silent:nl01"),
    ],
)
def test_each_condition_is_told_of(changes: dict[str, object], key: str) -> None:
    assert keys(replace(WELL, **changes)) == [key]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"looks": (Look("main", NOW - timedelta(minutes=14), 0, "server", "no answer"),)},
        {"looks": (Look("removed", NOW - 9 * DAY, 0),)},
        {"queued": 1, "oldest_due": NOW - 3 * HOUR},
        {"held": (HeldExport(7, "7KQ2-M4", "nl01", "receivable", NOW - 2 * DAY),)},
        {"last_exports": {"nl01": NOW - 6 * DAY}},
    ],
)
def test_what_is_young_or_not_ours_is_not_told_of(changes: dict[str, object]) -> None:
    assert keys(replace(WELL, **changes)) == []  # type: ignore[arg-type]


def test_a_rule_of_zero_is_switched_off() -> None:
    off = replace(RULES, mailbox=timedelta(0), reply=timedelta(0), held=timedelta(0), silent={"nl01": timedelta(0)})
    bad = replace(
        WELL,
        looks=(Look("main", NOW - DAY, 0),),
        oldest_due=NOW - DAY,
        held=(HeldExport(7, "7KQ2-M4", "nl01", "receivable", NOW - 40 * DAY),),
        last_exports={"nl01": NOW - 90 * DAY},
    )
    assert len(keys(bad)) == 4
    assert keys(bad, off) == []


def test_a_mailbox_that_nobody_looked_into_is_found() -> None:
    assert find_unwatched(WELL, ("main", "other")) == ("other",)
