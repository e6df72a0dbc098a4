"""What is allowed in the settings, but perhaps not meant."""

from collections.abc import Iterator
from typing import NamedTuple

from daemon.settings.models import MailboxSettings, Settings, SmtpSettings
from daemon.settings.policies import build_routes
from daemon.settings.schema import KeyPath
from handlers.shadows import find_shadowed

_PLACEHOLDER = "change me"  # the password in config.example.toml
_HERE = ("localhost", "127.0.0.1", "::1")


class Doubt(NamedTuple):
    """One of them, with the table that it is about."""

    text: str
    path: KeyPath


def find_doubts(settings: Settings) -> Iterator[Doubt]:
    """In the order of the tables that they are about."""
    if settings.smtp is not None and _is_unchanged(settings.smtp):
        yield Doubt("smtp: the password is still that of the example", ("smtp",))
    if settings.smtp is not None and _is_open(settings.smtp):
        yield Doubt('smtp: security = "none" sends the password in the clear', ("smtp",))
    for index, server in enumerate(settings.mailboxes):
        if _is_unchanged(server):
            yield Doubt(f'mailbox "{server.name}": the password is still that of the example', ("mailboxes", index))
        if _is_open(server):
            text = f'mailbox "{server.name}": security = "none" sends the password in the clear'
            yield Doubt(text, ("mailboxes", index))
    if not settings.mailboxes:
        return
    routed = {route.mailbox for route in settings.routes}
    for index, mailbox in enumerate(settings.mailboxes):
        if mailbox.name not in routed:
            text = f'mailbox "{mailbox.name}" has no route: all its mail will be quarantined'
            yield Doubt(text, ("mailboxes", index))
    shadowed = dict(find_shadowed(build_routes(settings)))
    named = {route.administration for route in settings.routes}
    reached = {route.administration for index, route in enumerate(settings.routes) if index not in shadowed}
    for index, administration in enumerate(settings.administrations):
        if administration.code not in reached:
            why = "has no route that mail can take" if administration.code in named else "has no route"
            text = f'administration "{administration.code}" {why}: no mail will reach it'
            yield Doubt(text, ("administrations", index))
    for index, taker in shadowed.items():
        text = f"routes #{index + 1} can never match: routes #{taker + 1} takes its mail; put the narrower one first"
        yield Doubt(text, ("routes", index))
    trusting = [index for index, route in enumerate(settings.routes) if route.authenticate == ("none",)]
    if trusting:
        text = f'routes with authenticate = ["none"]: {len(trusting)}; whoever forges a From that matches is believed'
        yield Doubt(text, ("routes", trusting[0]))


def _is_unchanged(server: MailboxSettings | SmtpSettings) -> bool:
    return server.secret is not None and server.secret.get_secret_value() == _PLACEHOLDER


def _is_open(server: MailboxSettings | SmtpSettings) -> bool:
    return server.security == "none" and server.host not in _HERE and server.secret is not None
