"""When what was told of, and quick counts of the replies of the last hours."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", name="notice_pkey"),
    )
    replies = sa.text("kind = 'reply'")
    op.create_index("outbox_recent", "outbox", ["created_at"], sqlite_where=replies, postgresql_where=replies)
    op.create_index(
        "outbox_recipient", "outbox", ["recipient", "created_at"], sqlite_where=replies, postgresql_where=replies
    )
