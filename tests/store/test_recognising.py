"""An own invoice counts until an export shows it: once, and never again, in whatever order things come."""

from own_files import assert_own_sound, figures, own, statuses, take
from staged_exports import Account, apply_export

from store.database import Store


def sound(store: Store) -> None:
    with store.read() as tx:
        assert_own_sound(tx)


def test_an_own_invoice_counts_until_an_export_shows_it(store: Store):
    take(store, [own("A", 250, "1"), own("B", 100, "1")])
    assert figures(store) == {("1", "receivable"): (0, 350, 0)}
    apply_export(store, [Account("1", [("A", 250), ("C", 5)])])
    assert figures(store) == {("1", "receivable"): (255, 100, 0)}
    assert statuses(store) == ["seen", "open"]
    sound(store)


def test_an_invoice_that_comes_after_it_was_seen_and_paid_never_counts(store: Store):
    apply_export(store, [Account("1", [("A", 250)]), Account("2", [("Z", 1)])])
    apply_export(store, [Account("2", [("Z", 1)])])
    take(store, [own("A", 250, "1")])
    assert figures(store) == {("2", "receivable"): (1, 0, 0)}
    assert statuses(store) == ["seen"]
    sound(store)
