"""Routes by the domain of their senders: of ten thousand, few come into question for a mail."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import overload

from handlers.policy import Route


class RouteTable(Sequence[Route]):
    """Routes in their order, and quickly those that a mail may fit."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)
        self._by_domain: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for position, route in enumerate(self._routes):
            for domain in {_domain(pattern) for pattern in route.senders}:
                self._by_domain[route.mailbox, domain].append(position)

    def near(self, mailbox: str, sender: str) -> Iterator[Route]:
        """In their order, all routes that fit this sender in this mailbox, and some that do not."""
        any_domain = self._by_domain.get((mailbox, None), ())
        own_domain = self._by_domain.get((mailbox, sender.rpartition("@")[2].casefold()), ())
        return (self._routes[position] for position in merge(own_domain, any_domain))

    @overload
    def __getitem__(self, index: int) -> Route: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Route]: ...
    def __getitem__(self, index: int | slice) -> Route | Sequence[Route]:
        return self._routes[index]

    def __len__(self) -> int:
        return len(self._routes)


def _domain(pattern: str) -> str | None:
    """The only domain that a pattern fits; None if it may fit several, as `*` and `*example.com` do."""
    domain = pattern.strip().casefold().rpartition("@")[2]
    return None if "*" in domain or "@" not in pattern else domain
