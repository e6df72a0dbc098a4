"""The rules of when an export is believed, told a second time in plain lists and dicts, to hold the program against.

Nothing of the program is used here. Everything is worked out from the beginning each time: what is open is a replay
of the imports that stand, and an undo is a replay without that import. Amounts are cents; all is in one currency.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from world import Block, Item, Matched, Party, World

SIDES = ("receivable", "payable")
WORST_FIRST = ("held", "refused", "applied", "unchanged")
MAIL_STATES = {"undone": "applied", "rejected": "refused", "superseded": "unchanged"}


class Page(NamedTuple):
    """One side of one file."""

    blocks: tuple[Block, ...]
    count: int | None
    pagesize: int | None
    ts_d: int | None


@dataclass(frozen=True)
class PageFile:
    sha256: str
    number: int | None
    pages: dict[str, Page] = field(compare=False)
    failed: bool = False  # Exact wrote an error into it

    def blocks(self, side: str, settings: tuple[str, ...]) -> list[Block]:
        """As they are read under these settings."""
        if side not in settings:
            return list(self.pages[side].blocks)
        return [
            block._replace(items=tuple(item._replace(cents=-item.cents) for item in block.items))
            for block in self.pages[side].blocks
        ]


@dataclass(frozen=True)
class Mail:
    id: int
    administration: str
    files: tuple[PageFile, ...]
    order: tuple[datetime, datetime, int]  # Date, arrival, UID


@dataclass
class Import:
    administration: str
    side: str
    files: tuple[PageFile, ...]
    order: tuple[datetime, datetime, int]
    settings: tuple[str, ...]  # the sides whose sign is turned
    state: str
    reason: str
    codes: frozenset[str]  # of all that is said of it
    approvable: bool
    figures: tuple[int, int, int, int]  # items, accounts, total, total before
    base: "Import | None"  # the one that stood when this was compared
    mails: set[int] = field(default_factory=set)
    said_yes: bool = False

    @property
    def hashes(self) -> set[str]:
        return {file.sha256 for file in self.files}


class Judged(NamedTuple):
    """Whether these pages are a whole export: nothing is wrong, or what, and whether a yes may help."""

    wrong: str
    approvable: bool


def judge(files: Sequence[PageFile], side: str) -> Judged:
    """Of `files` each content counts once, but every name is evidence: a second page that is a copy is missing."""
    distinct = _once(files)
    numbers = [file.number for file in distinct if file.number]
    highest = max((file.number for file in files if file.number), default=0)
    pages = [(file.number, file.pages[side]) for file in distinct]
    if set(range(1, highest + 1)) - set(numbers):
        return Judged("pages-missing", approvable=False)
    if len(numbers) > len(set(numbers)):
        return Judged("pages-mixed", approvable=False)
    if any(page.count is None or page.pagesize is None for _, page in pages):
        return Judged("pages-uncounted" if len(pages) > 1 else "", approvable=True)
    short = [number for number, page in pages if page.count < page.pagesize]
    if len(short) > 1 or (short and short[0] not in (None, highest)):
        return Judged("pages-mixed", approvable=False)
    return Judged("" if short else "pages-last-full", approvable=True)


@dataclass
class Thresholds:
    """The defaults of the documentation."""

    vanished_share: int = 40
    vanished_least: int = 5
    amount_share: int = 50
    not_due_least: int = 3
    later_least: int = 3
    sign_share: int = 80
    sign_least: int = 3
    conflicts_share: int = 20


class Books:
    """All that was imported, and what must become of the next mail, answer or undo."""

    def __init__(self) -> None:
        self.settings: dict[str, tuple[str, ...]] = defaultdict(tuple)  # by administration
        self.imports: list[Import] = []  # as they were recorded
        self.applied: list[Import] = []  # that stand, in the order in which they were applied
        self.thresholds = Thresholds()

    # What is the case

    def last(self, administration: str, side: str) -> Import | None:
        return next((one for one in self._standing(administration)[::-1] if one.side == side), None)

    def held(self, administration: str, side: str) -> Import | None:
        found = [
            one for one in self.imports if (one.administration, one.side, one.state) == (administration, side, "held")
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def world(self, administration: str) -> World:
        """A replay of the imports that stand."""
        world = World()
        for one in self._standing(administration):
            world.apply(one.side, _read(one.files, one.side, one.settings))
        return world

    def mail_state(self, mail: int) -> str:
        """That of the worst that was in it."""
        states = {MAIL_STATES.get(one.state, one.state) for one in self.imports if mail in one.mails}
        return next(state for state in WORST_FIRST if state in states)

    # What happens

    def receive(self, mail: Mail) -> None:
        sides = [side for side in SIDES if any(side in file.pages for file in mail.files)]
        plans = [self._plan(mail, side) for side in sides]
        for new, joined in plans:
            new.mails.add(mail.id)
            if new in self.imports:  # it waits already
                continue
            held = self.held(new.administration, new.side)
            if held and (joined or new.state in ("applied", "held")):
                held.state = "superseded"
                new.mails |= held.mails if joined else set()
            self.imports.append(new)
            if new.state == "applied":
                self.applied.append(new)

    def approve(self, held: Import) -> str:
        """What becomes of the yes."""
        if held.state != "held":
            return "closed"
        if held.reason.startswith("pages-") and not held.approvable:
            return "blocked"
        settings = self.settings[held.administration]
        anew = self.decide(held.administration, held.side, held.files, held.order, settings)
        firm = self.decide(held.administration, held.side, held.files, held.order, settings, doubting=False)
        last = self.last(held.administration, held.side)
        if firm.state != "applied":
            return "blocked"
        held.figures = firm.figures
        if held.base is not last or held.settings != settings:
            held.base, held.settings, held.codes, held.approvable = last, settings, anew.codes, True
            return "outdated"
        held.state, held.said_yes = "applied", True
        self.applied.append(held)
        return "approved"

    def reject(self, held: Import) -> str:
        if held.state != "held":
            return "closed"
        held.state = "rejected"
        return "rejected"

    def undo(self, administration: str, side: str) -> Import | None:
        last = self.last(administration, side)
        if last:
            last.state = "undone"
            self.applied.remove(last)
        return last

    # What must become of an export

    def _plan(self, mail: Mail, side: str) -> tuple[Import, bool]:
        """The import as it is to be recorded (or the one that waits already), and whether it joins what waits."""
        files = tuple(file for file in mail.files if side in file.pages)
        settings = self.settings[mail.administration]
        held = self.held(mail.administration, side)
        if held and held.hashes == {file.sha256 for file in files} and held.settings == settings:
            return held, False
        if held and judge(files, side).wrong and held.reason.startswith("pages-") and held.settings == settings:
            union = (*files, *held.files)
            if judge(union, side).wrong != "pages-mixed":
                order = max(mail.order, held.order)
                return self.decide(mail.administration, side, union, order, settings), True
        new = self.decide(mail.administration, side, files, mail.order, settings)
        if held and mail.order < held.order and new.state in ("applied", "held"):
            new.state, new.reason, new.codes = "refused", "older-than-held", frozenset({"older-than-held"})
        return new, False

    def decide(
        self,
        administration: str,
        side: str,
        files: tuple[PageFile, ...],
        order: tuple[datetime, datetime, int],
        settings: tuple[str, ...],
        *,
        doubting: bool = True,
    ) -> Import:
        """In the order in which the rules are asked."""
        world = self.world(administration)
        read = _read(files, side, settings)
        matched = world.match(read)
        last = self.last(administration, side)
        judged = judge(files, side)
        before = sum(item.cents for items in world.known(side).values() for item in items)
        exported = [item for party in matched.parties for _, item in party.items]
        new = Import(
            administration, side, tuple(_once(files)), order, settings, "", "", frozenset(),
            approvable=False, base=last, figures=(
                len(exported),
                sum(1 for party in matched.parties if party.items),
                sum(item.cents for item in exported),
                before,
            ),
        )  # fmt: skip
        doubts = list(self._doubts(new, world, matched))
        if last and last.hashes == new.hashes and last.settings == settings:
            return _ended(new, "unchanged", "same-again", judged.wrong)
        if last and order < last.order:
            return _ended(new, "refused", "stale", judged.wrong)
        if not judged.approvable:
            return _ended(new, "held", judged.wrong)
        if judged.wrong:
            doubts.insert(0, judged.wrong)
        unmatched = ["nameless-accounts"] * bool(matched.nameless) + ["ambiguous-codes"] * bool(matched.ambiguous)
        if unmatched:
            return _ended(new, "held", *unmatched, *doubts)
        if doubts and doubting:
            new.approvable = True
            return _ended(new, "held", *doubts)
        return _ended(new, "applied", "")

    def _doubts(self, new: Import, world: World, matched: Matched) -> Iterator[str]:
        """The signs of a wrong export; `world` is what stands."""
        side, least = new.side, self.thresholds
        known = world.known(side)
        items = {
            party.account: [item for _, item in party.items] for party in matched.parties if party.account is not None
        }
        exported = [item for party in matched.parties for _, item in party.items]
        accounts = sum(1 for party in matched.parties if party.items)
        pages = [file.pages[side] for file in new.files]
        last = new.base
        everything = (block for blocks in _read(new.files, side, new.settings) for block in blocks)
        latest = max((item.invoiced for block in everything for item in block.items), default="")
        standing = [one for one in self.applied if one.hashes == new.hashes]
        if latest and any(one.administration != new.administration for one in standing):
            yield "other-administration"
        conflicts = sum(
            1
            for party in matched.parties
            if party.account is None
            and party.exact_id
            and any(known.code == party.code and known.exact_id for known in world.accounts if party.code)
        )
        if conflicts * 100 > least.conflicts_share * accounts:
            yield "foreign-accounts"
        here = [one for one in standing if (one.administration, one.side) == (new.administration, side)]
        if any(one is not last for one in here):
            yield "applied-before"
        if last and self._is_older_file(new, last, items, world):
            yield "older-file"
        if any(file.failed for file in new.files):
            yield "export-errors"
        if any(_is_on_two_pages(party) for party in matched.parties):
            yield "items-on-two-pages"
        if last is None:
            if sum(item.cents for item in exported) < 0:
                yield "first-negative"
            return
        gross_before = sum(abs(item.cents) for items in known.values() for item in items)
        gross = sum(abs(item.cents) for item in exported)
        emptied = gross_before and not gross
        if emptied:
            yield "nothing-open"
        vanished = [account for account in known if not items.get(account)]
        pagesize = max((page.pagesize or 0 for page in pages), default=0)
        if vanished and not emptied:
            if 0 < pagesize <= len(vanished):
                yield "page-vanished"
            elif len(vanished) >= least.vanished_least and len(vanished) * 100 >= least.vanished_share * len(known):
                yield "accounts-vanished"
        if gross_before > gross > 0 and (gross_before - gross) * 100 >= least.amount_share * gross_before:
            yield "amount-vanished"
        today = new.order[0].astimezone(ZoneInfo("Europe/Amsterdam")).date().isoformat()
        not_due = [(account, item) for account, open_ in known.items() for item in open_ if item.due > today]
        gone = [item for account, item in not_due if not _same_number(item, items.get(account, []))]
        if len(gone) >= least.not_due_least and len(gone) == len(not_due) and not emptied:
            yield "not-due-gone"
        if latest:
            later = [item for open_ in known.values() for item in open_ if item.invoiced > latest]
            if len(later) >= least.later_least:
                yield "later-gone"
        matches = [
            (item, same)
            for account, open_ in known.items()
            for item in open_
            if (same := _same_number(item, items.get(account, [])))
        ]
        changed = [item for item, same in matches if all(item.cents * other.cents < 0 for other in same)]
        if len(changed) >= least.sign_least and len(changed) * 100 >= least.sign_share * len(matches):
            yield "signs-changed"

    def _is_older_file(self, new: Import, last: Import, items: dict[int, list[Item]], world: World) -> bool:
        """A lower ts_d, and something open again that was gone."""
        before, now = (
            max((page.ts_d for file in one.files if (page := file.pages[new.side]).ts_d is not None), default=None)
            for one in (last, new)
        )
        if before is None or now is None or now >= before:
            return False
        return any(
            item.number
            and item.number in world.ever_open[account, new.side]
            and item.number not in {other.number for other in world.open.get((account, new.side), [])}
            for account, open_ in items.items()
            for item in open_
        )

    def _standing(self, administration: str) -> list[Import]:
        return [one for one in self.applied if one.administration == administration]


def _read(files: Iterable[PageFile], side: str, settings: tuple[str, ...]) -> list[list[Block]]:
    return [file.blocks(side, settings) for file in _once(files)]


def _once(files: Iterable[PageFile]) -> list[PageFile]:
    """Identical bytes count once, under the lowest of their numbers."""
    by_number = sorted(files, key=lambda file: file.number or 1000)
    return list({file.sha256: file for file in reversed(by_number)}.values())


def _ended(new: Import, state: str, reason: str, *more: str) -> Import:
    new.state, new.reason, new.codes = state, reason, frozenset({reason, *more} - {""})
    return new


def _same_number(item: Item, exported: Sequence[Item]) -> list[Item]:
    return [other for other in exported if other.number == item.number]


def _is_on_two_pages(party: Party) -> bool:
    pages: dict[Item, set[int]] = defaultdict(set)
    for page, item in party.items:
        pages[item].add(page)
    return any(len(found) > 1 for found in pages.values())
