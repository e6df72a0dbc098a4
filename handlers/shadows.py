"""Routes that no mail can ever reach, because those before them take it all."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from handlers.policy import Route
from handlers.routing import fits

ANY = "*"
_WHATEVER = "\0"  # stands for what `*` may match; only another `*` takes it


def find_shadowed(routes: Sequence[Route]) -> Iterator[tuple[int, int]]:
    """The index of each route that can never match, and of one that takes its mail.

    Quick for tens of thousands of routes: only those that end alike are compared.
    """
    earlier: dict[str, _Earlier] = defaultdict(_Earlier)
    for index, route in enumerate(routes):
        before = earlier[route.mailbox]
        takers = [before.taker(sender, to) for sender in route.senders for to in route.recipients or (None,)]
        found = [taker for taker in takers if taker is not None]
        if len(found) == len(takers):
            yield index, min(found)
        before.add(index, route)


class _Earlier:
    """The routes of one mailbox so far, by how their patterns of senders end, and then those of recipients."""

    def __init__(self) -> None:
        self._by_tails: dict[str, dict[str | None, list[tuple[int, Route]]]] = defaultdict(lambda: defaultdict(list))

    def add(self, index: int, route: Route) -> None:
        for sender in route.senders:
            for recipient in route.recipients or (None,):
                self._by_tails[_tail(sender)][None if recipient is None else _tail(recipient)].append((index, route))

    def taker(self, sender: str, recipient: str | None) -> int | None:
        """A route that takes every mail of this sender pattern to this recipient pattern (None: to anybody)."""
        for sender_end in _ends(sender):
            if by_recipient := self._by_tails.get(sender_end):
                for recipient_end in (None, *(_ends(recipient) if recipient else ())):
                    for index, route in by_recipient.get(recipient_end, ()):
                        if _covers_both(route, sender, recipient):
                            return index
        return None


def covers(pattern: str, other: str) -> bool:
    """Whether every address that fits `other` fits `pattern` too."""
    return fits(pattern, other.strip().replace(ANY, _WHATEVER))


def _covers_both(route: Route, sender: str, recipient: str | None) -> bool:
    if not any(covers(pattern, sender) for pattern in route.senders):
        return False
    if not route.recipients:
        return True
    return recipient is not None and any(covers(pattern, recipient) for pattern in route.recipients)


def _tail(pattern: str) -> str:
    """What stands behind the last `*`, or all of it."""
    return pattern.strip().casefold().rpartition(ANY)[2]


def _ends(pattern: str) -> Iterator[str]:
    """The tails that a pattern which covers this one may have."""
    tail = _tail(pattern)
    return (tail[at:] for at in range(len(tail) + 1))
