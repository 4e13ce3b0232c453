"""Articles to chunks along their own structure: a section is a chunk, a long one is split between its blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bot.retrieval.articles import Article, Kind, Unit


@dataclass(frozen=True)
class Chunk:
    """A run of whole units of one article; its text is `article.text[start:end]`."""

    article: str
    title: str
    section: str
    anchor: str
    start: int
    end: int
    first_unit: int  # index into Article.units
    units: int  # how many
    embedded: str  # title, section and text: what the encoder and BM25 read
    text_at: int  # where the text begins in `embedded`

    @property
    def id(self) -> str:
        """Stable while the text is: article and offsets."""
        return f"{self.article}:{self.start}-{self.end}"

    def to_json(self) -> dict[str, Any]:
        """All fields as plain values."""
        return asdict(self)


def chunk_articles(articles: Iterable[Article], max_chars: int) -> list[Chunk]:
    """Chunks of every article in order. None is empty; none cuts a sentence, a list item or a step."""
    return [chunk for article in articles for chunk in _chunk(article, max_chars)]


def _chunk(article: Article, max_chars: int) -> Iterator[Chunk]:
    for first, last in _runs(article, max_chars):
        start, end = article.units[first].start, article.units[last - 1].end
        section, anchor = article.section_at(start)
        context = article.title if section == article.title else f"{article.title}. {section}"
        yield Chunk(
            article=article.slug,
            title=article.title,
            section=section,
            anchor=anchor,
            start=start,
            end=end,
            first_unit=first,
            units=last - first,
            embedded=f"{context}\n{article.text[start:end]}",
            text_at=len(context) + 1,
        )


def _runs(article: Article, max_chars: int) -> Iterator[tuple[int, int]]:
    """(first, last) unit indices of each chunk. A list goes with the paragraph that introduces it."""
    units = article.units
    first = 0
    for index in range(1, len(units) + 1):
        if index == len(units) or _new_section(article, units[index - 1], units[index]):
            yield from _split(units, first, index, max_chars)
            first = index


def _new_section(article: Article, before: Unit, after: Unit) -> bool:
    between = article.blocks[before.block + 1 : after.block]
    return any(block.kind is Kind.HEADING for block in between)


def _split(units: tuple[Unit, ...], first: int, last: int, max_chars: int) -> Iterator[tuple[int, int]]:
    """Cut a section that is too long: between blocks if that is possible, else between sentences, never in a list."""
    while first < last:
        fits = first + 1
        while fits < last and units[fits].end - units[first].start <= max_chars:
            fits += 1
        # Only in front of a paragraph's sentence: a list stays whole, and with the sentence that introduces it.
        cuts = [i for i in range(first + 1, last) if units[i].kind is Kind.PARAGRAPH]
        if fits < last:
            within = [i for i in cuts if i <= fits]
            between_blocks = [i for i in within if units[i - 1].block != units[i].block]
            end = (between_blocks or within)[-1] if within else next((i for i in cuts if i > fits), last)
        else:
            end = last
        yield first, end
        first = end
