"""The temporary tables of a staging area, as each of the two databases has them.

They are declared in full, because CREATE TABLE AS would lose the columns' affinity and with it, in SQLite, the use of
indexes.
"""

_TABLES = """
CREATE TEMPORARY TABLE staged_block (
    block {id}, page INTEGER NOT NULL, side TEXT NOT NULL, exact_id {text}, code {text}, name {text} NOT NULL,
    account BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_item (
    line BIGINT NOT NULL, block BIGINT NOT NULL, number {text} NOT NULL, your_ref {text} NOT NULL,
    description {text} NOT NULL, invoice_date {text} NOT NULL, due_date {text} NOT NULL, currency {text} NOT NULL,
    invoice_fc BIGINT NOT NULL, open_fc BIGINT NOT NULL, invoice_dc BIGINT NOT NULL, open_dc BIGINT NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (block, number, due_date, line)
){by_key};
CREATE TEMPORARY TABLE staged_sum (
    block {id}, items BIGINT NOT NULL, distinct_items BIGINT NOT NULL, lowest_currency {text} NOT NULL,
    highest_currency {text} NOT NULL, latest_invoice_date {text} NOT NULL,
    open_fc BIGINT NOT NULL, gross BIGINT NOT NULL, open_dc BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_known (block {id}, account_id BIGINT NOT NULL);
CREATE TEMPORARY TABLE staged_early_opened (
    block BIGINT NOT NULL, number {text} NOT NULL, due_date {text} NOT NULL, line BIGINT NOT NULL,
    PRIMARY KEY (block, number, due_date, line)
){by_key};
CREATE TEMPORARY TABLE staged_early_closed (id BIGINT NOT NULL, block BIGINT NOT NULL);
CREATE TEMPORARY TABLE staged_aged (
    page INTEGER NOT NULL, side TEXT NOT NULL, not_due BIGINT NOT NULL, days_1_30 BIGINT NOT NULL,
    days_31_60 BIGINT NOT NULL, days_61_90 BIGINT NOT NULL, over_90 BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_match (
    account {id}, side TEXT NOT NULL, exact_id {text}, code {text}, name {text} NOT NULL, account_id BIGINT
);
CREATE TEMPORARY TABLE staged_candidate (
    account {id}, candidates INTEGER NOT NULL, other_account BIGINT, account_id BIGINT
);
CREATE TEMPORARY TABLE staged_account (
    side TEXT NOT NULL, account BIGINT, account_id BIGINT, exact_id {text}, code {text}, name {text} NOT NULL,
    is_new BOOLEAN NOT NULL, is_renamed BOOLEAN NOT NULL, has_balance BOOLEAN NOT NULL, is_known BOOLEAN NOT NULL,
    items_before BIGINT NOT NULL, items BIGINT NOT NULL, open_fc BIGINT NOT NULL, gross BIGINT NOT NULL,
    before BIGINT NOT NULL, after BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_opened (
    block BIGINT NOT NULL, number {text} NOT NULL, due_date {text} NOT NULL, line BIGINT NOT NULL, side TEXT NOT NULL,
    account BIGINT NOT NULL
);
CREATE TEMPORARY TABLE staged_closed (id {id}, side TEXT NOT NULL, account BIGINT);
CREATE TEMPORARY TABLE staged_own (
    invoice BIGINT NOT NULL, side TEXT NOT NULL, account_id BIGINT NOT NULL, verdict INTEGER NOT NULL,
    amount_dc BIGINT NOT NULL
);
"""
_SQLITE_TYPES = {"id": "INTEGER PRIMARY KEY", "text": "TEXT", "by_key": " WITHOUT ROWID"}
_INDEXES = """
CREATE INDEX staged_block_code ON staged_block (code, exact_id, side);
CREATE INDEX staged_block_account ON staged_block (account);
CREATE INDEX staged_match_account_id ON staged_match (account_id);
CREATE INDEX staged_account_account ON staged_account (account);
"""
INDEX_OF_IDS = "CREATE INDEX staged_block_exact_id ON staged_block (exact_id, side)"
_POSTGRESQL_TYPES = {"id": "BIGINT PRIMARY KEY", "text": 'TEXT COLLATE "C"', "by_key": ""}


_STAGED = (
    "staged_block",
    "staged_item",
    "staged_sum",
    "staged_match",
    "staged_candidate",
    "staged_account",
    "staged_opened",
    "staged_closed",
    "staged_own",
)
EARLY = ("staged_known", "staged_early_opened", "staged_early_closed", "staged_aged")
# Other connections have the usual cache of 2 MB: they stay idle with it full.
_SQLITE_PAGES = "PRAGMA main.cache_size = -8192; PRAGMA temp.page_size = 16384; PRAGMA temp.cache_size = -8192;"
SQLITE_SCRIPT = _SQLITE_PAGES + _TABLES.format(**_SQLITE_TYPES) + _INDEXES
POSTGRESQL_SCRIPT = _TABLES.format(**_POSTGRESQL_TYPES) + _INDEXES
# Of few rows: in PostgreSQL TRUNCATE takes six times as long.
CLEAR, CLEAR_EARLY = (
    "".join(f"DELETE FROM {table};" for table in tables)  # noqa: S608
    for tables in (_STAGED, EARLY)
)
