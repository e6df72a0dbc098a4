"""Own customers, and which account of Exact each is linked to."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from store.choosing import decide_anew
from store.customer_matching import find_collisions, given_customer, given_customers, keep_customers, match_customers
from store.own_records import Customer, CustomersCollide, CustomerUnknown
from store.records import AccountUnknown
from store.schema import account, customer
from store.subledgers import lock


def list_customers(tx: Connection, *, administration: str | None = None) -> Iterator[Customer]:
    """Own customers by administration and code; read row by row."""
    wanted = "" if administration is None else "WHERE c.administration = :administration"
    query = text(f"{_CUSTOMERS} {wanted} ORDER BY c.administration, c.code")
    rows = tx.execute(query, {"administration": administration}, execution_options={"yield_per": 1000})
    for row in rows:
        yield Customer(*row)._replace(is_known=bool(row.is_known))


def link(tx: Connection, administration: str, currency: str, customer_code: str, account_id: int) -> None:
    """Link an own customer, known or not yet, to an account by hand; its invoices move there. Takes the lock.

    The account's id is that of `balances.find_account`. Raises `AccountUnknown` if the administration has none of it.
    """
    lock(tx, administration, currency)
    found = tx.execute(select(account.c.administration).where(account.c.id == account_id)).scalar()
    if found != administration:
        raise AccountUnknown(f"no account of {administration} has the id {account_id}")
    stored = _find(tx, administration, customer_code)
    with given_customers(tx):
        row = {"code": customer_code, "account_id": account_id, "linked_by": "hand"}
        if stored is None:
            row |= {"exact_code": customer_code, "name": ""}
        else:
            row |= {"customer_id": stored.id, "old_account_id": stored.account_id, "exact_id": stored.exact_id}
            row |= {"exact_code": stored.exact_code, "name": stored.name}
        tx.execute(insert(given_customer), row)
        keep_customers(tx, administration)
    decide_anew(tx, administration)


def unlink(tx: Connection, administration: str, currency: str, customer_code: str) -> bool:
    """Take back a link made by hand: ID and code decide again. Returns whether there was one. Takes the lock.

    Raises `CustomerUnknown`, and `CustomersCollide` if the rule for codes takes it for another customer's account.
    """
    lock(tx, administration, currency)
    stored = _find(tx, administration, customer_code)
    if stored is None:
        raise CustomerUnknown(f"{administration} has no own customer {customer_code!r}")
    if stored.linked_by != "hand":
        return False
    with given_customers(tx):
        row = {"code": stored.code, "exact_code": stored.exact_code, "exact_id": stored.exact_id, "name": stored.name}
        tx.execute(insert(given_customer), row)
        match_customers(tx, administration, anew=True)
        if collisions := find_collisions(tx, administration):
            one = next(one for one in collisions if stored.code in (one.code, one.other_code))
            raise CustomersCollide(
                f"{one.code!r} and {one.other_code!r} are both {one.exact_code!r} in Exact by the rule for codes: "
                "link one of them by hand to another account"
            )
        keep_customers(tx, administration)
    decide_anew(tx, administration)
    return True


def _find(tx: Connection, administration: str, code: str) -> Row[Any] | None:
    return tx.execute(
        select(customer).where(customer.c.administration == administration, customer.c.code == code)
    ).first()


_CUSTOMERS = """
    SELECT c.administration, c.code, c.name, c.exact_code, a.code, a.name, a.exact_id, c.linked_by,
           a.exact_id IS NOT NULL
           OR EXISTS (SELECT 1 FROM open_item AS o WHERE o.account_id = a.id AND o.closed_by IS NULL)
           OR EXISTS (SELECT 1 FROM open_item AS o WHERE o.account_id = a.id AND o.closed_by IS NOT NULL) AS is_known,
           (SELECT count(*) FROM own_invoice AS v
            WHERE v.customer_id = c.id AND v.status IN ('open', 'in-transit')) AS invoices
    FROM customer AS c
    JOIN account AS a ON a.id = c.account_id"""
