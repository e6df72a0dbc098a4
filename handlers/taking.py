"""What a reading gives, laid out in a staging area: items go there, cards into a spool, and files are remembered."""

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.cards import CardSpool
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
from parsers.records import File, Finding
from store.records import AccountCard
from store.staging import Staging


@dataclass(frozen=True, slots=True)
class Taken:
    """What one reading gave, its items aside. The numbers are the first that the next reading may use."""

    files: tuple[File, ...]
    refused: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    next_page: int = 0
    next_block: int = 0
    cards: Iterable[AccountCard] = ()  # of the files of accounts

    @property
    def lists(self) -> tuple[File, ...]:
        """The files of accounts."""
        return tuple(file for file in self.files if file.format == "accounts")


def stage(
    frames: Iterable[Frame],
    staging: Staging,
    first_page: int = 0,
    first_block: int = 0,
    cards: CardSpool | None = None,
) -> Taken:
    """Put the blocks and items of one reading into `staging`. A file refused half-way leaves nothing behind.

    Files of accounts go into `cards`; without it they are read for nothing, as where only items are wanted again.
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
                if cards is not None:
                    cards.add(rows)
            case Invoices() | Transactions():
                pass  # nothing takes them over yet
            case FileRead(file=file):
                files.append(file)
                page = file.index + 1
            case FileRefused(index=index, finding=finding, further=further):
                staging.drop_page(index)
                if cards is not None:
                    cards.drop(index)
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
    return Taken(tuple(files), tuple(refused), tuple(notes), page, block, cards or ())
