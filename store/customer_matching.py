"""Which account of Exact is meant by an own customer: one row of `given_customer` for each customer that a file names.

By Exact's ID; by the code after the code rule only where the file or the account has no ID; a link made by hand stays.
A customer that fits none gets an account of its own, which a later export with its code or ID takes over. Everything
here needs the administration's lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, text

from store.own_records import Collision
from store.recognising import count_account, recognise
from store.records import Subledger
from store.schema import Text
from store.subledgers import SIDES

MOST_NAMED = 20  # collisions that are named

given_customer = Table(
    "given_customer",
    MetaData(),
    Column("code", Text, primary_key=True),
    Column("exact_code", Text, nullable=False),
    Column("exact_id", Text),
    Column("name", Text, nullable=False),
    Column("customer_id", BigInteger),
    Column("old_account_id", BigInteger),  # what it was linked to before
    Column("account_id", BigInteger),
    Column("linked_by", Text),
    prefixes=["TEMPORARY"],
)


@contextmanager
def given_customers(tx: Connection) -> Iterator[None]:
    """The temporary table, empty; gone at the end of the block, or with the transaction."""
    given_customer.create(tx, checkfirst=False)
    yield
    given_customer.drop(tx, checkfirst=False)


def match_customers(tx: Connection, administration: str, *, anew: bool = False) -> None:
    """Find the account of each given customer. Nothing else is written; without an account, there is none yet.

    With `anew` no link of before counts, not even one made by hand.
    """
    leave = (_LEAVE_ALL,) if anew else (_LEAVE_OTHER_ID, _LEAVE_OLD_CODE)
    for step in (_TAKE_STORED, *leave, _MATCH_BY_ID, _MATCH_BY_CODE):
        tx.execute(step, {"administration": administration})


def find_collisions(tx: Connection, administration: str) -> tuple[Collision, ...]:
    """Customers that the code rule takes for one account: the first of them with each other one."""
    return tuple(Collision(*row) for row in tx.execute(_COLLISIONS, {"administration": administration}))


def list_unmatched(tx: Connection) -> tuple[tuple[str, str], ...]:
    """Own code and name of the given customers that no account fits, or only one of their own."""
    return tuple((row.code, row.name) for row in tx.execute(_UNMATCHED))


def list_homeless(tx: Connection) -> tuple[tuple[str, str], ...]:
    """Own code and name of the given customers for which an account would have to be made."""
    return tuple((row.code, row.name) for row in tx.execute(_HOMELESS))


def keep_customers(tx: Connection, administration: str) -> int:
    """Write the given customers as they were matched, and make accounts for those that fit none: how many.

    The invoices of those that were linked to another account move, and are decided anew.
    """
    of = {"administration": administration}
    made = tx.execute(_MAKE_ACCOUNTS_WITH_ID, of).rowcount + tx.execute(_MAKE_ACCOUNTS, of).rowcount
    if made:
        tx.execute(_FIND_MADE, of)
    tx.execute(_UPDATE_CUSTOMERS, of)
    tx.execute(_INSERT_CUSTOMERS, of)
    tx.execute(_NUMBER_CUSTOMERS, of)
    left = tx.execute(_LEFT).scalars().all()
    if left:
        tx.execute(_MOVE_INVOICES)
        for side in SIDES:
            subledger = Subledger(administration, side)
            recognise(tx, subledger)
            for account_id in left:
                count_account(tx, subledger, account_id)
        tx.execute(_REMOVE_EMPTY_BALANCES, [{"account_id": account_id} for account_id in left])
    return made


_TAKE_STORED = text("""
    UPDATE given_customer
    SET customer_id = stored.id, old_account_id = stored.account_id, account_id = stored.account_id,
        linked_by = stored.linked_by, exact_id = coalesce(given_customer.exact_id, stored.exact_id),
        name = CASE WHEN given_customer.name <> '' THEN given_customer.name ELSE stored.name END
    FROM customer AS stored
    WHERE stored.administration = :administration AND stored.code = given_customer.code""")

_LEAVE_ALL = text("UPDATE given_customer SET account_id = NULL, linked_by = NULL")

# A link by code is wrong if the account has another ID than the file says now.
_LEAVE_OTHER_ID = text("""
    UPDATE given_customer SET account_id = NULL, linked_by = NULL
    WHERE linked_by = 'code' AND exact_id IS NOT NULL
      AND EXISTS (SELECT 1 FROM account AS a
                  WHERE a.id = given_customer.account_id AND a.exact_id IS NOT NULL
                    AND a.exact_id <> given_customer.exact_id)""")

_BARE = """a.exact_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM open_item AS o WHERE o.account_id = a.id AND o.closed_by IS NULL)
      AND NOT EXISTS (SELECT 1 FROM open_item AS o WHERE o.account_id = a.id AND o.closed_by IS NOT NULL)"""

# An account of our own bears the code that the rule made; another rule, or an account of that code, leads elsewhere.
_LEAVE_OLD_CODE = text(f"""
    UPDATE given_customer SET account_id = NULL, linked_by = NULL
    WHERE linked_by = 'code'
      AND EXISTS (SELECT 1 FROM account AS a
                  WHERE a.id = given_customer.account_id AND a.code <> given_customer.exact_code AND {_BARE})""")  # noqa: S608

_MATCH_BY_ID = text("""
    UPDATE given_customer SET account_id = a.id, linked_by = 'exact-id'
    FROM account AS a
    WHERE (given_customer.linked_by IS NULL OR given_customer.linked_by <> 'hand')
      AND a.administration = :administration AND a.exact_id = given_customer.exact_id""")
_MATCH_BY_CODE = text("""
    UPDATE given_customer SET account_id = found.id, linked_by = 'code'
    FROM (SELECT g.code, coalesce(min(CASE WHEN a.exact_id IS NULL THEN a.id END), min(a.id)) AS id
          FROM given_customer AS g
          CROSS JOIN account AS a
          WHERE g.account_id IS NULL AND a.administration = :administration AND a.code = g.exact_code
            AND (g.exact_id IS NULL OR a.exact_id IS NULL)
          GROUP BY g.code
          HAVING count(*) = 1 OR count(CASE WHEN a.exact_id IS NULL THEN 1 END) = 1) AS found
    WHERE given_customer.code = found.code""")

_COLLISIONS = text(f"""
    SELECT first_code, code, exact_code
    FROM (SELECT code, exact_code, min(code) OVER (PARTITION BY exact_code) AS first_code
          FROM (SELECT code, exact_code FROM given_customer
                WHERE linked_by = 'code' OR (account_id IS NULL AND exact_id IS NULL)
                UNION ALL
                SELECT stored.code, stored.exact_code
                FROM customer AS stored
                WHERE stored.administration = :administration AND stored.linked_by = 'code'
                  AND stored.exact_code IN (SELECT exact_code FROM given_customer)
                  AND stored.code NOT IN (SELECT code FROM given_customer)) AS one) AS ranked
    WHERE code <> first_code
    ORDER BY exact_code, code LIMIT {MOST_NAMED}""")  # noqa: S608
_UNMATCHED = text(f"""
    SELECT code, name FROM given_customer
    WHERE account_id IS NULL
       OR EXISTS (SELECT 1 FROM account AS a WHERE a.id = given_customer.account_id AND {_BARE})
    ORDER BY code""")  # noqa: S608
_HOMELESS = text("SELECT code, name FROM given_customer WHERE account_id IS NULL ORDER BY code")

_MAKE_ACCOUNTS_WITH_ID = text("""
    INSERT INTO account (administration, exact_id, code, name)
    SELECT :administration, exact_id, min(exact_code), coalesce(nullif(max(name), ''), min(code)) FROM given_customer
    WHERE account_id IS NULL AND exact_id IS NOT NULL GROUP BY exact_id ORDER BY exact_id""")
_MAKE_ACCOUNTS = text("""
    INSERT INTO account (administration, code, name)
    SELECT :administration, exact_code, coalesce(nullif(name, ''), code) FROM given_customer
    WHERE account_id IS NULL AND exact_id IS NULL ORDER BY code""")
_FIND_MADE = text("""
    UPDATE given_customer
    SET account_id = (SELECT a.id FROM account AS a
                      WHERE a.administration = :administration
                        AND (a.exact_id = given_customer.exact_id
                             OR (given_customer.exact_id IS NULL AND a.exact_id IS NULL
                                 AND a.code = given_customer.exact_code))),
        linked_by = CASE WHEN exact_id IS NULL THEN 'code' ELSE 'exact-id' END
    WHERE account_id IS NULL""")

_UPDATE_CUSTOMERS = text("""
    UPDATE customer
    SET exact_code = given.exact_code, exact_id = given.exact_id, name = given.name,
        account_id = given.account_id, linked_by = given.linked_by
    FROM given_customer AS given
    WHERE customer.id = given.customer_id""")
_INSERT_CUSTOMERS = text("""
    INSERT INTO customer (administration, code, exact_code, exact_id, name, account_id, linked_by)
    SELECT :administration, code, exact_code, exact_id, name, account_id, linked_by FROM given_customer
    WHERE customer_id IS NULL ORDER BY code""")
_NUMBER_CUSTOMERS = text("""
    UPDATE given_customer SET customer_id = stored.id
    FROM customer AS stored
    WHERE given_customer.customer_id IS NULL
      AND stored.administration = :administration AND stored.code = given_customer.code""")

_LEFT = text("SELECT DISTINCT old_account_id FROM given_customer WHERE old_account_id <> account_id")
_MOVE_INVOICES = text("""
    UPDATE own_invoice SET account_id = given.account_id, undecided = true
    FROM given_customer AS given
    WHERE given.old_account_id <> given.account_id AND own_invoice.customer_id = given.customer_id""")
_REMOVE_EMPTY_BALANCES = text(f"""
    DELETE FROM balance
    WHERE account_id = :account_id AND open_import = 0 AND items = 0 AND open_invoices = 0 AND in_transit = 0
      AND created_by IS NULL
      AND NOT EXISTS (SELECT 1 FROM customer AS c WHERE c.account_id = balance.account_id)
      AND EXISTS (SELECT 1 FROM account AS a WHERE a.id = balance.account_id AND {_BARE})""")  # noqa: S608
