"""Articles as pages: every sentence has an id, so that a citation's link opens on it, highlighted."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import yaml
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from jinja2 import Environment, FileSystemLoader

from bot.answering.refer import RED_FLAG_ARTICLE
from bot.retrieval.articles import Article, Kind, span_id, squash
from bot.settings import ROOT
from bot.web.api import error

TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True)
SOURCES = ROOT / "corpus" / "sources.yaml"
EVIDENCE = {  # what a section's `evidence` attribute tells the reader; also under an answer from it
    "well": "Well supported by studies",
    "some": "Some evidence",
    "none": "No good evidence",
    "practice": "Common practice or safety advice",
}


@dataclass(frozen=True)
class Piece:
    """A unit of the page, or the words of a heading."""

    text: str
    id: str = ""
    sources: tuple[str, ...] = ()  # ids of those it cites


@dataclass(frozen=True)
class Part:
    """A heading, a paragraph or a list of the page."""

    kind: Kind
    pieces: tuple[Piece, ...]
    anchor: str = ""
    level: int = 2
    evidence: str = ""
    first: int = 1  # number of the first step


def article_pages(published: Callable[[], Mapping[str, Article]]) -> APIRouter:
    """`/articles/{slug}` as a page and, with .txt, as the text that offsets point into; `/articles` lists them.

    `published` is asked at every request: another version of the library may serve by then.
    """
    router = APIRouter()
    sources = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))

    @router.get("/articles")
    def overview() -> Response:
        ordered = sorted(published().values(), key=lambda article: article.title.lower())
        return HTMLResponse(TEMPLATES.get_template("articles.html").render(articles=ordered))

    @router.get("/articles/{slug}.txt")
    def text(slug: str) -> Response:
        article = published().get(slug)
        if article is None:
            return error("unknown_article", "There is no article of that name; see /articles.", 404)
        return PlainTextResponse(article.text.encode("utf-8", "replace"))

    @router.get("/articles/{slug}")
    def page(slug: str) -> Response:
        articles = published()
        article = articles.get(slug)
        if article is None:
            return HTMLResponse(TEMPLATES.get_template("missing.html").render(), 404)
        cited = dict.fromkeys(source for mark in article.marks for source in mark.sources if source in sources)
        return HTMLResponse(
            TEMPLATES.get_template("article.html").render(
                article=article,
                parts=list(parts(article)),
                sources={id: sources[id] for id in cited},
                numbers={id: number for number, id in enumerate(cited, start=1)},
                evidence=EVIDENCE,
                red_flags=RED_FLAG_ARTICLE if RED_FLAG_ARTICLE in articles else "",
            )
        )

    return router


def parts(article: Article) -> Iterator[Part]:
    """The article as headings, paragraphs and lists, in order."""
    units: dict[int, list[Piece]] = {}
    for unit in article.units:
        start, end = unit.start, unit.end
        piece = Piece(article.text[start:end], span_id(start, end), article.sources_of(start, end))
        units.setdefault(unit.block, []).append(piece)
    numbered = list(enumerate(article.blocks))
    for kind, group in groupby(numbered, key=lambda pair: pair[1].kind):
        blocks = list(group)
        if kind in (Kind.ITEM, Kind.STEP):
            pieces = tuple(piece for number, _ in blocks for piece in units.get(number, ()))
            yield Part(kind, pieces, first=blocks[0][1].number or 1)
            continue
        for number, block in blocks:
            if kind is Kind.HEADING:
                heading = squash(article.text[block.start : block.end])
                if heading != article.title:  # the page shows the title already
                    yield Part(kind, (Piece(heading),), block.anchor, min(max(block.level, 2), 4), block.evidence)
            else:
                yield Part(kind, tuple(units.get(number, ())))
