"""What a reply says of one kind of file beside exports."""

from dataclasses import dataclass

from handlers.tables import Table
from parsers.records import File, Finding
from store.records import ImportState


@dataclass(frozen=True, slots=True)
class Told:
    """In one language, its findings aside."""

    topic: str  # what it is, for the subject
    title: str  # of its section
    phrase: str  # what became of it, for the first line
    state: ImportState
    status: str
    files: tuple[File, ...]
    findings: tuple[Finding, ...]
    tables: tuple[Table, ...]
