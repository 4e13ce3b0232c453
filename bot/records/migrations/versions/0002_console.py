"""What the staff console keeps: exchanges, feedback, cases, curated answers, users, sessions and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.String(64)
NAME = sa.String(64)
WORD = sa.String(16)  # the value of an enum of bot/records/tables.py
MOMENT = sa.DateTime(timezone=True)
HAS_TEXT = sa.text("question IS NOT NULL")

# The full-text index over cases.words. SQLite's is a table beside, which triggers keep in step; it holds no positions,
# since nobody searches for phrases. PostgreSQL's reads a column of its own: made at every search it would take seconds.
SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE cases_search USING fts5(words, content='cases', content_rowid='id', detail=none)",
        """CREATE TRIGGER cases_search_insert AFTER INSERT ON cases BEGIN
            INSERT INTO cases_search(rowid, words) VALUES (new.id, new.words);
        END""",
        """CREATE TRIGGER cases_search_delete AFTER DELETE ON cases BEGIN
            INSERT INTO cases_search(cases_search, rowid, words) VALUES ('delete', old.id, old.words);
        END""",
        """CREATE TRIGGER cases_search_update AFTER UPDATE OF words ON cases BEGIN
            INSERT INTO cases_search(cases_search, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO cases_search(rowid, words) VALUES (new.id, new.words);
        END""",
    ),
    "postgresql": (
        """ALTER TABLE cases
            ADD COLUMN cases_search tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED""",
        "CREATE INDEX cases_search_words ON cases USING gin (cases_search)",
    ),
}
# SQLite's REPLACE deletes without calling a delete trigger, hence the one on insertion.
APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
            SELECT RAISE(ABORT, 'the audit is append-only');
        END""",
        """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
            SELECT RAISE(ABORT, 'the audit is append-only');
        END""",
        """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id) BEGIN
            SELECT RAISE(ABORT, 'the audit is append-only');
        END""",
    ),
    "postgresql": (
        """CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit is append-only';
        END $$""",
        """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
            FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
    ),
}


def upgrade() -> None:
    """Makes the tables, the full-text index and the triggers."""
    _exchanges()
    _people()
    _cases()
    _curated()
    _audit()
    _run(SEARCH)
    _run(APPEND_ONLY)


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", ID, primary_key=True),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("route", WORD, nullable=False),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("corpus_version", sa.String(64), nullable=False),
        sa.Column("settings_hash", sa.String(12), nullable=False),
        sa.Column("total_ms", sa.Float, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("question", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("citations", sa.JSON),
    )
    op.create_index("ix_exchanges_conversation", "exchanges", ["conversation_id", "position"])
    op.create_index("ix_exchanges_at", "exchanges", ["at"])
    op.create_index("ix_exchanges_kept", "exchanges", ["at"], sqlite_where=HAS_TEXT, postgresql_where=HAS_TEXT)
    op.create_table(
        "feedback",
        sa.Column("exchange_id", ID, sa.ForeignKey("exchanges.id"), primary_key=True),
        sa.Column("thumb", WORD, nullable=False),
        sa.Column("reason", WORD),
        sa.Column("comment", sa.Text),
        sa.Column("question", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_feedback_kept", "feedback", ["at"], sqlite_where=HAS_TEXT, postgresql_where=HAS_TEXT)


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("failed_attempts", sa.Integer, nullable=False),
        sa.Column("locked_until", MOMENT),
        sa.Column("created", MOMENT, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("user", NAME, sa.ForeignKey("users.name"), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_index("ix_sessions_expires", "sessions", ["expires"])


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("exchange_id", ID, sa.ForeignKey("exchanges.id"), nullable=False, unique=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("route", WORD, nullable=False),
        sa.Column("total_ms", sa.Float, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("decision", WORD),
        sa.Column("assignee", NAME, sa.ForeignKey("users.name")),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_index("ix_cases_at", "cases", ["at", "id"])
    op.create_index("ix_cases_total_ms", "cases", ["total_ms", "id"])
    for column in ("status", "assignee", "route"):
        op.create_index(f"ix_cases_{column}", "cases", [column, "at", "id"])
    op.create_table(
        "case_kinds",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("kind", WORD, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_case_kinds_kind", "case_kinds", ["kind", "at", "case_id"])


def _curated() -> None:
    op.create_table(
        "curated",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("digests", sa.JSON, nullable=False),
        sa.Column("author", NAME, sa.ForeignKey("users.name"), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("approver", NAME, sa.ForeignKey("users.name")),
        sa.Column("approved_at", MOMENT),
        sa.Column("expires_at", MOMENT),
        sa.Column("hits", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("updated", MOMENT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_index("ix_curated_state", "curated", ["state", "id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("subject_kind", sa.String(32), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"])
    op.create_index("ix_audit_subject", "audit", ["subject_kind", "subject_id", "id"])
    op.create_index("ix_audit_who", "audit", ["who", "id"])


def _run(statements: dict[str, tuple[str, ...]]) -> None:
    for statement in statements[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drops it all, the triggers with their tables."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE cases_search")
    for table in ("audit", "curated", "case_kinds", "cases", "sessions", "users", "feedback", "exchanges"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append_only")
