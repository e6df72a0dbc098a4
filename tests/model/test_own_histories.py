"""Random histories of own invoices: files of them, exports, batches, marks, links and undo, in any order.

After each step every invoice is decided anew, one by one, and all that counts is summed again.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from own_files import assert_own_sound, own, take
from sqlalchemy import text
from staged_exports import NOW, Account, item, new_import, stage

from store.accounts import apply_cards
from store.batches import batch, mark_transactions, unbatch
from store.customers import link, unlink
from store.database import Store
from store.own_invoices import end, resume
from store.own_records import CustomersCollide, CustomerUnknown, InvoiceChoice, OwnInvoiceRow, TransactionRow
from store.records import AccountCard, Side, Subledger
from store.subledgers import lock, note_settings
from store.tracking import iterate_tracked, mark_paid, unmark_paid
from store.undoing import undo

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SIDES: tuple[Side, Side] = ("receivable", "payable")
IDS = {code: f"00000000-0000-0000-0000-00000000000{code}" for code in "123"}

sides = st.sampled_from(SIDES)
codes = st.sampled_from("123")
numbers = st.sampled_from(["A", "B", "C", "", "0"])
amounts = st.sampled_from([100, 100, 200, -100])
dates = st.sampled_from(["2026-01-15", "2026-01-16"])
choices = st.builds(
    InvoiceChoice,
    numbers=st.lists(st.sampled_from("ABC"), max_size=2, unique=True).map(tuple),
    side=st.none() | sides,
    customer=st.none() | codes,
)


@st.composite
def invoices(draw: st.DrawFn) -> OwnInvoiceRow:
    code, number = draw(codes), draw(numbers)
    return own(
        number,
        draw(amounts),
        code,
        side=draw(st.sampled_from(["receivable", "receivable", "payable"])),
        kind=draw(st.sampled_from(["invoice", "invoice", "credit-note"])),
        exact_id=draw(st.sampled_from([None, None, IDS[code]])),
        invoice_date=draw(dates),
    )


@st.composite
def exports(draw: st.DrawFn) -> list[Account]:
    made = []
    for code in draw(st.lists(codes, max_size=3, unique=True)):
        items = [
            item(draw(numbers), draw(amounts), invoice_date=draw(dates), your_ref=draw(numbers))
            for _ in range(draw(st.integers(0, 3)))
        ]
        exact_id = draw(st.sampled_from([None, IDS[code]]))
        made.append(Account(draw(st.sampled_from([code, code, code, "9"])), items, exact_id))
    return made


class OwnHistory(RuleBasedStateMachine):
    new_store: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = type(self).new_store()
        self.at = NOW
        self.applied: dict[Side, list[int]] = {side: [] for side in SIDES}

    def teardown(self) -> None:
        self.store.close()

    @initialize(adds=st.booleans())
    def open_the_books(self, adds: bool) -> None:
        with self.store.write() as tx:
            lock(tx, "nl01", "EUR")
            note_settings(tx, "nl01", "EUR", adds_in_transit=adds)

    @rule(rows=st.lists(invoices(), min_size=1, max_size=4), older=st.sampled_from([0, 0, 0, 1]), create=st.booleans())
    def take_invoices(self, rows: list[OwnInvoiceRow], older: int, create: bool) -> None:
        self.at += timedelta(hours=1)
        before = self._own()
        changes = take(self.store, rows, self.at - older * timedelta(days=1), may_create=create)
        assert changes.read == len(rows)
        assert not changes.collisions  # every code is its own
        after = self._own()
        assert len(after) == len(before) + changes.created
        if changes.is_refused or changes.is_empty:
            assert after == before
        if not changes.is_refused:
            keys = {(row.customer_code, row.side, row.kind, row.number) for row in rows}
            assert keys <= {key[:4] for key in after}

    @rule(accounts=exports(), side=sides)
    def export(self, accounts: list[Account], side: Side) -> None:
        subledger = Subledger("nl01", side)
        self.at += timedelta(hours=1)
        with self.store.staging() as staging:
            stage(staging, [Account(one.code, one.items, one.exact_id, side=side) for one in accounts])
            comparison = staging.compare(subledger)
            if comparison.ambiguous:
                return
            summary = staging.own_summary(subledger, NOW, 0)
            foreseen = staging.tracked_summary(subledger)
            doubtful, was_open = self._doubtful(), self._tracked(side)
            with staging.transaction() as tx:
                new = new_import(subledger, ordered_at=self.at)
                self.applied[side].append(staging.apply(tx, comparison, new, "EUR", self.at))
        if not doubtful and not self._doubtful():  # an invoice that was seen elsewhere may count again
            counting = self._counting(side)
            assert (summary.open, summary.open_dc) == counting["open"]
            assert (summary.in_transit, summary.in_transit_dc) == counting["in-transit"]
        is_open = self._tracked(side)
        assert foreseen.new.count + foreseen.reopened.count == len(is_open - was_open)
        assert foreseen.paid.count == len(was_open - is_open)

    @rule(side=sides)
    def take_back(self, side: Side) -> None:
        if self.applied[side]:
            with self.store.write() as tx:
                undo(tx, self.applied[side].pop(), NOW, "jan")

    @rule(choice=choices, what=st.sampled_from(["batch", "unbatch", "paid", "cancelled", "resume"]))
    def mark(self, choice: InvoiceChoice, what: str) -> None:
        with self.store.write() as tx:
            match what:
                case "batch":
                    batch(tx, "nl01", choice, "W10", self.at, "jan")
                case "unbatch":
                    unbatch(tx, "nl01", choice, self.at, "jan")
                case "resume":
                    resume(tx, "nl01", choice, self.at, "jan")
                case "paid" | "cancelled":
                    end(tx, "nl01", choice, what, self.at, "jan")

    @rule(number=numbers, code=codes, side=st.none() | sides, amount=st.none() | amounts)
    def hand_over(self, number: str, code: str, side: Side | None, amount: int | None) -> None:
        row = TransactionRow(7, side, code, None, number, number, "2026-01-15", amount)
        with self.store.write() as tx:
            mark_transactions(tx, "nl01", [row], "7KQ2-M4", self.at, "jan")

    @rule(customer=codes, to=st.integers(0, 3))
    def link_by_hand(self, customer: str, to: int) -> None:
        with self.store.write() as tx:
            known = tx.execute(text("SELECT id FROM account ORDER BY id")).scalars().all()
            if known:
                link(tx, "nl01", "EUR", customer, known[to % len(known)])

    @rule(customer=codes)
    def unlink_again(self, customer: str) -> None:
        try:
            with self.store.write() as tx:
                unlink(tx, "nl01", "EUR", customer)
        except (CustomerUnknown, CustomersCollide):
            pass

    @rule(code=codes, with_id=st.booleans())
    def send_a_list_of_accounts(self, code: str, with_id: bool) -> None:
        with self.store.write() as tx:
            apply_cards(tx, "nl01", "EUR", [AccountCard(IDS[code] if with_id else None, code, "Jansen", 50)])

    @rule(number=st.sampled_from("ABC"), back=st.booleans())
    def mark_as_paid(self, number: str, back: bool) -> None:
        with self.store.write() as tx:
            if back:
                unmark_paid(tx, "nl01", (number,))
            else:
                mark_paid(tx, "nl01", (number,), self.at, "jan")

    @invariant()
    def everything_is_sound(self) -> None:
        with self.store.read() as tx:
            assert_own_sound(tx)
            followed: Counter[tuple[str | None, str | None, Side]] = Counter()
            for one in iterate_tracked(tx, "nl01", paid_too=True):
                followed[one.exact_id, one.code, one.side] += one.open_dc
                assert one.state == "paid" or one.open_dc
            items = text("""
                SELECT a.exact_id, a.code, i.side, sum(i.open_dc)
                FROM open_item AS i JOIN account AS a ON a.id = i.account_id
                WHERE i.closed_by IS NULL AND i.number NOT IN ('', '0') GROUP BY a.exact_id, a.code, i.side""")
            sums = {tuple(row[:3]): int(row[3]) for row in tx.execute(items)}
            assert {key: amount for key, amount in followed.items() if amount} == {
                key: amount for key, amount in sums.items() if amount
            }

    def _own(self) -> set[tuple[object, ...]]:
        query = text("""
            SELECT c.code, v.side, v.kind, v.number, v.amount_dc, v.status
            FROM own_invoice AS v JOIN customer AS c ON c.id = v.customer_id""")
        with self.store.read() as tx:
            return {tuple(row) for row in tx.execute(query)}

    def _doubtful(self) -> bool:
        query = text("SELECT 1 FROM own_invoice WHERE ambiguous OR seen_by = 'number-date-amount'")
        with self.store.read() as tx:
            return tx.execute(query).first() is not None

    def _counting(self, side: Side) -> dict[str, tuple[int, int]]:
        query = text("SELECT status, count(*), sum(amount_dc) FROM own_invoice WHERE side = :side GROUP BY status")
        with self.store.read() as tx:
            found = {row[0]: (row[1], int(row[2])) for row in tx.execute(query, {"side": side})}
        return {status: found.get(status, (0, 0)) for status in ("open", "in-transit")}

    def _tracked(self, side: Side) -> set[tuple[object, ...]]:
        """Account and number of all invoices of which anything is open."""
        query = text("""
            SELECT account_id, number FROM open_item
            WHERE side = :side AND closed_by IS NULL AND number NOT IN ('', '0')
            GROUP BY account_id, number HAVING sum(open_dc) <> 0""")
        with self.store.read() as tx:
            return {tuple(row) for row in tx.execute(query, {"side": side})}


def test_own_invoices_count_once_whatever_happens(new_store: Callable[[], Store], database: str) -> None:
    OwnHistory.new_store = new_store  # type: ignore[assignment]
    run_state_machine_as_test(
        OwnHistory,
        settings=settings(
            max_examples=400 if LONG else 25 if database == "sqlite" else 10,
            stateful_step_count=40 if LONG else 20,
            suppress_health_check=list(HealthCheck),
        ),
    )
