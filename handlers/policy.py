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


Treatment = Literal["apply", "hold"]
"""What to do where a sign of a wrong export is there or not, and no number says how strong it is."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When an export looks wrong enough to ask first (setting `thresholds`). A share or a count of 0 never asks."""

    first_import: Treatment = "apply"
    first_negative: Treatment = "hold"
    nothing_open: Treatment = "hold"
    vanished_page: Treatment = "hold"
    vanished_accounts_percent: int = 40
    vanished_accounts_least: int = 5
    vanished_amount_percent: int = 50
    not_due_gone_least: int = 3
    later_gone_least: int = 3
    sign_changed_percent: int = 80
    sign_changed_least: int = 3
    id_conflicts_percent: int = 20
    other_administration: Treatment = "hold"
    applied_before: Treatment = "hold"
    older_file: Treatment = "hold"
    on_two_pages: Treatment = "hold"
    export_errors: Treatment = "hold"
    page_wait_minutes: int = 15  # how long the reply to an incomplete set waits for the other pages


@dataclass(frozen=True, slots=True)
class CodeRule:
    """How the code of an own customer looks in Exact (setting `matching.customer_code`), in the order of the steps."""

    prefix_remove: str = ""
    digits_only: bool = False
    strip_zeros: bool = False
    pad: int = 0  # characters
    prefix_add: str = ""


NumberRule = Literal["as-is", "digits"]
"""How the number of an own invoice looks in Exact."""


@dataclass(frozen=True, slots=True)
class InvoiceRules:
    """What holds for own invoices (setting `invoices`)."""

    number: NumberRule = "as-is"
    parties: tuple[str, ...] = ()  # who the administration is in UBL invoices
    in_transit: Literal["report", "add"] = "report"
    in_transit_days: int = 14
    tolerance_cents: int = 0  # minor units of the administration's currency


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
    customer_code: CodeRule = field(default_factory=CodeRule)
    invoices: InvoiceRules = field(default_factory=InvoiceRules)
