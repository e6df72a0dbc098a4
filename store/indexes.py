"""The indexes of the tables, for whoever makes or compares a schema: queries need not load them.

Those of PostgreSQL load its drivers, 8 % of the start of every command.
"""

from typing import Any

from sqlalchemy import ColumnElement, Index, TextClause, text

from store.schema import (
    DOUBTFUL,
    ENDED,
    PARKED,
    WAITING,
    account,
    customer,
    handed_over,
    import_,
    import_file,
    import_mail,
    kept,
    message,
    open_item,
    outbox,
    own_invoice,
)


def _partial(
    name: str, *columns: ColumnElement[Any], where: ColumnElement[bool] | TextClause, unique: bool = False
) -> None:
    """An index of the rows for which `where` holds, on both databases."""
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


_REPLY = outbox.c.kind == text("'reply'")

_partial(
    "account_exact_id",
    account.c.administration,
    account.c.exact_id,
    unique=True,
    where=account.c.exact_id.is_not(None),
)

_partial(
    "account_own_code",
    account.c.administration,
    account.c.code,
    unique=True,
    where=account.c.exact_id.is_(None),
)

Index("account_code", account.c.administration, account.c.code)

_partial(
    "open_item_key",
    open_item.c.account_id,
    open_item.c.side,
    open_item.c.number,
    open_item.c.due_date,
    open_item.c.seq,
    unique=True,
    where=open_item.c.closed_by.is_(None),
)

_partial(
    "open_item_closed",
    open_item.c.account_id,
    open_item.c.side,
    open_item.c.number,
    where=open_item.c.closed_by.is_not(None),
)

_partial(
    "open_item_closed_by",
    open_item.c.closed_by,
    where=open_item.c.closed_by.is_not(None),
)

_partial(
    "import_effect",
    import_.c.administration,
    import_.c.side,
    import_.c.source_sha256,
    import_.c.part,
    unique=True,
    where=import_.c.state == text("'applied'"),
)

Index("import_subledger", import_.c.administration, import_.c.side, import_.c.id)

Index("import_ref", import_.c.ref)

_partial(
    "import_held",
    import_.c.administration,
    import_.c.side,
    unique=True,
    where=import_.c.state == text("'held'"),
)

_partial(
    "import_message",
    import_.c.message_id,
    where=import_.c.message_id.is_not(None),
)

_partial(
    "import_report",
    import_.c.report_message_id,
    where=import_.c.report_message_id.is_not(None),
)

Index("import_mail_message", import_mail.c.message_id)

Index("import_file_sha256", import_file.c.sha256)

Index("kept_age", kept.c.kept_at)

_partial(
    "message_parked",
    message.c.state,
    where=PARKED,
)

Index("message_arrived", message.c.mailbox, message.c.arrived_at)

_partial(
    "message_unmoved",
    message.c.mailbox,
    where=message.c.moved == text("false"),
)

Index("outbox_of_message", outbox.c.message)

_partial(
    "outbox_queued",
    outbox.c.next_try_at,
    where=outbox.c.state == text("'queued'"),
)

_partial("outbox_recent", outbox.c.created_at, where=_REPLY)

_partial("outbox_recipient", outbox.c.recipient, outbox.c.created_at, where=_REPLY)

_partial(
    "outbox_given_up",
    outbox.c.created_at,
    where=outbox.c.state == text("'failed'"),
)

Index("customer_exact_code", customer.c.administration, customer.c.exact_code)

Index("customer_account", customer.c.account_id)

Index("own_invoice_number", own_invoice.c.administration, own_invoice.c.side, own_invoice.c.exact_number)

_partial(
    "own_invoice_waiting",
    own_invoice.c.administration,
    own_invoice.c.side,
    own_invoice.c.account_id,
    where=WAITING,
)

_partial(
    "own_invoice_doubtful",
    own_invoice.c.administration,
    own_invoice.c.side,
    where=DOUBTFUL,
)

_partial(
    "own_invoice_ended",
    own_invoice.c.administration,
    own_invoice.c.side,
    where=ENDED,
)

_partial(
    "own_invoice_undecided",
    own_invoice.c.administration,
    own_invoice.c.side,
    where=text("undecided"),
)

_partial(
    "own_invoice_batch",
    own_invoice.c.batch_id,
    where=own_invoice.c.batch_id.is_not(None),
)

Index("handed_over_number", handed_over.c.administration, handed_over.c.number)
