"""Own invoices, the customers and batches they belong to, what is in transit, and invoices marked as paid by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "subledger", sa.Column("adds_in_transit", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column("balance", sa.Column("in_transit", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    _make_customers_and_batches()
    _make_own_invoices()
    _make_handed_over()
    op.create_table(
        "paid_by_hand",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("marked_at", MOMENT, nullable=False),
        sa.Column("marked_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "side", "number", name="paid_by_hand_pkey"),
        sqlite_with_rowid=False,
    )
    # Replaced where that is possible: what other programs are granted on a view goes when it is dropped.
    if op.get_context().dialect.name == "postgresql":
        op.execute(OPEN_BALANCE.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))
    else:
        op.execute("DROP VIEW open_balance")
        op.execute(OPEN_BALANCE)
    op.execute(OWN_INVOICE_NOW)


def _make_customers_and_batches() -> None:
    op.create_table(
        "customer",
        sa.Column("id", ID, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("exact_code", TEXT, nullable=False),
        sa.Column("exact_id", TEXT),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("linked_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="customer_pkey"),
        sa.UniqueConstraint("administration", "code", name="customer_code"),
        sa.CheckConstraint("linked_by IN ('exact-id', 'code', 'hand')", name="customer_linked_by"),
    )
    op.create_index("customer_exact_code", "customer", ["administration", "exact_code"])
    op.create_index("customer_account", "customer", ["account_id"])
    op.create_table(
        "batch",
        sa.Column("id", ID, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="batch_pkey"),
        sa.UniqueConstraint("administration", "name", name="batch_name"),
        sa.CheckConstraint("source IN ('hand', 'transactions')", name="batch_source"),
    )


def _make_own_invoices() -> None:
    op.create_table(
        "own_invoice",
        sa.Column("id", ID, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("exact_number", TEXT, nullable=False),
        sa.Column("invoice_date", TEXT, nullable=False),
        sa.Column("due_date", TEXT, nullable=False),
        sa.Column("your_ref", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount_fc", sa.BigInteger, nullable=False),
        sa.Column("amount_dc", sa.BigInteger, nullable=False),
        sa.Column("journal", TEXT, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("vat_code", TEXT, nullable=False),
        sa.Column("vat_amount_fc", sa.BigInteger),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("payment_condition", TEXT, nullable=False),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.Column("source_ref", TEXT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("batch_id", sa.BigInteger),
        sa.Column("batched_at", MOMENT),
        sa.Column("ended", TEXT),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", TEXT),
        sa.Column("seen_by", TEXT),
        sa.Column("seen_account_id", sa.BigInteger),
        sa.Column("ambiguous", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("undecided", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="own_invoice_pkey"),
        sa.UniqueConstraint("customer_id", "side", "kind", "number", name="own_invoice_key"),
        sa.CheckConstraint("side IN ('receivable', 'payable')", name="own_invoice_side"),
        sa.CheckConstraint("kind IN ('invoice', 'credit-note')", name="own_invoice_kind"),
        sa.CheckConstraint("ended IN ('paid', 'cancelled')", name="own_invoice_ended"),
        sa.CheckConstraint("seen_by IN ('account', 'number-date-amount')", name="own_invoice_seen_by"),
        sa.CheckConstraint("status IN ('open', 'in-transit', 'seen', 'paid', 'cancelled')", name="own_invoice_status"),
    )
    op.create_index("own_invoice_number", "own_invoice", ["administration", "side", "exact_number"])
    for name, columns, condition in (
        ("own_invoice_waiting", ["administration", "side", "account_id"], "status IN ('open', 'in-transit')"),
        ("own_invoice_doubtful", ["administration", "side"], "ambiguous OR seen_by = 'number-date-amount'"),
        ("own_invoice_ended", ["administration", "side"], "ended IS NOT NULL AND seen_by IS NULL"),
        ("own_invoice_undecided", ["administration", "side"], "undecided"),
        ("own_invoice_batch", ["batch_id"], "batch_id IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "own_invoice", columns, sqlite_where=where, postgresql_where=where)


def _make_handed_over() -> None:
    op.create_table(
        "handed_over",
        sa.Column("id", ID, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("batch_id", sa.BigInteger, nullable=False),
        sa.Column("handed_over_at", MOMENT, nullable=False),
        sa.Column("side", TEXT),
        sa.Column("exact_code", TEXT),
        sa.Column("exact_id", TEXT),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("your_ref", TEXT, nullable=False),
        sa.Column("date", TEXT, nullable=False),
        sa.Column("amount_dc", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="handed_over_pkey"),
    )
    op.create_index("handed_over_number", "handed_over", ["administration", "number"])


def _amount(column: str, digits: str) -> str:
    unit = f"CAST(substr('1000000', 1, {digits} + 1) AS BIGINT)"
    return (
        f"CASE WHEN {column} < 0 THEN '-' ELSE '' END || CAST(abs({column}) / {unit} AS TEXT)"
        f" || CASE WHEN {digits} = 0 THEN ''"
        f" ELSE '.' || substr(CAST({unit} + abs({column}) % {unit} AS TEXT), 2) END"
    )


_TOTAL = "(b.open_import + b.open_invoices + CASE WHEN s.adds_in_transit THEN b.in_transit ELSE 0 END)"

OPEN_BALANCE = f"""
CREATE VIEW open_balance AS
SELECT a.administration, b.side, a.code, a.exact_id, a.name, s.currency, c.digits,
       b.open_import, b.open_invoices, b.in_transit, {_TOTAL} AS open_total, a.credit_limit,
       {_amount("b.open_import", "c.digits")} AS open_import_text,
       {_amount("b.open_invoices", "c.digits")} AS open_invoices_text,
       {_amount("b.in_transit", "c.digits")} AS in_transit_text,
       {_amount(_TOTAL, "c.digits")} AS open_total_text,
       {_amount("a.credit_limit", "c.digits")} AS credit_limit_text
FROM balance AS b
JOIN account AS a ON a.id = b.account_id
JOIN subledger AS s ON s.administration = a.administration AND s.side = b.side
LEFT JOIN currency AS c ON c.code = s.currency
"""

OWN_INVOICE_NOW = f"""
CREATE VIEW own_invoice_now AS
SELECT v.administration, v.side, a.code, a.exact_id, a.name, u.code AS customer_code, u.name AS customer_name,
       u.linked_by, v.kind, v.number, v.exact_number, v.invoice_date, v.due_date, v.your_ref, v.description,
       s.currency, c.digits, v.amount_dc, v.currency AS invoice_currency, f.digits AS invoice_digits, v.amount_fc,
       v.status, v.ambiguous, v.seen_by, t.name AS batch, v.batched_at, v.ended_at,
       v.journal, v.period, v.vat_code, v.vat_amount_fc, v.item, v.payment_condition,
       {_amount("v.amount_dc", "c.digits")} AS amount_dc_text,
       {_amount("v.amount_fc", "f.digits")} AS amount_fc_text,
       {_amount("v.vat_amount_fc", "f.digits")} AS vat_amount_fc_text
FROM own_invoice AS v
JOIN customer AS u ON u.id = v.customer_id
JOIN account AS a ON a.id = v.account_id
JOIN subledger AS s ON s.administration = v.administration AND s.side = v.side
LEFT JOIN batch AS t ON t.id = v.batch_id
LEFT JOIN currency AS c ON c.code = s.currency
LEFT JOIN currency AS f ON f.code = v.currency
"""
