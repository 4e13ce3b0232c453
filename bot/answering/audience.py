"""Passages for this visitor: what was written for a sign or condition counts less for those who do not have it."""

from collections.abc import Callable, Collection
from dataclasses import replace

from bot.retrieval.retriever import Found, Hit

# Taken off the score of a passage whose heading names flags that the visitor has none of, added where it names one that
# the visitor has; chosen on the dev questions.
NOT_FOR_ALL = 0.1
FOR_THIS_ONE = 0.2

FlagsIn = Callable[[str], frozenset[str]]


def for_visitor(found: Found, flags: Collection[str], flags_in: FlagsIn) -> Found:
    """The same hits, ranked anew: without this the partner massage of the pregnancy article answers everybody."""

    def score(hit: Hit) -> float:
        named = about(hit, flags_in)
        if named.isdisjoint(flags):
            return hit.score - (NOT_FOR_ALL if named else 0)
        return hit.score + FOR_THIS_ONE

    scores = [score(hit) for hit in found.hits]
    ranked = sorted(zip(scores, found.hits, strict=True), key=lambda pair: -pair[0])
    return replace(
        found,
        hits=tuple(
            hit if (new, rank) == (hit.score, hit.rank) else replace(hit, score=new, rank=rank)
            for rank, (new, hit) in enumerate(ranked, start=1)
        ),
    )


def about(hit: Hit, flags_in: FlagsIn) -> frozenset[str]:
    """The flags that the title and heading of a passage name."""
    return flags_in(f"{hit.chunk.title}. {hit.chunk.section}")
