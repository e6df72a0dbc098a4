"""Write a compared export into the store: accounts, items, balances and the import itself, all from staged tables.

Runs in a writing transaction of the staging area's connection, under the administration's lock.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, text

from store import holding, imports
from store.currencies import keep_currencies
from store.records import Comparison, NewImport
from store.schema import import_
from store.subledgers import make_last


def apply(
    tx: Connection,
    comparison: Comparison,
    new_import: NewImport,
    currency: str,
    now: datetime,
    *,
    joined: bool = False,
) -> int:
    """See `Staging.apply`."""
    subledger = comparison.subledger
    if comparison.nameless:
        raise ValueError("an export with accounts that have neither ID nor code cannot be applied")
    imports.lock_compared(tx, comparison, currency)
    applied = replace(
        new_import,
        subledger=subledger,
        state="applied",
        items=comparison.items,
        accounts=comparison.accounts,
        total=comparison.total_after,
        total_before=comparison.total_before,
    )
    imports.refuse_repeated_effect(tx, applied)
    superseded = holding.supersede(tx, subledger, now)
    base = comparison.last.id if comparison.last else None
    values = imports.import_values(applied, currency, now) | {
        "gross": comparison.gross_after,
        "base_import_id": base,
        "previous_import_id": base,
        "opened": comparison.opened,
        "closed": comparison.closed,
    }
    import_id: int = tx.execute(insert(import_).values(values).returning(import_.c.id)).scalar_one()
    imports.write_files(tx, import_id, new_import.files)
    holding.name_successor(tx, superseded, import_id, now, joined=joined)
    of = {"administration": subledger.administration, "side": subledger.side, "import_id": import_id}
    if comparison.created:
        tx.execute(_CREATE_ACCOUNTS, of)
        tx.execute(_FIND_CREATED, of)
    tx.execute(_RENAME_ACCOUNTS, of)
    if comparison.closed:
        tx.execute(_CLOSE_ITEMS, of)
    if comparison.opened:
        tx.execute(_OPEN_ITEMS if comparison.items_before else _OPEN_ALL_ITEMS, of)
    tx.execute(_WRITE_BALANCES, of)
    if comparison.changed:
        tx.execute(_KEEP_CHANGES, of)
    keep_currencies(tx, [total.currency for total in comparison.currencies])
    make_last(tx, subledger, import_id, currency)
    return import_id


# The other side may have created the same account since the comparison: then it is that one.
_CREATE_ACCOUNTS = text("""
    INSERT INTO account (administration, exact_id, code, name)
    SELECT :administration, exact_id, code, name FROM staged_account
    WHERE side = :side AND is_new ORDER BY account
    ON CONFLICT DO NOTHING""")
_FIND_CREATED = text("""
    UPDATE staged_account SET account_id = CASE
        WHEN exact_id IS NOT NULL THEN (
            SELECT known.id FROM account AS known
            WHERE known.administration = :administration AND known.exact_id = staged_account.exact_id)
        ELSE (
            SELECT known.id FROM account AS known
            WHERE known.administration = :administration AND known.exact_id IS NULL
              AND known.code = staged_account.code)
        END
    WHERE side = :side AND is_new""")
_RENAME_ACCOUNTS = text("""
    UPDATE account SET
        name = CASE WHEN renamed.name <> '' THEN renamed.name ELSE account.name END,
        code = coalesce(renamed.code, account.code),
        exact_id = coalesce(account.exact_id, renamed.exact_id)
    FROM (SELECT account_id, name, code, exact_id FROM staged_account WHERE side = :side AND is_renamed) AS renamed
    WHERE account.id = renamed.account_id""")

_CLOSE_ITEMS = text("""
    UPDATE open_item SET closed_by = :import_id
    WHERE id IN (SELECT id FROM staged_closed WHERE side = :side)""")
_INSERT_ITEMS = """
    INSERT INTO open_item (account_id, side, seq, number, your_ref, description, invoice_date, due_date, currency,
                           invoice_fc, open_fc, invoice_dc, open_dc, opened_by)
    SELECT a.account_id, :side, i.seq, i.number, i.your_ref, i.description, i.invoice_date, i.due_date, i.currency,
           i.invoice_fc, i.open_fc, i.invoice_dc, i.open_dc, :import_id"""
_OPEN_ITEMS = text(f"""{_INSERT_ITEMS}
    FROM staged_opened AS new
    CROSS JOIN staged_item AS i
    CROSS JOIN staged_block AS b
    CROSS JOIN staged_account AS a
    WHERE new.side = :side AND i.line = new.line AND b.block = i.block AND a.account = b.account AND a.side = :side""")
_OPEN_ALL_ITEMS = text(f"""{_INSERT_ITEMS}
    FROM staged_account AS a
    CROSS JOIN staged_block AS b
    CROSS JOIN staged_item AS i
    WHERE a.side = :side AND b.account = a.account AND i.block = b.block""")

_WRITE_BALANCES = text("""
    INSERT INTO balance (account_id, side, open_import, items)
    SELECT account_id, :side, after, items FROM staged_account
    WHERE side = :side AND (before <> after OR items_before <> items OR NOT has_balance)
    ON CONFLICT (account_id, side) DO UPDATE SET open_import = excluded.open_import, items = excluded.items""")
_KEEP_CHANGES = text("""
    INSERT INTO balance_change (import_id, account_id, before, after)
    SELECT :import_id, account_id, before, after FROM staged_account
    WHERE side = :side AND before <> after""")
