"""How staged tables hang together: what to select from, as `a` (the account), and `i` (the item), of one `:side`."""

ALL_ITEMS = """
    FROM staged_account AS a
    CROSS JOIN staged_block AS b
    CROSS JOIN staged_item AS i
    WHERE a.side = :side AND b.account = a.account AND i.block = b.block"""

# Those that are new or changed.
NEW_ITEMS = """
    FROM staged_opened AS new
    CROSS JOIN staged_item AS i
    CROSS JOIN staged_account AS a
    WHERE new.side = :side AND a.account = new.account AND a.side = :side
      AND i.block = new.block AND i.number = new.number AND i.due_date = new.due_date AND i.line = new.line"""

# What an item of the export (`i`) and one of the store (`o`) have in common if they are the same.
SAME = """i.number = o.number AND i.due_date = o.due_date AND i.seq = o.seq
      AND i.open_dc = o.open_dc AND i.open_fc = o.open_fc AND i.invoice_dc = o.invoice_dc
      AND i.invoice_fc = o.invoice_fc AND i.currency = o.currency AND i.invoice_date = o.invoice_date
      AND i.your_ref = o.your_ref AND i.description = o.description"""

# An account by its ID; one that the export brings by a number below zero, also once it has an ID.
PLACE = "CASE WHEN a.is_new THEN -1 - a.account ELSE a.account_id END"
