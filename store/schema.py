"""The tables of the local store, the same in SQLite and PostgreSQL.

Amounts are BIGINT in minor units of the administration's currency, `*_fc` in those of the item's own. Moments are
kept in UTC. Calendar dates are ISO 8601 text, as the export gave them. The migrations lay down the same tables; a
test holds the two against each other.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.types import TypeDecorator

from store.views import VIEWS

REVISION = "0006"  # what the migrations lead to; here so that start-up need not load Alembic to compare

WAITING = text("status IN ('open', 'in-transit')")  # own invoices that count
ENDED = text("ended IS NOT NULL AND seen_by IS NULL")  # own invoices that people ended before an export showed them
DOUBTFUL = text("ambiguous OR seen_by = 'number-date-amount'")  # own invoices that more knowledge may turn
PARKED = text("state IN ('waiting', 'held', 'quarantined', 'failed')")  # mails that are not done

metadata = MetaData()

Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")  # both databases sort by code point
Id = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER PRIMARY KEY counts by itself in SQLite


class Moment(TypeDecorator[datetime]):
    """An aware datetime, UTC on both sides. SQLite keeps no zone: there it is text in UTC that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its time zone: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


subledger = Table(
    "subledger",
    metadata,
    Column("administration", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("last_import_id", BigInteger),
    Column(
        "account_version", BigInteger, nullable=False, server_default=text("0")
    ),  # counts up when accounts are not what comparisons took them for
    Column(
        "adds_in_transit", Boolean, nullable=False, server_default=text("false")
    ),  # whether the total includes what is in transit, as the settings have it
    PrimaryKeyConstraint("administration", "side", name="subledger_pkey"),
    CheckConstraint("side IN ('receivable', 'payable')", name="subledger_side"),
)

currency = Table(
    "currency",
    metadata,
    Column("code", Text, nullable=False),
    Column("digits", Integer, nullable=False),
    PrimaryKeyConstraint("code", name="currency_pkey"),
)

account = Table(
    "account",
    metadata,
    Column("id", Id, nullable=False),
    Column("administration", Text, nullable=False),
    Column("exact_id", Text),
    Column("code", Text),
    Column("name", Text, nullable=False),
    Column("credit_limit", BigInteger),
    Column("created_by", BigInteger),  # the import that made it, if one did
    PrimaryKeyConstraint("id", name="account_pkey"),
    CheckConstraint("exact_id IS NOT NULL OR code IS NOT NULL", name="account_named"),
)

# An item is open from the import `opened_by` until the import `closed_by`; an item that changed is closed and opened
# anew. No foreign keys: PostgreSQL checks them row by row, and rows come by the million from joins with those tables.
open_item = Table(
    "open_item",
    metadata,
    Column("id", Id, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("side", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("number", Text, nullable=False),
    Column("your_ref", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("invoice_date", Text, nullable=False),
    Column("due_date", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("invoice_fc", BigInteger, nullable=False),
    Column("open_fc", BigInteger, nullable=False),
    Column("invoice_dc", BigInteger, nullable=False),
    Column("open_dc", BigInteger, nullable=False),
    Column("opened_by", BigInteger, nullable=False),
    Column("closed_by", BigInteger),
    PrimaryKeyConstraint("id", name="open_item_pkey"),
)

balance = Table(
    "balance",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("side", Text, nullable=False),
    Column("open_import", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),  # open items that `open_import` is the sum of
    Column("open_invoices", BigInteger, nullable=False, server_default=text("0")),
    Column("created_by", BigInteger),  # the import that made it, if one did
    Column("in_transit", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("account_id", "side", name="balance_pkey"),
    sqlite_with_rowid=False,
)

import_ = Table(
    "import",
    metadata,
    Column("id", Id, nullable=False),
    Column("ref", Text, nullable=False),
    Column("administration", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source_sha256", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("ordered_at", Moment, nullable=False),
    Column("arrived_at", Moment, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("planned_under", Text, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("accounts", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("total_before", BigInteger),
    Column("gross", BigInteger),
    Column("recorded_at", Moment, nullable=False),
    Column("applied_at", Moment),
    Column("message_id", BigInteger),  # the mail it came in; NULL from the command line
    Column("base_import_id", BigInteger),  # the one that stood when this was compared
    Column("previous_import_id", BigInteger),  # the one that stood before this was applied: undo goes back to it
    Column("first_item_id", BigInteger),  # all items it opened lie between these two ids
    Column("last_item_id", BigInteger),
    Column("opened", BigInteger),
    Column("closed", BigInteger),
    Column("approvable", Boolean, nullable=False, server_default=text("false")),
    Column("findings", Text, nullable=False, server_default=text("'[]'")),  # JSON, as the handlers wrote it
    Column("sender", Text),
    Column("mailbox", Text),
    Column("route", Text),
    Column("report_message_id", Text),  # Message-ID of the reply that asks: what an answer refers to
    Column("superseded_by", BigInteger),
    Column("decided_at", Moment),  # when a held one was approved, rejected or superseded, an applied one undone
    Column("decided_by", Text),
    PrimaryKeyConstraint("id", name="import_pkey"),
)

balance_change = Table(
    "balance_change",
    metadata,
    Column("import_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("before", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    PrimaryKeyConstraint("import_id", "account_id", name="balance_change_pkey"),
    sqlite_with_rowid=False,
)

# Further mails whose state is that of this import: the same files sent again, earlier pages of the set.
import_mail = Table(
    "import_mail",
    metadata,
    Column("import_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("import_id", "message_id", name="import_mail_pkey"),
    sqlite_with_rowid=False,
)

# Accounts that an import renamed or gave a code or an ID: before and after. Undo puts back what is still as it left it.
account_change = Table(
    "account_change",
    metadata,
    Column("import_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("code", Text),
    Column("exact_id", Text),
    Column("new_name", Text, nullable=False),
    Column("new_code", Text),
    Column("new_exact_id", Text),
    PrimaryKeyConstraint("import_id", "account_id", name="account_change_pkey"),
    sqlite_with_rowid=False,
)

import_file = Table(
    "import_file",
    metadata,
    Column("import_id", BigInteger, ForeignKey("import.id", name="import_file_import"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("count", BigInteger),
    Column("pagesize", BigInteger),
    Column("ts_d", Text),
    Column("kept_id", BigInteger),  # the file, or the mail that held it as `part`; may be purged by now
    PrimaryKeyConstraint("import_id", "position", name="import_file_pkey"),
)

# Received mails and files, compressed in chunks. Ids are never given twice: others name them without a foreign key.
kept = Table(
    "kept",
    metadata,
    Column("id", Id, nullable=False),
    Column("administration", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the raw bytes
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),  # bytes that the chunks take
    Column("kept_at", Moment, nullable=False),
    PrimaryKeyConstraint("id", name="kept_pkey"),
    UniqueConstraint("administration", "sha256", name="kept_content"),
    CheckConstraint("kind IN ('mail', 'file')", name="kept_kind"),
    sqlite_autoincrement=True,
)

kept_chunk = Table(
    "kept_chunk",
    metadata,
    Column("kept_id", BigInteger, ForeignKey("kept.id", name="kept_chunk_kept", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kept_id", "position", name="kept_chunk_pkey"),
)

message = Table(
    "message",
    metadata,
    Column("id", Id, nullable=False),
    Column("ref", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("arrived_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("wait_until", Moment),
    Column("sender", Text),
    Column("subject", Text),
    Column("message_id", Text),
    Column("sent_at", Moment),
    Column("sha256", Text),
    Column("administration", Text),
    Column("state", Text),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("finished_at", Moment),
    Column("moved", Boolean, nullable=False, server_default=text("false")),
    Column("kept_id", BigInteger),  # its raw bytes; may be purged by now
    Column("lies_in", Text),  # the folder it was moved to, and where it lies there, if the server said so
    Column("lies_uidvalidity", BigInteger),
    Column("lies_uid", BigInteger),
    Column("other_state", Text),  # the worst that became of what it held beside its imports
    PrimaryKeyConstraint("id", name="message_pkey"),
    UniqueConstraint("ref", name="message_ref"),
    UniqueConstraint("mailbox", "folder", "uidvalidity", "uid", name="message_key"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, nullable=False),
    Column("message", BigInteger, ForeignKey("message.id", name="outbox_message")),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("envelope_sender", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("created_at", Moment, nullable=False),
    Column("next_try_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("error", Text, nullable=False, server_default=text("''")),
    Column("claimed_by", Text),  # who is sending it just now
    PrimaryKeyConstraint("id", name="outbox_pkey"),
    UniqueConstraint("message_id", name="outbox_message_id"),
)

notice = Table(
    "notice",
    metadata,
    Column("topic", Text, nullable=False),
    Column("told_at", Moment, nullable=False),
    PrimaryKeyConstraint("topic", name="notice_pkey"),
)


# Who looks into a mailbox just now. `until` is by the database's clock.
lease = Table(
    "lease",
    metadata,
    Column("mailbox", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", Moment, nullable=False),
    PrimaryKeyConstraint("mailbox", name="lease_pkey"),
)

# How the last looks into each mailbox went.
mailbox_state = Table(
    "mailbox_state",
    metadata,
    Column("mailbox", Text, nullable=False),
    Column("watched_since", Moment, nullable=False),
    Column("polled_at", Moment),  # the last look that reached the server and went through
    Column("backlog", Integer, nullable=False),  # mails left in the folder by it
    Column("trouble", Text),  # of a look since: login, server, store or bug
    Column("error", Text, nullable=False),
    PrimaryKeyConstraint("mailbox", name="mailbox_state_pkey"),
)

# What people were told needs them, until it does no more.
alarm = Table(
    "alarm",
    metadata,
    Column("condition", Text, nullable=False),
    Column("told_at", Moment, nullable=False),
    PrimaryKeyConstraint("condition", name="alarm_pkey"),
)


# Debtors and creditors as our own operations system names them; several may share one account.
customer = Table(
    "customer",
    metadata,
    Column("id", Id, nullable=False),
    Column("administration", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("exact_code", Text, nullable=False),  # what the code rule made of the code, when a file last named it
    Column("exact_id", Text),  # as a file named it
    Column("name", Text, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("linked_by", Text, nullable=False),
    PrimaryKeyConstraint("id", name="customer_pkey"),
    UniqueConstraint("administration", "code", name="customer_code"),
    CheckConstraint("linked_by IN ('exact-id', 'code', 'hand')", name="customer_linked_by"),
)

# What was handed to Exact in one go.
batch = Table(
    "batch",
    metadata,
    Column("id", Id, nullable=False),
    Column("administration", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("id", name="batch_pkey"),
    UniqueConstraint("administration", "name", name="batch_name"),
    CheckConstraint("source IN ('hand', 'transactions')", name="batch_source"),
)

# Invoices and credit notes of our own. `status` follows from `ended`, `seen_by` and `batch_id`, in this order.
own_invoice = Table(
    "own_invoice",
    metadata,
    Column("id", Id, nullable=False),
    Column("administration", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("customer_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),  # the customer's
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("exact_number", Text, nullable=False),  # after the number rule
    Column("invoice_date", Text, nullable=False),
    Column("due_date", Text, nullable=False),
    Column("your_ref", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_fc", BigInteger, nullable=False),
    Column("amount_dc", BigInteger, nullable=False),
    Column("journal", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("vat_code", Text, nullable=False),
    Column("vat_amount_fc", BigInteger),
    Column("item", Text, nullable=False),
    Column("payment_condition", Text, nullable=False),
    Column("ordered_at", Moment, nullable=False),  # how new the file was that gave it
    Column("source_ref", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),  # when it first came
    Column("batch_id", BigInteger),
    Column("batched_at", Moment),
    Column("ended", Text),
    Column("ended_at", Moment),
    Column("ended_by", Text),
    Column("seen_by", Text),
    Column("seen_account_id", BigInteger),  # whose items show it
    Column("ambiguous", Boolean, nullable=False, server_default=text("false")),
    Column("status", Text, nullable=False),
    Column("undecided", Boolean, nullable=False),  # whether it is recognised is to be found out before the commit
    PrimaryKeyConstraint("id", name="own_invoice_pkey"),
    UniqueConstraint("customer_id", "side", "kind", "number", name="own_invoice_key"),
    CheckConstraint("side IN ('receivable', 'payable')", name="own_invoice_side"),
    CheckConstraint("kind IN ('invoice', 'credit-note')", name="own_invoice_kind"),
    CheckConstraint("ended IN ('paid', 'cancelled')", name="own_invoice_ended"),
    CheckConstraint("seen_by IN ('account', 'number-date-amount')", name="own_invoice_seen_by"),
    CheckConstraint("status IN ('open', 'in-transit', 'seen', 'paid', 'cancelled')", name="own_invoice_status"),
)

# Transactions of invoices that did not come yet, with numbers and codes as Exact has them.
handed_over = Table(
    "handed_over",
    metadata,
    Column("id", Id, nullable=False),
    Column("administration", Text, nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("handed_over_at", Moment, nullable=False),
    Column("side", Text),
    Column("exact_code", Text),
    Column("exact_id", Text),
    Column("number", Text, nullable=False),
    Column("your_ref", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("amount_dc", BigInteger),
    PrimaryKeyConstraint("id", name="handed_over_pkey"),
)

# Invoices, by their number in Exact, that somebody marked as paid.
paid_by_hand = Table(
    "paid_by_hand",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("side", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("marked_at", Moment, nullable=False),
    Column("marked_by", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "side", "number", name="paid_by_hand_pkey"),
    sqlite_with_rowid=False,
)


@event.listens_for(metadata, "after_create")
def _create_views(_target: MetaData, connection: Connection, **_given: object) -> None:
    for view in VIEWS:
        connection.execute(text(view))
