"""Answers as people write them, in four languages: what is a yes, what is a no, and what is asked again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import report, settled

from handlers.answer_words import NO, YES
from handlers.answers import take, understand
from handlers.codes import CODES
from handlers.decide import Decision
from handlers.report import Answer, Verdict
from parsers.records import Finding
from store.records import ImportState, MessageState

ASKED_AT = datetime(2025, 11, 21, 21, 57, tzinfo=UTC)
SENDER = "marieke.devries@bakker.example"


@pytest.mark.parametrize(
    "text",
    [
        "Ja",
        "ja.",
        "JA!",
        "Ja, graag",
        "Ja hoor.",
        "Akkoord",
        "Ja, dat klopt.",
        "Klopt!",
        "Ok, dank je wel",
        "Ja, dit is alles.",
        "Goedgekeurd",
        "Yes",
        "Yes, please.",
        "OK",
        "Yes, that's right.",
        "Approved",
        "Go ahead",
        "Ja, bitte.",
        "Einverstanden.",
        "Ja, das stimmt",
        "In Ordnung, danke!",
        "Oui",
        "Oui, merci.",
        "D’accord",
        "Oui, c'est correct",
        "C’est bon.",
    ],
)
def test_only_a_yes_is_a_yes(text: str) -> None:
    assert understand(text) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "Nee",
        "nee, bedankt",
        "Nee, dit klopt niet.",
        "Niet akkoord",
        "Afkeuren",
        "No.",
        "no thanks",
        "Reject",
        "Nein",
        "Nein, das stimmt nicht.",
        "Nicht einverstanden",
        "Non",
        "Non, merci",
        "Pas d’accord.",
    ],
)
def test_only_a_no_is_a_no(text: str) -> None:
    assert understand(text) == "no"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "Ja, maar wacht nog even",
        "Ja\nMaar wacht nog even",
        "Ja, behalve relatie 10042.",
        "Ja?",
        "Klopt dit?",
        "Is dit goed?",
        "Ja nee",
        "ja of nee",
        "Ja, de nieuwe export komt morgen.",
        "Ik denk het wel",
        "Jan",
        "Nog niet",
        "Niet nodig",
        "Yes, but not yet",
        "Not yes",
        "No problem",
        "Ja, aber erst morgen.",
        "Nein, doch, ja",
        "Oui mais attendez",
        "Oui, sauf le client 10042",
        "In bijlage de nieuwe export.",
        "Antwoord met alleen het woord “ja”",
        "👍",
    ],
)
def test_anything_else_is_asked_again(text: str) -> None:
    assert understand(text) == "unclear"


@pytest.mark.parametrize(
    "text",
    [
        "Ja\n\nGroet, Marieke",
        "Beste Saldopost,\n\nJa, akkoord.\n\nMet vriendelijke groet,\n\nMarieke de Vries\nBakker Expeditie B.V.\n"
        "T +31 (0)10 123 45 67\nKvK-nummer 12345678",
        "Goedemorgen,\nJa\nmvg\nMarieke",
        "Hi,\n\nYes.\n\nKind regards,\nJohn Smith\nAccounts Receivable\nVAT no. GB123456789",
        "Guten Tag,\n\nJa.\n\nMit freundlichen Grüßen\nJürgen Müller\nHafen Spedition GmbH",
        "Bonjour,\n\nOui.\n\nCordialement,\nÉlodie Lefèvre",
        "Ja\n\nBedankt!\nMarieke",
        "Ja.\n\nMet vriendelijke groet,\nMarieke\n\nDit e-mailbericht is niet bestemd voor anderen.",
        "Ja\nMarieke",
        "Ja\n\nMarieke DeVries",
    ],
)
def test_a_greeting_above_and_a_closing_with_a_signature_below_do_no_harm(text: str) -> None:
    assert understand(text, SENDER) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "Ja\n\nGroet, Marieke\n\nPS wacht nog even met verwerken",
        "Ja\n\nGroet,\nMarieke\n\nNiet vergeten: er komt nog een export",
        "Yes\n\nRegards,\nJohn\nBut please hold the payables.",
        "Ja\n\nMit freundlichen Grüßen\nJürgen\nBitte warten Sie noch",
        "Oui\n\nCordialement\nÉlodie\n\nMais pas avant lundi",
        "Bedankt, maar nee",
        "Ja\nWacht",
        "Ja\nMorgen",
        "Ja\nPiet",
        "Beste Saldopost, ja",
        "Groet, Marieke",
        "Nee\nJa",
    ],
)
def test_a_word_that_may_take_the_yes_back_is_heard(text: str) -> None:
    assert understand(text, SENDER) == "unclear"


def test_nothing_is_a_yes_and_a_no() -> None:
    assert not YES & NO


@given(st.sampled_from(sorted(YES | NO)), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12))
def test_one_more_word_makes_it_another_answer(phrase: str, word: str) -> None:
    longer = f"{phrase} {word}".casefold()
    expected = "yes" if longer in YES else "no" if longer in NO else "unclear"
    assert understand(f"{phrase} {word}") == expected


@given(st.text(max_size=500), st.text(max_size=50))
def test_no_text_brings_it_down(text: str, sender: str) -> None:
    assert understand(text, sender) in ("yes", "no", "unclear")


HELD = settled(Decision("held", "nothing-open", (Finding("nothing-open", values={"total": 100}),), approvable=True))


@pytest.mark.parametrize(
    ("answer", "state", "mail", "verdict"),
    [
        ("approved", "applied", "applied", "applied"),
        ("rejected", "rejected", "unchanged", "rejected"),
        ("unclear", "held", "refused", "held"),
        ("blocked", "held", "refused", "held"),
        ("outdated", "held", "unchanged", "held"),
        ("closed", "applied", "unchanged", "closed"),
        ("closed", "rejected", "unchanged", "closed"),
        ("closed", "superseded", "unchanged", "closed"),
        ("closed", "undone", "unchanged", "closed"),
    ],
)
def test_an_answer_has_a_state_and_a_verdict_of_its_own(
    answer: Answer, state: ImportState, mail: MessageState, verdict: Verdict
) -> None:
    taken = take(settled(Decision(state)), answer, "3HXW-9T", ASKED_AT)
    given_back = report(taken)
    assert (given_back.state, given_back.verdict) == (mail, verdict)
    assert taken.state == state
    assert taken.decision.findings[0].code in CODES


def test_what_was_asked_is_asked_again_after_an_unclear_answer() -> None:
    taken = take(HELD, "unclear", "3HXW-9T", ASKED_AT)
    assert [finding.code for finding in taken.decision.findings] == ["answer-unclear", "nothing-open"]
    assert taken.decision.approvable


def test_what_was_rejected_is_not_argued_about() -> None:
    taken = take(HELD, "rejected", "3HXW-9T", ASKED_AT)
    assert [finding.code for finding in taken.decision.findings] == ["answer-rejected"]
