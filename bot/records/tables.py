"""The tables. A change here needs a migration: bot/records/migrations."""

import datetime

from sqlalchemy import DateTime, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Of every table."""


class Remembered(Base):
    """What the guard remembers of a running conversation. It holds none of the visitor's words."""

    __tablename__ = "remembered"
    __table_args__ = (Index("ix_remembered_heard", "heard"),)

    conversation_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    memory: Mapped[str] = mapped_column(Text)  # bot.guard.guard.Memory as JSON
    heard: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True))  # the last message, UTC
