"""What is wrong between tables that are each right in themselves."""

import difflib
from collections.abc import Iterable, Iterator, Set

from daemon.settings.models import Settings
from daemon.settings.policies import build_routes, build_trust
from daemon.settings.schema import KeyPath
from daemon.settings.wording import Complaint


def find_contradictions(settings: Settings) -> Iterator[Complaint]:
    mailboxes = [mailbox.name for mailbox in settings.mailboxes]
    administrations = [administration.code for administration in settings.administrations]
    yield from _repeated("mailboxes", "name", mailboxes)
    yield from _repeated("administrations", "code", administrations)
    if settings.mailboxes and settings.smtp is None:
        yield Complaint(("smtp",), "the table is missing", "replies need a server: add [smtp]", at_key=True)
    yield from _repeated("oauth2", "name", [provider.name for provider in settings.oauth2])
    yield from _unknown_providers(settings)
    known = {"mailbox": set(mailboxes), "administration": set(administrations)}
    for index, route in enumerate(settings.routes):
        yield from _unknown(("routes", index, "mailbox"), "mailbox", route.mailbox, known["mailbox"])
        yield from _unknown(
            ("routes", index, "administration"), "administration", route.administration, known["administration"]
        )
    yield from _unservable(settings)


def _unknown_providers(settings: Settings) -> Iterator[Complaint]:
    providers = {provider.name for provider in settings.oauth2}
    if settings.smtp is not None and settings.smtp.oauth2 is not None:
        yield from _unknown(("smtp", "oauth2"), "[[oauth2]] table", settings.smtp.oauth2, providers)
    for index, mailbox in enumerate(settings.mailboxes):
        if mailbox.oauth2 is not None:
            yield from _unknown(("mailboxes", index, "oauth2"), "[[oauth2]] table", mailbox.oauth2, providers)


def _unservable(settings: Settings) -> Iterator[Complaint]:
    """Routes whose senders could never prove who they are, or that would believe whom nobody should."""
    if all(route.authenticate in (("none",), ("dkim",)) for route in settings.routes):
        return
    from daemon.trust import complain  # it takes a while to load

    trust = build_trust(settings)
    for index, route in enumerate(build_routes(settings)):
        if found := complain(route, trust):
            yield Complaint(("routes", index, "authenticate"), *found)


def _repeated(table: str, key: str, values: Iterable[str]) -> Iterator[Complaint]:
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first:
            yield Complaint((table, index, key), f'"{value}" is taken by {table} #{first[value] + 1}', "must be unique")
        first.setdefault(value, index)


def _unknown(path: KeyPath, what: str, value: str, known: Set[str]) -> Iterator[Complaint]:
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1)
        mend = f'did you mean "{near[0]}"?' if near else ""
        yield Complaint(path, f'there is no {what} "{value}"', mend)
