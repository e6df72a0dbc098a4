"""Write a compared export into the store: accounts, items, balances and the import itself, all from staged tables.

Runs in a writing transaction of the staging area's connection, under the administration's lock.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, update

from store import holding, imports, recognising
from store.currencies import keep_currencies
from store.records import Comparison, ImportMoved, NewImport
from store.schema import import_
from store.staged import ALL_ITEMS, NEW_ITEMS
from store.statements import Statement
from store.subledgers import make_last


def apply(
    tx: Connection,
    comparison: Comparison,
    new_import: NewImport,
    currency: str,
    now: datetime,
    *,
    joined: bool = False,
    approved: int | None = None,
    by: str | None = None,
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
    if approved is None:
        import_id = _record(tx, comparison, applied, currency, now, joined=joined)
    else:
        import_id = approved
        _approve(tx, import_id, comparison, applied, currency, now, by)
    of = {"administration": subledger.administration, "side": subledger.side, "import_id": import_id}
    if comparison.created:
        _CREATE_ACCOUNTS.run(tx, of)
        _FIND_CREATED.run(tx, of)
        if _KNOWN_AFTER_ALL.run(tx, of).first():
            raise ImportMoved(f"accounts of {subledger.administration} were made known meanwhile")
    _KEEP_NAMES.run(tx, of)
    _RENAME_ACCOUNTS.run(tx, of)
    if comparison.closed:
        _CLOSE_ITEMS.run(tx, of)
    if comparison.opened:
        newest = _NEWEST_ITEM.run(tx).scalar()
        (_OPEN_ITEMS if comparison.items_before else _OPEN_ALL_ITEMS).run(tx, of)
        _KEEP_RANGE.run(tx, of | {"first": newest + 1})
    _WRITE_BALANCES.run(tx, of)
    if comparison.changed:
        _KEEP_CHANGES.run(tx, of)
    keep_currencies(tx, [total.currency for total in comparison.currencies])
    make_last(tx, subledger, import_id, currency)
    recognising.notice_import(tx, subledger, import_id)
    if approved is not None:
        holding.settle_mails(tx, holding.list_mails(tx, [import_id]), now)
    return import_id


def _record(
    tx: Connection, comparison: Comparison, applied: NewImport, currency: str, now: datetime, *, joined: bool
) -> int:
    applied = imports.tell_apart(tx, applied, comparison.last)
    superseded = holding.supersede(tx, comparison.subledger, now)
    values = imports.import_values(applied, currency, now) | _differences(comparison)
    import_id: int = tx.execute(imports.NEW, values).scalar_one()
    imports.write_files(tx, import_id, applied.files)
    holding.name_successor(tx, superseded, import_id, now, joined=joined)
    return import_id


def _approve(
    tx: Connection,
    import_id: int,
    comparison: Comparison,
    applied: NewImport,
    currency: str,
    now: datetime,
    by: str | None,
) -> None:
    held = holding.find_by_id(tx, import_id)
    holding.see_it_is_held(tx, import_id)
    applied = replace(applied, source_sha256=held.source_sha256, part=held.part)
    applied = imports.tell_apart(tx, applied, comparison.last)
    decided = {"part": applied.part, "currency": currency, "applied_at": now, "decided_at": now, "decided_by": by}
    values = imports.figures(applied) | _differences(comparison) | decided
    tx.execute(update(import_).where(import_.c.id == import_id).values(values))


def _differences(comparison: Comparison) -> dict[str, int | None]:
    last_id = comparison.last.id if comparison.last else None
    return {
        "gross": comparison.gross_after,
        "base_import_id": last_id,
        "previous_import_id": last_id,
        "opened": comparison.opened,
        "closed": comparison.closed,
    }


# The other side may have created the same account since the comparison: then it is that one.
_CREATE_ACCOUNTS = Statement("""
    INSERT INTO account (administration, exact_id, code, name, created_by)
    SELECT :administration, exact_id, code, name, :import_id FROM staged_account
    WHERE side = :side AND is_new ORDER BY account
    ON CONFLICT DO NOTHING""")
_FIND_CREATED = Statement("""
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
_KNOWN_AFTER_ALL = Statement("""
    SELECT 1
    FROM staged_account AS a
    CROSS JOIN balance AS b
    WHERE a.side = :side AND a.is_new AND b.account_id = a.account_id AND b.side = :side LIMIT 1""")

# An ID that the other side gave to another account since the comparison stays there.
_KEEP_NAMES = Statement("""
    INSERT INTO account_change (import_id, account_id, name, code, exact_id, new_name, new_code, new_exact_id)
    SELECT :import_id, known.id, known.name, known.code, known.exact_id,
           CASE WHEN a.name <> '' THEN a.name ELSE known.name END,
           coalesce(a.code, known.code),
           CASE WHEN known.exact_id IS NULL AND NOT EXISTS (
                    SELECT 1 FROM account AS other
                    WHERE other.administration = :administration AND other.exact_id = a.exact_id)
                THEN a.exact_id ELSE known.exact_id END
    FROM staged_account AS a
    CROSS JOIN account AS known
    WHERE a.side = :side AND a.is_renamed AND known.id = a.account_id""")
_RENAME_ACCOUNTS = Statement("""
    UPDATE account SET name = changed.new_name, code = changed.new_code, exact_id = changed.new_exact_id
    FROM account_change AS changed
    WHERE changed.import_id = :import_id AND account.id = changed.account_id""")

_CLOSE_ITEMS = Statement("""
    UPDATE open_item SET closed_by = :import_id
    WHERE id IN (SELECT id FROM staged_closed WHERE side = :side)""")
_INSERT_ITEMS = """
    INSERT INTO open_item (account_id, side, seq, number, your_ref, description, invoice_date, due_date, currency,
                           invoice_fc, open_fc, invoice_dc, open_dc, opened_by)
    SELECT a.account_id, :side, i.seq, i.number, i.your_ref, i.description, i.invoice_date, i.due_date, i.currency,
           i.invoice_fc, i.open_fc, i.invoice_dc, i.open_dc, :import_id"""
_OPEN_ITEMS = Statement(_INSERT_ITEMS + NEW_ITEMS)
_OPEN_ALL_ITEMS = Statement(_INSERT_ITEMS + ALL_ITEMS)

_NEWEST_ITEM = Statement("SELECT coalesce(max(id), 0) FROM open_item")
_KEEP_RANGE = Statement("""
    UPDATE import SET first_item_id = :first, last_item_id = (SELECT max(id) FROM open_item)
    WHERE id = :import_id""")

_WRITE_BALANCES = Statement("""
    INSERT INTO balance (account_id, side, open_import, items, created_by)
    SELECT account_id, :side, after, items, :import_id FROM staged_account
    WHERE side = :side AND (before <> after OR items_before <> items OR NOT has_balance)
    ON CONFLICT (account_id, side) DO UPDATE SET open_import = excluded.open_import, items = excluded.items""")
_KEEP_CHANGES = Statement("""
    INSERT INTO balance_change (import_id, account_id, before, after)
    SELECT :import_id, account_id, before, after FROM staged_account
    WHERE side = :side AND before <> after""")
