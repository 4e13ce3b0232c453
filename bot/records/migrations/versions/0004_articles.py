"""Drafts of articles, each revision of them, and what was published when and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NAME = sa.String(64)
VERSION = sa.String(64)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes the two tables."""
    op.create_table(
        "article_drafts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("questions", sa.Text, nullable=False),
        sa.Column("removes", sa.Boolean, nullable=False),
        sa.Column("base", VERSION, nullable=False),
        sa.Column("base_digest", sa.String(64), nullable=False),
        sa.Column("author", NAME, sa.ForeignKey("users.name"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("closed", VERSION),
    )
    # Two editors who save at once: the database takes one of them.
    op.create_index("ix_article_drafts_revision", "article_drafts", ["slug", "revision"], unique=True)
    op.create_index("ix_article_drafts_closed", "article_drafts", ["closed", "slug"])
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", NAME, sa.ForeignKey("users.name"), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("from_version", VERSION, nullable=False),
        sa.Column("to_version", VERSION, nullable=False),
        sa.Column("articles", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("publications")
    op.drop_table("article_drafts")
