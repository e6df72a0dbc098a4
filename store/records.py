"""The records that the store takes and gives. Amounts: integers in minor units of the administration's currency
unless they say otherwise. Moments: aware datetimes in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

Side = Literal["receivable", "payable"]
ImportState = Literal["applied", "unchanged", "held", "refused", "superseded", "rejected", "undone"]
MessageState = Literal["waiting", "applied", "unchanged", "held", "refused", "quarantined", "ignored", "failed"]
ReplyState = Literal["none", "queued", "sent", "failed"]


class StoreUnavailable(Exception):
    """Busy, full, read-only or away: nothing was written; try again later. Says what and what to do."""


class StoreBroken(Exception):
    """The store cannot be used as it is (damaged, of a later version): a person is needed. Says what to do."""


class ImportMoved(Exception):
    """Another import was applied since the comparison: compare again. Nothing was written."""


class EffectStands(Exception):
    """This very source was applied before, and that import still stands: nothing was written. Says which one."""


class ImportUnknown(Exception):
    """No import has this id."""


class NotHeld(Exception):
    """The import waits for no answer any more: it was approved, rejected or superseded. Nothing was written."""


class NotLast(Exception):
    """Only the import that was applied last can be taken back. Says which one that is; nothing was written."""


class AlreadyFinished(Exception):
    """The mail got its final state from another daemon meanwhile: abandon the transaction."""


class NotFinal(Exception):
    """The mail is being processed or moved: nothing was changed."""


Position = tuple[int | None, int]
"""Of a subledger: the id of the import that stands, None before the first, and the account version."""


@dataclass(frozen=True, slots=True, order=True)
class Subledger:
    """One side of one administration: the unit of comparing, locking and applying."""

    administration: str
    side: Side


class AccountChange(NamedTuple):
    """What an import does, or did, to one account."""

    code: str | None
    name: str
    exact_id: str | None
    before: int
    after: int
    is_new: bool
    credit_limit: int | None = None  # this and the following: of an export that is looked at, where known
    credit_room: int | None = None  # what the limit leaves, with own invoices and what is in transit counted
    oldest_due: str = ""  # due date of the oldest item of which something is owed (ISO 8601)
    open_invoices: int = 0  # own invoices that go on waiting: not handed over
    in_transit: int = 0  # handed over


class CurrencyTotal(NamedTuple):
    """Open items of one currency: `open_fc` in minor units of that currency."""

    currency: str
    items: int
    open_fc: int
    open_dc: int


@dataclass(frozen=True, slots=True)
class LastImport:
    """The last import of a subledger that still stands."""

    id: int
    ordered_at: datetime  # what "newer" is measured by: the mail's Date, never later than its arrival
    arrived_at: datetime
    uid: int
    files: tuple[str, ...]  # the SHA-256 of each file, sorted
    planned_under: str  # fingerprint of the settings it was planned under
    ref: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A staged export held against the store: what applying it would do. Read-only, and cheap to make again."""

    subledger: Subledger
    last: LastImport | None
    items: int
    items_before: int
    opened: int  # items that are new or changed
    closed: int  # items that are gone or changed
    accounts: int  # accounts in the export
    accounts_before: int  # accounts with open items before
    total_before: int
    total_after: int
    gross_before: int  # sum of absolute amounts of items
    gross_after: int
    changed: int  # accounts whose balance differs
    created: int  # accounts the store does not know
    zeroed: int  # accounts with a balance before and none now
    largest: tuple[AccountChange, ...]  # the changes of the largest absolute difference first
    largest_created: tuple[AccountChange, ...]
    largest_zeroed: tuple[AccountChange, ...]
    currencies: tuple[CurrencyTotal, ...]
    nameless: int  # blocks with neither ID nor code: such an export cannot be applied
    ambiguous: tuple[str, ...] = ()  # codes without ID that fit several stored accounts
    reopened_accounts: int = 0  # known accounts with a balance now and none before
    largest_reopened: tuple[AccountChange, ...] = ()
    # Signs of a filtered, partial, inverted, old or misdirected export. "Known" items are those open before.
    vanished: int = 0  # accounts with open items before and none in the export
    not_due_before: int = 0  # known items due after the day of the export; counted to one more than are gone
    not_due_gone: int = 0  # how many of those are gone: no item of their account and number is in the export
    latest_invoice_date: str = ""  # of the items in the export; "" if it has none
    later_gone: int = 0  # known items with a later invoice date than that: gone, every one
    matched: int = 0  # known items found again by account and number
    sign_changed: int = 0  # how many of those turned from positive to negative or back
    id_conflicts: int = 0  # accounts with an ID that is not known here, whose code is known under another one
    elsewhere: str | None = None  # code of another administration to which these very files were applied; not if empty
    applied_before: str | None = None  # ref of an import that stands, other than `last`, of exactly these files
    reopened: int = 0  # items in the export that were open once, and closed since
    on_two_pages: int = 0  # items that stand on two pages: same account, number, due date and amounts
    account_version: int = 0  # counts up when accounts of the administration come, go, or get an ID
    ts_d_before: str | None = None  # the largest ts_d of the pages of `last`, hexadecimal as Exact writes it


class Ageing(NamedTuple):
    """What is open on one side by days past the due date, as of one day. The sum is the total of the side."""

    not_due: int  # due on that day or later
    days_1_30: int
    days_31_60: int
    days_61_90: int
    over_90: int


class AgedBalance(NamedTuple):
    """One account on one side, with what is open by days past the due date; `ageing` adds up to `open_import`."""

    administration: str
    side: Side
    code: str | None
    name: str
    exact_id: str | None
    currency: str
    open_import: int
    ageing: Ageing


class AgedTotal(NamedTuple):
    """All accounts of one side."""

    subledger: Subledger
    currency: str
    ageing: Ageing


class CreditCrossing(NamedTuple):
    """A debtor whose balance passed the credit limit in one import, upwards or back under it."""

    code: str | None
    name: str
    limit: int
    before: int  # the balance that is held against the limit
    after: int


class AccountCard(NamedTuple):
    """What a file of accounts says of one account; None, and an empty name, leave what is there as it is."""

    exact_id: str | None
    code: str | None  # one of the two is there
    name: str
    credit_limit: int | None
    unlimited: bool = False  # whatever limit there is goes
    may_create: bool = True  # not for those that the file calls neither customer nor supplier


@dataclass(frozen=True, slots=True)
class CardChanges:
    """What files of accounts do, or did, to the accounts of an administration."""

    cards: int  # accounts in the files
    created: int
    changed: int  # known accounts of which anything differs: `renamed` and `limits` are among them
    renamed: int
    limits: int  # whose credit limit differs
    over: int  # debtors whose balance is above the new limit, and was not above the old one
    largest_over: tuple[CreditCrossing, ...] = ()  # the first of them, the farthest above the limit first
    ambiguous: tuple[str, ...] = ()  # codes without ID that fit several accounts: then nothing may be applied

    @property
    def is_empty(self) -> bool:
        """Whether everything is known already."""
        return not self.created and not self.changed


@dataclass(frozen=True, slots=True)
class ImportFile:
    """One page file of an import."""

    name: str
    part: str
    sha256: str
    size: int
    count: int | None
    pagesize: int | None
    ts_d: str | None
    kept_id: int | None = None  # of the kept file, or of the kept mail that holds it as `part`


@dataclass(frozen=True, slots=True)
class NewImport:
    """What is written about one import, whatever became of it."""

    subledger: Subledger
    ref: str
    state: ImportState
    reason: str  # code of the finding that decided; "" when applied
    source_sha256: str  # of the raw mail, or of the files' hashes for `import FILE`
    part: str  # the parts of the pages, comma separated: with `source_sha256` it makes the effect unique
    ordered_at: datetime
    arrived_at: datetime
    uid: int
    planned_under: str
    files: tuple[ImportFile, ...] = ()
    items: int = 0
    accounts: int = 0
    total: int | None = None  # of the export; None when it was not read
    total_before: int | None = None
    message_id: int | None = None  # of the store's message it came in; None from the command line
    sender: str | None = None  # authenticated
    mailbox: str | None = None
    route: str | None = None  # which route brought it here: an answer counts only by the same one
    approvable: bool = False
    findings: str = "[]"  # JSON; the store only keeps it
    report_message_id: str | None = None  # Message-ID of the reply that asks


@dataclass(frozen=True, slots=True)
class HeldImport:
    """An import that waits for an answer, or waited for one."""

    id: int
    ref: str
    subledger: Subledger
    state: ImportState
    reason: str
    source_sha256: str
    part: str
    ordered_at: datetime
    arrived_at: datetime
    uid: int
    planned_under: str
    recorded_at: datetime
    base_import_id: int | None  # the import that stood when it was compared
    message_id: int | None
    sender: str | None
    mailbox: str | None
    route: str | None
    approvable: bool
    findings: str
    report_message_id: str | None
    superseded_by: int | None
    decided_at: datetime | None
    decided_by: str | None
    files: tuple[ImportFile, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking an import back changed."""

    subledger: Subledger
    ref: str
    last_import_id: int | None  # the import that stands now
    deleted: int  # items that the import had opened
    reopened: int  # items that it had closed
    removed: int  # accounts that it had made


@dataclass(frozen=True, slots=True)
class MailKey:
    """Where a mail lies: the only identity that its sender cannot choose (RFC 3501 section 2.3.1.1)."""

    mailbox: str  # the name in the settings
    folder: str
    uidvalidity: int
    uid: int


class Sighting(NamedTuple):
    """A mail in a mailbox: where, how large (RFC822.SIZE), and when it arrived (INTERNALDATE)."""

    key: MailKey
    size: int
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies that was moved out of the folder that is read."""

    folder: str  # our name for it, such as Processed; the server may have a prefix
    uidvalidity: int | None = None  # None with `uid`: the server did not say
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A finished mail for the outbox."""

    recipient: str
    envelope_sender: str  # "" for the null sender
    message_id: str
    raw: bytes
    kind: Literal["reply", "alert"] = "reply"
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state of one mail."""

    state: MessageState
    reason: str = ""  # code of the finding that decided, for `messages` and the log
    administration: str | None = None
    replies: tuple[OutgoingMail, ...] = field(default_factory=tuple)
    other_state: MessageState | None = None  # the worst of what the mail held beside its imports: files refused


@dataclass(frozen=True, slots=True)
class Message:
    """What the store knows of one mail. Sender, subject and the like are what the mail says: not trusted."""

    id: int
    ref: str
    key: MailKey
    size: int
    arrived_at: datetime
    seen_at: datetime  # when we first saw it
    tries: int
    wait_until: datetime | None
    sender: str | None
    subject: str | None
    message_id: str | None
    sent_at: datetime | None
    sha256: str | None
    administration: str | None
    state: MessageState | None  # None until it is decided
    reason: str
    finished_at: datetime | None
    moved: bool  # lies in the folder of its state
    lies: Place | None  # None as long as it was never moved
    reply: ReplyState

    @property
    def is_final(self) -> bool:
        return self.state not in (None, "waiting")


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail of the outbox that is ours to send for a while. `tries` counts this one."""

    id: int
    recipient: str
    envelope_sender: str
    message_id: str
    raw: bytes
    kind: Literal["reply", "alert"]
    tries: int
    created_at: datetime
    ref: str | None = None  # of the mail that it answers


@dataclass(frozen=True, slots=True)
class Import:
    """One import as `imports` lists it. Amounts are in minor units of `currency`."""

    id: int
    ref: str
    administration: str
    side: Side
    currency: str
    state: ImportState
    reason: str
    items: int
    accounts: int
    total: int | None  # of the export; None when it was not read
    total_before: int | None
    ordered_at: datetime
    recorded_at: datetime
    applied_at: datetime | None
    opened: int | None = None  # items that are new or changed; None unless it was ever applied
    closed: int | None = None  # items that are gone or changed
    approvable: bool = False
    findings: str = "[]"  # JSON, as `NewImport` gave it
    superseded_by: int | None = None
    decided_at: datetime | None = None  # when a held one was decided, an applied one undone
    decided_by: str | None = None


class Balance(NamedTuple):
    """What one account owes, or is owed, on one side. Amounts are in minor units of `currency`."""

    administration: str
    side: Side
    code: str | None
    name: str
    exact_id: str | None
    currency: str
    open_import: int
    open_invoices: int
    in_transit: int
    open_total: int
    credit_limit: int | None


class OpenItem(NamedTuple):
    """One open item of an account, and the import that brought it."""

    side: Side
    number: str
    your_ref: str
    description: str
    invoice_date: str
    due_date: str
    currency: str
    invoice_fc: int
    open_fc: int
    invoice_dc: int
    open_dc: int
    opened_by: int  # id of the import


class PastItem(NamedTuple):
    """An item as it was open for a while: from one import until another, or until now.

    An item that changed stands there several times, each closed by the import that opened the next.
    """

    side: Side
    number: str
    your_ref: str
    description: str
    invoice_date: str
    due_date: str
    currency: str
    invoice_fc: int
    open_fc: int
    invoice_dc: int
    open_dc: int
    opened_by: int  # id of the import
    opened_ref: str
    opened_at: datetime  # what "newer" is measured by: when the export was made, as far as is known
    closed_by: int | None
    closed_ref: str | None
    closed_at: datetime | None


class Account(NamedTuple):
    """A debtor or creditor, or both."""

    id: int
    administration: str
    exact_id: str | None
    code: str | None
    name: str


class AccountUnknown(Exception):
    """No account fits what was asked for."""


class AccountAmbiguous(Exception):
    """Several accounts fit what was asked for; `candidates` names the first of them."""

    def __init__(self, message: str, candidates: tuple[Account, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates
