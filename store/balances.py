"""What is open: the balances per account, and the items that a balance is made of."""

from collections.abc import Iterator

from sqlalchemy import Connection, case, select, union_all

from store.records import Account, AccountAmbiguous, AccountUnknown, Balance, OpenItem, PastItem, Side
from store.schema import account, balance, import_, open_item, subledger

CANDIDATES = 20  # accounts that an ambiguous question names


def iterate_balances(
    tx: Connection, *, administration: str | None = None, side: Side | None = None
) -> Iterator[Balance]:
    """Every account that has or had something open, by administration, side and code; read row by row.

    The total includes what is in transit where the settings of the administration say so.
    """
    added = case((subledger.c.adds_in_transit, balance.c.in_transit), else_=0)
    query = (
        select(
            account.c.administration,
            balance.c.side,
            account.c.code,
            account.c.name,
            account.c.exact_id,
            subledger.c.currency,
            balance.c.open_import,
            balance.c.open_invoices,
            balance.c.in_transit,
            balance.c.open_import + balance.c.open_invoices + added,
            account.c.credit_limit,
        )
        .join(balance, balance.c.account_id == account.c.id)
        .join(
            subledger,
            (subledger.c.administration == account.c.administration) & (subledger.c.side == balance.c.side),
        )
        .order_by(account.c.administration, balance.c.side, account.c.code, account.c.id)
    )
    if administration is not None:
        query = query.where(account.c.administration == administration)
    if side is not None:
        query = query.where(balance.c.side == side)
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        yield Balance(*row)


def iterate_items(tx: Connection, account_id: int) -> Iterator[OpenItem]:
    """The open items behind an account's balances, by side and due date; read row by row."""
    query = (
        select(*(open_item.c[name] for name in OpenItem._fields))
        .where(open_item.c.account_id == account_id, open_item.c.closed_by.is_(None))
        .order_by(open_item.c.side.desc(), open_item.c.due_date, open_item.c.number, open_item.c.seq)
    )
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        yield OpenItem(*row)


def iterate_history(tx: Connection, account_id: int) -> Iterator[PastItem]:
    """All that was ever open for an account and what closed it, by side, number and time; read row by row.

    What was opened by an import that was undone was never there.
    """
    opened, closed = import_.alias("opened"), import_.alias("closed")
    history = (
        select(
            *(open_item.c[name] for name in OpenItem._fields),
            opened.c.ref.label("opened_ref"),
            opened.c.ordered_at.label("opened_at"),
            open_item.c.closed_by,
            closed.c.ref.label("closed_ref"),
            closed.c.ordered_at.label("closed_at"),
            open_item.c.id,
        )
        .join(opened, opened.c.id == open_item.c.opened_by)
        .outerjoin(closed, closed.c.id == open_item.c.closed_by)
        .where(open_item.c.account_id == account_id)
    )
    # Two partial indexes, one for each half.
    halves = (history.where(open_item.c.closed_by.is_(None)), history.where(open_item.c.closed_by.is_not(None)))
    both = union_all(*halves).subquery()
    query = select(both).order_by(both.c.side.desc(), both.c.number, both.c.due_date, both.c.id)
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        yield PastItem(*row[: len(PastItem._fields)])


def find_account(tx: Connection, administration: str, wanted: str) -> Account:
    """The account of this code, else of this Exact ID, else whose name alone holds these letters in any case.

    Raises `AccountUnknown` or `AccountAmbiguous`.
    """
    wanted = wanted.strip()
    accounts = (
        select(*(account.c[name] for name in Account._fields))
        .where(account.c.administration == administration)
        .order_by(account.c.code, account.c.id)
    )
    exact_id = wanted.strip("{}").lower()
    for condition in (account.c.code == wanted, account.c.exact_id == exact_id):
        found = [Account(*row) for row in tx.execute(accounts.where(condition))]
        if found:
            return _choose(found, administration, wanted)
    named = tx.execute(accounts, execution_options={"yield_per": 1000})
    return _choose([Account(*row) for row in named if wanted.casefold() in row.name.casefold()], administration, wanted)


def _choose(found: list[Account], administration: str, wanted: str) -> Account:
    if not found:
        raise AccountUnknown(f"no account of {administration} has the code, the Exact ID or a name with {wanted!r}")
    if len(found) > 1:
        raise AccountAmbiguous(
            f"{len(found)} accounts of {administration} fit {wanted!r}: name one by its code or Exact ID",
            tuple(found[:CANDIDATES]),
        )
    return found[0]
