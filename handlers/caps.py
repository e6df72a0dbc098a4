"""How many replies may go out: so that two programs that answer each other, or a flood of mail, end quietly."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Caps:
    """The most replies within the last hour and the last day (setting `caps`)."""

    sender_hour: int = 10  # to one sender about one administration
    sender_day: int = 30
    all_hour: int = 200  # the breaker: to everybody, at least
    all_hour_per_administration: int = 4  # so that a bureau with many administrations needs no setting of its own

    def breaker(self, administrations: int) -> int:
        """The most replies to everybody within an hour."""
        return max(self.all_hour, self.all_hour_per_administration * administrations)


class SentReplies(NamedTuple):
    """Replies queued or sent before this one; those of the hour are among those of the day."""

    sender_hour: int
    sender_day: int
    all_hour: int  # 0 where it is known to be below `Caps.breaker`


class Permission(NamedTuple):
    """`wait`: the reply goes into the outbox, to be sent after `pause_for`. `reason` is empty for `send`."""

    verdict: Literal["send", "withhold", "wait"]
    reason: str = ""


def permit(sent: SentReplies, caps: Caps, administrations: int, *, is_held: bool) -> Permission:
    """Whether one more reply may go out now.

    Withheld is the reply alone: the mail is processed all the same, and the admin is alerted. The report of a held
    import waits instead, since the sender's answer to it is what the import waits for.
    """
    reason = _over(sent, caps, administrations)
    if reason is None:
        return Permission("send")
    return Permission("wait" if is_held else "withhold", reason)


def pause_for(sent: SentReplies, caps: Caps) -> timedelta:
    """How long a reply that is to wait waits: until those before it went out, so many an hour as one sender may get."""
    return timedelta(hours=max(1, sent.sender_day // caps.sender_hour))


def _over(sent: SentReplies, caps: Caps, administrations: int) -> str | None:
    if sent.all_hour >= caps.breaker(administrations):
        return "replies-breaker"
    if sent.sender_hour >= caps.sender_hour:
        return "replies-sender-hour"
    if sent.sender_day >= caps.sender_day:
        return "replies-sender-day"
    return None
