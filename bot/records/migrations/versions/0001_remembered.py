"""The guard's memory of running conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "remembered",
        sa.Column("conversation_id", sa.String(64), primary_key=True),
        sa.Column("memory", sa.Text, nullable=False),
        sa.Column("heard", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_remembered_heard", "remembered", ["heard"])


def downgrade() -> None:
    """Drops it."""
    op.drop_table("remembered")
