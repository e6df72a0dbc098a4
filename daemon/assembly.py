"""The parts of the daemon, put together as the settings say. Commands that do one thing take only what they need."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING

from daemon.rereading import Rereader
from daemon.settings import Settings, build_caps, build_identity, build_policies, build_routes, build_trust
from parsers.handover import Limits
from store.database import Store

if TYPE_CHECKING:
    from daemon.way import Way


def now() -> datetime:
    """The clock of the whole program."""
    return datetime.now(UTC)


def build_limits(settings: Settings) -> Limits:
    """What a child may use."""
    return Limits(int(settings.limits.child_memory), settings.limits.child_cpu_seconds)


def build_rereader(settings: Settings, store: Store) -> Rereader:
    """How kept files are read again."""
    limits = settings.limits
    sizes = (int(limits.largest_file), int(limits.largest_plain_file), int(limits.largest_mail))
    return Rereader(store, build_limits(settings), *sizes)


def build_way(settings: Settings, store: Store, clock: Callable[[], datetime] = now) -> "Way":
    """The way of every mail."""
    # Thirteen megabytes that `saldopost import` does without.
    from daemon.alerts import build_alerts
    from daemon.intake import Intake
    from daemon.resolver import Resolver
    from daemon.restraint import Restraint
    from daemon.way import Way
    from handlers.route_table import RouteTable

    identity = build_identity(settings)
    return Way(
        store=store,
        routes=RouteTable(build_routes(settings)),
        identity=identity,
        trust=build_trust(settings),
        lookup=Resolver(settings.trust.name_servers).lookup_keys,
        limits=build_limits(settings),
        intake=Intake(
            store=store,
            policies=build_policies(settings),
            identity=identity,
            sender=settings.smtp.sender if settings.smtp else "",
            rereader=build_rereader(settings, store),
            clock=clock,
            secret=secrets.token_bytes,
            bounces_to=(settings.smtp.bounces_to or "") if settings.smtp else "",
            oldest_answered=timedelta(days=settings.smtp.answer_days if settings.smtp else 7),
        ),
        restraint=Restraint(build_caps(settings), len(settings.administrations), build_alerts(settings), clock),
        clock=clock,
        random=SystemRandom(),
    )
