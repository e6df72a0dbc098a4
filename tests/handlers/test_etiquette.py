from datetime import timedelta

import pytest
from reports import RECEIVED, envelope

from handlers.etiquette import Identity, ignored, mailable, unanswered
from store.records import MessageState

US = Identity(frozenset({"Saldo@example.com"}), "saldopost.example.com")
WEEK = timedelta(days=7)


def test_a_persons_mail_is_not_ignored() -> None:
    assert ignored(envelope(), US) is None


def test_automatic_mail_is_ignored_for_the_parsers_reason() -> None:
    assert ignored(envelope(automatic="auto-submitted"), US) == "auto-submitted"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sender": "saldo@EXAMPLE.com"}, "own-sender"),
        ({"message_id": "<abc@Saldopost.Example.Com>"}, "own-message-id"),
        ({"loop": ("saldopost.example.com",)}, "loop"),
        ({"loop": ("somebody.else",)}, "loop"),
    ],
)
def test_our_own_mail_is_ignored(changes: dict[str, object], reason: str) -> None:
    assert ignored(envelope(**changes), US) == reason


def test_an_answer_to_our_mail_is_not_our_mail() -> None:
    assert ignored(envelope(in_reply_to=("<abc@saldopost.example.com>",)), US) is None


@pytest.mark.parametrize("state", ["applied", "unchanged", "held", "refused"])
def test_a_person_is_answered(state: MessageState) -> None:
    assert unanswered(envelope(), state, US, RECEIVED, RECEIVED + timedelta(days=6), WEEK) is None


@pytest.mark.parametrize("state", ["waiting", "quarantined", "ignored", "failed"])
def test_these_states_are_never_answered(state: MessageState) -> None:
    assert unanswered(envelope(), state, US, RECEIVED, RECEIVED, WEEK) == "state"


def test_old_mail_is_not_answered() -> None:
    assert unanswered(envelope(), "applied", US, RECEIVED, RECEIVED + timedelta(days=8), WEEK) == "old"


@pytest.mark.parametrize("sender", [None, '"a b"@x.example', "jörg@x.example", "a@x.example>, <b@y.example"])
def test_a_sender_that_cannot_be_written_to_is_not_answered(sender: str | None) -> None:
    assert unanswered(envelope(sender=sender), "applied", US, RECEIVED, RECEIVED, WEEK) == "no-sender"


def test_automatic_mail_is_not_answered_even_if_it_was_applied() -> None:
    assert unanswered(envelope(automatic="list"), "applied", US, RECEIVED, RECEIVED, WEEK) == "list"


def test_a_domain_beyond_ascii_is_written_as_the_wire_wants_it() -> None:
    assert mailable("info@bäcker.example") == "info@xn--bcker-gra.example"


@pytest.mark.parametrize(
    "address", ["", "@", "a@", "@x.example", "a b@x.example", "a@x..example", "a@x.example\r\n", "a" * 400]
)
def test_no_address_is_not_mailable(address: str) -> None:
    assert mailable(address) is None
