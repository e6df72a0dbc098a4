"""Lifecycle of imports, kept mail, what an import did to accounts, digits of currencies, views for other programs."""

import sqlalchemy as sa
from alembic import op
from babel.core import get_global

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make_tables()
    _add_columns()
    _link_what_is_there()
    _leave_one_held()
    _make_indexes()
    _note_currencies()
    for view in (OPEN_BALANCE, OPEN_ITEM_NOW):
        op.execute(view)


def _make_tables() -> None:
    op.create_table(
        "currency",
        sa.Column("code", TEXT, nullable=False),
        sa.Column("digits", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="currency_pkey"),
    )
    op.create_table(
        "import_mail",
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("import_id", "message_id", name="import_mail_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("import_mail_message", "import_mail", ["message_id"])
    op.create_table(
        "account_change",
        sa.Column("import_id", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("code", TEXT),
        sa.Column("exact_id", TEXT),
        sa.Column("new_name", TEXT, nullable=False),
        sa.Column("new_code", TEXT),
        sa.Column("new_exact_id", TEXT),
        sa.PrimaryKeyConstraint("import_id", "account_id", name="account_change_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kept",
        sa.Column("id", ID, nullable=False),
        sa.Column("administration", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("stored", sa.BigInteger, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="kept_pkey"),
        sa.UniqueConstraint("administration", "sha256", name="kept_content"),
        sa.CheckConstraint("kind IN ('mail', 'file')", name="kept_kind"),
        sqlite_autoincrement=True,
    )
    op.create_index("kept_age", "kept", ["kept_at"])
    op.create_table(
        "kept_chunk",
        sa.Column(
            "kept_id",
            sa.BigInteger,
            sa.ForeignKey("kept.id", name="kept_chunk_kept", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("kept_id", "position", name="kept_chunk_pkey"),
    )


def _add_columns() -> None:
    op.add_column("subledger", sa.Column("account_version", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("account", sa.Column("created_by", sa.BigInteger))
    op.add_column("balance", sa.Column("created_by", sa.BigInteger))
    for column in (
        sa.Column("message_id", sa.BigInteger),
        sa.Column("base_import_id", sa.BigInteger),
        sa.Column("previous_import_id", sa.BigInteger),
        sa.Column("first_item_id", sa.BigInteger),
        sa.Column("last_item_id", sa.BigInteger),
        sa.Column("opened", sa.BigInteger),
        sa.Column("closed", sa.BigInteger),
        sa.Column("approvable", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("findings", TEXT, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("sender", TEXT),
        sa.Column("mailbox", TEXT),
        sa.Column("route", TEXT),
        sa.Column("report_message_id", TEXT),
        sa.Column("superseded_by", sa.BigInteger),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", TEXT),
    ):
        op.add_column("import", column)
    op.add_column("import_file", sa.Column("kept_id", sa.BigInteger))
    for column in (
        sa.Column("kept_id", sa.BigInteger),
        sa.Column("lies_in", TEXT),
        sa.Column("lies_uidvalidity", sa.BigInteger),
        sa.Column("lies_uid", sa.BigInteger),
        sa.Column("other_state", TEXT),
    ):
        op.add_column("message", column)


def _link_what_is_there() -> None:
    """Each import to its mail and its predecessor; until now they were applied in the order of their ids."""
    op.execute("""
        UPDATE import SET message_id = m.id, sender = m.sender, mailbox = m.mailbox
        FROM message AS m WHERE m.ref = import.ref""")
    op.execute("""
        UPDATE import SET previous_import_id = chain.previous, base_import_id = chain.previous
        FROM (SELECT id, lag(id) OVER (PARTITION BY administration, side ORDER BY id) AS previous
              FROM import WHERE state = 'applied') AS chain
        WHERE chain.id = import.id""")
    op.execute("""
        UPDATE import SET first_item_id = items.lowest, last_item_id = items.highest, opened = items.opened
        FROM (SELECT opened_by, min(id) AS lowest, max(id) AS highest, count(*) AS opened
              FROM open_item GROUP BY opened_by) AS items
        WHERE items.opened_by = import.id""")
    op.execute("""
        UPDATE import SET closed = items.closed
        FROM (SELECT closed_by, count(*) AS closed
              FROM open_item WHERE closed_by IS NOT NULL GROUP BY closed_by) AS items
        WHERE items.closed_by = import.id""")
    op.execute("""
        UPDATE import SET opened = coalesce(opened, 0), closed = coalesce(closed, 0) WHERE state = 'applied'""")


def _leave_one_held() -> None:
    """Of several that were held for one side the newest goes on waiting; mails of the others are decided."""
    op.execute("""
        UPDATE import SET state = 'superseded', superseded_by = newest.id
        FROM (SELECT administration, side, max(id) AS id FROM import WHERE state = 'held'
              GROUP BY administration, side) AS newest
        WHERE import.state = 'held' AND import.administration = newest.administration
          AND import.side = newest.side AND import.id <> newest.id""")
    op.execute("""
        UPDATE message SET moved = false, reason = 'superseded', state = CASE
            WHEN EXISTS (SELECT 1 FROM import AS i WHERE i.message_id = message.id AND i.state = 'refused')
            THEN 'refused'
            WHEN EXISTS (SELECT 1 FROM import AS i WHERE i.message_id = message.id AND i.state = 'applied')
            THEN 'applied'
            ELSE 'unchanged' END
        WHERE state = 'held'
          AND EXISTS (SELECT 1 FROM import AS i WHERE i.message_id = message.id AND i.state = 'superseded')
          AND NOT EXISTS (SELECT 1 FROM import AS i WHERE i.message_id = message.id AND i.state = 'held')""")


def _make_indexes() -> None:
    op.drop_index("open_item_closed", "open_item")
    _index_where("open_item_closed", "open_item", ["account_id", "side", "number"], "closed_by IS NOT NULL")
    _index_where("open_item_closed_by", "open_item", ["closed_by"], "closed_by IS NOT NULL")
    _index_where("import_held", "import", ["administration", "side"], "state = 'held'", unique=True)
    _index_where("import_message", "import", ["message_id"], "message_id IS NOT NULL")
    _index_where("import_report", "import", ["report_message_id"], "report_message_id IS NOT NULL")


def _index_where(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _note_currencies() -> None:
    currencies = "SELECT currency FROM subledger UNION SELECT currency FROM import UNION SELECT currency FROM open_item"
    fractions = get_global("currency_fractions")
    for code in op.get_bind().execute(sa.text(currencies)).scalars().all():
        digits = fractions.get(code, fractions["DEFAULT"])[0]
        op.get_bind().execute(
            sa.text("INSERT INTO currency (code, digits) VALUES (:code, :digits)"), {"code": code, "digits": digits}
        )


def _amount(column: str, digits: str) -> str:
    """SQL for an amount in minor units as exact text. Both databases divide integers as integers."""
    unit = f"CAST(substr('1000000', 1, {digits} + 1) AS BIGINT)"
    return (
        f"CASE WHEN {column} < 0 THEN '-' ELSE '' END || CAST(abs({column}) / {unit} AS TEXT)"
        f" || CASE WHEN {digits} = 0 THEN ''"
        f" ELSE '.' || substr(CAST({unit} + abs({column}) % {unit} AS TEXT), 2) END"
    )


_TOTAL = "(b.open_import + b.open_invoices)"

OPEN_BALANCE = f"""
CREATE VIEW open_balance AS
SELECT a.administration, b.side, a.code, a.exact_id, a.name, s.currency, c.digits,
       b.open_import, b.open_invoices, CAST(0 AS BIGINT) AS in_transit, {_TOTAL} AS open_total, a.credit_limit,
       {_amount("b.open_import", "c.digits")} AS open_import_text,
       {_amount("b.open_invoices", "c.digits")} AS open_invoices_text,
       {_amount("CAST(0 AS BIGINT)", "c.digits")} AS in_transit_text,
       {_amount(_TOTAL, "c.digits")} AS open_total_text,
       {_amount("a.credit_limit", "c.digits")} AS credit_limit_text
FROM balance AS b
JOIN account AS a ON a.id = b.account_id
JOIN subledger AS s ON s.administration = a.administration AND s.side = b.side
LEFT JOIN currency AS c ON c.code = s.currency
"""

OPEN_ITEM_NOW = f"""
CREATE VIEW open_item_now AS
SELECT a.administration, i.side, a.code, a.exact_id, a.name, i.number, i.your_ref, i.description,
       i.invoice_date, i.due_date, s.currency, c.digits, i.invoice_dc, i.open_dc,
       i.currency AS item_currency, f.digits AS item_digits, i.invoice_fc, i.open_fc, i.opened_by,
       {_amount("i.invoice_dc", "c.digits")} AS invoice_dc_text,
       {_amount("i.open_dc", "c.digits")} AS open_dc_text,
       {_amount("i.invoice_fc", "f.digits")} AS invoice_fc_text,
       {_amount("i.open_fc", "f.digits")} AS open_fc_text
FROM open_item AS i
JOIN account AS a ON a.id = i.account_id
JOIN subledger AS s ON s.administration = a.administration AND s.side = i.side
LEFT JOIN currency AS c ON c.code = s.currency
LEFT JOIN currency AS f ON f.code = i.currency
WHERE i.closed_by IS NULL
"""
