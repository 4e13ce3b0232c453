"""The tables. A change here needs a migration: bot/records/migrations."""

import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, Enum, ForeignKey, Index, String, Text, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.reply import Route

ID = String(64)  # of an exchange or a conversation: 32 hex digits of our own, or what a program sent
NAME = String(64)  # of a user


class Kind(StrEnum):
    """Why an exchange is in the inbox. One may be there for several reasons."""

    THUMB_UP = "thumb_up"
    THUMB_DOWN = "thumb_down"
    REFUSAL = "refusal"
    REFERRAL = "referral"
    SLOW = "slow"
    FAILED = "failed"


class Status(StrEnum):
    """How far a case has come."""

    OPEN = "open"
    ASSIGNED = "assigned"
    DECIDED = "decided"


class Decision(StrEnum):
    """What staff found."""

    FINE = "fine"
    WRONG_ANSWER = "wrong_answer"
    WRONG_CITATION = "wrong_citation"
    WRONG_ROUTE = "wrong_route"
    MISSING_ARTICLE = "missing_article"


class Thumb(StrEnum):
    """What a visitor thinks of a reply."""

    UP = "up"
    DOWN = "down"


class Reason(StrEnum):
    """Why, of those that the page offers."""

    WRONG = "wrong"
    INCOMPLETE = "incomplete"
    OFF_TOPIC = "off_topic"
    UNCLEAR = "unclear"
    UNSAFE = "unsafe"
    HELPFUL = "helpful"
    OTHER = "other"


class State(StrEnum):
    """Of a curated answer. Only an approved one is served, and only until it expires."""

    DRAFT = "draft"
    AWAITING = "awaiting"
    APPROVED = "approved"
    RETIRED = "retired"
    STALE = "stale"  # an article that it cites has changed


class Step(StrEnum):
    """How a version of the library came to serve."""

    PUBLISHED = "published"
    ROLLED_BACK = "rolled_back"


class Role(StrEnum):
    """What a user of the console may do."""

    SUPPORT = "support"
    EDITOR = "editor"
    EVALUATOR = "evaluator"
    ADMIN = "admin"


class Utc(TypeDecorator[datetime.datetime]):
    """A moment. SQLite keeps no time zone: there everything is written in UTC and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """In UTC. Raises ValueError for a moment without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(datetime.UTC)")
        return value.astimezone(datetime.UTC)

    def process_result_value(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """In UTC, and saying so."""
        if value is None:
            return None
        return value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value.astimezone(datetime.UTC)


def _word(enum: type[StrEnum]) -> Enum:
    """A column that holds the value of an enum as plain text, so that a new one needs no migration."""
    return Enum(enum, native_enum=False, length=16, values_callable=lambda members: [m.value for m in members])


class Base(DeclarativeBase):
    """Of every table."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime.datetime: Utc,
        **{enum: _word(enum) for enum in (Route, Kind, Status, Decision, Thumb, Reason, State, Step)},
        list[str]: JSON,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
    }


class Remembered(Base):
    """What the guard remembers of a running conversation. It holds none of the visitor's words."""

    __tablename__ = "remembered"
    __table_args__ = (Index("ix_remembered_heard", "heard"),)

    conversation_id: Mapped[str] = mapped_column(ID, primary_key=True)
    memory: Mapped[str] = mapped_column(Text)  # bot.guard.guard.Memory as JSON
    heard: Mapped[datetime.datetime]  # the last message, UTC


HAS_TEXT = text("question IS NOT NULL")


class Exchange(Base):
    """One visitor message and its reply. Without the visitor's consent it holds no words of either."""

    __tablename__ = "exchanges"
    __table_args__ = (
        Index("ix_exchanges_conversation", "conversation_id", "position"),
        Index("ix_exchanges_at", "at"),
        Index("ix_exchanges_kept", "at", sqlite_where=HAS_TEXT, postgresql_where=HAS_TEXT),  # for the retention job
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)  # that of the Reply
    conversation_id: Mapped[str] = mapped_column(ID)
    position: Mapped[int]  # 0 is the first of its conversation
    at: Mapped[datetime.datetime]
    route: Mapped[Route]
    flags: Mapped[list[str]]  # ids of red flags
    mode: Mapped[str] = mapped_column(String(32))
    corpus_version: Mapped[str] = mapped_column(String(64))
    settings_hash: Mapped[str] = mapped_column(String(12))
    total_ms: Mapped[float]
    failed: Mapped[bool]
    # Redacted; NULL unless the owner keeps conversations and the visitor agreed.
    question: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    citations: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))


class Feedback(Base):
    """A visitor's thumb. The words are there only where the visitor sent them along, and redacted."""

    __tablename__ = "feedback"
    __table_args__ = (Index("ix_feedback_kept", "at", sqlite_where=HAS_TEXT, postgresql_where=HAS_TEXT),)

    exchange_id: Mapped[str] = mapped_column(ID, ForeignKey("exchanges.id"), primary_key=True)
    thumb: Mapped[Thumb]
    reason: Mapped[Reason | None]
    comment: Mapped[str | None] = mapped_column(Text)
    question: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime.datetime]


class Case(Base):
    """An exchange in the inbox. `at`, `route` and `total_ms` repeat its own: an index cannot span two tables."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_at", "at", "id"),
        Index("ix_cases_status", "status", "at", "id"),
        Index("ix_cases_assignee", "assignee", "at", "id"),
        Index("ix_cases_route", "route", "at", "id"),
        Index("ix_cases_total_ms", "total_ms", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exchange_id: Mapped[str] = mapped_column(ID, ForeignKey("exchanges.id"), unique=True)
    at: Mapped[datetime.datetime]
    route: Mapped[Route]
    total_ms: Mapped[float]
    status: Mapped[Status] = mapped_column(default=Status.OPEN)
    decision: Mapped[Decision | None]
    assignee: Mapped[str | None] = mapped_column(NAME, ForeignKey("users.name"))
    note: Mapped[str] = mapped_column(Text, default="")
    words: Mapped[str] = mapped_column(Text, default="")  # all text of the case, which the full-text index reads
    revision: Mapped[int] = mapped_column()  # SQLAlchemy refuses to write over one that it has not read

    __mapper_args__ = MappingProxyType({"version_id_col": revision})


class CaseKind(Base):
    """One of the reasons why a case is in the inbox. `at` repeats the case's own, for the index."""

    __tablename__ = "case_kinds"
    __table_args__ = (Index("ix_case_kinds_kind", "kind", "at", "case_id"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime]


class Curated(Base):
    """An answer that staff wrote for a question."""

    __tablename__ = "curated"
    __table_args__ = (Index("ix_curated_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[dict[str, Any]]]  # bot.records.curated.Line as JSON
    digests: Mapped[dict[str, Any]]  # article -> SHA-256 of the text that was cited
    author: Mapped[str] = mapped_column(NAME, ForeignKey("users.name"))  # who wrote it as it stands now
    state: Mapped[State] = mapped_column(default=State.DRAFT)
    approver: Mapped[str | None] = mapped_column(NAME, ForeignKey("users.name"))
    approved_at: Mapped[datetime.datetime | None]
    expires_at: Mapped[datetime.datetime | None]
    hits: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime.datetime]
    updated: Mapped[datetime.datetime]
    revision: Mapped[int] = mapped_column()  # SQLAlchemy refuses to write over one that it has not read

    __mapper_args__ = MappingProxyType({"version_id_col": revision})


class ArticleDraft(Base):
    """One revision of a draft of an article. None is ever written over: what somebody saved stays."""

    __tablename__ = "article_drafts"
    __table_args__ = (
        Index("ix_article_drafts_revision", "slug", "revision", unique=True),
        Index("ix_article_drafts_closed", "closed", "slug"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]  # of this slug, from 1
    text: Mapped[str] = mapped_column(Text)  # Markdown with front matter
    questions: Mapped[str] = mapped_column(Text)  # what visitors ask it, as YAML
    removes: Mapped[bool]  # the article is to be taken out of the library
    base: Mapped[str] = mapped_column(String(64))  # version of the library that was edited
    base_digest: Mapped[str] = mapped_column(String(64))  # of the article in it; "" where it had none
    author: Mapped[str] = mapped_column(NAME, ForeignKey("users.name"))
    at: Mapped[datetime.datetime]
    # NULL while it is the draft; then "replaced", "discarded" or the version in which it was published.
    closed: Mapped[str | None] = mapped_column(String(64))


class Publication(Base):
    """A change of the version that serves."""

    __tablename__ = "publications"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime]
    who: Mapped[str] = mapped_column(NAME, ForeignKey("users.name"))
    what: Mapped[Step]
    from_version: Mapped[str] = mapped_column(String(64))
    to_version: Mapped[str] = mapped_column(String(64))
    articles: Mapped[list[str]]  # slugs of those that differ between the two


class Audit(Base):
    """What staff changed. Triggers refuse to change or delete a row, so that it must hold no words of visitors."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at", "id"),
        Index("ix_audit_subject", "subject_kind", "subject_id", "id"),
        Index("ix_audit_who", "who", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime]
    who: Mapped[str] = mapped_column(NAME)  # a user, or "command line"
    what: Mapped[str] = mapped_column(String(64))  # such as "case decided"
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(ID)
    details: Mapped[dict[str, Any]]


class User(Base):
    """Somebody who may sign in to the console."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_subject", "subject", unique=True),)

    name: Mapped[str] = mapped_column(NAME, primary_key=True)  # in small letters
    password_hash: Mapped[str] = mapped_column(String(255))  # argon2id, with its parameters
    roles: Mapped[list[str]]
    disabled: Mapped[bool] = mapped_column(default=False)
    failed_attempts: Mapped[int] = mapped_column(default=0)  # in a row
    locked_until: Mapped[datetime.datetime | None]
    created: Mapped[datetime.datetime]
    subject: Mapped[str | None] = mapped_column(String(512))  # issuer and subject, of one whom a provider signs in


class SignedIn(Base):
    """A running session of a user. The token itself is only in the browser."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user", "user"), Index("ix_sessions_expires", "expires"))

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256, as hex digits
    user: Mapped[str] = mapped_column(NAME, ForeignKey("users.name"))
    created: Mapped[datetime.datetime]
    last_seen: Mapped[datetime.datetime]
    expires: Mapped[datetime.datetime]  # however busy
