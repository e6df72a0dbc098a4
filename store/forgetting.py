"""What is deleted: all of one administration because the law asks for it, and what has become old."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Delete, delete, or_, select

from store.schema import (
    account,
    account_change,
    balance,
    balance_change,
    import_,
    import_file,
    import_mail,
    kept,
    kept_chunk,
    message,
    notice,
    open_item,
    outbox,
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
    steps: tuple[Delete, ...] = (
        delete(outbox).where(outbox.c.message.in_(mails)),
        delete(import_mail).where(or_(import_mail.c.import_id.in_(imports), import_mail.c.message_id.in_(mails))),
        delete(import_file).where(import_file.c.import_id.in_(imports)),
        delete(balance_change).where(balance_change.c.import_id.in_(imports)),
        delete(account_change).where(account_change.c.import_id.in_(imports)),
        delete(open_item).where(open_item.c.account_id.in_(accounts)),
        delete(balance).where(balance.c.account_id.in_(accounts)),
        delete(kept_chunk).where(kept_chunk.c.kept_id.in_(files)),
        delete(kept).where(kept.c.administration == administration),
        delete(import_).where(import_.c.administration == administration),
        delete(account).where(account.c.administration == administration),
        delete(subledger).where(subledger.c.administration == administration),
        delete(message).where(message.c.administration == administration),
        delete(notice).where(notice.c.topic.endswith(f":{administration}", autoescape=True)),
    )
    return {step.table.name: tx.execute(step).rowcount for step in steps}


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
