"""Passages for this visitor: what was written for a sign or condition counts less for those who do not have it."""

from collections.abc import Callable, Collection
from dataclasses import replace

from bot.retrieval.retriever import Found, Hit

# Taken off the score of a passage whose heading names flags that the visitor has none of; chosen on the dev questions.
NOT_FOR_ALL = 0.2


def for_visitor(found: Found, flags: Collection[str], flags_in: Callable[[str], frozenset[str]]) -> Found:
    """The same hits, ranked anew: without this the partner massage of the pregnancy article answers everybody."""

    def score(hit: Hit) -> float:
        about = flags_in(f"{hit.chunk.title}. {hit.chunk.section}")
        return hit.score - (NOT_FOR_ALL if about and about.isdisjoint(flags) else 0)

    ranked = sorted(found.hits, key=lambda hit: -score(hit))
    return replace(
        found, hits=tuple(replace(hit, score=score(hit), rank=rank) for rank, hit in enumerate(ranked, start=1))
    )
