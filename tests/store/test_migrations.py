"""Each migration on a store that is in use: nothing is lost, and what is new fits what was there."""

import pytest
from sqlalchemy import text

from store import imports, messages
from store.balances import iterate_balances
from store.database import Store, _connect, open_store
from store.records import Balance
from store.upgrade import upgrade

FILLED_0001 = """
    INSERT INTO subledger VALUES ('nl01', 'payable', 'EUR', NULL), ('nl01', 'receivable', 'EUR', 4),
                                 ('jp01', 'receivable', 'JPY', 3), ('jp01', 'payable', 'JPY', NULL);
    INSERT INTO account (id, administration, exact_id, code, name, credit_limit) VALUES
        (1, 'nl01', NULL, '1', 'Jansen', 50000), (2, 'nl01', 'id-2', '2', 'Müller', NULL),
        (3, 'jp01', NULL, '1', 'Sato', NULL);
    INSERT INTO open_item (id, account_id, side, seq, number, your_ref, description, invoice_date, due_date, currency,
                           invoice_fc, open_fc, invoice_dc, open_dc, opened_by, closed_by) VALUES
        (1, 1, 'receivable', 0, 'A', '', 'Factuur', '2026-01-15', '2026-02-14', 'EUR', 100, 100, 100, 100, 1, NULL),
        (2, 2, 'receivable', 0, 'B', '', 'Factuur', '2026-01-15', '2026-02-14', 'KWD', 7000, 7000, 2000, 2000, 1, 4),
        (3, 3, 'receivable', 0, 'C', '', 'Factuur', '2026-01-15', '2026-02-14', 'JPY', 150, 150, 150, 150, 3, NULL),
        (4, 2, 'receivable', 0, 'B', '', 'Factuur', '2026-01-15', '2026-02-14', 'KWD', 7000, 3000, 2000, -5, 4, NULL);
    INSERT INTO balance VALUES (1, 'receivable', 100, 1, 0), (2, 'receivable', -5, 1, 30), (3, 'receivable', 150, 1, 0);
    INSERT INTO message (id, ref, mailbox, folder, uidvalidity, uid, size, arrived_at, seen_at, tries, sender,
                         administration, state, reason, finished_at, moved) VALUES
        (1, 'AAAA-22', 'main', 'INBOX', 7, 1, 900, :at, :at, 1, 'jan@bakker.example', 'nl01', 'applied', '', :at, true),
        (2, 'BBBB-22', 'main', 'INBOX', 7, 2, 900, :at, :at, 1, 'jan@bakker.example', 'nl01', 'held', 'h', :at, true),
        (3, 'CCCC-22', 'main', 'INBOX', 7, 3, 900, :at, :at, 1, 'jan@bakker.example', 'nl01', 'held', 'h', :at, true),
        (4, 'DDDD-22', 'main', 'INBOX', 7, 4, 900, :at, :at, 0, NULL, NULL, NULL, '', NULL, false);
    INSERT INTO import (id, ref, administration, side, currency, state, reason, source_sha256, part, ordered_at,
                        arrived_at, uid, planned_under, items, accounts, total, total_before, gross, recorded_at,
                        applied_at) VALUES
        (1, 'AAAA-22', 'nl01', 'receivable', 'EUR', 'applied', '', 's1', '2', :at, :at, 1, 'p', 2, 2, 2100, 0, 2100,
         :at, :at),
        (2, 'BBBB-22', 'nl01', 'receivable', 'EUR', 'held', 'h', 's2', '2', :at, :at, 2, 'p', 0, 0, 0, 2100, 0,
         :at, NULL),
        (3, 'EEEE-22', 'jp01', 'receivable', 'JPY', 'applied', '', 's3', '2', :at, :at, 0, 'p', 1, 1, 150, 0, 150,
         :at, :at),
        (4, 'FFFF-22', 'nl01', 'receivable', 'EUR', 'applied', '', 's4', '2', :at, :at, 0, 'p', 2, 2, 95, 2100, 105,
         :at, :at),
        (5, 'CCCC-22', 'nl01', 'receivable', 'EUR', 'held', 'h', 's5', '2', :at, :at, 3, 'p', 0, 0, 0, 95, 0,
         :at, NULL);
    INSERT INTO balance_change VALUES (1, 1, 0, 100), (1, 2, 0, 2000), (3, 3, 0, 150), (4, 2, 2000, -5);
    INSERT INTO import_file VALUES (1, 0, 'ARs_1.xml', '2', 'f1', 500, 2, 100, '0A');
    INSERT INTO outbox (id, message, kind, recipient, envelope_sender, message_id, raw, state, created_at, next_try_at)
        VALUES (1, 2, 'reply', 'jan@bakker.example', '', '<1@x>', :raw, 'sent', :at, :at)
"""
TABLES = {
    "subledger": "administration, side, currency, last_import_id",
    "account": "id, administration, exact_id, code, name, credit_limit",
    "open_item": "id, account_id, side, seq, number, your_ref, description, invoice_date, due_date, currency, "
    "invoice_fc, open_fc, invoice_dc, open_dc, opened_by, closed_by",
    "balance": "account_id, side, open_import, items, open_invoices",
    "import": "id, ref, administration, side, currency, reason, source_sha256, part, ordered_at, arrived_at, uid, "
    "planned_under, items, accounts, total, total_before, gross, recorded_at, applied_at",
    "balance_change": "import_id, account_id, before, after",
    "import_file": "import_id, position, name, part, sha256, size, count, pagesize, ts_d",
    "message": "id, ref, mailbox, folder, uidvalidity, uid, size, arrived_at, seen_at, tries, sender, finished_at",
    "outbox": "id, message, kind, recipient, envelope_sender, message_id, raw, state, tries, created_at, sent_at",
}


def contents(tx) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: sorted((tuple(row) for row in tx.execute(text(f"SELECT {columns} FROM {table}"))), key=str)
        for table, columns in TABLES.items()
    }


@pytest.fixture
def filled(empty_url: str):
    """The URL of a store of the first schema that is in use, and what is in it."""
    engine = _connect(empty_url)
    with engine.begin() as tx:
        upgrade(tx, None, "0001")
        for statement in FILLED_0001.split(";"):
            given = {"at": "2026-03-02 09:30:00.000000+00:00", "raw": b"Subject: Ja\r\n\r\n"}
            if tx.dialect.name == "sqlite":
                given["at"] = "2026-03-02 09:30:00.000000"
            tx.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
        before = contents(tx)
    engine.dispose()
    return empty_url, before


@pytest.fixture
def migrated(filled) -> Store:
    store = open_store(filled[0])
    yield store
    store.close()


def test_no_row_is_lost_or_changed(filled, migrated: Store):
    with migrated.read() as tx:
        assert contents(tx) == filled[1]
        assert list(iterate_balances(tx, administration="nl01")) == [
            Balance("nl01", "receivable", "1", "Jansen", None, "EUR", 100, 0, 0, 100, 50000),
            Balance("nl01", "receivable", "2", "Müller", "id-2", "EUR", -5, 30, 0, 25, None),
        ]
        assert imports.list_files(tx, 1)[0].ts_d == "0A"


def test_each_import_knows_its_mail_its_predecessor_and_its_items(migrated: Store):
    with migrated.read() as tx:
        rows = tx.execute(
            text(
                "SELECT id, message_id, previous_import_id, base_import_id, first_item_id, last_item_id, opened,"
                " closed, sender, mailbox FROM import ORDER BY id"
            )
        ).all()
    jan = ("jan@bakker.example", "main")
    assert [tuple(row) for row in rows] == [
        (1, 1, None, None, 1, 2, 2, 0, *jan),
        (2, 2, None, None, None, None, None, None, *jan),
        (3, None, None, None, 3, 3, 1, 0, None, None),
        (4, None, 1, 1, 4, 4, 1, 1, None, None),
        (5, 3, None, None, None, None, None, None, *jan),
    ]


def test_of_two_held_imports_the_newer_goes_on_waiting(migrated: Store):
    with migrated.read() as tx:
        states = {one.id: one.state for one in imports.list_imports(tx)}
        mails = {one.id: (one.state, one.reason, one.moved) for one in messages.list_messages(tx)}
        assert tx.execute(text("SELECT superseded_by FROM import WHERE id = 2")).scalar() == 5
    assert states == {1: "applied", 2: "superseded", 3: "applied", 4: "applied", 5: "held"}
    assert mails == {
        1: ("applied", "", True),
        2: ("unchanged", "superseded", False),
        3: ("held", "h", True),
        4: (None, "", False),
    }


def test_the_digits_of_all_currencies_are_known(migrated: Store):
    with migrated.read() as tx:
        assert dict(tx.execute(text("SELECT code, digits FROM currency")).all()) == {"EUR": 2, "JPY": 0, "KWD": 3}
        shown = tx.execute(text("SELECT code, open_import_text, open_total_text FROM open_balance ORDER BY name")).all()
    assert [tuple(row) for row in shown] == [("1", "1.00", "1.00"), ("2", "-0.05", "0.25"), ("1", "150", "150")]
