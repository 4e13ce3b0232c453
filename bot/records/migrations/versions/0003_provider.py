"""Users whom an OpenID Connect provider signs in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the column, empty for every user there is."""
    op.add_column("users", sa.Column("subject", sa.String(512)))
    op.create_index("ix_users_subject", "users", ["subject"], unique=True)


def downgrade() -> None:
    """Drops the column; whoever a provider signs in would be somebody new."""
    op.drop_index("ix_users_subject", "users")
    op.drop_column("users", "subject")
