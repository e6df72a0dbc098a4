"""Who looks into a mailbox, how that goes, and what people were told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("mailbox", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name="lease_pkey"),
    )
    op.create_table(
        "mailbox_state",
        sa.Column("mailbox", TEXT, nullable=False),
        sa.Column("watched_since", MOMENT, nullable=False),
        sa.Column("polled_at", MOMENT),
        sa.Column("backlog", sa.Integer, nullable=False),
        sa.Column("trouble", TEXT),
        sa.Column("error", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name="mailbox_state_pkey"),
    )
    op.create_table(
        "alarm",
        sa.Column("condition", TEXT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("condition", name="alarm_pkey"),
    )
    op.create_index("message_arrived", "message", ["mailbox", "arrived_at"])
    parked = sa.text("state IN ('waiting', 'held', 'quarantined', 'failed')")
    op.create_index("message_parked", "message", ["state"], sqlite_where=parked, postgresql_where=parked)
    given_up = sa.text("state = 'failed'")
    op.create_index("outbox_given_up", "outbox", ["created_at"], sqlite_where=given_up, postgresql_where=given_up)
