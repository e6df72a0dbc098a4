"""What the admin decided: routes to administrations, and how each administration wants its imports treated."""

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["nl", "en", "de", "fr"]


@dataclass(frozen=True, slots=True)
class Route:
    """One `[[routes]]` table: which mail belongs to which administration. The first that matches wins.

    `senders` and `recipients` are addresses in which `*` stands for any run of characters, compared without regard
    to case; no recipients means any.
    """

    mailbox: str
    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    administration: str
    authenticate: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """When an export looks wrong enough to ask first (setting `thresholds`)."""

    first_import: Literal["apply", "hold"] = "apply"


@dataclass(frozen=True, slots=True)
class Policy:
    """One `[[administrations]]` table."""

    code: str
    name: str
    currency: str  # ISO 4217; all balances of the administration are in it
    mode: Literal["balances", "invoices"] = "balances"
    language: Language = "nl"
    negate: tuple[Literal["receivable", "payable"], ...] = ()  # sides with the opposite sign (setting `sign`)
    unknown_accounts: Literal["create", "refuse"] = "create"
    time_zone: str = "Europe/Amsterdam"  # for the times in the reply
    rules: Rules = field(default_factory=Rules)
