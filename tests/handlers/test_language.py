import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from reports import policy

import handlers
from handlers.language import Voice, clean, languages, translations

HANDLERS = Path(handlers.__file__).parent
PLACEHOLDER = re.compile(r"%\(\w+\)s")
TRANSLATED = [language for language in languages() if language != "en"]


def messages_in_code() -> set[str]:
    keywords = {"N_": None, "say": None, "count": (1, 2)}
    found = (
        entry[1] for path in HANDLERS.rglob("*.py") for entry in extract_from_file("python", path, keywords=keywords)
    )
    return {message if isinstance(message, str) else message[0] for message in found}


def speak(language: str, currency: str = "EUR") -> Voice:
    return Voice.of(policy(language=language, currency=currency))


def test_replies_are_in_four_languages() -> None:
    assert languages() == ("en", "de", "fr", "nl")


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_message_of_the_code_and_no_other(language: str) -> None:
    with (HANDLERS / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file)
    known = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in catalogue if entry.id}
    assert known == messages_in_code()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_whole_and_keeps_the_values(language: str) -> None:
    with (HANDLERS / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file)
    for entry in catalogue:
        if entry.id:
            one, said = (entry.id, entry.string) if isinstance(entry.id, str) else (entry.id[0], entry.string[0])
            assert said
            assert sorted(PLACEHOLDER.findall(one)) == sorted(PLACEHOLDER.findall(said)), one
            assert not entry.fuzzy


def test_no_two_languages_say_a_whole_sentence_alike() -> None:
    for message in messages_in_code():
        if message.count(" ") > 3 and message.isprintable():
            said = [translations(language).gettext(message) for language in languages()]
            assert len(set(said)) == len(said), message


def test_a_language_without_a_catalogue_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        translations("tlh")


def test_amounts_are_written_as_the_language_writes_them() -> None:
    assert speak("nl").money(-123_456_789) == "€\xa0-1.234.567,89"
    assert speak("en").money(123_456_789) == "€1,234,567.89"
    assert speak("de").money(123_456_789) == "1.234.567,89\xa0€"
    assert speak("fr").money(123_456_789) == "1\u202f234\u202f567,89\xa0€"


def test_each_currency_has_its_own_digits() -> None:
    assert [speak("nl").amount(1_234_567, code) for code in ("EUR", "JPY", "KWD")] == [
        "12.345,67",
        "1.234.567",
        "1.234,567",
    ]


def test_a_difference_has_its_sign() -> None:
    assert [speak("nl").difference(cents) for cents in (5, -5, 0)] == ["+0,05", "-0,05", "–"]


@given(st.integers(-(2**63), 2**63 - 1))
def test_no_cent_of_a_large_amount_is_lost(cents: int) -> None:
    digits = re.sub(r"[^\d-]", "", speak("nl").amount(cents))
    assert int(digits) == cents


def test_moments_are_in_the_administrations_time_zone() -> None:
    summer_night = datetime(2025, 6, 30, 22, 30, tzinfo=UTC)
    assert speak("nl").moment(summer_night) == "1 juli 2025 00:30"
    assert speak("en").moment(summer_night) == "1 July 2025 00:30"


def test_sizes_are_in_units_that_people_use() -> None:
    assert [speak("nl").size(size) for size in (12, 1536, 50 << 20, 2 << 30)] == ["12 B", "1,5 KB", "50 MB", "2 GB"]


@given(st.text(st.characters()))
def test_cleaned_text_is_one_short_line_that_any_mail_can_carry(text: str) -> None:
    shown = clean(text, 40)
    assert len(shown) <= 40
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").isascii() or shown
    assert not any(ord(character) < 32 or character in "\x7f\x85\u2028\u2029\u202e\ufeff" for character in shown)
