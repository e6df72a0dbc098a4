"""Several people and daemons at once on one store: whoever was first, the balances are a replay of what stands."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from audit import assert_sound, read_standing
from books import SIDES, PageFile
from desk import START, Desk, write_file
from world import Block, Item

from store.database import Store
from store.imports import list_imports
from store.messages import list_messages
from store.records import NotLast

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
ROUNDS = 40 if LONG else 1
THREADS = 3
STEPS = 12  # of each thread
DUE = ("2026-02-20", "2026-03-20")


class Office:
    """What one thread does; all share the store, and the files that were ever written."""

    def __init__(self, desk: Desk, contents: dict[str, PageFile], seed: int) -> None:
        self.desk, self.contents, self.random = desk, contents, Random(seed)
        self.seed = seed
        self.sent: list[bytes] = []

    def work(self) -> None:
        tasks = [self.send, self.send, self.send, self.send_again, self.say_yes, self.say_yes, self.say_no, self.undo]
        for step in range(STEPS):
            self.random.choice(tasks)(step)

    def send(self, step: int) -> None:
        """An export of either side or both, in one page or two, of which one may be missing."""
        sides = self.random.choice([SIDES, SIDES[:1], SIDES[1:]])
        pagesize = self.random.choice([2, 500])
        files = []
        for page in range(1 + self.random.randrange(2)):
            name = f"ARs_{page + 1}.xml"
            blocks = {side: self.blocks(side, page, pagesize) for side in sides}
            content, file = write_file(name, blocks, pagesize=pagesize, ts_d=1000 * step + self.seed)
            self.contents[file.sha256] = file
            files.append((name, content))
        date = START + timedelta(minutes=10 * step + self.random.randrange(10))
        raw = self.desk.write(*files[: self.random.choice([1, 2, 2])], date=date)
        self.sent.append(raw)
        self.desk.receive(self.desk.register(), raw)

    def blocks(self, side: str, page: int, pagesize: int) -> list[Block]:
        accounts = range(4 * page, 4 * page + min(pagesize, self.random.randrange(5)))
        return [
            Block(None, str(account), f"Debtor {account}", tuple(self.item(account, n) for n in range(2)))
            for account in accounts
        ]

    def item(self, account: int, number: int) -> Item:
        return Item(f"{account}{number}", "2026-01-20", self.random.choice(DUE), self.random.randrange(1, 9) * 100)

    def send_again(self, step: int) -> None:
        if self.sent:
            self.desk.receive(self.desk.register(), self.random.choice(self.sent))

    def say_yes(self, _step: int) -> None:
        for import_id in self.held():
            self.desk.approve(import_id)

    def say_no(self, _step: int) -> None:
        for import_id in self.held():
            self.desk.reject(import_id)

    def undo(self, _step: int) -> None:
        with self.desk.store.read() as tx:
            standing = read_standing(tx, self.contents)
        last = {one.side: one.id for one in standing}
        if last:
            with suppress(NotLast):  # somebody was faster
                self.desk.undo(self.random.choice(list(last.values())))

    def held(self) -> list[int]:
        with self.desk.store.read() as tx:
            return [one.id for one in list_imports(tx, state="held")][: self.random.randrange(3)]


@pytest.mark.timeout(3600 if LONG else 120)
def test_whoever_is_first_balances_are_a_replay_of_what_stands(new_store: Callable[[], Store]) -> None:
    for turn in range(ROUNDS):
        store = new_store()
        desk, contents = Desk(store, now=START + timedelta(hours=9)), {}
        offices = [Office(desk, contents, 100 * turn + number) for number in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as threads:
            for done in [threads.submit(office.work) for office in offices]:
                done.result()
        assert_sound(store, contents)
        with store.read() as tx:
            assert {message.state for message in list_messages(tx)} <= {"applied", "unchanged", "held", "refused"}
            assert any(one.applied_at for one in list_imports(tx))
        _take_back_everything(desk, contents)
        store.close()


def _take_back_everything(desk: Desk, contents: dict[str, PageFile]) -> None:
    while True:
        with desk.store.read() as tx:
            standing = read_standing(tx, contents)
        if not standing:
            break
        desk.undo(standing[-1].id)
        assert_sound(desk.store, contents)
