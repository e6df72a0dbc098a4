"""What is wrong between tables that are each right in themselves."""

import difflib
from collections.abc import Iterable, Iterator, Set

from daemon.settings.models import Settings
from daemon.settings.wording import Complaint


def find_contradictions(settings: Settings) -> Iterator[Complaint]:
    mailboxes = [mailbox.name for mailbox in settings.mailboxes]
    administrations = [administration.code for administration in settings.administrations]
    yield from _repeated("mailboxes", "name", mailboxes)
    yield from _repeated("administrations", "code", administrations)
    if settings.mailboxes and settings.smtp is None:
        yield Complaint(("smtp",), "the table is missing", "replies need a server: add [smtp]", at_key=True)
    known = {"mailbox": set(mailboxes), "administration": set(administrations)}
    for index, route in enumerate(settings.routes):
        yield from _unknown(index, "mailbox", route.mailbox, known["mailbox"])
        yield from _unknown(index, "administration", route.administration, known["administration"])


def _repeated(table: str, key: str, values: Iterable[str]) -> Iterator[Complaint]:
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first:
            yield Complaint((table, index, key), f'"{value}" is taken by {table} #{first[value] + 1}', "must be unique")
        first.setdefault(value, index)


def _unknown(index: int, key: str, value: str, known: Set[str]) -> Iterator[Complaint]:
    if value not in known:
        near = difflib.get_close_matches(value, known, n=1)
        mend = f'did you mean "{near[0]}"?' if near else ""
        yield Complaint(("routes", index, key), f'there is no {key} "{value}"', mend)
