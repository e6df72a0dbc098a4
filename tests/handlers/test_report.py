import pytest
from reports import report, settled

from handlers.decide import Decision
from handlers.report import Settled, worst
from parsers.records import Finding
from store.records import ImportState

NO_EXPORT = Finding("not-pdf", "brief.pdf")


def ended(state: ImportState) -> Settled:
    return settled(Decision(state, "" if state == "applied" else f"why {state}"))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["applied", "held", "refused"], "held"),
        (["unchanged", "refused", "applied"], "refused"),
        (["unchanged", "applied"], "applied"),
        (["unchanged"], "unchanged"),
        ([], "refused"),
    ],
)
def test_a_mail_has_the_state_of_its_worst_file(states: list[ImportState], expected: str) -> None:
    assert worst(states) == expected
    assert report(*(ended(state) for state in states)).state == expected


def test_a_file_that_cannot_be_used_counts() -> None:
    mixed = report(ended("applied"), refused=(NO_EXPORT,))
    assert (mixed.state, mixed.reason, mixed.verdict) == ("refused", "not-pdf", "mixed")


def test_a_mail_without_files_says_why_it_is_refused() -> None:
    assert report().reason == "nothing-to-import"
    assert report(notes=(Finding("nothing-attached"),)).reason == "nothing-attached"


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (["applied", "unchanged"], "applied"),
        (["unchanged", "unchanged"], "unchanged"),
        (["held", "refused"], "held"),
        (["refused"], "refused"),
        (["applied", "held"], "mixed"),
        (["unchanged", "refused"], "mixed"),
    ],
)
def test_the_verdict_is_mixed_only_if_some_of_it_could_not_be_used(states: list[ImportState], verdict: str) -> None:
    assert report(*(ended(state) for state in states)).verdict == verdict


def test_the_reason_is_that_of_the_state() -> None:
    assert report(ended("unchanged"), ended("held")).reason == "why held"
    assert report(ended("applied")).reason == ""
