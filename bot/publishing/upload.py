"""An uploaded file as the Markdown that an editor goes on with."""

import re
from dataclasses import replace
from pathlib import Path

import yaml

from bot.errors import CorpusError, DraftError
from bot.publishing.content import Content
from bot.publishing.shelf import article_path
from bot.retrieval.articles import Article, Kind, squash
from bot.retrieval.formats import QUESTIONS, UNCOVERED, decode, read_bytes

MOST_BYTES = 5_000_000  # of an uploaded file; articles are some kilobytes
MOST_CHARS = 200_000  # of its text: what an editor's page can show, and far more than an article should have

_HEAD = re.compile(r"---\s*\n")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|{}~&])")
_LIST_LIKE = re.compile(r"([-+=]|\d+[.)])(\s|$|[-+=])")


def content_of(name: str, data: bytes, slug: str = "") -> Content:
    """What the file becomes: Markdown stays as it is, any other text is written as Markdown, with fields to fill in.

    `slug` is the article's name where the file's own does not count. Raises DraftError in one sentence: too large, of
    another kind, damaged, or without text.
    """
    if len(data) > MOST_BYTES:
        size = f"{len(data) / 1e6:.1f} MB"
        raise DraftError(f"{name} has {size}; an article may have {MOST_BYTES / 1e6:.0f} MB, so split it.")
    try:
        article = read_bytes(data, Path(name), shown=name)
    except CorpusError as error:
        raise DraftError(str(error)) from error
    if len(article.text) > MOST_CHARS:
        raise DraftError(f"{name} has {len(article.text):,} characters of text; split it below {MOST_CHARS:,}.")
    if Path(name).suffix.lower() in (".md", ".markdown"):
        text = decode(data)
        return Content(article.slug, text if _HEAD.match(text) else front_matter(article) + text)
    slug = slug or article.slug.lower()
    return Content(slug, front_matter(article, slug) + as_markdown(article))


def open_article(library: Path, slug: str) -> Content | None:
    """The article of that name in a folder, as an editor goes on with it; None where there is none.

    Raises CorpusError or DraftError where its file cannot be read.
    """
    path = article_path(library, slug)
    if path is None:
        return None
    if slug == UNCOVERED:
        return Content(slug, decode(path.read_bytes()))
    beside = path.with_suffix(QUESTIONS)
    questions = decode(beside.read_bytes()) if beside.is_file() else ""
    return replace(content_of(path.name, path.read_bytes(), slug), slug=slug, questions=questions)


def front_matter(article: Article, slug: str = "") -> str:
    """The fields of an article; those that only its author knows are empty, which the check points out."""
    known = {"slug": slug or article.slug, "title": article.title, "summary": "", "questions": [], "ask_first": ""}
    fields = {**known, "sources": [], "claims": [], "reviewed": None}
    written = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=10_000).replace(" null\n", "\n")
    return f"---\n{written}---\n\n"


def as_markdown(article: Article) -> str:
    """The article's blocks as Markdown that reads back as the same blocks; its title is left to the front matter."""
    lines: list[str] = []
    before: Kind | None = None
    for block in article.blocks:
        text = _escaped(squash(article.text[block.start : block.end]))
        if not text or (block.kind is Kind.HEADING and not lines and text == _escaped(article.title)):
            continue
        in_list = block.kind in (Kind.ITEM, Kind.STEP)
        if not (in_list and before is block.kind):
            lines.append("")
        match block.kind:
            case Kind.HEADING:
                lines.append(f"{'#' * min(max(block.level, 2), 3)} {text} {{#{block.anchor}}}")
            case Kind.ITEM:
                lines.append(f"- {text}")
            case Kind.STEP:
                lines.append(f"{block.number or 1}. {text}")
            case _:
                lines.append(text)
        before = block.kind
    return "\n".join(lines).strip("\n") + "\n"


def _escaped(text: str) -> str:
    """So that no sign means anything in Markdown."""
    escaped = _SPECIAL.sub(r"\\\1", text)
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", escaped) if text[:1].isdigit() else _shielded(escaped)


def _shielded(text: str) -> str:
    return f"\\{text}" if _LIST_LIKE.match(text) else text
