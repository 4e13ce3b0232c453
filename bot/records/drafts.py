"""Drafts of articles: one open draft an article, shared by all editors; every revision of it is kept."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.errors import DraftError
from bot.publishing.content import Content
from bot.records import audit
from bot.records.database import Records, stale_revision
from bot.records.tables import ArticleDraft
from bot.retrieval.formats import UNCOVERED

SLUG = re.compile(rf"[\w-]{{1,64}}|{re.escape(UNCOVERED)}")  # as long as the column; it becomes the name of a file
REPLACED, DISCARDED = "replaced", "discarded"


@dataclass(frozen=True)
class Draft:
    """One saved revision."""

    content: Content
    base: str  # version of the library that was edited
    base_digest: str  # of the article in that version; "" where it had none
    author: str
    at: datetime.datetime
    revision: int
    closed: str | None  # None: the open draft; else "replaced", "discarded" or the version it was published in


def save(records: Records, who: str, content: Content, *, seen: int, base: str, base_digest: str) -> Draft:
    """The draft from now on. `seen` is the revision that the editor had before their eyes, 0 for none.

    Raises StaleRevision where somebody else has saved, discarded or published since; DraftError, RecordsError.
    """
    if not SLUG.fullmatch(content.slug):
        raise DraftError(
            f"{content.slug!r} is no name for an article; use 1 to 64 letters, digits and hyphens, as in warm-oil."
        )
    now = records.now()
    row = ArticleDraft(
        slug=content.slug,
        revision=seen + 1,
        text=content.text,
        questions=content.questions,
        removes=content.removes,
        base=base,
        base_digest=base_digest,
        author=who,
        at=now,
    )
    with records.writing() as session:
        _must_be_last(session, content.slug, seen)
        _close(session, content.slug, REPLACED)
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:  # saved by somebody else between our look and our write
            raise stale_revision() from error
        what = "article removal drafted" if content.removes else "article drafted"
        audit.note(session, now, who, what, ("article", content.slug), revision=row.revision, base=base)
        return _draft(row)


def discard(records: Records, who: str, slug: str, seen: int) -> None:
    """No longer a draft; its text stays in the history. Raises StaleRevision as `save`, RecordsError."""
    with records.writing() as session:
        _must_be_last(session, slug, seen)
        _close(session, slug, DISCARDED)
        audit.note(session, records.now(), who, "article draft discarded", ("article", slug), revision=seen)


def last(records: Records, slug: str) -> Draft | None:
    """The newest revision of that article, open or closed; None where nobody has drafted one. Raises RecordsError."""
    with records.reading() as session:
        row = session.scalar(_newest(slug))
        return _draft(row) if row else None


def waiting(records: Records) -> tuple[Draft, ...]:
    """Every open draft, by name of the article. Raises RecordsError."""
    with records.reading() as session:
        chosen = select(ArticleDraft).where(ArticleDraft.closed.is_(None)).order_by(ArticleDraft.slug)
        return tuple(_draft(row) for row in session.scalars(chosen))


def history(records: Records, slug: str, limit: int = 20) -> tuple[Draft, ...]:
    """The newest revisions of that article first. Raises RecordsError."""
    with records.reading() as session:
        return tuple(_draft(row) for row in session.scalars(_newest(slug).limit(limit)))


def close_in(session: Session, drafts: Mapping[str, int], version: str, digests: Mapping[str, str]) -> None:
    """Marks the revisions that a version holds as published, in the transaction that publishes it.

    A newer revision of such an article was written on top: it goes on as a draft of the new version. `digests` are of
    the articles in that version.
    """
    for slug, revision in drafts.items():
        of_article = update(ArticleDraft).where(ArticleDraft.slug == slug)
        session.execute(of_article.where(ArticleDraft.revision == revision).values(closed=version))
        newer = of_article.where(ArticleDraft.revision > revision, ArticleDraft.closed.is_(None))
        session.execute(newer.values(base=version, base_digest=digests.get(slug, "")))


def _newest(slug: str) -> Select[ArticleDraft]:
    return select(ArticleDraft).where(ArticleDraft.slug == slug).order_by(ArticleDraft.revision.desc())


def _must_be_last(session: Session, slug: str, seen: int) -> None:
    row = session.scalar(_newest(slug).limit(1))
    if (row.revision if row else 0) != seen:
        raise stale_revision()


def _close(session: Session, slug: str, reason: str) -> None:
    still_open = update(ArticleDraft).where(ArticleDraft.slug == slug, ArticleDraft.closed.is_(None))
    session.execute(still_open.values(closed=reason))


def _draft(row: ArticleDraft) -> Draft:
    content = Content(row.slug, row.text, row.questions, row.removes)
    return Draft(content, row.base, row.base_digest, row.author, row.at, row.revision, row.closed)
