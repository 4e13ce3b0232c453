"""Choosing sentences of articles: article, section, then ticks. Offsets and words come from the article itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import gradio as gr

from bot.records.curated import Quote
from bot.records.tables import Role
from bot.retrieval.articles import Article, Unit, squash
from bot.web.staff.desk import Desk, bound

Articles = Mapping[str, Article]

SIDE_BY_SIDE = 300  # pixels that a list needs for its titles; with less room the two stand one above the other


class Picker:
    """The controls, made in the open page. `quotes` holds what is chosen, as `dumped`; it is in the browser alone."""

    def __init__(self, desk: Desk, roles: Sequence[Role], label: str) -> None:
        self._desk = desk
        self._roles = roles
        self.quotes = gr.Textbox("[]", visible="hidden", label="Chosen sentences")
        self._cited = gr.CheckboxGroup(label=label, choices=[], elem_classes="sentences", info="Untick to leave out.")
        with gr.Row(elem_classes="controls"):
            self._article = gr.Dropdown(label="Article", choices=[], value=None, min_width=SIDE_BY_SIDE)
            self._section = gr.Dropdown(label="Section", choices=[], value=None, min_width=SIDE_BY_SIDE)
        self._sentences = gr.CheckboxGroup(label="Sentences of the section", choices=[], elem_classes="sentences")
        self.outputs = [self.quotes, self._cited, self._article, self._section, self._sentences]
        inputs = [self.quotes, self._article]
        self._article.input(inputs=inputs, **bound(self._choose_article, self.outputs))
        self._section.input(inputs=[*inputs, self._section], **bound(self._choose_section, self.outputs))
        ticks = [*inputs, self._section, self._sentences]
        self.ticked = self._sentences.input(inputs=ticks, **bound(self._tick, self.outputs))
        self._cited.input(inputs=[*inputs, self._section, self._cited], **bound(self._keep, self.outputs))

    def _choose_article(self, request: gr.Request, quotes: str, slug: str | None) -> tuple[object, ...]:
        self._desk.who(request, *self._roles)
        return _updates(self._desk.bot.articles, loaded(quotes), slug, "0")

    def _choose_section(
        self, request: gr.Request, quotes: str, slug: str | None, section: str | None
    ) -> tuple[object, ...]:
        self._desk.who(request, *self._roles)
        return _updates(self._desk.bot.articles, loaded(quotes), slug, section)

    def _tick(
        self, request: gr.Request, quotes: str, slug: str | None, section: str | None, ticked: list[str]
    ) -> tuple[object, ...]:
        """What is ticked of the open section is chosen, what is not there is no longer; other sections stay."""
        self._desk.who(request, *self._roles)
        articles, chosen = self._desk.bot.articles, loaded(quotes)
        offered = _shown(articles, slug, section)
        kept = [quote for quote in chosen if quote not in offered or _key(quote) in ticked]
        new = [quote for quote in offered if _key(quote) in ticked and quote not in chosen]
        return _updates(articles, [*kept, *new], slug, section)

    def _keep(
        self, request: gr.Request, quotes: str, slug: str | None, section: str | None, kept: list[str]
    ) -> tuple[object, ...]:
        self._desk.who(request, *self._roles)
        return _updates(
            self._desk.bot.articles, [quote for quote in loaded(quotes) if _key(quote) in kept], slug, section
        )


def shown(articles: Articles, quotes: Sequence[Quote]) -> tuple[object, ...]:
    """Updates of a picker's `outputs`: these are chosen, and the section of the first one is open."""
    first = next((quote for quote in quotes if quote.article in articles), None)
    if first is None:
        return _updates(articles, quotes, None, None)
    headings = [heading for heading, _ in sections(articles[first.article])]
    heading = articles[first.article].section_at(first.start)
    return _updates(articles, quotes, first.article, str(headings.index(heading)) if heading in headings else "0")


def sections(article: Article) -> list[tuple[tuple[str, str], list[Unit]]]:
    """Heading and anchor of every section that says something, with its sentences and list items, in order."""
    found: dict[tuple[str, str], list[Unit]] = {}
    for unit in article.units:
        found.setdefault(article.section_at(unit.start), []).append(unit)
    return list(found.items())


def dumped(quotes: Sequence[Quote]) -> str:
    """As JSON, for the hidden field."""
    return json.dumps([asdict(quote) for quote in quotes])


def loaded(quotes: str) -> list[Quote]:
    """What `dumped` wrote."""
    return [Quote(**body) for body in json.loads(quotes or "[]")]


def _key(quote: Quote) -> str:
    """Tells a sentence apart within the page."""
    return f"{quote.article}:{quote.start}-{quote.end}"


def _updates(articles: Articles, quotes: Sequence[Quote], slug: str | None, section: str | None) -> tuple[object, ...]:
    titles = sorted((article.title, known) for known, article in articles.items())
    article = articles.get(slug or "")
    headings = [(heading, str(at)) for at, ((heading, _), _) in enumerate(sections(article))] if article else []
    there = _shown(articles, slug, section)
    return (
        dumped(quotes),
        gr.CheckboxGroup(
            choices=[(f"{squash(quote.quote)} ({quote.article})", _key(quote)) for quote in quotes],
            value=[_key(quote) for quote in quotes],
        ),
        gr.Dropdown(choices=titles, value=slug if article else None),
        gr.Dropdown(choices=headings, value=section if headings else None),
        gr.CheckboxGroup(
            choices=[(squash(quote.quote), _key(quote)) for quote in there],
            value=[_key(quote) for quote in there if quote in quotes],
        ),
    )


def _shown(articles: Articles, slug: str | None, section: str | None) -> list[Quote]:
    """The sentences of the open section."""
    article = articles.get(slug or "")
    found = sections(article) if article else []
    number = int(section or 0)
    if article is None or number >= len(found):
        return []
    return [Quote(article.slug, unit.start, unit.end, article.text[unit.start : unit.end]) for unit in found[number][1]]
