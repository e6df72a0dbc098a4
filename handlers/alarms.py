"""When a person is needed. Pure: what is known goes in, the conditions that hold come out.

An alarm tells which mailbox, mail or administration, and what to do. It holds no amount and nothing out of a mail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.health import Health, Look

GIVEN_UP_LATELY = timedelta(days=3)  # a weekend


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """After how long a silence somebody is told; a length of zero switches a rule off."""

    mailboxes: tuple[str, ...]  # that are read
    mailbox: timedelta
    reply: timedelta
    held: timedelta
    silent: Mapping[str, timedelta]  # by administration


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that needs a person. `key` stays the same for as long as it holds."""

    key: str
    text: str  # one sentence: what is the matter
    mend: str  # what to do


def find_conditions(health: "Health", rules: AlarmRules, now: datetime) -> tuple[Condition, ...]:
    """All that hold now, the gravest kind first."""
    looks = [look for look in health.looks if look.mailbox in rules.mailboxes]
    return (
        *(condition for look in looks if (condition := _of_mailbox(look, rules, now))),
        *_of_outbox(health, rules, now),
        *(
            Condition(
                f"failed:{ref}",
                f"Mail {ref} could not be processed: three tries ended in a bug. It lies in the folder Failed.",
                f"Look into the log (ref={ref}); once the cause is mended: saldopost messages retry {ref}",
            )
            for ref in health.failed
        ),
        *(
            Condition(
                f"held:{held.id}",
                f"The held export {held.ref} of {held.administration} ({held.side}) waits for an answer "
                f"since {held.recorded_at:%Y-%m-%d}.",
                f"saldopost imports show {held.id}, then approve or reject it.",
            )
            for held in health.held
            if rules.held and now - held.recorded_at > rules.held
        ),
        *(
            Condition(
                f"silent:{code}",
                f"Administration {code} usually sends exports, and has sent none since {last:%Y-%m-%d}.",
                "Ask its bookkeeper, or set silent_days of the administration to 0.",
            )
            for code, last in sorted(health.last_exports.items())
            if (silent := rules.silent.get(code)) and now - last > silent
        ),
    )


def find_unwatched(health: "Health", mailboxes: Sequence[str]) -> tuple[str, ...]:
    """Mailboxes of the settings that no daemon has ever looked into."""
    known = {look.mailbox for look in health.looks}
    return tuple(name for name in mailboxes if name not in known)


def _of_mailbox(look: "Look", rules: AlarmRules, now: datetime) -> Condition | None:
    if look.trouble == "login":
        mend = "Correct `username` and the password of the mailbox, and reload the daemon."
        return Condition(f"mailbox:{look.mailbox}", f"Mailbox {look.mailbox} refuses the login: {look.error}", mend)
    since = look.polled_at or look.watched_since
    if since is None or not rules.mailbox or now - since <= rules.mailbox:
        return None
    cause = f" {look.error}" if look.trouble and look.error else ""
    text = f"Mailbox {look.mailbox} was not read since {since:%Y-%m-%d %H:%M} UTC.{cause}"
    return Condition(
        f"mailbox:{look.mailbox}",
        text,
        "See to the mail server, the store and the daemon (systemctl status saldopost).",
    )


def _of_outbox(health: "Health", rules: AlarmRules, now: datetime) -> Sequence[Condition]:
    found = []
    if rules.reply and health.oldest_due is not None and now - health.oldest_due > rules.reply:
        text = f"Replies cannot be sent: the oldest waits since {health.oldest_due:%Y-%m-%d %H:%M} UTC."
        found.append(Condition("replies-wait", text, "See to the SMTP server and [smtp] (saldopost check --online)."))
    if health.given_up:
        text = "Replies were refused for good by the mail server; the log has each as mail-given-up."
        found.append(Condition("replies-given-up", text, "saldopost messages list shows them: reply failed."))
    return found
