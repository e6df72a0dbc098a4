"""What the changes of an export tell of the own invoices that go on waiting beside it."""

from own_files import own, take
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, stage

from store.batches import batch
from store.database import Store
from store.own_records import InvoiceChoice, Waiting
from store.transit import count_waiting


def test_the_changes_tell_what_goes_on_waiting(store: Store):
    apply_export(store, [Account(code, [("1", 100)]) for code in "AB"])
    rows = [
        own("7", 10, "A"),
        own("8", 20, "A"),
        own("9", 40, "A"),
        own("7", 80, "B"),
        own("5", 3, "A", side="payable"),
    ]
    take(store, rows)
    with store.write() as tx:
        batch(tx, "nl01", InvoiceChoice(("8",)), "W10", NOW, "Jan")
        assert count_waiting(tx, RECEIVABLE) == Waiting(3, 130, 1, 20)
        assert count_waiting(tx, PAYABLE) == Waiting(1, 3)
    with store.staging() as staging:
        stage(staging, [Account("A", [("1", 100), ("7", 10)]), Account("C", [("1", 1)])])
        staging.compare(RECEIVABLE)
        changes = staging.iterate_changes(RECEIVABLE, everything=True)
        assert {row.code: (row.open_invoices, row.in_transit) for row in changes} == {
            "A": (40, 20),
            "B": (80, 0),
            "C": (0, 0),
        }
