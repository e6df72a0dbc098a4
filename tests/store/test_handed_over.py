"""What was handed to Exact before its invoice came here, and what comes of it in whatever order."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from own_files import assert_own_sound, figures, own, statuses, take
from staged_exports import NOW, Account, apply_export

from store.batches import mark_transactions, unbatch
from store.database import Store
from store.forgetting import forget, purge_handed_over
from store.own_invoices import list_invoices
from store.own_records import BatchChanges, InvoiceChoice, TransactionRow
from store.records import Side
from store.undoing import undo

LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _is_sound(store: Store) -> Iterator[None]:
    yield
    with store.read() as tx:
        assert_own_sound(tx)


def handed(
    *numbers: str, code: str | None = "1", side: Side | None = "receivable", **more: Any
) -> list[TransactionRow]:
    return [TransactionRow(7, side, code, None, number, "", "2026-01-15", None)._replace(**more) for number in numbers]


def hand_over(store: Store, rows: list[TransactionRow], name: str = "7KQ2-M4", at: datetime = NOW) -> BatchChanges:
    with store.write() as tx:
        return mark_transactions(tx, "nl01", rows, name, at, "jan")


def test_what_was_handed_over_before_it_came_is_in_transit_when_it_comes(store: Store) -> None:
    take(store, [own("A")])
    changes = hand_over(store, handed("A", "B", "C"))
    assert (changes.matched, changes.unknown, changes.remembered) == (1, ("B", "C"), 2)
    assert hand_over(store, handed("B"), "2222-22").remembered == 1
    assert take(store, [own("B", 30), own("D", 5)], LATER).handed_over == 1
    assert figures(store) == {("1", "receivable"): (0, 5, 130)}
    with store.read() as tx:
        (came,) = list_invoices(tx, administration="nl01", numbers=("B",))
    assert (came.status, came.batch, came.batched_at) == ("in-transit", "7KQ2-M4", NOW)
    assert take(store, [own("B", 31)], LATER).handed_over == 0


def test_what_was_taken_out_of_its_batch_by_hand_is_not_put_back_by_what_is_remembered(store: Store) -> None:
    take(store, [own("A")])
    hand_over(store, handed("B"))
    take(store, [own("B")], LATER)
    with store.write() as tx:
        assert unbatch(tx, "nl01", InvoiceChoice(("B",)), NOW, "jan").matched == 1
    take(store, [own("B", 250)], LATER)
    assert statuses(store) == ["open", "open"]


def test_what_is_remembered_of_a_batch_goes_with_the_whole_batch(store: Store) -> None:
    take(store, [own("A")])
    hand_over(store, handed("A", "B"))
    hand_over(store, handed("C"), "2222-22")
    with store.write() as tx:
        changes = unbatch(tx, "nl01", InvoiceChoice(batch="7KQ2-M4"), NOW, "jan")
        assert (changes.matched, changes.remembered) == (1, 1)
        changes = unbatch(tx, "nl01", InvoiceChoice(batch="2222-22", customer="1"), NOW, "jan")
        assert (changes.matched, changes.remembered) == (0, 0)
    take(store, [own("B"), own("C")])
    assert statuses(store) == ["open", "open", "in-transit"]


def test_nothing_is_remembered_where_there_are_no_own_invoices(store: Store) -> None:
    apply_export(store, [Account("1", [("9", 1)])])
    assert hand_over(store, handed("A")).remembered == 0
    assert take(store, [own("A")]).handed_over == 0
    assert statuses(store) == ["open"]


def test_of_two_customers_with_the_remembered_number_nobody_is_guessed(store: Store) -> None:
    take(store, [own("A")])
    hand_over(store, handed("B", code=None))
    assert take(store, [own("B"), own("B", 100, "2")], LATER).handed_over == 0
    assert statuses(store) == ["open", "open", "open"]
    assert hand_over(store, handed("B", code="2")).matched == 1


def test_a_supplier_invoice_is_remembered_by_your_ref(store: Store) -> None:
    take(store, [own("A")])
    hand_over(store, handed("3001", side="payable", your_ref="INV-77"))
    assert take(store, [own("INV-77", side="payable")], LATER).handed_over == 1
    assert statuses(store) == ["open", "in-transit"]


def test_without_the_import_that_showed_it_what_was_handed_over_is_in_transit(store: Store) -> None:
    take(store, [own("A")])
    apply_export(store, [Account("1", [("9", 1)])])
    apply_export(store, [Account("1", [("A", 100)])])
    changes = hand_over(store, handed("A"))
    assert (changes.matched, changes.already) == (0, 1)
    assert statuses(store) == ["seen"]
    with store.write() as tx:
        undo(tx, 2, NOW, "jan")
    assert figures(store) == {("1", "receivable"): (1, 0, 100)}


def test_what_was_handed_over_and_never_came_is_forgotten_in_the_end(store: Store) -> None:
    take(store, [own("A")])
    hand_over(store, handed("B"), at=NOW - timedelta(days=91))
    hand_over(store, handed("C"), "2222-22")
    with store.write() as tx:
        assert purge_handed_over(tx, NOW - timedelta(days=90)) == 1
    take(store, [own("B"), own("C")], LATER)
    assert statuses(store) == ["open", "open", "in-transit"]
    hand_over(store, handed("E"))
    with store.write() as tx:
        assert forget(tx, "nl01")["handed_over"] == 1
