"""One article open before one editor: what they began from, and what happens when somebody else was faster."""

import json
from dataclasses import asdict, dataclass, replace

from bot.errors import DraftError, StaleRevision
from bot.publishing.content import Content
from bot.publishing.shelf import Now, article_digest
from bot.publishing.upload import MOST_CHARS, open_article
from bot.records import drafts
from bot.records.database import Records
from bot.records.drafts import Draft


@dataclass(frozen=True)
class Opened:
    """Where an editor began. It travels with the page, so that it outlives a restart of the program."""

    slug: str
    seen: int  # newest revision of the draft then, 0 for none
    base: str  # version of the library
    base_digest: str  # of the article in it; "" for a new article

    def to_json(self) -> str:
        """For the page to keep."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, body: str) -> "Opened":
        """What `to_json` wrote. Raises DraftError where no article is open."""
        try:
            return cls(**json.loads(body))
        except (ValueError, TypeError) as error:
            raise DraftError("No article is open; choose one, or upload a file.") from error


@dataclass(frozen=True)
class Theirs:
    """What somebody else has done to an article that an editor has open."""

    who: str  # "" where the article was published anew, or the draft discarded
    content: Content


def begin(records: Records, published: Now, slug: str) -> tuple[Opened, Content | None, Draft | None]:
    """The article as it is edited: its open draft or else its published text, None where there is neither.

    Raises CorpusError, DraftError, RecordsError.
    """
    last = drafts.last(records, slug)
    draft = last if last and last.closed is None else None
    content = draft.content if draft else open_article(published.folder, slug)
    # A draft that began from an older text of the article goes on being one: who saves it next is told.
    base = (draft.base, draft.base_digest) if draft else (published.version, article_digest(published.folder, slug))
    return Opened(slug, last.revision if last else 0, *base), content, draft


def save(records: Records, who: str, opened: Opened, content: Content, published: Now) -> Opened:
    """Saves the draft; where the editor is from then on. Raises StaleRevision where somebody was faster.

    Raises DraftError, RecordsError as well.
    """
    if len(content.text) > MOST_CHARS:
        raise DraftError(f"The text has {len(content.text):,} characters; split it below {MOST_CHARS:,}.")
    if opened.base_digest != article_digest(published.folder, opened.slug):
        raise StaleRevision("This article has been published anew since you opened it; nothing of yours was saved yet.")
    draft = drafts.save(records, who, content, seen=opened.seen, base=opened.base, base_digest=opened.base_digest)
    return replace(opened, seen=draft.revision)


def theirs(records: Records, opened: Opened, published: Now) -> tuple[Opened, Theirs]:
    """What somebody else has made of the article, and where an editor who has seen it goes on from. Raises as `begin`.

    Published anew comes first; a newer draft besides is told at the next save.
    """
    digest = article_digest(published.folder, opened.slug)
    if opened.base_digest != digest:
        fresh = replace(opened, base=published.version, base_digest=digest)
        return fresh, Theirs("", open_article(published.folder, opened.slug) or Content(opened.slug, ""))
    now, content, draft = begin(records, published, opened.slug)
    return replace(opened, seen=now.seen), Theirs(draft.author if draft else "", content or Content(opened.slug, ""))
