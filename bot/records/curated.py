"""Answers that staff write for a question: drafted, approved by a second person, served until an article changes."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.errors import CuratedError, UnknownRecord
from bot.records import audit
from bot.records.database import Records, stale_revision
from bot.records.tables import Curated, State
from bot.retrieval.articles import digest
from bot.settings import Settings

Texts = Mapping[str, str]  # article -> its text, which offsets point into


@dataclass(frozen=True)
class Quote:
    """A span of an article. `quote == article_text[start:end]`."""

    article: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True)
class Line:
    """One sentence, list item or step, with what proves it."""

    text: str
    citations: tuple[Quote, ...] = ()


@dataclass(frozen=True)
class CuratedAnswer:
    """An answer as the pages see it."""

    id: int
    question: str
    lines: tuple[Line, ...]
    author: str  # who wrote it as it stands now
    state: State
    approver: str | None
    approved_at: datetime.datetime | None
    expires_at: datetime.datetime | None
    digests: Mapping[str, str]  # article -> that of its text when it was cited
    hits: int
    created: datetime.datetime
    updated: datetime.datetime
    revision: int


def draft(
    records: Records,
    who: str,
    question: str,
    lines: Sequence[Line],
    texts: Texts,
    *,
    expires_at: datetime.datetime | None = None,
) -> CuratedAnswer:
    """A new answer, not yet served. Raises CuratedError for one without words or with a wrong span, RecordsError."""
    now = records.now()
    body = _body(question, lines, texts)
    row = Curated(**body, author=who, state=State.DRAFT, expires_at=expires_at, hits=0, created=now, updated=now)
    with records.writing() as session:
        session.add(row)
        session.flush()
        return _save(records, session, who, "answer drafted", row)


def edit(
    records: Records,
    who: str,
    answer: CuratedAnswer,
    texts: Texts,
) -> CuratedAnswer:
    """Writes the answer's question, lines and expiry over what is there; it is a draft again and `who` its author.

    Raises StaleRevision where `answer.revision` is no longer that of the row, CuratedError as in `draft`,
    UnknownRecord, RecordsError.
    """
    body = _body(answer.question, answer.lines, texts)
    with records.writing() as session:
        row = _current(session, answer.id, answer.revision)
        for name, value in body.items():
            setattr(row, name, value)
        row.author, row.state, row.expires_at = who, State.DRAFT, answer.expires_at
        row.approver = row.approved_at = None
        return _save(records, session, who, "answer edited", row)


def submit(records: Records, who: str, answer_id: int, revision: int, texts: Texts) -> CuratedAnswer:
    """A draft, or a stale answer that was looked at again, awaits approval.

    Raises CuratedError in another state or where a span no longer fits; StaleRevision, UnknownRecord, RecordsError.
    """
    with records.writing() as session:
        row = _current(session, answer_id, revision)
        _must_be(row, State.DRAFT, State.STALE)
        row.digests = _body(row.question, _lines(row), texts)["digests"]
        row.state, row.approver, row.approved_at = State.AWAITING, None, None
        return _save(records, session, who, "answer submitted", row)


def approve(
    records: Records, settings: Settings, who: str, answer_id: int, revision: int, *, texts: Texts
) -> CuratedAnswer:
    """From now on it is served.

    Raises CuratedError where `who` wrote it and a second person is asked for (setting second_approval), where it is
    not awaiting approval, or where an article has changed since; StaleRevision, UnknownRecord, RecordsError.
    """
    now = records.now()
    with records.writing() as session:
        row = _current(session, answer_id, revision)
        _must_be(row, State.AWAITING)
        if settings.second_approval and who == row.author:
            raise CuratedError("You wrote this answer yourself; somebody else has to approve it.")
        if changed := sorted(_changed(row, texts)):
            raise CuratedError(
                f"The article {changed[0]} has changed since this answer was submitted; edit and submit it again."
            )
        if row.expires_at and row.expires_at <= now:
            raise CuratedError("This answer has expired already; give it a later date first.")
        row.state, row.approver, row.approved_at = State.APPROVED, who, now
        return _save(records, session, who, "answer approved", row)


def send_back(records: Records, who: str, answer_id: int, revision: int) -> CuratedAnswer:
    """Not approved: a draft again. Raises CuratedError where it does not await approval, and as `submit`."""
    with records.writing() as session:
        row = _current(session, answer_id, revision)
        _must_be(row, State.AWAITING)
        row.state = State.DRAFT
        return _save(records, session, who, "answer sent back", row)


def retire(records: Records, who: str, answer_id: int, revision: int) -> CuratedAnswer:
    """No longer served, but kept; editing makes it a draft. Raises StaleRevision, UnknownRecord, RecordsError."""
    with records.writing() as session:
        row = _current(session, answer_id, revision)
        row.state = State.RETIRED
        return _save(records, session, who, "answer retired", row)


def mark_stale(records: Records, who: str, texts: Texts) -> tuple[int, ...]:
    """The ids of approved and awaiting answers that cite an article which has changed or gone: now stale, not served.

    `texts` are all articles as they are now published. Raises RecordsError.
    """
    with records.writing() as session:
        return mark_stale_in(session, records, who, texts)


def mark_stale_in(session: Session, records: Records, who: str, texts: Texts) -> tuple[int, ...]:
    """`mark_stale` inside the transaction that publishes the articles, so that no answer outlives what it cites."""
    stale = []
    watched = select(Curated).where(Curated.state.in_([State.APPROVED, State.AWAITING])).order_by(Curated.id)
    for row in session.scalars(watched):
        if changed := sorted(_changed(row, texts)):
            row.state = State.STALE
            _save(records, session, who, "answer stale", row, articles=changed)
            stale.append(row.id)
    return tuple(stale)


def served(records: Records) -> tuple[CuratedAnswer, ...]:
    """All that may be shown to visitors at this moment. Raises RecordsError."""
    in_time = or_(Curated.expires_at.is_(None), Curated.expires_at > records.now())
    with records.reading() as session:
        chosen = select(Curated).where(Curated.state == State.APPROVED, in_time).order_by(Curated.id)
        return tuple(_answer(row) for row in session.scalars(chosen))


def count_hit(records: Records, answer_id: int) -> None:
    """One more visitor got it. No change in the sense of the revision. Raises RecordsError."""
    with records.writing() as session:
        session.execute(update(Curated).where(Curated.id == answer_id).values(hits=Curated.hits + 1))


def listed(
    records: Records, state: State | None = None, *, limit: int = 50, offset: int = 0
) -> tuple[CuratedAnswer, ...]:
    """The newest first. Raises RecordsError."""
    chosen = select(Curated).order_by(Curated.id.desc()).limit(limit).offset(offset)
    if state:
        chosen = chosen.where(Curated.state == state)
    with records.reading() as session:
        return tuple(_answer(row) for row in session.scalars(chosen))


def read(records: Records, answer_id: int) -> CuratedAnswer:
    """Raises UnknownRecord where there is no such answer, RecordsError."""
    with records.reading() as session:
        return _answer(_known(session, answer_id))


def _body(question: str, lines: Sequence[Line], texts: Texts) -> dict[str, Any]:
    """The columns of a text that will do. Raises CuratedError for any other."""
    if not question.strip():
        raise CuratedError("The answer has no question; write the one that it is for.")
    if not lines or any(not line.text.strip() for line in lines):
        raise CuratedError("The answer has an empty line, or none at all; write at least one sentence.")
    quotes = [quote for line in lines for quote in line.citations]
    if not quotes:
        raise CuratedError("The answer cites no article; mark the passage that it rests on.")
    for quote in quotes:
        if quote.article not in texts:
            raise CuratedError(f"There is no article {quote.article!r} to cite; choose another passage.")
        if not quote.quote.strip() or texts[quote.article][quote.start : quote.end] != quote.quote or quote.start < 0:
            raise CuratedError(
                f"The article {quote.article} does not read {quote.quote[:60]!r} at {quote.start} to {quote.end}; "
                "mark the passage again."
            )
    return {
        "question": question.strip(),
        "lines": [asdict(line) for line in lines],
        "digests": {quote.article: digest(texts[quote.article]) for quote in quotes},
    }


def _changed(row: Curated, texts: Texts) -> set[str]:
    """Articles that no longer read as they did. Any change counts: what was added may contradict the answer."""
    return {
        article for article, known in row.digests.items() if article not in texts or digest(texts[article]) != known
    }


def _known(session: Session, answer_id: int) -> Curated:
    row = session.get(Curated, answer_id)
    if row is None:
        raise UnknownRecord(f"There is no curated answer {answer_id}; look for it in the list.")
    return row


def _current(session: Session, answer_id: int, revision: int) -> Curated:
    row = _known(session, answer_id)
    if row.revision != revision:
        raise stale_revision()
    return row


def _must_be(row: Curated, *states: State) -> None:
    if row.state not in states:
        raise CuratedError(f"This answer is {row.state}; only one that is {' or '.join(states)} can take this step.")


def _save(records: Records, session: Session, who: str, what: str, row: Curated, **details: object) -> CuratedAnswer:
    row.updated = records.now()
    audit.note(session, row.updated, who, what, ("curated", row.id), state=row.state.value, **details)
    session.flush()
    return _answer(row)


def _lines(row: Curated) -> tuple[Line, ...]:
    return tuple(Line(line["text"], tuple(Quote(**citation) for citation in line["citations"])) for line in row.lines)


def _answer(row: Curated) -> CuratedAnswer:
    return CuratedAnswer(
        id=row.id,
        question=row.question,
        lines=_lines(row),
        author=row.author,
        state=row.state,
        approver=row.approver,
        approved_at=row.approved_at,
        expires_at=row.expires_at,
        digests=row.digests,
        hits=row.hits,
        created=row.created,
        updated=row.updated,
        revision=row.revision,
    )
