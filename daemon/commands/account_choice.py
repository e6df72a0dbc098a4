"""Which account of Exact a command means."""

from typing import TYPE_CHECKING

import click

from parsers.display import visible
from store.records import Account, AccountAmbiguous, AccountUnknown

if TYPE_CHECKING:
    from store.database import Transaction


def choose_account(tx: "Transaction", administration: str, wanted: str) -> Account:
    """By its code, its Exact ID, or a part of its name. Raises ClickException that names those that fit."""
    from store.balances import find_account

    try:
        return find_account(tx, administration, wanted)
    except AccountUnknown as error:
        raise click.ClickException(str(error)) from None
    except AccountAmbiguous as error:
        listed = "\n".join(f"  {spell_account(candidate)}" for candidate in error.candidates)
        raise click.ClickException(f"{error}\n{listed}") from None


def spell_account(account: Account) -> str:
    """What people know it by."""
    parts = (account.code, account.name, f"Exact ID {account.exact_id}" if account.exact_id else None)
    return ", ".join(visible(part, 200) for part in parts if part)
