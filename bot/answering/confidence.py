"""How sure we are that what was retrieved answers the question: one number, one threshold."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bot.retrieval.index import Index
from bot.retrieval.lexical import terms
from bot.retrieval.retriever import Found, Hit, HybridRetriever

READ_HITS = 5
# Fitted by logistic regression on eval/questions/dev.jsonl (python -m eval confidence), the test file unseen.
WEIGHTS = {"passage": 9.0, "unit": 6.0, "covered": 3.0}
BIAS = -6.5


def confidence(found: Found, retriever: HybridRetriever) -> float:
    """Between 0 and 1: the chance that an article here answers the question."""
    if not found.hits:
        return 0.0
    evidence = features(found, retriever)
    logit = BIAS + sum(WEIGHTS[name] * value for name, value in evidence.items())
    return 1 / (1 + math.exp(-logit))


def features(found: Found, retriever: HybridRetriever) -> dict[str, float]:
    """Best passage cosine, best sentence cosine, and the share of the question's words (by rarity) that the passages hold."""
    return {
        "passage": max(hit.dense for hit in found.hits),
        "unit": max(unit.score for unit in retriever.units(found, READ_HITS)),
        "covered": _covered(found.question, found.hits[:READ_HITS], retriever.index),
    }


def _covered(question: str, hits: Sequence[Hit], index: Index) -> float:
    wanted = set(terms(question))
    if not wanted:
        return 0.0
    held = set().union(*(_chunk_terms(index, hit.row) for hit in hits))
    rarity = {term: _rarity(index, term) for term in wanted}
    return sum(weight for term, weight in rarity.items() if term in held) / sum(rarity.values())


def _rarity(index: Index, term: str) -> float:
    """Inverse document frequency; a word that no chunk holds counts as the rarest."""
    return math.log(1 + len(index.chunks) / (1 + _frequencies(index).get(term, 0)))


@lru_cache(maxsize=4)
def _frequencies(index: Index) -> dict[str, int]:
    """In how many chunks each term occurs, read off the lexical index."""
    vocabulary: dict[str, int] = index.bm25.vocab_dict
    pointers = np.asarray(index.bm25.scores["indptr"])
    return {term: int(pointers[i + 1] - pointers[i]) for term, i in vocabulary.items() if i + 1 < len(pointers)}


@lru_cache(maxsize=20_000)
def _chunk_terms(index: Index, row: int) -> frozenset[str]:
    return frozenset(terms(index.chunks[row].embedded))
