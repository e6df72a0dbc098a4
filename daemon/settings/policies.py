"""What the handlers decide by, built from the settings."""

from daemon.settings.models import AdministrationSettings, Settings, Sign
from handlers.policy import Policy, Route, Rules
from parsers.records import Side


def build_policies(settings: Settings) -> dict[str, Policy]:
    """The policy of each administration by its code."""
    return {administration.code: build_policy(administration) for administration in settings.administrations}


def build_policy(administration: AdministrationSettings) -> Policy:
    signs: dict[Side, Sign] = {
        "receivable": administration.sign.receivable,
        "payable": administration.sign.payable,
    }
    return Policy(
        code=administration.code,
        name=administration.name,
        currency=administration.currency,
        mode=administration.mode,
        language=administration.language,
        negate=tuple(side for side, sign in signs.items() if sign == "negative"),
        unknown_accounts=administration.matching.unknown_accounts,
        time_zone=administration.time_zone,
        rules=Rules(**administration.thresholds.model_dump()),
    )


def build_routes(settings: Settings) -> tuple[Route, ...]:
    """All routes in the order of the file: the first that matches wins."""
    return tuple(
        Route(
            mailbox=route.mailbox,
            senders=route.senders,
            recipients=route.recipients,
            administration=route.administration,
            authenticate=route.authenticate,
        )
        for route in settings.routes
    )
