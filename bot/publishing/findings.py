"""What the corpus check says about one edited article, and the passages that the index would make of it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cachetools import LRUCache, cached

from bot.corpus.check import between_files, check_page
from bot.corpus.library import Finding as CorpusFinding
from bot.corpus.library import Library, find_line, read_library, read_page
from bot.errors import CorpusError
from bot.publishing.content import Content
from bot.publishing.shelf import digest
from bot.retrieval.articles import Article
from bot.retrieval.chunks import Chunk, chunk_articles
from bot.retrieval.formats import QUESTIONS, UNCOVERED, read_file, read_uncovered
from bot.settings import CORPUS, HELD_OUT, SHIPPED_ARTICLES, Settings


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to put right."""

    file: str  # name of the file, without folders
    line: int  # from 1
    problem: str


@dataclass(frozen=True)
class Checked:
    """An edited article as the index would read it."""

    findings: tuple[Finding, ...]  # those of the article first, then those in other files that the edit brings about
    article: Article | None  # None where it cannot be read, or is to be removed
    chunks: tuple[Chunk, ...]


def check(settings: Settings, published: Path, content: Content) -> Checked:
    """What is wrong with the content as an article of the library in the folder `published`.

    The rules of the shipped corpus hold for it and its edits; of other libraries only what the reader says is told.
    """
    with TemporaryDirectory(prefix="article-") as folder:
        path = _write(Path(folder), content)
        try:
            article = _read(path, content)
        except CorpusError as error:
            return Checked((Finding(path.name, 1, str(error).replace(f"{folder}/", "")),), None, ())
        chunks = tuple(chunk_articles([article], settings.chunk_chars)) if article else ()
        if settings.corpus.resolve() != SHIPPED_ARTICLES:
            return Checked((), article, chunks)
        found = () if content.slug == UNCOVERED else _findings(_library(published, digest(published)), content, path)
        own = (path.name, path.with_suffix(QUESTIONS).name)
    return Checked(tuple(sorted(found, key=lambda finding: (finding.file not in own, finding))), article, chunks)


def unreadable(content: Content) -> str:
    """Why the content is no article, in one sentence; empty where it can be read."""
    with TemporaryDirectory(prefix="article-") as folder:
        try:
            _read(_write(Path(folder), content), content)
        except CorpusError as error:
            return str(error).replace(f"{folder}/", "")
    return ""


def _findings(library: Library, content: Content, path: Path) -> Sequence[Finding]:
    """Of the rules: what they find in the article, and in other files only what they did not find there before."""
    before = {_named(finding) for finding in between_files(library)}
    faults: list[CorpusFinding] = []
    page = None if content.removes else read_page(path, faults)
    pages = [other for other in library.pages if other.article.slug != content.slug]
    edited = replace(library, pages=tuple(sorted([*pages, *([page] if page else [])], key=lambda p: p.path.name)))
    found = check_page(edited, page, HELD_OUT) if page else between_files(edited)
    ours = (path.name, path.with_suffix(QUESTIONS).name)
    after = {_named(finding) for finding in [*faults, *found]}
    if faults:  # not a page at all yet: what others miss in it is no news
        return [finding for finding in after if finding.file in ours]
    return [finding for finding in after if finding.file in ours or finding not in before]


def _write(folder: Path, content: Content) -> Path:
    path = folder / (UNCOVERED if content.slug == UNCOVERED else f"{content.slug}.md")
    path.write_text(content.text, encoding="utf-8", newline="\n")
    if content.questions.strip():
        path.with_suffix(QUESTIONS).write_text(content.questions, encoding="utf-8", newline="\n")
    return path


def _read(path: Path, content: Content) -> Article | None:
    if content.removes:
        return None
    if content.slug == UNCOVERED:
        read_uncovered(path.parent)
        return None
    article = read_file(path)
    if article.slug != content.slug:
        line = find_line(path, "slug:")
        raise CorpusError(
            f"line {line}: the slug is {article.slug!r}, but this is the article {content.slug!r}; write that, or "
            "upload the text as an article of its own."
        )
    return article


@cached(LRUCache(2), lock=threading.Lock())
def _library(published: Path, version: str) -> Library:
    """Read once; `version` tells an original whose files have been changed by hand."""
    return read_library(CORPUS, published)


def _named(finding: CorpusFinding) -> Finding:
    return Finding(finding.path.name, finding.line, finding.problem)
