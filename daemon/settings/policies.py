"""What the handlers and sender trust decide by, built from the settings."""

from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING

from daemon.settings.models import AdministrationSettings, Settings, Sign
from handlers.alarms import AlarmRules
from handlers.caps import Caps
from handlers.etiquette import Identity
from handlers.policy import CodeRule, InvoiceRules, Policy, Route, Rules
from parsers.records import Side

if TYPE_CHECKING:
    from daemon.trust import Trust


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
        customer_code=CodeRule(**administration.matching.customer_code.model_dump()),
        invoices=InvoiceRules(**administration.invoices.model_dump()),
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


def build_identity(settings: Settings) -> Identity:
    address = parseaddr(settings.smtp.sender)[1] if settings.smtp else ""
    # A name below the sender's domain: people of that domain may write to us, and are no loop.
    return Identity(frozenset({address}), f"saldopost.{address.rpartition('@')[2]}")


def build_alarm_rules(settings: Settings) -> AlarmRules:
    alerts = settings.alerts
    silent = {
        one.code: alerts.silent_days if one.silent_days is None else one.silent_days for one in settings.administrations
    }
    return AlarmRules(
        mailboxes=tuple(mailbox.name for mailbox in settings.mailboxes),
        mailbox=timedelta(minutes=alerts.mailbox_minutes),
        reply=timedelta(hours=alerts.reply_hours),
        held=timedelta(days=alerts.held_days),
        silent={code: timedelta(days=days) for code, days in silent.items()},
    )


def build_caps(settings: Settings) -> Caps:
    return Caps(**settings.caps.model_dump())


def build_trust(settings: Settings) -> "Trust":
    from daemon.trust import Border, Trust  # only where mail is judged: it takes a while to load

    table = settings.trust.authentication_results
    return Trust(
        relaxed_alignment=settings.trust.alignment == "relaxed",
        border=Border(table.authserv_id.strip() or None, table.border, table.border_removes_forged) if table else None,
        tokens={
            administration.code: administration.secret.get_secret_value().strip()
            for administration in settings.administrations
            if administration.secret is not None
        },
        replay_window=timedelta(days=settings.trust.replay_days),
        dns_patience=timedelta(hours=settings.trust.dns_hours),
    )
