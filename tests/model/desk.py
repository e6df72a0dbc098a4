"""Mails from their raw bytes to balances, in the test's own process: what the daemon does, without child or server.

A `Desk` works on a real store. What is written into a file is told to the model of `books` in the same breath.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from random import Random

import exports
from books import Page, PageFile
from mails import mail
from reports import policy as make_policy
from world import Block

from daemon.rereading import Rereader
from handlers.approving import Asked, approve, reject
from handlers.decide import Source, order
from handlers.importing import Conclusion, Job, settle
from handlers.policy import Policy
from handlers.report import Report, Settled
from handlers.spools import Spools
from handlers.taking import stage
from parsers.envelope import read_envelope
from parsers.handover import Limits
from parsers.protocol import Frame, Options
from parsers.reading import read_mail
from store import keeping, messages, undoing
from store.database import Store, Transaction
from store.records import MailKey, Message, Outcome, Undone

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TAGS = {"receivable": "AR", "payable": "AP"}
ERROR = '<Message type="0"><Description>time-out</Description></Message>'

Between = Callable[[], object]


def write_file(
    name: str,
    sides: dict[str, Sequence[Block]],
    *,
    pagesize: int | None = 500,
    ts_d: int = 0x18A976F80,
    failed: bool = False,
) -> tuple[bytes, PageFile]:
    """One file as Exact writes it, and what it says; without a pagesize it has no Topics."""
    accounts = {side: [_account(block) for block in blocks] for side, blocks in sides.items()}
    content = exports.export(
        accounts.get("receivable"),
        accounts.get("payable"),
        topics=pagesize is not None,
        pagesize=pagesize or 0,
        ts_d=f"0x{ts_d:016X}",
        messages=ERROR if failed else "",
    )
    number = re.search(r"_([0-9]+)", name)
    pages = {
        side: Page(tuple(blocks), len(blocks), pagesize, ts_d) if pagesize else Page(tuple(blocks), None, None, None)
        for side, blocks in sides.items()
    }
    digest = sha256(content).hexdigest()
    return content, PageFile(digest, int(number.group(1)) if number else None, pages, failed)


def _account(block: Block) -> exports.Account:
    exact_id = f"{{{block.exact_id.upper()}}}" if block.exact_id else None
    items = [
        exports.OpenItem(item.number or None, f"{item.cents / 100:.2f}", invoice_date=item.invoiced, due_date=item.due)
        for item in block.items
    ]
    return exports.Account(block.code, items, block.name, exact_id)


class _Kept:
    """A mail that was kept, to be read without a child."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def open(self, options: Options) -> Iterator[Frame]:
        return read_mail(self.raw, options)


class InProcessRereader(Rereader):
    """As the daemon reads what is kept, but for the child."""

    @contextmanager
    def _opened(self, kept_id: int, _names: Sequence[str]) -> Iterator[_Kept | None]:
        with self.store.read() as tx:
            found = keeping.find(tx, kept_id)
            yield _Kept(b"".join(keeping.read(tx, kept_id))) if found else None


@dataclass
class Desk:
    """`between` runs once, after the comparison and before it is written: what a second writer does meanwhile."""

    store: Store
    policies: dict[str, Policy] = field(default_factory=lambda: {"nl01": make_policy()})
    now: datetime = START
    _uids: Iterator[int] = field(default_factory=lambda: count(1))

    def pass_time(self, hours: float = 1) -> None:
        self.now += timedelta(hours=hours)

    def write(self, *files: tuple[str, bytes], date: datetime | None = None) -> bytes:
        """A mail of now, or of that date."""
        return mail(*files, date=date or self.now)

    def send(self, *files: tuple[str, bytes], administration: str = "nl01") -> Report:
        """An hour later these files come in a mail."""
        self.pass_time()
        return self.receive(self.register(), self.write(*files), administration)

    def register(self, arrived_at: datetime | None = None) -> Message:
        """The row of a mail that has just arrived."""
        uid = next(self._uids)
        key = MailKey("main", "INBOX", 7, uid)
        with self.store.write() as tx:
            return messages.remember(tx, key, 1, arrived_at or self.now, self.now, Random(f"{id(self)} {uid}"))

    def receive(
        self, message: Message, raw: bytes, administration: str = "nl01", between: Between | None = None
    ) -> Report:
        policy = self.policies[administration]
        digest = sha256(raw).hexdigest()
        source = Source(order(read_envelope(raw).date, message.arrived_at), message.arrived_at, message.key.uid)

        def keep(tx: Transaction) -> Callable[[object], int]:
            kept_id = keeping.keep(tx, administration, "mail", "", keeping.compress([raw]), digest, self.now)
            keeping.keep_with_message(tx, message.id, kept_id)
            return lambda _file: kept_id

        meanwhile = _once(between)

        def conclude(report: Report) -> Conclusion:
            meanwhile()
            outcome = Outcome(report.state, report.reason, administration)
            return Conclusion(
                lambda tx: messages.finish(tx, message.id, outcome, self.now), f"<report-{message.id}@saldopost>"
            )

        job = Job(message.ref, policy, source, digest, keep, message_id=message.id, sender="boekhouding@bakker.example")
        with self.store.staging() as staging, Spools() as spools:
            taken = stage(read_mail(raw, self._rereader.options(policy)), staging, spools=spools)
            return settle(taken, staging, self.store, job, self.now, self._rereader.reread, conclude)

    def approve(self, *import_ids: int, administration: str = "nl01", between: Between | None = None) -> Settled:
        """One yes to all of these; returns what became of the last."""
        meanwhile = _once(between)

        def conclude(_settled: Settled) -> Conclusion:
            meanwhile()
            return Conclusion(lambda _tx: None, f"<again-{import_ids}@saldopost>")

        policy, reread = self.policies[administration], self._rereader.reread
        with self.store.staging() as staging:
            for import_id in import_ids:
                asked = Asked(import_id, policy, "jan")
                settled = approve(asked, staging, self.store, self.now, reread, conclude)
        return settled

    def reject(self, import_id: int, *, administration: str = "nl01", between: Between | None = None) -> Settled:
        meanwhile = _once(between)

        def conclude(_settled: Settled) -> Conclusion:
            meanwhile()
            return Conclusion(lambda _tx: None)

        return reject(Asked(import_id, self.policies[administration], "jan"), self.store, self.now, conclude)

    def undo(self, import_id: int) -> Undone:
        with self.store.write() as tx:
            return undoing.undo(tx, import_id, self.now, "jan")

    @property
    def _rereader(self) -> Rereader:
        return InProcessRereader(self.store, Limits(), 10_000_000, 10_000_000)


def _once(between: Between | None) -> Between:
    waiting = [between] if between else []

    def run() -> None:
        if waiting:
            waiting.pop()()

    return run
