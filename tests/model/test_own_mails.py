"""Own invoices from the bytes of mails, in any order: what counts where, against a model of a few lines.

The model knows of each number what the newest list says, whether it was handed over, and whether an applied export ever
had it. Statuses one by one, with customers that share accounts and the like, are held in `test_own_histories`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from desk import Desk
from exports import GUID, Account, OpenItem, export
from gl_transactions import Entry, Term, transactions
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_lists import invoice_list, row
from own_files import assert_own_sound
from reports import policy

from handlers.policy import CodeRule, InvoiceRules, Rules
from handlers.report import Report
from store.balances import iterate_balances
from store.database import Store

NEVER_ASK = Rules(
    first_negative="apply",
    nothing_open="apply",
    vanished_page="apply",
    vanished_accounts_percent=0,
    vanished_amount_percent=0,
    not_due_gone_least=0,
    later_gone_least=0,
    applied_before="apply",
    older_file="apply",
)
RULES = policy(
    rules=NEVER_ASK,
    customer_code=CodeRule(digits_only=True, strip_zeros=True),
    invoices=InvoiceRules(number="digits", in_transit="add"),
)
NUMBERS = range(1, 5)
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
OTHER = Account("7", (OpenItem("5000", "10.00"),), "Visser", GUID.format(7))

amounts = st.dictionaries(st.sampled_from(NUMBERS), st.integers(1, 9), min_size=1)
lists = st.tuples(st.just("list"), amounts, st.integers(-3, 0))  # and how many hours before now it was made
handovers = st.tuples(st.just("handed over"), amounts, st.just(0))
exported = st.tuples(st.just("export"), amounts | st.just({}), st.just(0))
mails = st.lists(lists | handovers | exported, min_size=1, max_size=3, unique_by=lambda one: one[0])


@dataclass
class Expected:
    """Amounts in euros."""

    exported: dict[int, int] = field(default_factory=dict)
    known: dict[int, tuple[int, float]] = field(default_factory=dict)  # amount and moment of the newest list
    seen: set[int] = field(default_factory=set)
    handed_over: set[int] = field(default_factory=set)

    @property
    def figures(self) -> tuple[int, int, int]:
        waiting = {number: amount for number, (amount, _) in self.known.items() if number not in self.seen}
        in_transit = sum(amount for number, amount in waiting.items() if number in self.handed_over)
        return sum(self.exported.values()), sum(waiting.values()) - in_transit, in_transit

    def learn(self, kind: str, said: dict[int, int], made: float) -> None:
        if kind == "export":
            self.exported = said
            self.seen |= said.keys()
        elif kind == "list":
            for number, amount in said.items():
                if number not in self.known or made >= self.known[number][1]:
                    self.known[number] = amount, made
        elif self.known:  # an administration without own invoices remembers nothing
            self.handed_over |= said.keys()


def write(kind: str, said: dict[int, int]) -> tuple[str, bytes]:
    """The file that says it."""
    if kind == "list":
        rows = [row(f"F-{number}", f"{amount}.00", customer_code="KLANT-042") for number, amount in said.items()]
        return "facturen.csv", invoice_list(rows)
    if kind == "handed over":
        entries = [Entry(str(9000 + number), code="42", terms=(Term(str(number)),)) for number in said]
        return "transactions.xml", transactions(entries)
    items = [OpenItem(str(number), f"{amount}.00") for number, amount in said.items()]
    ours = [Account("42", items, "Bakker", GUID.format(42))] if items else []
    return "ARs_1.xml", export([*ours, OTHER], ts_d="0x000000018A976F80")


@given(history=st.lists(mails, max_size=6))
@settings(max_examples=200 if LONG else 15)
def test_whatever_comes_in_whatever_order_counts_once(new_store: Callable[[], Store], history: list) -> None:
    store = new_store()
    try:
        desk, expected = Desk(store, {"nl01": RULES}), Expected()
        for parts in history:
            desk.pass_time(24)
            of_one_mail = {made for _, _, made in parts}
            date = desk.now + timedelta(hours=min(of_one_mail) if len(parts) == 1 else 0)
            report = receive(desk, parts, date)
            taken = {side.state for side in report.settled}
            assert taken <= {"applied", "unchanged"}
            for kind in ("export", "list", "handed over"):
                for of_kind, said, _ in parts:
                    if of_kind == kind and (kind != "export" or taken == {"applied"}):
                        expected.learn(kind, said, date.timestamp())
            check(store, expected)
    finally:
        store.close()


def receive(desk: Desk, parts: list, date) -> Report:
    files = [write(kind, said) for kind, said, _ in parts]
    return desk.receive(desk.register(), desk.write(*files, date=date))


def check(store: Store, expected: Expected) -> None:
    with store.read() as tx:
        assert_own_sound(tx)
        rows = {one.code: one for one in iterate_balances(tx, side="receivable")}
    found = rows.get("42")
    figures = (found.open_import, found.open_invoices, found.in_transit) if found else (0, 0, 0)
    assert figures == tuple(100 * figure for figure in expected.figures)
    if found:
        assert found.open_total == sum(figures)
