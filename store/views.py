"""The views: documented doors for other programs, the same in both databases. See docs/sql-views.md.

Amounts come twice: as BIGINT in minor units, and as text with all digits of their currency (`-1234.50`).
"""


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
"""  # noqa: S608

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
"""  # noqa: S608

VIEWS = (OPEN_BALANCE, OPEN_ITEM_NOW)
