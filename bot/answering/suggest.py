"""What to ask next: questions that the articles themselves say they answer."""

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.retrieval.articles import Article
from bot.retrieval.lexical import terms
from bot.retrieval.retriever import Hit

SUGGESTIONS = 3
ALIKE = 0.7  # share of words in common at which two questions count as one


def suggest(asked: Sequence[str], hits: Sequence[Hit], articles: Mapping[str, Article]) -> tuple[str, ...]:
    """Up to three questions near the present one, from the passages behind the first, none asked or offered before."""
    chosen: list[str] = []
    for candidate in _candidates(hits, articles):
        if all(_overlap(candidate, other) < ALIKE for other in (*asked, *chosen)):
            chosen.append(candidate)
        if len(chosen) == SUGGESTIONS:
            break
    return tuple(chosen)


def _candidates(hits: Sequence[Hit], articles: Mapping[str, Article]) -> Iterator[str]:
    sections = [hit.chunk.section for hit in hits]
    yield from (section for section in sections if section.endswith("?"))
    for hit in hits[:3]:
        article = articles.get(hit.chunk.article)
        yield from article.questions if article else ()
    yield from (section for section in sections if re.match(r"[A-Z][\w ,'’-]{8,60}$", section))


def _overlap(one: str, other: str) -> float:
    a, b = set(terms(one)), set(terms(other))
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0
