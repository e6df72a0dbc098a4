"""A way of mails as the daemon builds it, for tests that bring mails themselves: everybody is trusted by default."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from reports import policy as make_policy

from daemon.alerts import Alerts
from daemon.intake import Intake
from daemon.rereading import Rereader
from daemon.restraint import Restraint
from daemon.trust import Keys, Lookup, Trust
from daemon.way import Way
from handlers.caps import Caps
from handlers.etiquette import Identity
from handlers.policy import Policy, Route
from parsers.handover import Limits
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
    caps: Caps | None = None,
    own_address: str = "saldo@example.com",
) -> Way:
    """`seed` decides references and Message-IDs: give each mail another."""
    identity = Identity(frozenset({own_address}), f"saldopost.{own_address.partition('@')[2]}")
    sender = f"Saldopost <{own_address}>"
    limits = limits or Limits()
    policies = policies or {"nl01": make_policy(code="nl01", language="en")}
    alerts = Alerts(("beheer@example.com",), sender, identity, lambda count: Random(-seed - count).randbytes(count))
    return Way(
        store=store,
        routes=routes,
        identity=identity,
        trust=trust or Trust(),
        lookup=lookup,
        limits=limits,
        intake=Intake(
            store=store,
            policies=policies,
            identity=identity,
            sender=sender,
            rereader=Rereader(store, limits, 10_000_000, 10_000_000),
            clock=clock,
            secret=lambda count: Random(seed * 100 + count).randbytes(count),
        ),
        restraint=Restraint(caps or Caps(), len(policies), alerts, clock),
        clock=clock,
        random=Random(seed),
    )
