"""How many replies may go out."""

import pytest

from handlers.caps import Caps, Permission, SentReplies, permit

CAPS = Caps()


def verdict(sent: SentReplies, administrations: int = 1, *, is_held: bool = False) -> Permission:
    return permit(sent, CAPS, administrations, is_held=is_held)


@pytest.mark.parametrize("sent", [SentReplies(0, 0, 0), SentReplies(9, 29, 199)])
def test_a_reply_under_every_cap_is_sent(sent: SentReplies) -> None:
    assert verdict(sent) == Permission("send")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (SentReplies(10, 10, 10), "replies-sender-hour"),
        (SentReplies(0, 30, 0), "replies-sender-day"),
        (SentReplies(0, 0, 200), "replies-breaker"),
        (SentReplies(10, 30, 200), "replies-breaker"),
    ],
)
def test_a_reply_over_a_cap_is_withheld(sent: SentReplies, reason: str) -> None:
    assert verdict(sent) == Permission("withhold", reason)


def test_the_report_of_a_held_import_waits_and_is_never_dropped() -> None:
    assert verdict(SentReplies(10, 10, 10), is_held=True) == Permission("wait", "replies-sender-hour")
    assert verdict(SentReplies(0, 0, 0), is_held=True) == Permission("send")


def test_the_breaker_grows_with_the_number_of_administrations() -> None:
    assert verdict(SentReplies(0, 0, 10_000), administrations=10_000) == Permission("send")
    assert verdict(SentReplies(0, 0, 40_000), administrations=10_000) == Permission("withhold", "replies-breaker")


def test_two_programs_that_answer_each_other_stop_within_the_hour() -> None:
    answered = 0
    while verdict(SentReplies(answered, answered, answered)).verdict == "send":
        answered += 1
    assert answered == CAPS.sender_hour
