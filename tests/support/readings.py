"""Read files and mails in the test's own process, and gather the frames."""

import json
from dataclasses import dataclass, field
from io import BytesIO

import msgspec

from parsers.codes import CODES
from parsers.protocol import (
    Blocks,
    Broken,
    Cards,
    Done,
    FileRead,
    FileRefused,
    Frame,
    Invoices,
    Items,
    Options,
    Transactions,
)
from parsers.reading import read_files, read_mail
from parsers.records import Block, Card, File, Finding, Invoice, Item, Transaction
from parsers.source import Source

EUR = Options("EUR")


@dataclass
class Reading:
    """What the frames said, refused files taken back."""

    blocks: list[Block] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    broken: Finding | None = None

    @property
    def file(self) -> File:
        assert not self.refused, self.refused
        (file,) = self.files
        return file

    @property
    def refusal(self) -> Finding:
        assert not self.files, self.files
        (finding,) = self.refused
        return finding

    @property
    def warnings(self) -> list[str]:
        return [finding.code for finding in self.file.warnings]

    def total(self, block: int | None = None) -> int:
        return sum(item.open_dc for item in self.items if block in (None, item.block))


def gather(frames: list[Frame]) -> Reading:
    """Take the frames in as the daemon must: in order, and a refused file's blocks back."""
    reading = Reading()
    for place, frame in enumerate(frames):
        assert isinstance(frame, Done | Broken) == (place == len(frames) - 1), "a reading has one end"
        match frame:
            case Blocks(rows):
                reading.blocks += rows
            case Items(rows):
                assert {item.block for item in rows} <= {block.block for block in reading.blocks}, "item before block"
                reading.items += rows
            case Cards(rows):
                reading.cards += rows
            case Invoices(rows):
                reading.invoices += rows
            case Transactions(rows):
                reading.transactions += rows
            case FileRead(file):
                reading.files.append(file)
            case FileRefused(index, finding, further):
                gone = {block.block for block in reading.blocks if block.page == index}
                reading.blocks = [block for block in reading.blocks if block.page != index]
                reading.items = [item for item in reading.items if item.block not in gone]
                reading.cards = [card for card in reading.cards if card.page != index]
                reading.invoices = [invoice for invoice in reading.invoices if invoice.page != index]
                reading.transactions = [one for one in reading.transactions if one.page != index]
                reading.refused += finding, *further
            case Done(findings):
                reading.findings = findings
            case Broken(finding):
                reading.broken = finding
    warnings = [finding for file in reading.files for finding in file.warnings]
    for finding in [*reading.refused, *reading.findings, *warnings, *([reading.broken] if reading.broken else [])]:
        CODES[finding.code].format(**finding.values)  # listed, and given with the values that its meaning names
    return reading


def shown(reading: Reading) -> str:
    """A reading as readable text, one row a line."""
    given = [*reading.blocks, *reading.items, *reading.cards, *reading.invoices, *reading.transactions]
    rows = [*given, *reading.files, *reading.refused, *reading.findings]
    return "".join(f"{type(row).__name__} {json.dumps(msgspec.to_builtins(row), ensure_ascii=False)}\n" for row in rows)


def source(content: bytes, name: str = "ARs_1.xml", largest: int = 10**9) -> Source:
    """A file that has one offset for all who open it, as a file handed to the child has."""
    file = BytesIO(content)

    def opened() -> BytesIO:
        file.seek(0)
        return file

    return Source(name, name, opened, largest)


def read_xml(content: bytes, name: str = "ARs_1.xml", options: Options = EUR) -> Reading:
    """Read one file as `import FILE` does."""
    return gather(list(read_files([source(content, name)], options)))


def read(raw: bytes, options: Options = EUR) -> Reading:
    """Read one mail."""
    return gather(list(read_mail(raw, options)))
