"""What is deleted: all of one administration because the law asks for it, and what has become old."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select

from store.schema import (
    account,
    account_change,
    balance,
    balance_change,
    batch,
    customer,
    handed_over,
    import_,
    import_file,
    import_mail,
    kept,
    kept_chunk,
    message,
    notice,
    open_item,
    outbox,
    own_invoice,
    paid_by_hand,
    subledger,
)

AT_ONCE = 500  # rows of the leading table in one transaction, so that others are not kept waiting


def forget(tx: Connection, administration: str) -> Mapping[str, int]:
    """Delete everything that is kept about an administration; returns how many rows of each table.

    Mails that were never judged to belong to it are not found by it.
    """
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA secure_delete = ON")  # overwrite it: SQLite would leave it in free pages
    accounts = select(account.c.id).where(account.c.administration == administration)
    imports = select(import_.c.id).where(import_.c.administration == administration)
    mails = select(message.c.id).where(message.c.administration == administration)
    files = select(kept.c.id).where(kept.c.administration == administration)
    # What is named by others goes after them.
    steps: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (outbox, outbox.c.message.in_(mails)),
        (import_mail, or_(import_mail.c.import_id.in_(imports), import_mail.c.message_id.in_(mails))),
        (import_file, import_file.c.import_id.in_(imports)),
        (balance_change, balance_change.c.import_id.in_(imports)),
        (account_change, account_change.c.import_id.in_(imports)),
        (open_item, open_item.c.account_id.in_(accounts)),
        (paid_by_hand, paid_by_hand.c.account_id.in_(accounts)),
        (own_invoice, own_invoice.c.administration == administration),
        (handed_over, handed_over.c.administration == administration),
        (batch, batch.c.administration == administration),
        (customer, customer.c.administration == administration),
        (balance, balance.c.account_id.in_(accounts)),
        (kept_chunk, kept_chunk.c.kept_id.in_(files)),
        (kept, kept.c.administration == administration),
        (import_, import_.c.administration == administration),
        (account, account.c.administration == administration),
        (subledger, subledger.c.administration == administration),
        (message, message.c.administration == administration),
        (notice, notice.c.topic.endswith(f":{administration}", autoescape=True)),
    )
    return {table.name: tx.execute(delete(table).where(condition)).rowcount for table, condition in steps}


def purge_mails(tx: Connection, before: datetime) -> int:
    """Delete records of mails that got their final state before then, with their replies; returns how many.

    Call it again while it returns `AT_ONCE`. Mails that wait for a yes, for their move or for their reply to be
    sent stay.
    """
    unsent = select(outbox.c.message).where(outbox.c.message == message.c.id, outbox.c.state == "queued").exists()
    old = tx.execute(
        select(message.c.id)
        .where(message.c.finished_at < before, message.c.moved, message.c.state != "held", ~unsent)
        .limit(AT_ONCE)
    )
    ids = list(old.scalars())
    tx.execute(delete(outbox).where(outbox.c.message.in_(ids)))
    tx.execute(delete(import_mail).where(import_mail.c.message_id.in_(ids)))
    tx.execute(delete(message).where(message.c.id.in_(ids)))
    return len(ids)


def purge_alerts(tx: Connection, before: datetime) -> int:
    """Delete alerts that were sent or given up before then, and what is remembered of notices."""
    old = delete(outbox).where(outbox.c.message.is_(None), outbox.c.state != "queued", outbox.c.created_at < before)
    tx.execute(delete(notice).where(notice.c.told_at < before))
    return tx.execute(old).rowcount


def purge_files(tx: Connection, before: datetime) -> int:
    """Delete files that were kept before then; returns how many. Call it again while it returns `AT_ONCE`."""
    ids = list(tx.execute(select(kept.c.id).where(kept.c.kept_at < before).limit(AT_ONCE)).scalars())
    tx.execute(delete(kept_chunk).where(kept_chunk.c.kept_id.in_(ids)))
    tx.execute(delete(kept).where(kept.c.id.in_(ids)))
    return len(ids)


def purge_handed_over(tx: Connection, before: datetime) -> int:
    """Delete what was handed over before then, and whose invoices never came; returns how many transactions."""
    return tx.execute(delete(handed_over).where(handed_over.c.handed_over_at < before)).rowcount
