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
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.types import TypeDecorator

REVISION = "0001"  # what the migrations lead to; here so that start-up need not load Alembic to compare

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
    PrimaryKeyConstraint("administration", "side", name="subledger_pkey"),
    CheckConstraint("side IN ('receivable', 'payable')", name="subledger_side"),
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
    PrimaryKeyConstraint("id", name="account_pkey"),
    CheckConstraint("exact_id IS NOT NULL OR code IS NOT NULL", name="account_named"),
)
Index(
    "account_exact_id",
    account.c.administration,
    account.c.exact_id,
    unique=True,
    sqlite_where=account.c.exact_id.is_not(None),
    postgresql_where=account.c.exact_id.is_not(None),
)
Index(
    "account_own_code",
    account.c.administration,
    account.c.code,
    unique=True,
    sqlite_where=account.c.exact_id.is_(None),
    postgresql_where=account.c.exact_id.is_(None),
)
Index("account_code", account.c.administration, account.c.code)

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
Index(
    "open_item_key",
    open_item.c.account_id,
    open_item.c.side,
    open_item.c.number,
    open_item.c.due_date,
    open_item.c.seq,
    unique=True,
    sqlite_where=open_item.c.closed_by.is_(None),
    postgresql_where=open_item.c.closed_by.is_(None),
)
Index(
    "open_item_closed",
    open_item.c.account_id,
    open_item.c.side,
    sqlite_where=open_item.c.closed_by.is_not(None),
    postgresql_where=open_item.c.closed_by.is_not(None),
)

balance = Table(
    "balance",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("side", Text, nullable=False),
    Column("open_import", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),  # open items that `open_import` is the sum of
    Column("open_invoices", BigInteger, nullable=False, server_default=text("0")),
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
    PrimaryKeyConstraint("id", name="import_pkey"),
)
Index(
    "import_effect",
    import_.c.administration,
    import_.c.side,
    import_.c.source_sha256,
    import_.c.part,
    unique=True,
    sqlite_where=import_.c.state == text("'applied'"),
    postgresql_where=import_.c.state == text("'applied'"),
)
Index("import_subledger", import_.c.administration, import_.c.side, import_.c.id)
Index("import_ref", import_.c.ref)

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
    PrimaryKeyConstraint("import_id", "position", name="import_file_pkey"),
)
Index("import_file_sha256", import_file.c.sha256)

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
    PrimaryKeyConstraint("id", name="message_pkey"),
    UniqueConstraint("ref", name="message_ref"),
    UniqueConstraint("mailbox", "folder", "uidvalidity", "uid", name="message_key"),
)
Index(
    "message_unmoved",
    message.c.mailbox,
    sqlite_where=message.c.moved == text("false"),
    postgresql_where=message.c.moved == text("false"),
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
    PrimaryKeyConstraint("id", name="outbox_pkey"),
    UniqueConstraint("message_id", name="outbox_message_id"),
)
Index("outbox_of_message", outbox.c.message)
Index(
    "outbox_queued",
    outbox.c.next_try_at,
    sqlite_where=outbox.c.state == text("'queued'"),
    postgresql_where=outbox.c.state == text("'queued'"),
)
