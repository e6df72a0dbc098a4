"""Small exports in Python, laid out in a staging area the way a reading of files would."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from parsers.records import Block, Item
from store.database import Store
from store.records import Comparison, ImportFile, NewImport, Side, Subledger
from store.staging import Staging

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RECEIVABLE = Subledger("nl01", "receivable")
PAYABLE = Subledger("nl01", "payable")

_sources = count(1)


@dataclass(frozen=True)
class Account:
    """One `AR` block: its items are (number, amount in cents) or whole items."""

    code: str | None
    items: Sequence[tuple[str, int] | Item] = ()
    exact_id: str | None = None
    name: str = "Bakker"
    page: int = 0
    side: Side = "receivable"


def item(number: str = "20260001", open_dc: int = 100, **more: str | int) -> Item:
    """An item in euros; what it says beside number and amount can be given by name."""
    made = Item(0, number, "", "Factuur", "2026-01-15", "2026-02-14", "EUR", open_dc, open_dc, open_dc, open_dc)
    return made._replace(**more)


def stage(staging: Staging, accounts: Sequence[Account], first: int = 0) -> None:
    """Lay the accounts out, one block each from number `first` on, in the order given."""
    blocks, items = [], []
    for block, account in enumerate(accounts, first):
        blocks.append(Block(block, account.page, account.side, account.exact_id, account.code, account.name))
        for given in account.items:
            whole = given if isinstance(given, Item) else item(*given)
            items.append(whole._replace(block=block))
    staging.add_blocks(blocks)
    staging.add_items(items)


def new_import(subledger: Subledger = RECEIVABLE, **more: object) -> NewImport:
    """An import from a source of its own."""
    source = f"{next(_sources):064x}"
    made = NewImport(
        subledger=subledger,
        ref="7KQ2-M4",
        state="applied",
        reason="",
        source_sha256=source,
        part="2",
        ordered_at=NOW,
        arrived_at=NOW,
        uid=1,
        planned_under="",
        files=(ImportFile("ARs_1.xml", "2", source, 1000, None, None, None),),
    )
    return replace(made, **more)


def apply_export(store: Store, accounts: Sequence[Account], subledger: Subledger = RECEIVABLE) -> Comparison:
    """Stage, compare and apply, whatever the comparison says; returns it."""
    with store.staging() as staging:
        stage(staging, accounts)
        comparison = staging.compare(subledger)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(subledger), "EUR", NOW)
    return comparison
