"""The records that parsers give: what a mail and the files in it say, before anyone decides what it means.

Amounts are integers in minor units of their currency (cents for EUR, yen for JPY). Calendar dates are ISO 8601
text without a zone, as Exact writes them (xsd:date, an offset suffix dropped). Moments are aware datetimes in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

Side = Literal["receivable", "payable"]
InvoiceKind = Literal["invoice", "credit-note"]


class Block(NamedTuple):
    """One `AR` or `AP` element: an account and, by `block`, the items below it.

    An account may come in several blocks, on one page or on several.
    """

    block: int  # counts over all files of one reading, from 0
    page: int  # `File.index` of the file it stands in
    side: Side
    exact_id: str | None  # Account/@ID: GUID in lower case without braces
    code: str | None  # Account/@code without the blanks that Exact pads it with
    name: str


class Item(NamedTuple):
    """One `OutstandingItem`. DC is the administration's currency, FC the item's own."""

    block: int
    number: str  # @number as text without leading zeros or plus; "" for none and for 0
    your_ref: str
    description: str
    invoice_date: str
    due_date: str
    currency: str  # Currency/@code; the administration's own where it is empty
    invoice_fc: int
    open_fc: int
    invoice_dc: int
    open_dc: int


class Card(NamedTuple):
    """What a file of accounts says of one account. None, and an empty name: the file does not say."""

    page: int  # `File.index` of the file it stands in
    exact_id: str | None  # as in `Block`
    code: str | None  # as in `Block`; one of the two is there
    name: str
    credit_limit: int | None  # for sales, in minor units of the administration's currency, never negative
    unlimited: bool = False  # says that there is no limit
    is_customer: bool | None = None
    is_supplier: bool | None = None


class Invoice(NamedTuple):
    """One own invoice or credit note in the words of our operations system, before any rule of matching.

    Amounts of a credit note are never above zero, whatever the sign in the file. Empty text: the file does not say.
    """

    page: int  # `File.index` of the file it stands in
    line: int
    side: Side | None  # None: neither the file nor `Options.own_parties` says; then the customer is who must pay
    kind: InvoiceKind
    number: str  # never empty, leading zeros kept
    customer_code: str  # of the party on the other side, never empty; of a payable it is the supplier's
    customer_name: str
    exact_id: str | None  # as in `Block`
    invoice_date: str
    due_date: str
    your_ref: str
    description: str
    currency: str
    amount_fc: int  # what is to be paid, in minor units of `currency`
    amount_dc: int  # the same in the administration's currency
    journal: str = ""
    period: str = ""
    vat_code: str = ""
    vat_amount_fc: int | None = None  # signed as the amounts are
    item: str = ""
    payment_condition: str = ""


class Transaction(NamedTuple):
    """One invoice in a `GLTransaction` of sales or purchases: Exact has it, or is about to get it."""

    page: int  # `File.index` of the file it stands in
    line: int
    entry: str  # GLTransaction/@entry; "" for none
    journal: str  # Journal/@code
    side: Side | None  # None: the file does not say
    account_code: str | None  # as in `Block`
    account_id: str | None  # as `Block.exact_id`
    number: str  # of the invoice, as in `Item`; the entry's where no invoice number is given
    your_ref: str
    date: str  # "" for none
    amount_dc: int | None  # what its payment terms come to, a credit note negative; None without terms


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a reader of the reply must know: what, and where.

    `code` is a stable word such as `xml-truncated`; `handlers` puts it into the reader's language with `values`.
    `fragment` is at most 80 characters of the sender's own text, not escaped.
    """

    code: str
    file: str = ""
    line: int | None = None
    fragment: str = ""
    values: dict[str, str | int] = field(default_factory=dict)


class Refused(Exception):
    """The sender's mistake: it becomes a line of the reply and is never retried.

    `further` are more mistakes in the same file, where reading could go on beyond the first.
    """

    def __init__(self, finding: Finding, further: Sequence[Finding] = ()) -> None:
        super().__init__(finding.code)
        self.finding = finding
        self.further = tuple(further)


@dataclass(frozen=True, slots=True)
class Page:
    """One side of one export file, with what its `Topic` says of it (None where it does not)."""

    side: Side
    blocks: int
    items: int
    count: int | None
    pagesize: int | None
    ts_d: str | None


@dataclass(frozen=True, slots=True)
class File:
    """One file that a parser claimed and read to a clean end."""

    index: int  # counts the files of one reading, from 0
    name: str  # for display: base name, NFC, no control characters, at most 120 characters
    part: str  # where it was found: MIME part "2.1", in an archive "2.1/ARs_1.xml"
    sha256: str  # of the file's own bytes, after MIME decoding and unpacking
    size: int
    format: str  # the kind of file: "open-items", "accounts", "own-invoices", "transactions"
    number: int | None  # the N of `ARs_N.xml`, evidence for a set of pages
    pages: tuple[Page, ...]  # of open items; none in a file of another kind
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The tags of one DKIM-Signature header that decide which key to ask the DNS for (RFC 6376 section 3.5)."""

    index: int
    domain: str
    selector: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the header block of a mail says. Nothing here is trusted yet; text is decoded and free of controls."""

    message_id: str | None  # with its angle brackets; None unless one valid msg-id (RFC 5322 section 3.6.4)
    sender: str | None  # the address of the one mailbox of the one From header, domain in lower case; else None
    recipients: tuple[str, ...]  # To, Cc, Delivered-To, X-Original-To, in that order, without repeats
    delivered_to: tuple[str, ...]
    subject: str  # at most 200 characters
    date: datetime | None  # the Date header in UTC; None when absent or not a date
    in_reply_to: tuple[str, ...]  # valid msg-ids only
    references: tuple[str, ...]
    automatic: str | None  # why nobody waits for an answer ("auto-submitted", "list", …), None for a person's mail
    loop: tuple[str, ...]  # X-Loop values, to recognise our own mail
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """What the DNS holds at SELECTOR._domainkey.DOMAIN: the TXT records there, each joined from its strings.

    No records: the name holds no key. A name that could not be asked is no `Key` at all.
    """

    domain: str
    selector: str
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one signature. It is good if `refusal` is empty; else that says why, in a word that is stable."""

    index: int  # counts the DKIM-Signature fields from the top, from 0
    domain: str
    selector: str
    refusal: str = ""
    warnings: tuple[str, ...] = ()  # "key-short": under 2048 bits


class Trace(NamedTuple):
    """A field that a server put on top of the mail while it passed.

    `text` of a Received field is every host that may have written it (each word after "by", lower case, one blank
    between): whatever a client said in its greeting stands in the field too, and could look like a host. `text` of
    an Authentication-Results field is its unfolded value.
    """

    kind: Literal["received", "results"]
    text: str


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What sender trust needs to know of the raw header block beyond the envelope."""

    problem: str  # why the block proves nothing: "header-too-large", "header-malformed", "from-unclear"; "" if it can
    sender: str | None  # the address of the one mailbox of the one From field, domain in lower case
    trace: tuple[Trace, ...] = ()  # from the top down
