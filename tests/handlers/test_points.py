import pytest
from reports import policy

from handlers.language import Voice
from handlers.points import points
from parsers.records import Finding

VOICE = Voice.of(policy(language="en"))


@pytest.mark.parametrize("code", ["unknown-element", "transactions-other"])
def test_what_is_found_more_often_than_it_is_listed_is_counted(code: str) -> None:
    found = [Finding(code, "a.xml", line, values={"element": "X", "count": 12}) for line in (3, 9)]
    (told,) = points(found, VOICE)
    assert ([place.where.rpartition("line ")[2] for place in told.places], told.more) == (["3", "9"], "and 10 others")


def test_a_sentence_that_has_the_count_in_it_counts_no_others() -> None:
    (told,) = points([Finding("more-mistakes", "a.csv", values={"count": 231})], VOICE)
    assert told.what.endswith("231.")
    assert told.more == ""
