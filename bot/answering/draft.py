"""A draft: lines with the span each rests on; and how a draft becomes Markdown with numbered citations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.reply import Citation
from bot.retrieval.articles import Article, squash


class Form(StrEnum):
    """How a line is set."""

    SENTENCE = "sentence"  # runs on in its paragraph
    PARAGRAPH = "paragraph"  # opens a paragraph
    ITEM = "item"
    STEP = "step"


@dataclass(frozen=True)
class Span:
    """Part of an article's text."""

    article: Article
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The text of the span, to the letter."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True)
class Line:
    """One sentence, list item or step. `text` is Markdown; `span` is what proves it, None for small talk and offers."""

    text: str
    span: Span | None
    form: Form = Form.SENTENCE
    number: int = 0  # of a step
    lead: str = ""  # "Yes." and the like, in front of the text
    further: tuple[Span, ...] = ()  # that prove it as well
    by_model: bool = False  # a language model wrote it

    @property
    def spans(self) -> tuple[Span, ...]:
        """Everything that proves it."""
        return (self.span, *self.further) if self.span else ()


def quoted(span: Span, form: Form = Form.SENTENCE, number: int = 0) -> Line:
    """A line that says what the span says, in the article's own words."""
    return Line(escape(squash(span.quote)), span, form, number)


def render(lines: Sequence[Line]) -> tuple[str, tuple[Citation, ...]]:
    """Markdown with [n] behind every line that has a span, and the citations in order of first mention."""
    numbers: dict[tuple[str, int, int], int] = {}
    citations: list[Citation] = []
    markdown = ""
    before: Form | None = None
    for line in lines:
        marks = ""
        for span in line.spans:
            key = (span.article.slug, span.start, span.end)
            if key not in numbers:
                numbers[key] = len(numbers) + 1
                citations.append(_citation(numbers[key], span))
            marks += f" [{numbers[key]}]"
        markdown += (
            _gap(before, line.form) + _marker(line) + (f"**{line.lead}** " if line.lead else "") + line.text + marks
        )
        before = line.form
    return markdown, tuple(citations)


def verified(lines: Sequence[Line]) -> list[Line]:
    """The lines that are proved: the last check before anything leaves."""
    return [line for line in lines if proved(line)]


def proved(line: Line) -> bool:
    """True where the spans that the line has lie within their articles and are not blank."""
    return all(0 <= s.start < s.end <= len(s.article.text) and bool(s.quote.strip()) for s in line.spans)


def escape(text: str) -> str:
    """Text as literal Markdown: nothing in it is markup, HTML, an entity or a citation mark."""
    inside = re.sub(r"([\\`*_\[\]<>~|&])", r"\\\1", text)
    opening = re.sub(r"^(\s*)([#+=-])", r"\1\\\2", inside)
    return re.sub(r"^(\s*\d{1,9})([.)])(?=\s|$)", r"\1\\\2", opening)


def unescape(markdown: str) -> str:
    """The text that `escape` was given."""
    return re.sub(r"\\([\\`*_\[\]<>~|&#+=.)-])", r"\1", markdown)


def _citation(number: int, span: Span) -> Citation:
    section, _ = span.article.section_at(span.start)
    return Citation(
        number=number,
        article=span.article.slug,
        title=span.article.title,
        section=section,
        quote=span.quote,
        start=span.start,
        end=span.end,
        url=span.article.url(span.start, span.end),
        sources=span.article.sources_of(span.start, span.end),
        evidence=span.article.evidence_at(span.start),
    )


def _gap(before: Form | None, form: Form) -> str:
    if before is None:
        return ""
    if form is Form.SENTENCE and before in (Form.SENTENCE, Form.PARAGRAPH):
        return " "
    if form is before and form in (Form.ITEM, Form.STEP):
        return "\n"
    return "\n\n"


def _marker(line: Line) -> str:
    if line.form is Form.ITEM:
        return "- "
    return f"{line.number}. " if line.form is Form.STEP else ""
