"""What the daemon and its child say to each other: msgpack frames of these types, never pickle.

The daemon speaks first: `ReadEnvelope` (for a mail), perhaps `Verify`, then `Open` or nothing at all. The child
answers `ReadEnvelope` with one `EnvelopeRead`, `Verify` with one `Verified`, and `Open` with any number of `Blocks`,
`Items`, `Cards`, `Invoices`, `Transactions`, `FileRead` and `FileRefused`, in the order in which the files stand, then
one `Done`. A `FileRefused` takes back all rows of its page index.
"""

from datetime import datetime
from typing import Literal

import msgspec

from parsers.records import (
    Block,
    Card,
    Envelope,
    File,
    Finding,
    HeaderFacts,
    Invoice,
    Item,
    Key,
    Side,
    Transaction,
    Verdict,
)

FRAME_ROWS = 1000
MOST_MISTAKES = 20  # of one file that are told one by one


class Options(msgspec.Struct, frozen=True):
    """How the files are to be read for one administration."""

    currency: str
    negate: tuple[Side, ...] = ()  # the sides whose sign is turned (setting `sign`)
    largest_file: int = 200 * 1024 * 1024  # bytes, counted after unpacking; all files of an archive together
    largest_plain_file: int = 2 * 1024 * 1024 * 1024
    largest_mail: int = 50 * 1024 * 1024  # bytes, as it came
    parts: tuple[str, ...] = ()  # only files found there (`File.part`); none: all
    first_page: int = 0  # numbers that another reading into the same staging area has not used
    first_block: int = 0
    own_parties: tuple[str, ...] = ()  # by which an invoice names us (setting `parties`): VAT number, register, …


class ReadEnvelope(msgspec.Struct, frozen=True, tag=True):
    """Read the header block of the mail that was handed over."""


class Verify(msgspec.Struct, frozen=True, tag=True):
    """Verify the signatures of the mail with these keys, as of this moment."""

    keys: list[Key]
    now: datetime


class ReadText(msgspec.Struct, frozen=True, tag=True):
    """Read what the sender wrote above what they quote."""


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open the attachments of the mail, or the files that were handed over."""

    options: Options


Request = ReadEnvelope | Verify | ReadText | Open


class EnvelopeRead(msgspec.Struct, frozen=True, tag=True):
    """The header block, what it proves, and the SHA-256 of the raw mail ("" where it was not fetched)."""

    envelope: Envelope
    sha256: str
    facts: HeaderFacts


class Verified(msgspec.Struct, frozen=True, tag=True):
    """One verdict for each signature whose key was handed in."""

    verdicts: list[Verdict]


class TextRead(msgspec.Struct, frozen=True, tag=True):
    """What stands above the quote; "" if there is nothing."""

    text: str


class Blocks(msgspec.Struct, frozen=True, tag=True):
    """Blocks of the page being read; always sent before the first item of theirs."""

    rows: list[Block]


class Items(msgspec.Struct, frozen=True, tag=True):
    """Open items of blocks sent before, at most `FRAME_ROWS` or so."""

    rows: list[Item]


class Cards(msgspec.Struct, frozen=True, tag=True):
    """Accounts of a file of accounts, at most `FRAME_ROWS`."""

    rows: list[Card]


class Invoices(msgspec.Struct, frozen=True, tag=True):
    """Own invoices of a file, at most `FRAME_ROWS`."""

    rows: list[Invoice]


class Transactions(msgspec.Struct, frozen=True, tag=True):
    """Transactions of a file, at most `FRAME_ROWS`."""

    rows: list[Transaction]


class FileRead(msgspec.Struct, frozen=True, tag=True):
    """A file came to a clean end."""

    file: File


class FileRefused(msgspec.Struct, frozen=True, tag=True):
    """A file that cannot be used; what it gave before counts for nothing.

    `further` are its other mistakes. Of those that stand in its lines `MOST_MISTAKES` are told, the rest are counted.
    """

    index: int
    finding: Finding
    further: list[Finding] = []


class Done(msgspec.Struct, frozen=True, tag=True):
    """All was read. `findings` are about the mail as a whole (nothing usable in it, look-alikes)."""

    findings: list[Finding]


class Broken(msgspec.Struct, frozen=True, tag=True):
    """The mail as a whole cannot be read (nested too deep, too many parts): the sender's mail, refused."""

    finding: Finding


class Crashed(msgspec.Struct, frozen=True, tag=True):
    """A bug in the child: the traceback, for the log."""

    traceback: str


Frame = (
    EnvelopeRead
    | Verified
    | TextRead
    | Blocks
    | Items
    | Cards
    | Invoices
    | Transactions
    | FileRead
    | FileRefused
    | Done
    | Broken
    | Crashed
)
Kind = Literal["mail", "files"]
