"""Take back the last applied import of a subledger: what it opened is deleted, what it closed is open again.

All by sets, and only what the import touched: its items lie in one range of ids, those it closed are indexed.
"""

from datetime import datetime

from sqlalchemy import Connection, text, update

from store import recognising
from store.holding import find_by_id
from store.records import NotLast, Undone
from store.schema import import_
from store.subledgers import find_position, lock_known, make_last, renew_accounts


def undo(tx: Connection, import_id: int, now: datetime, by: str) -> Undone:
    """Make it so that this import never was, in a writing transaction; `by` names the person who wants it.

    Items, balances, names, codes and IDs are what they were before, as far as nobody else changed them since; accounts
    that it made and nothing else refers to are gone. What `balance_change` says of it is kept, for accounts that are
    left. The import before it stands again, and can be taken back too. Raises `ImportUnknown`, and `NotLast` if this
    is not the import that stands.
    """
    lock_known(tx, find_by_id(tx, import_id).subledger.administration)
    undone = find_by_id(tx, import_id)
    of = undone.subledger
    last_id, _ = find_position(tx, of)
    if last_id != import_id:
        stands = "no import stands" if last_id is None else f"it is import {last_id} ({find_by_id(tx, last_id).ref})"
        raise NotLast(
            f"import {import_id} is {undone.state} and not the last applied of {of.administration} {of.side}: {stands}"
        )
    this = {"import_id": import_id, "administration": of.administration, "side": of.side}
    recognising.mark_shown_by(tx, of, import_id)
    tx.execute(_TAKE_FROM_BALANCES, this)
    deleted = tx.execute(_DELETE_OPENED, this).rowcount
    reopened = tx.execute(_REOPEN_CLOSED, this).rowcount
    tx.execute(_PUT_NAMES_BACK, this)
    tx.execute(_FORGET_NAMES, this)
    tx.execute(_REMOVE_BALANCES, this)
    removed = tx.execute(_REMOVE_ACCOUNTS, this).rowcount
    if removed:
        tx.execute(_FORGET_CHANGES, this)
    mark = update(import_).where(import_.c.id == import_id)
    tx.execute(mark.values(state="undone", decided_at=now, decided_by=by))
    previous = tx.execute(_PREVIOUS, this).one()
    make_last(tx, of, previous.id, previous.currency)
    recognising.notice_undo(tx, of.administration)
    renew_accounts(tx, of.administration)
    return Undone(of, undone.ref, previous.id, deleted, reopened, removed)


_TAKE_FROM_BALANCES = text("""
    UPDATE balance SET open_import = balance.open_import + back.amount, items = balance.items + back.items
    FROM (SELECT account_id, CAST(sum(amount) AS BIGINT) AS amount, CAST(sum(items) AS BIGINT) AS items
          FROM (SELECT i.account_id, -i.open_dc AS amount, -1 AS items
                FROM import AS this
                JOIN open_item AS i ON i.id BETWEEN this.first_item_id AND this.last_item_id
                WHERE this.id = :import_id AND i.opened_by = :import_id
                UNION ALL
                SELECT account_id, open_dc, 1 FROM open_item WHERE closed_by = :import_id) AS one
          GROUP BY account_id) AS back
    WHERE balance.account_id = back.account_id AND balance.side = :side""")
_DELETE_OPENED = text("""
    DELETE FROM open_item
    WHERE id BETWEEN (SELECT first_item_id FROM import WHERE id = :import_id)
                 AND (SELECT last_item_id FROM import WHERE id = :import_id)
      AND opened_by = :import_id""")
_REOPEN_CLOSED = text("UPDATE open_item SET closed_by = NULL WHERE closed_by = :import_id")

# A name, code or ID goes back unless somebody changed it since; an account without ID needs its code for itself.
_PUT_NAMES_BACK = text("""
    UPDATE account SET
        name = CASE WHEN account.name = changed.new_name THEN changed.name ELSE account.name END,
        code = CASE WHEN coalesce(account.code, '') = coalesce(changed.new_code, '') THEN changed.code
                    ELSE account.code END,
        exact_id = CASE WHEN coalesce(account.exact_id, '') = coalesce(changed.new_exact_id, '')
                             AND coalesce(account.code, '') = coalesce(changed.new_code, '')
                             AND (changed.exact_id IS NOT NULL OR NOT EXISTS (
                                 SELECT 1 FROM account AS other
                                 WHERE other.administration = :administration AND other.exact_id IS NULL
                                   AND other.code = changed.code AND other.id <> account.id))
                        THEN changed.exact_id ELSE account.exact_id END
    FROM account_change AS changed
    WHERE changed.import_id = :import_id AND account.id = changed.account_id""")
_FORGET_NAMES = text("DELETE FROM account_change WHERE import_id = :import_id")

_REMOVE_BALANCES = text("""
    DELETE FROM balance
    WHERE created_by = :import_id AND side = :side AND open_invoices = 0 AND in_transit = 0
      AND account_id IN (SELECT id FROM account WHERE administration = :administration)""")
# Also those of imports undone before, which the other side held on to until now.
_UNDONE = "(SELECT id FROM import WHERE administration = :administration AND (id = :import_id OR state = 'undone'))"
_REMOVE_ACCOUNTS = text(f"""
    DELETE FROM account
    WHERE administration = :administration AND created_by IN {_UNDONE} AND credit_limit IS NULL
      AND NOT EXISTS (SELECT 1 FROM balance WHERE balance.account_id = account.id)
      AND NOT EXISTS (SELECT 1 FROM customer WHERE customer.account_id = account.id)
      AND NOT EXISTS (SELECT 1 FROM paid_by_hand WHERE paid_by_hand.account_id = account.id)""")  # noqa: S608
_FORGET_CHANGES = text(f"""
    DELETE FROM balance_change
    WHERE import_id IN {_UNDONE} AND NOT EXISTS (SELECT 1 FROM account WHERE account.id = balance_change.account_id)""")  # noqa: S608

_PREVIOUS = text("""
    SELECT this.previous_import_id AS id, coalesce(previous.currency, this.currency) AS currency
    FROM import AS this LEFT JOIN import AS previous ON previous.id = this.previous_import_id
    WHERE this.id = :import_id""")
