"""The records of own invoices: what the store takes and gives. Amounts: integers, `*_dc` in minor units of the
administration's currency, `*_fc` in those of the invoice's own. Moments: aware datetimes in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from store.records import Side

OwnKind = Literal["invoice", "credit-note"]
OwnStatus = Literal["open", "in-transit", "seen", "paid", "cancelled"]
"""open: counts in `open_invoices`; in-transit: counts in `in_transit`; the others count nowhere."""
SeenBy = Literal["account", "number-date-amount"]
LinkedBy = Literal["exact-id", "code", "hand"]
TrackedState = Literal["open", "part-paid", "paid", "paid-by-hand"]


class CustomerUnknown(Exception):
    """No own customer has this code."""


class CustomersCollide(Exception):
    """The code rule takes two own customers for one account. Names both; the transaction is to be abandoned."""


class OwnInvoiceRow(NamedTuple):
    """One own invoice or credit note, as a file gives it; numbers and codes are also there as Exact has them."""

    line: int  # where it stands in its file
    side: Side
    kind: OwnKind
    number: str
    exact_number: str  # after the number rule; "" and "0" are never recognised
    customer_code: str
    exact_code: str  # after the code rule
    exact_id: str | None  # GUID in lower case without braces, where the file names it
    customer_name: str  # "" leaves what is there
    invoice_date: str  # ISO 8601
    due_date: str
    your_ref: str
    description: str
    currency: str  # ISO 4217
    amount_fc: int  # of a credit note in any sign: it is kept negative
    amount_dc: int
    journal: str = ""
    period: str = ""
    vat_code: str = ""
    vat_amount_fc: int | None = None
    item: str = ""
    payment_condition: str = ""


class TransactionRow(NamedTuple):
    """One entry of a `transactions.xml`: what was handed to Exact, with numbers and codes as Exact has them."""

    line: int
    side: Side | None  # None: the file does not say
    exact_code: str | None
    exact_id: str | None
    number: str
    your_ref: str
    date: str  # ISO 8601; "" if the file does not say
    amount_dc: int | None  # None: the file does not say


class OwnTotals(NamedTuple):
    """What own invoices count for on one side, before and after."""

    side: Side
    open_before: int
    open_after: int
    in_transit_before: int
    in_transit_after: int


class Collision(NamedTuple):
    """Two own customers that the code rule takes for one account."""

    code: str
    other_code: str
    exact_code: str


class Repeated(NamedTuple):
    """An own invoice that stands in a file twice, with different figures: the last one counts."""

    customer_code: str
    number: str
    line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class InvoiceChanges:
    """What a file of own invoices did. With collisions, unknown customers or too large a sum, nothing was written."""

    read: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0  # older than what is stored: left as it is
    handed_over: int = 0  # of those read: handed to Exact before they came
    seen: int = 0  # of those read: in an applied export already; they count nowhere
    ambiguous: int = 0  # of those read: several candidates in exports; they go on counting
    unmatched: tuple[tuple[str, str], ...] = ()  # (own code, name) of customers that no account of Exact fits, by code
    totals: tuple[OwnTotals, ...] = ()  # of the sides that the rows are of
    collisions: tuple[Collision, ...] = ()
    repeated: tuple[Repeated, ...] = ()  # the first of them
    unknown: tuple[tuple[str, str], ...] = ()  # (own code, name): nothing may be created, so the file is refused
    is_too_large: bool = False  # with what waits already, the sum of the amounts would leave 64 bits

    @property
    def is_refused(self) -> bool:
        return bool(self.collisions or self.unknown or self.is_too_large)

    @property
    def is_empty(self) -> bool:
        """Whether everything was known already."""
        return not self.created and not self.updated


@dataclass(frozen=True, slots=True)
class InvoiceChoice:
    """Which own invoices of an administration are meant: those that fit all that is said."""

    numbers: tuple[str, ...] = ()  # own numbers; none: all
    side: Side | None = None
    customer: str | None = None  # own code
    batch: str | None = None  # name of a batch
    kind: OwnKind | None = None


@dataclass(frozen=True, slots=True)
class BatchChanges:
    """What became of the own invoices that were meant. If a number is unknown or fits several, nothing was written."""

    matched: int = 0  # invoices that were changed
    already: int = 0  # that were in that state before, or that an export or a person ended
    unknown: tuple[str, ...] = ()  # numbers that no invoice has
    ambiguous: tuple[str, ...] = ()  # numbers that several customers, sides or kinds have
    amount_dc: int = 0  # sum of those changed
    batch: str | None = None  # name
    remembered: int = 0  # transactions kept for invoices that come later; of `unbatch`: that are kept no more


class OwnInvoice(NamedTuple):
    """One own invoice as `invoices list` shows it."""

    id: int
    administration: str
    side: Side
    kind: OwnKind
    number: str
    exact_number: str
    customer_code: str  # our own
    customer_name: str
    code: str | None  # of the Exact account: the one whose items show it, else the customer's
    name: str
    exact_id: str | None
    administration_currency: str
    invoice_date: str
    due_date: str
    your_ref: str
    description: str
    currency: str
    amount_fc: int
    amount_dc: int
    status: OwnStatus
    ambiguous: bool
    seen_by: SeenBy | None
    batch: str | None  # name
    batched_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    journal: str
    period: str
    vat_code: str
    vat_amount_fc: int | None
    item: str
    payment_condition: str
    account_id: int  # of the Exact account


class Customer(NamedTuple):
    """An own customer, and the Exact account that it is linked to."""

    administration: str
    code: str
    name: str
    exact_code: str  # after the code rule, as the last file or person gave it
    account_code: str | None
    account_name: str
    account_exact_id: str | None
    linked_by: LinkedBy
    is_known: bool  # whether Exact knows the account; else it is one of our own until an export brings it
    invoices: int  # own invoices that count still


class Recognised(NamedTuple):
    """One own invoice that an export shows, or may show."""

    number: str
    customer_code: str
    code: str | None  # of the Exact account
    name: str
    amount_dc: int
    days: int = 0  # since it was handed over, for those in transit


class Waiting(NamedTuple):
    """The own invoices of one side that no export shows yet: how many, and their sums."""

    open: int = 0  # not handed over
    open_dc: int = 0
    in_transit: int = 0
    in_transit_dc: int = 0


@dataclass(frozen=True, slots=True)
class OwnSummary:
    """What an export means for the own invoices of its side, once it is applied."""

    recognised: int = 0
    recognised_dc: int = 0
    largest: tuple[Recognised, ...] = ()  # of those recognised
    open: int = 0  # still waiting, not handed over
    open_dc: int = 0
    in_transit: int = 0  # still waiting, handed over
    in_transit_dc: int = 0
    ambiguous: tuple[Recognised, ...] = ()  # the first of them
    ambiguous_count: int = 0
    overdue: tuple[Recognised, ...] = ()  # in transit for longer than the setting says, the oldest first
    overdue_count: int = 0
    unmatched: tuple[tuple[str, str], ...] = ()  # (own code, name) of the first customers that wait for an account
    unmatched_count: int = 0


class Payment(NamedTuple):
    """What an import shows as paid (or credited) of one invoice."""

    import_id: int
    ref: str
    at: datetime  # what "newer" is measured by
    amount_fc: int
    amount_dc: int


class TrackedInvoice(NamedTuple):
    """All items of one account and number, followed through the imports that stand."""

    administration: str
    side: Side
    code: str | None
    name: str
    exact_id: str | None
    number: str
    invoice_date: str
    due_date: str
    currency: str  # of `*_fc`
    original_fc: int
    original_dc: int
    open_fc: int
    open_dc: int
    state: TrackedState
    first_seen: datetime
    last_change: datetime
    payments: tuple[Payment, ...]
    reopened: int  # how often it was open again after it had been paid
    marked_at: datetime | None  # by hand
    marked_by: str | None
    your_ref: str = ""  # of a payable it is the supplier's number
    account_id: int = 0


class TrackedChange(NamedTuple):
    """One invoice that an export changes."""

    code: str | None
    name: str
    number: str
    before_dc: int
    after_dc: int


@dataclass(frozen=True, slots=True)
class TrackedGroup:
    """How many invoices, for how much, and the largest of them."""

    count: int = 0
    amount_dc: int = 0  # sum of what changed
    largest: tuple[TrackedChange, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackedSummary:
    """What an export does to the invoices that are followed one by one (mode `invoices`)."""

    new: TrackedGroup = field(default_factory=TrackedGroup)
    part_paid: TrackedGroup = field(default_factory=TrackedGroup)
    paid: TrackedGroup = field(default_factory=TrackedGroup)
    reopened: TrackedGroup = field(default_factory=TrackedGroup)
