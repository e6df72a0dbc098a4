"""What doubles when the work doubles: each figure holds twice as much against once as much, in pairs.

The floor's columns are those of the smaller run, and the ratio is how much longer twice as much takes.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import exports
from books import Books, write_export
from draining import Draining, mail_servers, write_mails
from exports import OpenItem, export
from figures import Figure, measure
from imports import BIN, CONFIG
from measuring import Run, run
from staged_exports import Account, apply_export

from store.database import open_store
from store.records import Subledger

READ_SETTINGS = """\
import sys, time, tomllib
from pathlib import Path
from daemon.settings import load_settings
read = load_settings if sys.argv[1] == "ours" else lambda path: tomllib.loads(path.read_text())
began, spent = time.perf_counter(), time.process_time()
read(Path(sys.argv[2]))
print(time.perf_counter() - began, time.process_time() - spent)
"""
ADMINISTRATIONS = """\
[[administrations]]
code = "{code}"
name = "Bakker Expeditie {code} B.V."
[[routes]]
mailbox = "main"
from = ["*@{code}.example"]
administration = "{code}"
"""
MAILBOX = """\
[smtp]
host = "localhost"
security = "none"
sender = "Saldopost <saldo@example.com>"
[[mailboxes]]
name = "main"
host = "localhost"
username = "saldo"
password = "secret"
"""


def measure_growth(directory: Path, pairs: int, *, quick: bool) -> Iterator[Figure]:
    directory.mkdir()
    yield _items(directory, pairs, 10_000 if quick else 100_000)
    yield from _history(directory, pairs, 20 if quick else 182)
    yield from _administrations(directory, pairs, 5_000)
    yield _mailbox(directory, pairs, 1_000 if quick else 50_000, 20 if quick else 100)


def _items(directory: Path, pairs: int, accounts: int) -> Figure:
    """An import of twice as many accounts, with five items each."""
    config, store = directory / "items.toml", directory / "items.db"
    config.write_text(CONFIG.format(store=store))

    def take(count: int) -> Run:
        store.unlink(missing_ok=True)
        file = directory / f"{count}" / "ARs_1.xml"
        if not file.exists():
            file.parent.mkdir()
            with file.open("w") as out:
                write_export(out, Books(count))
        return run([BIN / "saldopost", "--config", config, "import", file], directory, store)

    what = f"import of {2 * accounts * 5:,} items instead of {accounts * 5:,}"
    return measure(what, pairs, partial(take, 2 * accounts), partial(take, accounts), 2.0)


def _history(directory: Path, pairs: int, count: int) -> Iterator[Figure]:
    """Commands on a store with twice as many days of imports behind it."""
    configs = {imports: directory / f"history-{imports}.toml" for imports in (count, 2 * count)}
    for imports, config in configs.items():
        store = directory / f"history-{imports}.db"
        config.write_text(CONFIG.format(store=store))
        _write_next_day(directory / f"after-{imports}.xml", _fill(store, imports))
        shutil.copyfile(store, directory / f"before-{imports}.db")
    for command in ("balances", "status"):

        def show(imports: int, command: str = command) -> Run:
            fine = (0, 1)  # 1: a person is needed
            return run([BIN / "saldopost", "--config", configs[imports], command], directory, fine=fine)

        what = f"`{command}` after {2 * count} daily imports instead of {count}"
        yield measure(what, pairs, partial(show, 2 * count), partial(show, count), 2.0)

    def take(imports: int) -> Run:
        store = directory / f"history-{imports}.db"
        shutil.copyfile(directory / f"before-{imports}.db", store)
        fine = (0, 3)  # 3: held
        export = directory / f"after-{imports}.xml"
        return run([BIN / "saldopost", "--config", configs[imports], "import", export], directory, store, fine=fine)

    what = f"the next day's import and its report, after {2 * count} daily imports instead of {count}"
    yield measure(what, pairs, partial(take, 2 * count), partial(take, count), 2.0)


def _fill(store_file: Path, imports: int) -> list[int]:
    """40 accounts with 5 items each, of which every day 5 % go and 5 % come. Returns the items of the next day."""
    numbers = list(range(200))
    store = open_store(f"sqlite:///{store_file}")
    for day in range(imports):
        _next_day(numbers, day)
        items = [(str(number), number) for number in numbers]
        accounts = [Account(str(first), items[first : first + 5]) for first in range(0, 200, 5)]
        apply_export(store, accounts, Subledger("nl01", "receivable"))
    store.close()
    _next_day(numbers, imports)
    return numbers


def _next_day(numbers: list[int], day: int) -> None:
    for place in range(day % 20, 200, 20):
        numbers[place] += 1000


def _write_next_day(file: Path, numbers: list[int]) -> None:
    items = [OpenItem(str(number), f"{number / 100:.2f}", description="Factuur") for number in numbers]
    file.write_bytes(export([exports.Account(str(first), items[first : first + 5]) for first in range(0, 200, 5)]))


def _administrations(directory: Path, pairs: int, count: int) -> Iterator[Figure]:
    """Settings of so many administrations against tomllib alone, and of twice as many against so many."""
    files = {number: directory / f"administrations-{number}.toml" for number in (count, 2 * count)}
    for number, file in files.items():
        tables = "".join(ADMINISTRATIONS.format(code=f"nl{one:06}") for one in range(number))
        file.write_text(f'[store]\nurl = "sqlite:///{directory}/none.db"\n{MAILBOX}{tables}')

    def read(by: str, number: int) -> Run:
        done = run([sys.executable, "-c", READ_SETTINGS, by, files[number]], directory)
        seconds, cpu = map(float, done.output.split())
        return Run(seconds, done.memory, cpu, 0, "")

    ours, floor = partial(read, "ours", 2 * count), partial(read, "tomllib", 2 * count)
    yield measure(f"settings of {2 * count:,} administrations, against tomllib", pairs, ours, floor, 2.0)
    yield measure(f"the same instead of {count:,}", pairs, ours, partial(read, "ours", count), 2.0)


def _mailbox(directory: Path, pairs: int, lying: int, mails: int) -> Figure:
    """New mails in a mailbox in whose folder of processed ones twice as many lie."""
    exports = list(write_mails(mails))
    with mail_servers(directory) as (dovecot, smtp):

        def drain(count: int) -> Run:
            draining = Draining(directory, dovecot, smtp, exports)
            account = draining.deliver()
            with account.connect() as client:
                client.create_folder("Processed")
            for number in range(count):
                path = account.maildir / ".Processed" / "cur" / f"{number}.M{number}.bench:2,S"
                path.write_bytes(b"Subject: Oud\r\n\r\nWeg.\r\n")
                if dovecot.mail_owner is not None:
                    os.chown(path, *dovecot.mail_owner)
            with account.connect() as client:
                client.select_folder("Processed")  # the server learns of them now, not during the run
            return draining.drain(account, lying=count)

        what = f"{mails} mails beside {2 * lying:,} processed ones instead of {lying:,}"
        return measure(what, pairs, partial(drain, 2 * lying), partial(drain, lying), 2.0)
