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
"""  # noqa: S608

VIEWS = (OPEN_BALANCE, OPEN_ITEM_NOW, OWN_INVOICE_NOW)
