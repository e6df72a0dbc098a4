from own_files import own, take
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, item, new_import, stage

from store.database import Store
from store.records import CreditCrossing


def limit(store: Store, **limits: int) -> None:
    with store.write() as tx:
        for code, amount in limits.items():
            tx.execute(text("UPDATE account SET credit_limit = :a WHERE code = :c"), {"a": amount, "c": code})


def test_debtors_that_pass_their_limit_in_either_direction_are_named(store: Store):
    apply_export(store, [Account(code, [("1", 100)], name=f"Klant {code}") for code in "ABCDE"])
    limit(store, A=100, B=99, C=100, D=0)
    with store.staging() as staging:
        stage(
            staging, [Account("A", [("1", 101)]), Account("B", [("1", 99)]), Account("C", [("1", 100)]), Account("E")]
        )
        staging.compare(RECEIVABLE)
        crossed = [
            CreditCrossing("A", "Klant A", 100, 100, 101),
            CreditCrossing("B", "Klant B", 99, 100, 99),
            CreditCrossing("D", "Klant D", 0, 100, 0),
        ]
        assert staging.credit_crossings(RECEIVABLE) == crossed
        comparison = staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(), "EUR", NOW)
        assert [crossing.code for crossing in staging.credit_crossings(RECEIVABLE)] == ["A", "B", "D"]


def test_own_invoices_count_against_the_limit(store: Store):
    apply_export(store, [Account("A", [("1", 100)])])
    limit(store, A=140)
    with store.write() as tx:
        tx.execute(text("UPDATE balance SET open_invoices = 30"))
    with store.staging() as staging:
        stage(staging, [Account("A", [("1", 120)])])
        staging.compare(RECEIVABLE)
        assert staging.credit_crossings(RECEIVABLE) == [CreditCrossing("A", "Bakker", 140, 130, 150)]


def test_creditors_have_no_limit(store: Store):
    apply_export(store, [Account("A", [("1", 100)], side="payable")], PAYABLE)
    limit(store, A=1)
    with store.staging() as staging:
        staging.compare(PAYABLE)
        assert staging.credit_crossings(PAYABLE) == []


def test_the_changes_tell_limit_room_and_the_oldest_due_date(store: Store):
    apply_export(store, [Account(code, [("1", 100)], name=f"Klant {code}") for code in "ABC"])
    limit(store, A=140, C=50)
    take(store, [own("X", 30, code) for code in "ABC"])
    credit_note = item("4", -5, due_date="2025-01-01")
    with store.staging() as staging:
        late = [item("2", 60, due_date="2026-01-31"), item("3", 60, due_date="2025-12-31"), credit_note]
        creditor = Account("A", [("9", 7)], side="payable")
        stage(staging, [Account("A", late), Account("B", [credit_note]), Account("D", [("1", 1)]), creditor])
        staging.compare(RECEIVABLE)
        staging.compare(PAYABLE)
        creditors, debtors = staging.iterate_changes(PAYABLE), staging.iterate_changes(RECEIVABLE, everything=True)
        rows = {row.code: (row.credit_limit, row.credit_room, row.oldest_due) for row in debtors}
        assert rows == {
            "A": (140, -5, "2025-12-31"),
            "B": (None, None, ""),
            "C": (50, 20, ""),
            "D": (None, None, "2026-02-14"),
        }
        assert [(row.code, row.credit_limit, row.oldest_due) for row in creditors] == [("A", None, "2026-02-14")]


def test_rooms_are_those_of_the_last_comparison(store: Store):
    apply_export(store, [Account("A", [("1", 100)])])
    with store.staging() as staging:
        for known in (None, 140):
            if known:
                limit(store, A=known)
            staging.clear()
            stage(staging, [Account("A", [("1", 120)])])
            staging.compare(RECEIVABLE)
            assert [row.credit_limit for row in staging.iterate_changes(RECEIVABLE)] == [known]
