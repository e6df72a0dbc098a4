from dataclasses import replace

import pytest
from reports import envelope

from handlers.policy import Route
from handlers.routing import fits, route

BAKKER = Route("main", ("*@bakker.example",), (), "nl01", ("dkim",))
PLUS = Route("main", ("*@office.example",), ("saldo+nl02@example.com",), "nl02", ("dkim",))
TOKEN = Route("main", ("*@office.example",), ("saldo+*@example.com",), "nl03", ("token",))


def test_the_first_route_that_fits_wins() -> None:
    second = replace(BAKKER, administration="nl09")
    assert route(envelope(), "main", [BAKKER, second]) is BAKKER
    assert route(envelope(), "main", [second, BAKKER]) is second


def test_a_route_of_another_mailbox_is_passed_over() -> None:
    assert route(envelope(), "other", [BAKKER]) is None


def test_case_does_not_count() -> None:
    assert route(
        envelope(sender="Boekhouding@bakker.example"), "main", [replace(BAKKER, senders=("BOEK*@BAKKER.example",))]
    )


def test_a_mail_without_one_sender_fits_no_route() -> None:
    assert route(envelope(sender=None), "main", [replace(BAKKER, senders=("*",))]) is None


def test_a_plus_address_in_delivered_to_chooses_the_administration() -> None:
    mail = envelope(sender="a@office.example", recipients=("info@example.com", "Saldo+NL02@example.com"))
    assert route(mail, "main", [BAKKER, PLUS, TOKEN]) is PLUS


def test_a_star_in_a_recipient_stands_for_any_plus_address() -> None:
    mail = envelope(sender="a@office.example", recipients=("saldo+8f3a@example.com",))
    assert route(mail, "main", [BAKKER, PLUS, TOKEN]) is TOKEN


def test_a_route_with_recipients_asks_for_one_of_them() -> None:
    assert route(envelope(sender="a@office.example"), "main", [PLUS]) is None


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("*@bakker.example", "a@bakker.example.evil"),
        ("*@bakker.example", "a@notbakker.example"),
        ("a.b@x.example", "aXb@x.example"),
        ("[a-z]@x.example", "a@x.example"),
        ("?@x.example", "a@x.example"),
    ],
)
def test_nothing_but_the_star_is_special_in_a_pattern(pattern: str, address: str) -> None:
    assert not fits(pattern, address)
