"""What a reading gives, laid out in a staging area: items go there, other rows into spools, files are remembered."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handlers.spools import Spools
from parsers.protocol import (
    Blocks,
    Broken,
    Cards,
    Crashed,
    Done,
    EnvelopeRead,
    FileRead,
    FileRefused,
    Frame,
    Invoices,
    Items,
    TextRead,
    Transactions,
    Verified,
)
from parsers.records import Card, File, Finding, Invoice, Transaction
from store.staging import Staging


@dataclass(frozen=True, slots=True)
class Taken:
    """What one reading gave, its items aside. The numbers are the first that the next reading may use."""

    files: tuple[File, ...]
    refused: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    next_page: int = 0
    next_block: int = 0
    cards: Iterable[Card] = ()  # of the files of accounts
    invoices: Iterable[Invoice] = ()  # of the files of own invoices
    transactions: Iterable[Transaction] = ()  # of the files of transactions

    def of(self, form: str) -> tuple[File, ...]:
        """The files of this format."""
        return tuple(file for file in self.files if file.format == form)


def stage(
    frames: Iterable[Frame],
    staging: Staging,
    first_page: int = 0,
    first_block: int = 0,
    spools: Spools | None = None,
) -> Taken:
    """Put the blocks and items of one reading into `staging`. A file refused half-way leaves nothing behind.

    What is no export goes into `spools`; without them it is read for nothing, as where only items are wanted again.
    Raises what `staging` and `frames` raise.
    """
    files: list[File] = []
    refused: list[Finding] = []
    notes: list[Finding] = []
    page, block = first_page, first_block
    for frame in frames:
        match frame:
            case Items(rows=items):
                staging.add_items(items)
            case Blocks(rows=blocks):
                staging.add_blocks(blocks)
                block = blocks[-1].block + 1
            case Cards(rows=rows):
                if spools is not None:
                    spools.cards.add(rows)
            case Invoices(rows=invoices):
                if spools is not None:
                    spools.invoices.add(invoices)
            case Transactions(rows=transactions):
                if spools is not None:
                    spools.transactions.add(transactions)
            case FileRead(file=file):
                files.append(file)
                page = file.index + 1
            case FileRefused(index=index, finding=finding, further=further):
                staging.drop_page(index)
                if spools is not None:
                    spools.drop(index)
                refused += finding, *further
                page = index + 1
            case Done(findings=findings):
                (notes if files or refused else refused).extend(findings)
            case Broken(finding=finding):
                for file in files:
                    staging.drop_page(file.index)
                return Taken((), (finding,), (), page + 1, block)
            case EnvelopeRead() | Verified() | TextRead() | Crashed():
                raise TypeError(f"{type(frame).__name__} is no frame of a file")
    taken = Taken(tuple(files), tuple(refused), tuple(notes), page, block)
    if spools is None:
        return taken
    return replace(taken, cards=spools.cards, invoices=spools.invoices, transactions=spools.transactions)
