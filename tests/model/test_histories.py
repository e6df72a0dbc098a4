"""Random histories of an office, against the model: exports whole and in pages, resent, filtered, answered, undone."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from audit import assert_sound, balances
from books import SIDES, Books, Import, Mail, PageFile
from desk import Desk, write_file
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from reports import policy
from sqlalchemy import text
from world import Block, Item

from handlers.importing import read_findings
from store.database import Store
from store.messages import list_messages

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
OFFICES = ("nl01", "be02")
FILTERS = ("none", "none", "none", "overdue", "until", "half", "inverted", "nothing")
GUID = "00000000-0000-0000-0000-{:012d}"
NOTES = {"first-import", "page-repeated"}

# What two debtors are called in Exact as time goes by: with an ID or without, renamed, their codes swapped.
CHANGING = 8, 9
FACES: dict[int, list[tuple[int | None, str | None, str]]] = {
    8: [(None, "20001", "Eight"), (80, "20001", "Eight"), (80, "20002", "Eight Ltd"), (80, None, "Eight")],
    9: [(None, "20002", "Nine"), (90, "20002", "Nine"), (90, "20001", "Nine"), (90, "20001", "")],
}

offices = st.sampled_from(OFFICES)
sides = st.sampled_from(SIDES)
small = st.integers(0, 11)
meanwhiles = st.sampled_from([""] * 6 + ["export", "part", "undo", "yes", "no"])


@dataclass
class Sent:
    """A mail that somebody has in a folder of sent mail."""

    administration: str
    files: list[tuple[str, bytes]]
    pages: tuple[PageFile, ...]
    raw: bytes
    date: datetime
    arrived_at: datetime


class History(RuleBasedStateMachine):
    """Each step is done to the store and told to the model; then all must agree."""

    new_store: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).new_store()
        self.desk = Desk(self.store, {code: policy(code=code, language="en") for code in OFFICES})
        self.model = Books()
        self.numbers = count(1)
        self.stamps = count(100)
        self.sent: list[Sent] = []
        self.contents: dict[str, PageFile] = {}
        self.open: dict[tuple[str, str], dict[int, list[Item]]] = {}
        self.faces: dict[tuple[str, int], int] = {}

    def teardown(self) -> None:
        self.store.close()

    # What the customers and the bookkeepers do in Exact

    @initialize(sizes=st.lists(st.integers(0, 7), min_size=4, max_size=4))
    def open_the_books(self, sizes: list[int]) -> None:
        keys = [(office, side) for office in OFFICES for side in SIDES]
        for key, size in zip(keys, sizes, strict=True):
            self.open[key] = {account: [self._invoice(account % 3, 5 * account - 10)] for account in range(size)}

    @rule(office=offices, side=sides, account=st.integers(0, 7), what=small, days=st.integers(-40, 40), euros=small)
    def trade(self, office: str, side: str, account: int, what: int, days: int, euros: int) -> None:
        of = self.open[office, side]
        items = of.setdefault(account, [])
        match what:
            case 0 | 1 | 2 | 3:
                items.append(self._invoice(euros + 1, days))
            case 4:
                items.append(self._invoice(-euros, days))
            case 5:
                items.append(self._invoice(-euros, days)._replace(number=""))
            case 6 if items:  # paid in part
                items[0] = items[0]._replace(cents=items[0].cents // 2)
            case 7 if items:  # an instalment
                items.append(items[-1]._replace(due=_day(self.desk.now, days)))
            case 8 if items:  # paid
                items.pop(0)
            case 9:
                of.pop(account)
            case 10:
                for paid in list(of)[euros:]:
                    of.pop(paid)
            case 11:
                for other in range(euros % 8):
                    of.setdefault(other, []).append(self._invoice(euros, days))

    @rule(office=offices, account=st.sampled_from(CHANGING), face=st.integers(0, 3))
    def rename(self, office: str, account: int, face: int) -> None:
        self.faces[office, account] = face
        self.open[office, "receivable"].setdefault(account, []).append(self._invoice(face + 1, 10 * face - 20))

    @rule(days=st.integers(1, 30))
    def let_days_pass(self, days: int) -> None:
        self.desk.pass_time(24 * days)

    @rule(office=offices, side=sides)
    def turn_a_sign_in_the_settings(self, office: str, side: str) -> None:
        old = self.desk.policies[office]
        negate = tuple(sorted({*old.negate} ^ {side}))
        self.desk.policies[office] = replace(old, negate=negate)
        self.model.settings[office] = negate

    # Mails

    @rule(
        office=offices,
        which=st.sampled_from([("receivable",), ("receivable",), ("payable",), SIDES]),
        look=st.sampled_from(FILTERS),
        pagesize=st.sampled_from([500, 500, 2, 3, None]),
        shuffle=st.lists(st.sampled_from([0, 0, 0, 1, 2, 3]), max_size=5),
        closed=st.booleans(),
        numbered=st.booleans(),
        back=st.sampled_from([0, 0, 0, 0, 1, 3, 30]),
        oddity=st.sampled_from([""] * 6 + ["older", "failed", "copy", "codeless"]),
        meanwhile=meanwhiles,
    )
    def export(
        self, office: str, which: tuple[str, ...], look: str, pagesize: int | None, shuffle: list[int], closed: bool,
        numbered: bool, back: int, oddity: str, meanwhile: str,
    ) -> None:  # fmt: skip
        """The pages of one export go into the first mail, into one of two, or are forgotten (3), as `shuffle` says."""
        chunks = {side: _cut(self._blocks(office, side, look, oddity), pagesize, closed) for side in which}
        ts_d = 50 if oddity == "older" else next(self.stamps)
        mails: list[list[tuple[str, bytes, PageFile]]] = [[], [], []]
        places = iter([*shuffle, *[0] * 20])
        for number in range(max(len(found) for found in chunks.values())):
            pages = {side: found[number] for side, found in chunks.items() if number < len(found)}
            if pagesize is None:  # then a side without accounts is not mentioned
                pages = {side: blocks for side, blocks in pages.items() if blocks}
            if not pages:
                continue
            name = f"ARs_{number + 1}.xml" if numbered or number else "ar.xml"
            content, file = write_file(name, pages, pagesize=pagesize, ts_d=ts_d, failed=oddity == "failed")
            self.contents[file.sha256] = file
            place = next(places)
            if place < 3:
                mails[place].append((name, content, file))
            if oddity == "copy" and place < 3:
                copy = f"ARs_{number + 2}.xml"
                mails[place].append((copy, content, write_file(copy, pages, pagesize=pagesize, ts_d=ts_d)[1]))
        for files in mails:
            if files:
                self.desk.pass_time()
                date = self.desk.now - timedelta(hours=back)
                attached = [(name, content) for name, content, _ in files]
                raw = self.desk.write(*attached, date=date)
                sent = Sent(office, attached, tuple(file for _, _, file in files), raw, date, self.desk.now)
                self.sent.append(sent)
                self._receive(sent, office, meanwhile)

    @precondition(lambda self: self.sent)
    @rule(
        which=st.integers(0, 30),
        how=st.sampled_from(["forwarded", "dragged back", "to another", "with another"]),
        same_moment=st.booleans(),
        meanwhile=meanwhiles,
    )
    def send_again(self, which: int, how: str, same_moment: bool, meanwhile: str) -> None:
        sent = self.sent[-1 - which % len(self.sent)]
        office = sent.administration
        if not same_moment:
            self.desk.pass_time()
        if how == "dragged back":
            self._receive(sent, office, meanwhile)
            return
        files, pages = sent.files, sent.pages
        if how == "with another":
            more = self.sent[which % len(self.sent)]
            files, pages = [*files, *more.files], (*pages, *more.pages)
        if how == "to another":
            office = OFFICES[1 - OFFICES.index(office)]
        raw = self.desk.write(*files)
        again = Sent(office, files, pages, raw, self.desk.now, self.desk.now)
        self.sent.append(again)
        self._receive(again, office, meanwhile)

    # People

    @rule(office=offices, side=sides, old=st.integers(0, 9), meanwhile=meanwhiles)
    def say_yes(self, office: str, side: str, old: int, meanwhile: str) -> None:
        if asked := self._asked(office, side, old):
            self._say_yes(asked, meanwhile)

    @rule(office=offices, side=sides, old=st.integers(0, 9), meanwhile=meanwhiles)
    def say_no(self, office: str, side: str, old: int, meanwhile: str) -> None:
        if asked := self._asked(office, side, old):
            self._say_no(asked, meanwhile)

    @rule(office=offices, side=sides, times=st.integers(1, 3))
    def undo(self, office: str, side: str, times: int) -> None:
        for _ in range(times):
            self._undo(office, side)

    # What must hold

    @invariant()
    def all_agrees(self) -> None:
        assert_sound(self.store, self.contents)
        self._assert_imports_agree()
        self._assert_mails_agree()
        expected = [row for office in sorted(OFFICES) for row in self.model.world(office).balances(office)]
        assert balances(self.store) == expected

    def _assert_imports_agree(self) -> None:
        for row, one in zip(self._rows(), self.model.imports, strict=True):
            codes = {finding.code for finding in read_findings(row.findings)}
            codes = {code for code in codes - NOTES if not code.startswith("answer-")}
            if one.said_yes:  # what was asked is answered
                codes = set(one.codes)
            told = (row.administration, row.side, row.state, row.reason, codes)
            assert told == (one.administration, one.side, one.state, one.reason, set(one.codes)), (row.id, told, one)
            assert (row.items, row.accounts, row.total, row.total_before) == one.figures, (row.id, told, one.figures)
            assert one.state != "held" or row.approvable == one.approvable, (row.id, told)

    def _assert_mails_agree(self) -> None:
        with self.store.read() as tx:
            states = {message.id: message.state for message in list_messages(tx)}
        assert states == {mail: self.model.mail_state(mail) for mail in states}

    # How a step is done

    def _invoice(self, euros: int, days: int) -> Item:
        invoiced = _day(self.desk.now, days - 30)
        return Item(str(next(self.numbers)), invoiced, _day(self.desk.now, days), euros * 100)

    def _blocks(self, office: str, side: str, look: str, oddity: str) -> list[Block]:
        """What Exact shows of the open items under a filter; IDs differ from office to office, codes do not."""
        today = _day(self.desk.now, 0)
        keep: Callable[[int, Item], bool] = {
            "overdue": lambda _account, item: item.due <= today,
            "until": lambda _account, item: item.invoiced <= _day(self.desk.now, -30),
            "half": lambda account, _item: account % 2 == 0,
            "nothing": lambda _account, _item: False,
        }.get(look, lambda _account, _item: True)
        sign = -1 if look == "inverted" else 1
        blocks = []
        for account, items in sorted(self.open[office, side].items()):
            shown = tuple(item._replace(cents=sign * item.cents) for item in items if keep(account, item))
            if shown or look == "none":
                blocks.append(self._block(office, account, shown))
        if oddity == "codeless" and blocks:
            blocks[0] = blocks[0]._replace(exact_id=None, code=None)
        return blocks

    def _block(self, office: str, account: int, items: tuple[Item, ...]) -> Block:
        """Every third account has no ID, and is the same at both offices."""
        number: int | None = account + 1 if account % 3 else None
        code: str | None = str(10001 + account)
        name = f"Debtor {account}"
        if account in CHANGING:
            number, code, name = FACES[account][self.faces[office, account]]
        exact_id = GUID.format(number + 1000 * OFFICES.index(office)) if number else None
        return Block(exact_id, code, name, items)

    def _receive(self, sent: Sent, office: str, meanwhile: str) -> None:
        message = self.desk.register(sent.arrived_at)
        self.desk.receive(message, sent.raw, office, self._meanwhile(office, meanwhile))
        order = (sent.date, sent.arrived_at, message.key.uid)
        self.model.receive(Mail(message.id, office, sent.pages, order))

    def _meanwhile(self, office: str, what: str) -> Callable[[], object] | None:
        """What somebody else does between the comparison and the writing of another step."""

        def export(kept: slice) -> None:
            number = next(self.numbers)
            of = self.open[office, "receivable"]
            of.setdefault(number % 8, []).append(self._invoice(number % 5 + 1, 10))
            blocks = self._blocks(office, "receivable", "none", "")[kept]
            content, file = write_file("ARs_1.xml", {"receivable": blocks}, ts_d=next(self.stamps))
            self.contents[file.sha256] = file
            raw = self.desk.write(("ARs_1.xml", content))
            sent = Sent(office, [("ARs_1.xml", content)], (file,), raw, self.desk.now, self.desk.now)
            self.sent.append(sent)
            self._receive(sent, office, "")

        def answer(say: Callable[[tuple[int, Import], str], None]) -> None:
            for side in SIDES:
                if (held := self.model.held(office, side)) and (asked := self._find(held)):
                    say(asked, "")

        return {
            "export": lambda: export(slice(None)),
            "part": lambda: export(slice(0, 1)),
            "undo": lambda: [self._undo(office, side) for side in SIDES],
            "yes": lambda: answer(self._say_yes),
            "no": lambda: answer(self._say_no),
        }.get(what)

    def _asked(self, office: str, side: str, old: int) -> tuple[int, Import] | None:
        """The import that waits; or one that was decided."""
        own = [one for one in self.model.imports if (one.administration, one.side) == (office, side)]
        held = [one for one in own if one.state == "held"]
        chosen = held or own[-1 - old :][:1]
        return self._find(chosen[0]) if chosen else None

    def _find(self, one: Import) -> tuple[int, Import]:
        """With its id in the store."""
        place = next(place for place, other in enumerate(self.model.imports) if other is one)
        return self._rows()[place].id, one

    def _say_yes(self, asked: tuple[int, Import], meanwhile: str) -> None:
        import_id, one = asked
        question = one.base, one.settings
        between = self._meanwhile(one.administration, meanwhile)
        settled = self.desk.approve(import_id, administration=one.administration, between=between)
        asked_anew = one.state == "held" and question != (one.base, one.settings)  # meanwhile: this yes is of before
        assert settled.answer == ("outdated" if asked_anew else self.model.approve(one))

    def _say_no(self, asked: tuple[int, Import], meanwhile: str) -> None:
        import_id, one = asked
        between = self._meanwhile(one.administration, meanwhile)
        settled = self.desk.reject(import_id, administration=one.administration, between=between)
        assert settled.answer == self.model.reject(one)

    def _undo(self, office: str, side: str) -> None:
        if last := self.model.last(office, side):
            import_id, _ = self._find(last)
            self.desk.undo(import_id)
            self.model.undo(office, side)

    def _rows(self) -> list[Any]:
        with self.store.read() as tx:
            return list(tx.execute(text("SELECT * FROM import ORDER BY id")))


def _cut(blocks: list[Block], pagesize: int | None, closed: bool) -> list[list[Block]]:
    """In pages; after a full last one Exact gives an empty one, unless that was not taken along."""
    size = pagesize or 500
    pages = [blocks[start : start + size] for start in range(0, len(blocks), size)]
    return [*pages, []] if not pages or (closed and len(pages[-1]) == size) else pages


def _day(now: datetime, days: int) -> str:
    return (now + timedelta(days=days)).date().isoformat()


@pytest.mark.timeout(3600 if LONG else 120)
def test_every_history_agrees_with_the_model(new_store: Callable[[], Store]) -> None:
    bound = type("BoundHistory", (History,), {"new_store": staticmethod(new_store)})
    profile = settings(
        max_examples=1500 if LONG else 25,
        stateful_step_count=40 if LONG else 20,
        deadline=None,
        derandomize=not LONG,  # the short form is the same each time; the long one looks for what is new
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(bound, settings=profile)
