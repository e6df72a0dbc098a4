"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "subledger",
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("last_import_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("administration", "side", name="subledger_pkey"),
        sa.CheckConstraint("side IN ('receivable', 'payable')", name="subledger_side"),
    )
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("exact_id", TEXT),
        sa.Column("code", TEXT),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("credit_limit", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="account_pkey"),
        sa.CheckConstraint("exact_id IS NOT NULL OR code IS NOT NULL", name="account_named"),
    )
    op.create_index(
        "account_exact_id",
        "account",
        ["administration", "exact_id"],
        unique=True,
        sqlite_where=sa.text("exact_id IS NOT NULL"),
        postgresql_where=sa.text("exact_id IS NOT NULL"),
    )
    op.create_index(
        "account_own_code",
        "account",
        ["administration", "code"],
        unique=True,
        sqlite_where=sa.text("exact_id IS NULL"),
        postgresql_where=sa.text("exact_id IS NULL"),
    )
    op.create_index(
        "account_code",
        "account",
        ["administration", "code"],
    )
    op.create_table(
        "open_item",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("your_ref", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("invoice_date", TEXT, nullable=False),
        sa.Column("due_date", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("invoice_fc", sa.BigInteger, nullable=False),
        sa.Column("open_fc", sa.BigInteger, nullable=False),
        sa.Column("invoice_dc", sa.BigInteger, nullable=False),
        sa.Column("open_dc", sa.BigInteger, nullable=False),
        sa.Column("opened_by", sa.BigInteger, nullable=False),
        sa.Column("closed_by", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="open_item_pkey"),
    )
    op.create_index(
        "open_item_key",
        "open_item",
        ["account_id", "side", "number", "due_date", "seq"],
        unique=True,
        sqlite_where=sa.text("closed_by IS NULL"),
        postgresql_where=sa.text("closed_by IS NULL"),
    )
    op.create_index(
        "open_item_closed",
        "open_item",
        ["account_id", "side"],
        sqlite_where=sa.text("closed_by IS NOT NULL"),
        postgresql_where=sa.text("closed_by IS NOT NULL"),
    )
    op.create_table(
        "balance",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("open_import", sa.BigInteger, nullable=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("open_invoices", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("account_id", "side", name="balance_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("source_sha256", TEXT, nullable=False),
        sa.Column("part", TEXT, nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("planned_under", TEXT, nullable=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("accounts", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("total_before", sa.BigInteger),
        sa.Column("gross", sa.BigInteger),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="import_pkey"),
    )
    op.create_index(
        "import_effect",
        "import",
        ["administration", "side", "source_sha256", "part"],
        unique=True,
        sqlite_where=sa.text("state = 'applied'"),
        postgresql_where=sa.text("state = 'applied'"),
    )
    op.create_index(
        "import_subledger",
        "import",
        ["administration", "side", "id"],
    )
    op.create_index(
        "import_ref",
        "import",
        ["ref"],
    )
    op.create_table(
        "balance_change",
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("before", sa.BigInteger, nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "account_id", name="balance_change_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_file",
        sa.Column("import_id", sa.BigInteger, sa.ForeignKey("import.id", name="import_file_import"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("part", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger),
        sa.Column("pagesize", sa.BigInteger),
        sa.Column("ts_d", TEXT),
        sa.PrimaryKeyConstraint("import_id", "position", name="import_file_pkey"),
    )
    op.create_index(
        "import_file_sha256",
        "import_file",
        ["sha256"],
    )
    op.create_table(
        "message",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", TEXT, nullable=False),
        sa.Column("mailbox", TEXT, nullable=False),
        sa.Column("folder", TEXT, nullable=False),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True)),
        sa.Column("sender", TEXT),
        sa.Column("subject", TEXT),
        sa.Column("message_id", TEXT),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("sha256", TEXT),
        sa.Column("administration", TEXT),
        sa.Column("state", TEXT),
        sa.Column("reason", TEXT, nullable=False, server_default=sa.text("''")),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("moved", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("id", name="message_pkey"),
        sa.UniqueConstraint("ref", name="message_ref"),
        sa.UniqueConstraint("mailbox", "folder", "uidvalidity", "uid", name="message_key"),
    )
    op.create_index(
        "message_unmoved",
        "message",
        ["mailbox"],
        sqlite_where=sa.text("moved = false"),
        postgresql_where=sa.text("moved = false"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("message", sa.BigInteger, sa.ForeignKey("message.id", name="outbox_message")),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("envelope_sender", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("error", TEXT, nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
        sa.UniqueConstraint("message_id", name="outbox_message_id"),
    )
    op.create_index(
        "outbox_of_message",
        "outbox",
        ["message"],
    )
    op.create_index(
        "outbox_queued",
        "outbox",
        ["next_try_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
