"""The append-only list of what staff changed. It outlives everything, so that no words of visitors belong in it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.records.database import Records
from bot.records.tables import Audit

COMMAND_LINE = "command line"  # who, where nobody is signed in


@dataclass(frozen=True)
class Entry:
    """One change."""

    id: int
    at: datetime.datetime
    who: str
    what: str
    subject_kind: str
    subject_id: str
    details: Mapping[str, Any]


def note(
    session: Session,
    at: datetime.datetime,
    who: str,
    what: str,
    subject: tuple[str, str | int],
    **details: object,
) -> None:
    """Adds an entry to the transaction of the change itself, so that there is never one without the other.

    `subject` is kind and id. The details must be plain values of ours: ids, states, numbers.
    """
    kind, number = subject
    session.add(Audit(at=at, who=who, what=what, subject_kind=kind, subject_id=str(number), details=details))


def entries(
    records: Records,
    *,
    who: str | None = None,
    subject_kind: str | None = None,
    subject_id: str | None = None,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
    before: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Entry, ...]:
    """The newest first; `until`, and the entry whose id is `before`, are not included.

    To read them all go on with `before`, since `offset` counts its way from the start each time. Raises RecordsError
    where they cannot be read.
    """
    chosen = select(Audit).order_by(Audit.id.desc()).limit(limit).offset(offset)
    for column, value in ((Audit.who, who), (Audit.subject_kind, subject_kind), (Audit.subject_id, subject_id)):
        if value is not None:
            chosen = chosen.where(column == value)
    if before is not None:
        chosen = chosen.where(Audit.id < before)
    if since:
        chosen = chosen.where(Audit.at >= since)
    if until:
        chosen = chosen.where(Audit.at < until)
    with records.reading() as session:
        return tuple(
            Entry(row.id, row.at, row.who, row.what, row.subject_kind, row.subject_id, row.details)
            for row in session.scalars(chosen)
        )
