"""Own customers, and which account of Exact each is linked to."""

from collections.abc import Iterator

from sqlalchemy import Connection

from store.own_records import Customer


def list_customers(tx: Connection, *, administration: str | None = None) -> Iterator[Customer]:
    """Own customers by administration and code; read row by row."""
    raise NotImplementedError


def link(tx: Connection, administration: str, currency: str, customer_code: str, account_id: int) -> None:
    """Link an own customer, known or not yet, to an account by hand; its invoices move there. Takes the lock.

    The account's id is that of `balances.find_account`.
    """
    raise NotImplementedError


def unlink(tx: Connection, administration: str, currency: str, customer_code: str) -> bool:
    """Take back a link made by hand: ID and code decide again. Returns whether there was one. Takes the lock.

    Raises `CustomerUnknown`.
    """
    raise NotImplementedError
