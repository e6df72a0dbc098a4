"""What is deleted is gone from every table, and nothing else is."""

from datetime import timedelta
from random import Random

from own_files import own, take
from sqlalchemy import Table, func, insert, select
from staged_exports import NOW, Account, apply_export

from store import batches, forgetting, messages, notices, outbox, schema, tracking
from store.database import Store, Transaction
from store.own_records import InvoiceChoice, TransactionRow
from store.records import MailKey, MessageState, Outcome, OutgoingMail, Subledger

DAY = timedelta(days=1)
ABOUT_NO_ADMINISTRATION = {"alarm", "lease", "mailbox_state"}


def fill(store: Store, administration: str) -> None:
    """Something in every table that has to do with an administration."""
    apply_export(store, [Account("1", [("A", 100)]), Account("2")], Subledger(administration, "receivable"))
    apply_export(store, [Account("1", [("A", 90)], name="Anders")], Subledger(administration, "receivable"))
    take(store, [own("B", 30)], administration=administration)
    with store.write() as tx:
        batches.batch(tx, administration, InvoiceChoice(), "W10", NOW, "jan")
        handed_over = TransactionRow(7, None, None, None, "C", "", "", None)
        batches.mark_transactions(tx, administration, [handed_over], "W11", NOW, "jan")
        tracking.mark_paid(tx, administration, ("A",), NOW, "jan")
        finished = finish(tx, administration, "applied")
        import_id = tx.execute(
            select(func.max(schema.import_.c.id)).where(schema.import_.c.administration == administration)
        ).scalar_one()
        tx.execute(insert(schema.import_mail).values(import_id=import_id, message_id=finished))
        kept_id = tx.execute(
            insert(schema.kept)
            .values(administration=administration, sha256="0", kind="file", name="x", size=1, stored=1, kept_at=NOW)
            .returning(schema.kept.c.id)
        ).scalar_one()
        tx.execute(insert(schema.kept_chunk).values(kept_id=kept_id, position=0, data=b"x"))
        notices.take(tx, f"caps:replies-sender-hour:{administration}", NOW, DAY)
        if not tx.execute(select(func.count()).select_from(schema.account_change)).scalar_one():
            change = {"import_id": import_id, "account_id": 1, "created": True}
            tx.execute(insert(schema.account_change).values(**change))


def finish(
    tx: Transaction, administration: str | None, state: MessageState, *, moved: bool = True, days: int = 0
) -> int:
    moment = NOW - days * DAY
    key = MailKey("main", "INBOX", 1, Random(repr((administration, state, moved, days))).randrange(10**9))
    message = messages.remember(tx, key, 1, moment, moment, Random(key.uid))
    reply = OutgoingMail("jan@bakker.example", "", f"<{key.uid}@x>", b"1.234,56")
    messages.finish(tx, message.id, Outcome(state, "", administration, (reply,)), moment)
    if moved:
        messages.mark_moved(tx, [(message.id, state, None)])
    return message.id


def count(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return {table.name: _count(tx, table) for table in schema.metadata.sorted_tables}


def _count(tx: Transaction, table: Table) -> int:
    return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_an_administration_is_forgotten_whole_and_others_are_not_touched(store: Store) -> None:
    fill(store, "nl01")
    alone = count(store)
    fill(store, "nl02")
    both = count(store)
    # A new table must be filled by `fill`, or listed here.
    assert {name for name, rows in alone.items() if rows == 0} == ABOUT_NO_ADMINISTRATION
    with store.write() as tx:
        deleted = forgetting.forget(tx, "nl02")
    assert count(store) == alone
    expected = {name: both[name] - rows for name, rows in alone.items() if both[name] != rows}
    assert {name: rows for name, rows in deleted.items() if rows} == expected
    with store.read() as tx:
        for table in schema.metadata.sorted_tables:
            if "administration" in table.c:
                assert "nl02" not in tx.execute(select(table.c.administration)).scalars().all()


def test_forgetting_what_is_not_there_deletes_nothing(store: Store) -> None:
    fill(store, "nl01")
    before = count(store)
    with store.write() as tx:
        assert sum(forgetting.forget(tx, "nl").values()) == 0
    assert count(store) == before


def test_old_mails_are_deleted_with_their_replies_unless_something_waits(store: Store) -> None:
    with store.write() as tx:
        old = finish(tx, "nl01", "applied", days=10)
        finish(tx, "nl01", "held", days=10)
        finish(tx, "nl01", "refused", days=10, moved=False)
        finish(tx, "nl01", "applied", days=3)
        sent = [mail.id for mail in outbox.claim(tx, NOW, 100, DAY)]
        outbox.mark_sent(tx, sent, NOW)
        finish(tx, "nl01", "unchanged", days=10)  # its reply is not sent yet
        before = {message.id for message in messages.list_messages(tx)}
        assert forgetting.purge_mails(tx, NOW - 5 * DAY) == 1
        assert {message.id for message in messages.list_messages(tx)} == before - {old}
    assert count(store)["outbox"] == len(sent)


def test_old_files_and_alerts_are_deleted(store: Store) -> None:
    fill(store, "nl01")
    with store.write() as tx:
        sent = outbox.add(tx, OutgoingMail("beheer@example.com", "", "<1@x>", b"", kind="alert"), NOW - 10 * DAY)
        outbox.mark_sent(tx, [sent], NOW)
        outbox.add(tx, OutgoingMail("beheer@example.com", "", "<2@x>", b"", kind="alert"), NOW - 10 * DAY)
    with store.write() as tx:
        assert forgetting.purge_files(tx, NOW) == 0
        assert forgetting.purge_files(tx, NOW + DAY) == 1
        assert forgetting.purge_alerts(tx, NOW - 5 * DAY) == 1
    assert (count(store)["kept"], count(store)["kept_chunk"]) == (0, 0)


def test_quarantined_mails_are_listed_from_a_moment_on(store: Store) -> None:
    with store.write() as tx:
        finish(tx, None, "quarantined", days=2)
        recent = finish(tx, None, "quarantined", days=1)
        finish(tx, "nl01", "applied")
        assert [one.id for one in messages.list_quarantined(tx, NOW - 2 * DAY, 10)] == [recent]
        assert len(messages.list_quarantined(tx, NOW - 9 * DAY, 1)) == 1
