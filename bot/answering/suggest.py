"""What to ask next: questions that the articles themselves say they answer."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.retrieval.articles import Article
from bot.retrieval.lexical import terms
from bot.retrieval.retriever import Found, Hit

Section = tuple[str, str]  # article and heading

SUGGESTIONS = 3
ALIKE = 0.7  # share of words in common at which two questions count as one


def suggest(
    asked: Sequence[str], said: Collection[Section], found: Found, articles: Mapping[str, Article]
) -> tuple[str, ...]:
    """Up to three questions near the present one; none asked before, none that the sections already `said` answer."""
    chosen: list[str] = []
    for candidate in _candidates(said, found.hits, articles):
        if all(_overlap(candidate, other) < ALIKE for other in (*asked, *chosen)):
            chosen.append(candidate)
        if len(chosen) == SUGGESTIONS:
            break
    return tuple(chosen)


def topics(asked: Sequence[str], found: Found, articles: Mapping[str, Article]) -> tuple[str, ...]:
    """For a question that nothing answers: a first question of each of the nearest articles."""
    slugs = dict.fromkeys(hit.chunk.article for hit in found.hits)
    firsts = [(articles[slug].questions or (articles[slug].title,))[0] for slug in slugs if slug in articles]
    return tuple(question for question in firsts if all(_overlap(question, other) < ALIKE for other in asked))[
        :SUGGESTIONS
    ]


def _candidates(said: Collection[Section], hits: Sequence[Hit], articles: Mapping[str, Article]) -> Iterator[str]:
    sections = [hit.chunk.section for hit in hits if (hit.chunk.article, hit.chunk.section) not in said]
    yield from (section for section in sections if section.endswith("?"))
    for hit in hits[:3]:
        article = articles.get(hit.chunk.article)
        yield from article.questions if article else ()
    yield from (section for section in sections if re.match(r"[A-Z][\w ,'’-]{8,60}$", section))


def _overlap(one: str, other: str) -> float:
    a, b = set(terms(one)), set(terms(other))
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0
