"""Reading the inbox: a page of cases, one case in full, counts by day, and all as CSV. None reads the whole table."""

import datetime
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Date, Integer, Select, cast, column, func, literal_column, select, table
from sqlalchemy.orm import Session

from bot.errors import UnknownRecord
from bot.records.audit import Entry, entries
from bot.records.database import Records
from bot.records.exchanges import Stored, stored
from bot.records.tables import Case, CaseKind, Decision, Exchange, Feedback, Kind, Reason, Status, Thumb
from bot.reply import Route

Columns = TypeVarTuple("Columns")

BATCH = 500  # rows read at a time for an export


class Order(StrEnum):
    """How a page is sorted."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SLOWEST = "slowest"


@dataclass(frozen=True)
class Filters:
    """Every one that is not None must hold."""

    kind: Kind | None = None
    status: Status | None = None
    assignee: str | None = None  # "" is nobody
    route: Route | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None  # not included
    text: str | None = None  # words, each of which begins a word of the case


@dataclass(frozen=True)
class Row:
    """A case in a list. The words are redacted, and None where none were kept."""

    id: int
    exchange_id: str
    conversation_id: str
    at: datetime.datetime
    kinds: tuple[Kind, ...]
    route: Route
    flags: tuple[str, ...]
    total_ms: float
    status: Status
    decision: Decision | None
    assignee: str | None
    note: str
    revision: int
    thumb: Thumb | None
    reason: Reason | None
    comment: str | None
    question: str | None
    answer: str | None


@dataclass(frozen=True)
class Page:
    """Some cases of all that match."""

    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class Detail:
    """A case in full."""

    row: Row
    conversation: tuple[Stored, ...]  # all of it, in order
    history: tuple[Entry, ...]  # what staff did with the case, the newest first


@dataclass(frozen=True)
class Count:
    """How many exchanges of one day (UTC) are cases of one kind."""

    day: datetime.date
    kind: Kind
    cases: int


COLUMNS = (
    "id at kinds route flags total_ms status decision assignee thumb reason question answer comment note "
    "conversation_id exchange_id"
).split()


def search(
    records: Records, filters: Filters, order: Order = Order.NEWEST, *, limit: int = 50, offset: int = 0
) -> Page:
    """One page of the cases that match. Raises RecordsError.

    Words are looked up for this page alone: those of all pages before it are passed over in an index.
    """
    numbers = matching(records, filters, order).with_only_columns(Case.id, maintain_column_froms=True)
    page = numbers.limit(limit).offset(offset).subquery()
    with records.reading() as session:
        total = session.scalar(select(func.count()).select_from(matching(records, filters).subquery()))
        found = session.execute(_sorted(with_words(select(Case).join(page, page.c.id == Case.id)), order))
        return Page(_rows(session, found.all()), total or 0)


def read(records: Records, case_id: int) -> Detail:
    """Raises UnknownRecord where there is no such case, RecordsError."""
    with records.reading() as session:
        found = session.execute(with_words(select(Case).where(Case.id == case_id))).one_or_none()
        if found is None:
            raise UnknownRecord(f"There is no case {case_id}; look for it in the inbox.")
        [row] = _rows(session, [found])
        said = select(Exchange).where(Exchange.conversation_id == row.conversation_id).order_by(Exchange.position)
        conversation = tuple(stored(exchange) for exchange in session.scalars(said))
    return Detail(row, conversation, entries(records, subject_kind="case", subject_id=str(case_id)))


def per_day(records: Records, since: datetime.datetime, until: datetime.datetime) -> tuple[Count, ...]:
    """Counts by day and kind, in this order; a day without cases has no row. Raises RecordsError."""
    if records.engine.dialect.name == "postgresql":
        day: ColumnElement[Any] = cast(func.timezone("UTC", CaseKind.at), Date)
    else:
        day = func.date(CaseKind.at)
    chosen = (
        select(day, CaseKind.kind, func.count())
        .where(CaseKind.at >= since, CaseKind.at < until)
        .group_by(day, CaseKind.kind)
    )
    with records.reading() as session:
        counts = [
            Count(datetime.date.fromisoformat(str(when)), kind, number)
            for when, kind, number in session.execute(chosen)
        ]
    return tuple(sorted(counts, key=lambda count: (count.day, list(Kind).index(count.kind))))


def csv_rows(records: Records, filters: Filters, order: Order = Order.NEWEST) -> Generator[list[str], None, None]:
    """The header and then every case that matches, read as they are taken. Raises RecordsError.

    A cell that a spreadsheet would run as a formula begins with an apostrophe.
    """
    yield list(COLUMNS)
    with records.reading() as session:
        found = session.execute(with_words(matching(records, filters, order)), execution_options={"yield_per": BATCH})
        for batch in found.partitions():
            for row in _rows(session, batch):
                yield [_cell(getattr(row, column)) for column in COLUMNS]


def matching(records: Records, filters: Filters, order: Order | None = None) -> Select[Case]:
    """The statement that finds them. Of a kind they come along its own index, which holds the time as well."""
    chosen = select(Case)
    at: ColumnElement[Any] = Case.at.expression
    number: ColumnElement[Any] = Case.id.expression
    if filters.kind:
        chosen = chosen.join(CaseKind, CaseKind.case_id == Case.id).where(CaseKind.kind == filters.kind)
        at, number = CaseKind.at.expression, CaseKind.case_id.expression
    if filters.status:
        chosen = chosen.where(Case.status == filters.status)
    if filters.assignee is not None:
        chosen = chosen.where(Case.assignee == filters.assignee if filters.assignee else Case.assignee.is_(None))
    if filters.route:
        chosen = chosen.where(Case.route == filters.route)
    if filters.since:
        chosen = chosen.where(at >= filters.since)
    if filters.until:
        chosen = chosen.where(at < filters.until)
    if filters.text and (words := re.findall(r"[^\W_]+", filters.text)):
        chosen = chosen.where(_holds(records, words))
    return _sorted(chosen, order, at, number)


def _sorted(
    chosen: Select[*Columns],
    order: Order | None,
    at: ColumnElement[Any] = Case.at.expression,
    number: ColumnElement[Any] = Case.id.expression,
) -> Select[*Columns]:
    match order:
        case Order.NEWEST:
            return chosen.order_by(at.desc(), number.desc())
        case Order.OLDEST:
            return chosen.order_by(at, number)
        case Order.SLOWEST:
            return chosen.order_by(Case.total_ms.desc(), Case.id.desc())
        case None:
            return chosen


def with_words(chosen: Select[Case]) -> Select[Case, Exchange, Feedback | None]:
    """The same cases, each with its exchange and the feedback on it."""
    return (
        chosen.add_columns(Exchange, Feedback)
        .join(Exchange, Exchange.id == Case.exchange_id)
        .outerjoin(Feedback, Feedback.exchange_id == Case.exchange_id)
    )


def _holds(records: Records, words: list[str]) -> ColumnElement[bool]:
    """Along the full-text index, which each database has in its own way (migration 0002)."""
    if records.engine.dialect.name == "postgresql":
        query = func.to_tsquery("simple", " & ".join(f"{word}:*" for word in words))
        return literal_column("cases.cases_search").bool_op("@@")(query)
    index = table("cases_search", column("rowid", Integer))
    match = literal_column("cases_search").op("MATCH")(" ".join(f'"{word}"*' for word in words))
    return Case.id.in_(select(index.c.rowid).where(match))


def _rows(session: Session, found: Sequence[tuple[Case, Exchange, Feedback | None]]) -> tuple[Row, ...]:
    kinds: dict[int, set[Kind]] = {case.id: set() for case, _, _ in found}
    for case_id, kind in session.execute(select(CaseKind.case_id, CaseKind.kind).where(CaseKind.case_id.in_(kinds))):
        kinds[case_id].add(kind)
    return tuple(_row(*parts, kinds[parts[0].id]) for parts in found)


def _row(case: Case, exchange: Exchange, feedback: Feedback | None, kinds: set[Kind]) -> Row:
    return Row(
        id=case.id,
        exchange_id=case.exchange_id,
        conversation_id=exchange.conversation_id,
        at=case.at,
        kinds=tuple(kind for kind in Kind if kind in kinds),
        route=case.route,
        flags=tuple(exchange.flags),
        total_ms=case.total_ms,
        status=case.status,
        decision=case.decision,
        assignee=case.assignee,
        note=case.note,
        revision=case.revision,
        thumb=feedback.thumb if feedback else None,
        reason=feedback.reason if feedback else None,
        comment=feedback.comment if feedback else None,
        question=exchange.question or (feedback.question if feedback else None),
        answer=exchange.answer or (feedback.answer if feedback else None),
    )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return " ".join(map(str, value))
        case float():
            return f"{value:.1f}"
        case datetime.datetime():
            return value.isoformat(timespec="seconds")
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
