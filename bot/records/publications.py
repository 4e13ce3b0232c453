"""Which version of the library served from when on, and who changed it."""

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from bot.records import audit, curated, drafts
from bot.records.database import Records
from bot.records.tables import Exchange, Publication, Step

COUNTED = 1000  # kept replies whose citations are counted


@dataclass(frozen=True)
class Published:
    """One change of the version that serves."""

    id: int
    at: datetime.datetime
    who: str
    what: Step
    from_version: str
    to_version: str
    articles: tuple[str, ...]  # slugs of those that differ between the two


@dataclass(frozen=True)
class Change:
    """What is to be written down when a version begins to serve."""

    what: Step
    from_version: str
    to_version: str
    articles: Sequence[str]  # slugs of those that differ between the two
    drafts: Mapping[str, int]  # slug -> revision that the version holds
    digests: Mapping[str, str]  # slug -> digest of the article in the version
    texts: Mapping[str, str]  # slug -> text that citations point into


def record(records: Records, who: str, change: Change, swap: Callable[[], None]) -> tuple[int, ...]:
    """All of a publication in one transaction: its entry, its drafts, and curated answers that cite what changed.

    `swap` moves the pointer and comes last, so that nothing is written where it fails. The ids of the curated answers
    that are now stale. Raises what `swap` raises, and RecordsError, also after the swap: move the pointer back then.
    """
    now = records.now()
    row = Publication(
        at=now,
        who=who,
        what=change.what,
        from_version=change.from_version,
        to_version=change.to_version,
        articles=list(change.articles),
    )
    with records.writing() as session:
        session.add(row)
        drafts.close_in(session, change.drafts, change.to_version, change.digests)
        stale = curated.mark_stale_in(session, records, who, change.texts)
        what = "library published" if change.what is Step.PUBLISHED else "library rolled back"
        details = {"before": change.from_version, "articles": list(change.articles)}
        audit.note(session, now, who, what, ("corpus", change.to_version), **details)
        session.flush()
        swap()
    return stale


def listed(records: Records, limit: int = 50) -> tuple[Published, ...]:
    """The newest first. Raises RecordsError."""
    with records.reading() as session:
        rows = session.scalars(select(Publication).order_by(Publication.id.desc()).limit(limit))
        return tuple(
            Published(row.id, row.at, row.who, row.what, row.from_version, row.to_version, tuple(row.articles))
            for row in rows
        )


def cited(records: Records) -> tuple[int, Counter[str]]:
    """How many of the newest kept replies were counted, and in how many of them each article is cited.

    Raises RecordsError.
    """
    kept = select(Exchange.citations).where(Exchange.question.is_not(None)).order_by(Exchange.at.desc()).limit(COUNTED)
    with records.reading() as session:
        replies = [{citation["article"] for citation in row or ()} for row in session.scalars(kept)]
    return len(replies), Counter(article for articles in replies for article in articles)
