import pytest
from sqlalchemy import text
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, item

from store import imports
from store.balances import iterate_balances
from store.database import Store
from store.records import ImportUnknown, NotLast
from store.undoing import undo

LATER = NOW.replace(hour=18)
ONE = "00000000-0000-0000-0000-000000000001"
EVERYTHING = {
    "account": "id, administration, exact_id, code, name, credit_limit",
    "open_item": "account_id, side, seq, number, your_ref, description, open_dc, opened_by, closed_by",
    "balance": "account_id, side, open_import, items, open_invoices",
    "subledger": "administration, side, currency, last_import_id",
}


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as tx:
        return {
            table: sorted((tuple(row) for row in tx.execute(text(f"SELECT {columns} FROM {table}"))), key=str)
            for table, columns in EVERYTHING.items()
        }


def take_back(store: Store, import_id: int):
    with store.write() as tx:
        return undo(tx, import_id, LATER, "jan")


def test_undo_goes_back_to_what_was_import_by_import(store: Store):
    states = [everything(store)]
    for export in (
        [Account("1", [("A", 100), ("B", 50)]), Account("2", [("C", 7), ("C", 7)])],
        [Account("1", [("A", 100), ("B", 20)]), Account("3", [("D", 9)], exact_id=ONE)],
        [Account("1", [item("A", 100, description="anders")], name="Hernoemd"), Account("4")],
        [],
    ):
        apply_export(store, export)
        states.append(everything(store))
    for import_id in (4, 3, 2):
        take_back(store, import_id)
        assert everything(store) == states[import_id - 1]
    undone = take_back(store, 1)
    assert (undone.subledger, undone.last_import_id) == (RECEIVABLE, None)
    assert (undone.deleted, undone.reopened, undone.removed) == (4, 0, 2)
    after = everything(store)
    assert [after[table] for table in ("account", "open_item", "balance")] == [[], [], []]


def test_only_the_import_that_stands_can_be_taken_back(store: Store):
    apply_export(store, [Account("1", [("A", 100)])])
    apply_export(store, [Account("1", [("A", 200)])])
    with pytest.raises(
        NotLast, match=r"import 1 is applied and not the last applied of nl01 receivable: it is import 2"
    ):
        take_back(store, 1)
    take_back(store, 2)
    with pytest.raises(NotLast, match="import 2 is undone"):
        take_back(store, 2)
    take_back(store, 1)
    with pytest.raises(NotLast, match="no import stands"):
        take_back(store, 1)
    with pytest.raises(ImportUnknown):
        take_back(store, 99)


def test_the_other_side_keeps_the_account_that_this_side_made(store: Store):
    apply_export(store, [Account("1", [("A", 100)]), Account("2", [("B", 5)])])
    apply_export(store, [Account("1", [("X", 40)], side="payable")], PAYABLE)
    undone = take_back(store, 1)
    assert undone.removed == 1
    with store.read() as tx:
        assert [(row.code, row.side, row.open_import) for row in iterate_balances(tx)] == [("1", "payable", 40)]
    apply_export(store, [Account("1", [("A", 70)]), Account("2", [("B", 5)])])
    with store.read() as tx:
        assert {(row.code, row.side, row.open_import) for row in iterate_balances(tx)} == {
            ("1", "payable", 40),
            ("1", "receivable", 70),
            ("2", "receivable", 5),
        }


def test_own_invoices_and_credit_limits_survive(store: Store):
    apply_export(store, [Account("1", [("A", 100)]), Account("2", [("B", 5)])])
    with store.write() as tx:
        tx.execute(text("UPDATE balance SET open_invoices = 30 WHERE account_id = 1"))
        tx.execute(text("UPDATE account SET credit_limit = 9 WHERE id = 2"))
    take_back(store, 1)
    with store.read() as tx:
        assert [(row.code, row.open_import, row.open_total) for row in iterate_balances(tx)] == [("1", 0, 30)]
        assert tx.execute(text("SELECT code FROM account ORDER BY code")).scalars().all() == ["1", "2"]


def test_a_name_that_somebody_changed_since_stays(store: Store):
    apply_export(store, [Account("1", [("A", 1)], ONE, "Een"), Account("2", [("B", 1)], name="Twee")])
    apply_export(store, [Account("1", [("A", 1)], ONE, "Eén"), Account("2", [("B", 1)], name="Zwei")])
    with store.write() as tx:
        tx.execute(text("UPDATE account SET name = 'Uno' WHERE code = '1'"))
    take_back(store, 2)
    with store.read() as tx:
        assert tx.execute(text("SELECT name FROM account ORDER BY code")).scalars().all() == ["Uno", "Twee"]


def test_an_id_that_the_import_brought_is_gone_again(store: Store):
    apply_export(store, [Account("1", [("A", 1)])])
    apply_export(store, [Account("1", [("A", 1)], ONE)])
    take_back(store, 2)
    with store.read() as tx:
        assert tx.execute(text("SELECT exact_id FROM account")).scalars().all() == [None]


def test_what_was_undone_may_be_imported_again_and_is_listed_as_undone(store: Store):
    apply_export(store, [Account("1", [("A", 100)])])
    take_back(store, 1)
    apply_export(store, [Account("1", [("A", 100)])])
    with store.read() as tx:
        listed = imports.list_imports(tx)
    assert [(one.id, one.state) for one in listed] == [(2, "applied"), (1, "undone")]
