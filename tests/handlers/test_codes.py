import re

import pytest

from handlers.codes import CODES
from handlers.language import N_, languages, translations
from parsers.codes import CODES as PARSED

LOOK_ALIKES = sorted(code for code in PARSED if code.startswith("not-"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_every_code_that_parsers_give_has_a_sentence() -> None:
    assert PARSED.keys() - CODES.keys() == set()


@pytest.mark.parametrize("code", sorted(PARSED))
def test_a_sentence_uses_only_values_that_come_with_its_code(code: str) -> None:
    named = set(PLACEHOLDER.findall(CODES[code].what + CODES[code].todo))
    assert named <= set(re.findall(r"\{(\w+)\}", PARSED[code])) | {"file"}


@pytest.mark.parametrize("code", LOOK_ALIKES)
def test_each_look_alike_has_a_sentence_of_its_own_and_the_steps_in_exact(code: str) -> None:
    assert CODES[code].steps
    assert CODES[code].severity == "refused"
    assert [other for other in CODES if CODES[other].what == CODES[code].what] == [code]


@pytest.mark.parametrize("code", sorted(code for code, found in CODES.items() if found.severity in ("held", "refused")))
def test_whatever_stops_an_export_says_what_to_do(code: str) -> None:
    assert CODES[code].todo


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_speaks_every_language(code: str, language: str) -> None:
    for message in filter(None, (CODES[code].what, CODES[code].todo)):
        said = translations(language).gettext(N_(message))
        assert (said == message) == (language == "en")
