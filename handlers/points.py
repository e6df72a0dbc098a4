"""Findings put into words: what is wrong or worth knowing, where, and what the reader can do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from handlers.codes import CODES, GRAVITY, Code, Severity
from handlers.codes.code import Manner
from handlers.codes.numbers import spell
from handlers.language import Voice, clean
from parsers.records import Finding


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: file, line, account and item as far as they are known, and the sender's own text."""

    where: str
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to say, with all the places it is about."""

    code: str  # such as SP-204
    severity: Severity
    what: str
    todo: str
    places: tuple[Place, ...]
    more: str = ""  # how many places are not listed


def points(findings: Iterable[Finding], voice: Voice) -> tuple[Point, ...]:
    """The findings in words, the gravest first, else in their order; those that say the same are said once.

    Of points in a row with the same thing to do only the last says it.
    """
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    gravest_first = sorted(kinds, key=lambda code: GRAVITY.index(CODES[code].severity))
    said = [point for code in gravest_first for point in _points_of(tuple(kinds[code]), voice)]
    return tuple(
        point if at == len(said) or said[at].todo != point.todo else replace(point, todo="")
        for at, point in enumerate(said, start=1)
    )


def _points_of(findings: tuple[Finding, ...], voice: Voice) -> Iterator[Point]:
    """The points of findings of one code. Its `count` says how often it occurs in its file, listed or not.

    A sentence that has the count in it says so itself.
    """
    code = CODES[findings[0].code]
    said: dict[tuple[str, str], list[Place]] = {}
    for finding in findings:
        values = _values(finding, code, voice)
        key = voice.say(code.what, values), voice.say(code.todo, values) if code.todo else ""
        place = Place(_where(finding, code, voice), clean(finding.fragment, 80))
        places = said.setdefault(key, [])
        if place not in places:
            places.append(place)
    times = {finding.file: int(finding.values.get("count", 1)) for finding in findings}
    unlisted = 0 if "%(count)s" in code.what else sum(times.values()) - len(findings)
    for number, ((what, todo), listed) in enumerate(said.items(), start=1):
        yield Point(
            code=spell(findings[0].code),
            severity=code.severity,
            what=what,
            todo=todo,
            places=tuple(place for place in listed if place.where or place.fragment),
            more=voice.others(unlisted) if number == len(said) else "",
        )


def _values(finding: Finding, code: Code, voice: Voice) -> dict[str, str]:
    values = {name: _written(value, code.manners.get(name), voice) for name, value in finding.values.items()}
    return values | {"file": clean(finding.file) or voice.say("The mail")}


def _written(value: str | int, manner: Manner | None, voice: Voice) -> str:
    match manner:
        case "money":
            return voice.money(int(value))
        case "size":
            return voice.size(int(value))
        case "moment":
            return voice.moment(datetime.fromisoformat(str(value)))
        case "day":
            return voice.day(date.fromisoformat(str(value)))
        case "percent":
            return voice.percent(int(value))
        case None:
            return voice.number(value) if isinstance(value, int) else clean(value)


def _where(finding: Finding, code: Code, voice: Voice) -> str:
    """The place, without the file where the sentence names it."""
    account, number = (clean(str(finding.values.get(name, "")), 40) for name in ("account", "number"))
    return ", ".join(
        filter(
            None,
            (
                "" if "%(file)s" in code.what else clean(finding.file),
                "" if finding.line is None else voice.say("line %(line)s", {"line": voice.number(finding.line)}),
                account and voice.say("account %(account)s", {"account": account}),
                number and voice.say("item %(number)s", {"number": number}),
            ),
        )
    )
