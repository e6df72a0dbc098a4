"""A way of mails as the daemon builds it, for tests that bring mails themselves: everybody is trusted by default."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from reports import policy as make_policy

from daemon.intake import Intake
from daemon.rereading import Rereader
from daemon.trust import Keys, Lookup, Trust
from daemon.way import Way
from handlers.etiquette import Identity
from handlers.policy import Policy, Route
from parsers.child import Limits
from store.database import Store

ROUTE = Route("main", ("*@bakker.example",), (), "nl01", ("none",))


def make_way(
    store: Store,
    clock: Callable[[], datetime],
    seed: int,
    *,
    routes: tuple[Route, ...] = (ROUTE,),
    policies: Mapping[str, Policy] | None = None,
    trust: Trust | None = None,
    lookup: Lookup = lambda _signatures: Keys(()),
    limits: Limits | None = None,
) -> Way:
    """`seed` decides references and Message-IDs: give each mail another."""
    identity = Identity(frozenset({"saldo@example.com"}), "saldopost.example.com")
    limits = limits or Limits()
    return Way(
        store=store,
        routes=routes,
        identity=identity,
        trust=trust or Trust(),
        lookup=lookup,
        limits=limits,
        intake=Intake(
            store=store,
            policies=policies or {"nl01": make_policy(code="nl01", language="en")},
            identity=identity,
            sender="Saldopost <saldo@example.com>",
            rereader=Rereader(store, limits, 10_000_000, 10_000_000),
            clock=clock,
            secret=lambda count: Random(seed * 100 + count).randbytes(count),
        ),
        clock=clock,
        random=Random(seed),
    )
