"""The indexes of the tables, for whoever makes or compares a schema: queries need not load them.

Those of PostgreSQL load its drivers, which is a twentieth of the start of every command.
"""

from sqlalchemy import Index, text

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

_REPLY = outbox.c.kind == text("'reply'")

Index(
    "account_exact_id",
    account.c.administration,
    account.c.exact_id,
    unique=True,
    sqlite_where=account.c.exact_id.is_not(None),
    postgresql_where=account.c.exact_id.is_not(None),
)

Index(
    "account_own_code",
    account.c.administration,
    account.c.code,
    unique=True,
    sqlite_where=account.c.exact_id.is_(None),
    postgresql_where=account.c.exact_id.is_(None),
)

Index("account_code", account.c.administration, account.c.code)

Index(
    "open_item_key",
    open_item.c.account_id,
    open_item.c.side,
    open_item.c.number,
    open_item.c.due_date,
    open_item.c.seq,
    unique=True,
    sqlite_where=open_item.c.closed_by.is_(None),
    postgresql_where=open_item.c.closed_by.is_(None),
)

Index(
    "open_item_closed",
    open_item.c.account_id,
    open_item.c.side,
    open_item.c.number,
    sqlite_where=open_item.c.closed_by.is_not(None),
    postgresql_where=open_item.c.closed_by.is_not(None),
)

Index(
    "open_item_closed_by",
    open_item.c.closed_by,
    sqlite_where=open_item.c.closed_by.is_not(None),
    postgresql_where=open_item.c.closed_by.is_not(None),
)

Index(
    "import_effect",
    import_.c.administration,
    import_.c.side,
    import_.c.source_sha256,
    import_.c.part,
    unique=True,
    sqlite_where=import_.c.state == text("'applied'"),
    postgresql_where=import_.c.state == text("'applied'"),
)

Index("import_subledger", import_.c.administration, import_.c.side, import_.c.id)

Index("import_ref", import_.c.ref)

Index(
    "import_held",
    import_.c.administration,
    import_.c.side,
    unique=True,
    sqlite_where=import_.c.state == text("'held'"),
    postgresql_where=import_.c.state == text("'held'"),
)

Index(
    "import_message",
    import_.c.message_id,
    sqlite_where=import_.c.message_id.is_not(None),
    postgresql_where=import_.c.message_id.is_not(None),
)

Index(
    "import_report",
    import_.c.report_message_id,
    sqlite_where=import_.c.report_message_id.is_not(None),
    postgresql_where=import_.c.report_message_id.is_not(None),
)

Index("import_mail_message", import_mail.c.message_id)

Index("import_file_sha256", import_file.c.sha256)

Index("kept_age", kept.c.kept_at)

Index(
    "message_parked",
    message.c.state,
    sqlite_where=PARKED,
    postgresql_where=PARKED,
)

Index("message_arrived", message.c.mailbox, message.c.arrived_at)

Index(
    "message_unmoved",
    message.c.mailbox,
    sqlite_where=message.c.moved == text("false"),
    postgresql_where=message.c.moved == text("false"),
)

Index("outbox_of_message", outbox.c.message)

Index(
    "outbox_queued",
    outbox.c.next_try_at,
    sqlite_where=outbox.c.state == text("'queued'"),
    postgresql_where=outbox.c.state == text("'queued'"),
)

Index("outbox_recent", outbox.c.created_at, sqlite_where=_REPLY, postgresql_where=_REPLY)

Index("outbox_recipient", outbox.c.recipient, outbox.c.created_at, sqlite_where=_REPLY, postgresql_where=_REPLY)

Index(
    "outbox_given_up",
    outbox.c.created_at,
    sqlite_where=outbox.c.state == text("'failed'"),
    postgresql_where=outbox.c.state == text("'failed'"),
)

Index("customer_exact_code", customer.c.administration, customer.c.exact_code)

Index("customer_account", customer.c.account_id)

Index("own_invoice_number", own_invoice.c.administration, own_invoice.c.side, own_invoice.c.exact_number)

Index(
    "own_invoice_waiting",
    own_invoice.c.administration,
    own_invoice.c.side,
    own_invoice.c.account_id,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)

Index(
    "own_invoice_doubtful",
    own_invoice.c.administration,
    own_invoice.c.side,
    sqlite_where=DOUBTFUL,
    postgresql_where=DOUBTFUL,
)

Index(
    "own_invoice_ended",
    own_invoice.c.administration,
    own_invoice.c.side,
    sqlite_where=ENDED,
    postgresql_where=ENDED,
)

Index(
    "own_invoice_undecided",
    own_invoice.c.administration,
    own_invoice.c.side,
    sqlite_where=text("undecided"),
    postgresql_where=text("undecided"),
)

Index(
    "own_invoice_batch",
    own_invoice.c.batch_id,
    sqlite_where=own_invoice.c.batch_id.is_not(None),
    postgresql_where=own_invoice.c.batch_id.is_not(None),
)

Index("handed_over_number", handed_over.c.administration, handed_over.c.number)
