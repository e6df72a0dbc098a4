"""Which administration a mail belongs to."""

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Literal

from handlers.policy import Route
from handlers.route_table import RouteTable
from parsers.records import Envelope

Misfit = Literal["", "mailbox", "from", "to"]
"""The key of a route that a mail does not fit."""


def route(envelope: Envelope, mailbox: str, routes: RouteTable | Iterable[Route]) -> Route | None:
    """The first of `routes` that fits the mail's mailbox, sender and one of its recipients; None if none does.

    A mail without exactly one sender fits no route. Recipients are the addresses of To, Cc, Delivered-To and
    X-Original-To; the part after a plus sign belongs to the address, so `saldo+*@example.com` stands for all of them.
    """
    if envelope.sender is None:
        return None
    sender, recipients = envelope.sender, envelope.recipients
    near = routes.near(mailbox, sender) if isinstance(routes, RouteTable) else routes
    return next((candidate for candidate in near if not misfit(candidate, mailbox, sender, recipients)), None)


def route_back(
    envelope: Envelope, mailbox: str, routes: RouteTable | Iterable[Route], known: Collection[str]
) -> Route | None:
    """The route among the `known` (see `identify`) that an answer takes, to whichever address of ours it was sent.

    Mailbox and sender must fit all the same. None if there is no such route any more.
    """
    if envelope.sender is None or not known:
        return None
    near = routes.near(mailbox, envelope.sender) if isinstance(routes, RouteTable) else routes
    mine = (one for one in near if misfit(one, mailbox, envelope.sender, envelope.recipients) in ("", "to"))
    return next((one for one in mine if identify(one) in known), None)


def own_address(chosen: Route, envelope: Envelope) -> str | None:
    """The address by which a mail fits its route, for answers to come there too; None if the route asks for none."""
    return next((one for one in envelope.recipients if _any_fits(chosen.recipients, (one,))), None)


def misfit(candidate: Route, mailbox: str, sender: str, recipients: tuple[str, ...]) -> Misfit:
    """What of a mail does not fit a route, the first thing of all; "" if it fits."""
    if candidate.mailbox != mailbox:
        return "mailbox"
    if not _any_fits(candidate.senders, (sender,)):
        return "from"
    if candidate.recipients and not _any_fits(candidate.recipients, recipients):
        return "to"
    return ""


def identify(route: Route) -> str:
    """What makes a route the same one, as text: an answer counts only by the route of the mail that was asked about."""
    return " ".join((route.mailbox, ",".join(route.senders), ",".join(route.recipients), route.administration))


def fits(pattern: str, address: str) -> bool:
    """Whether `address` is `pattern`, in which `*` stands for any run of characters; case does not count."""
    return _compiled(pattern).fullmatch(address.casefold()) is not None


def _any_fits(patterns: Iterable[str], addresses: tuple[str, ...]) -> bool:
    return any(fits(pattern, address) for pattern in patterns for address in addresses)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Only patterns of the settings come here, so the cache does not grow with the mail."""
    return re.compile(".*".join(re.escape(piece) for piece in pattern.strip().casefold().split("*")), re.DOTALL)
