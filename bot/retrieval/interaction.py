"""Late interaction: each word of a question looks for its nearest word in a passage, both in their context.

One vector for a whole sentence loses what a single word says, and a short sentence alone does not say what it is about:
its words do, read together with the title, the heading and the sentences around it. Source: Khattab and Zaharia 2020
(ColBERT, MaxSim), here on the token vectors of an encoder that was not trained for it, weighted by rarity.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.encoder import Encoded, Vectors
from bot.retrieval.lexical import is_topical, terms

SmallVectors = npt.NDArray[np.int8]  # as stored: FULL is 1
FULL = 127
OWN_WEIGHT = 2.0  # of a word of the message, against one of the topic before it; 3 did no better

Positions = npt.NDArray[np.int64]
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Asked:
    """A question as it is looked up: as a whole, and its words that count, each with its share."""

    vector: Vectors  # shape (dim,)
    tokens: Vectors  # shape (tokens, token_dim)
    shares: Vectors  # shape (tokens,), adding up to 1


NOTHING = Asked(*(np.zeros(shape, dtype=np.float32) for shape in (0, (0, 0), 0)))  # where there was no search


@dataclass(frozen=True, eq=False)
class Words:
    """The topical words of all chunks. A chunk is a row of segments: its title and heading, then each of its units.

    A score is at most 1, where a text holds all the words that are asked for.
    """

    vectors: SmallVectors  # shape (tokens, token_dim); memory-mapped
    starts: Positions  # tokens of segment s are starts[s]:starts[s + 1]; there is at least one
    firsts: Positions  # segments of chunk i are firsts[i]:firsts[i + 1]

    def passages(self, rows: Positions, asked: Asked) -> Vectors:
        """How well each of these chunks speaks of what is asked."""
        tokens, groups = positions(self.starts[self.firsts[rows]], self.starts[self.firsts[rows + 1]])
        return _nearest(self.vectors[tokens], groups, asked)

    def units(self, row: int, asked: Asked) -> Vectors:
        """How well each unit of one chunk does."""
        first, last = self.firsts[row], self.firsts[row + 1]
        begin, end = self.starts[first + 1], self.starts[last]
        return _nearest(self.vectors[begin:end], self.starts[first + 1 : last] - begin, asked)

    def segments(self, row: int) -> list[SmallVectors]:
        """The vectors of one chunk's segments."""
        bounds = self.starts[self.firsts[row] : self.firsts[row + 1] + 1]
        return [np.array(self.vectors[start:end]) for start, end in pairwise(bounds)]


def ask(question: str, encoded: Encoded, rarity: Callable[[str], float], own: int = 0) -> Asked:
    """The question with its words weighted by `rarity` of their stems; a word of several tokens counts once.

    Words before the character `own` are of earlier messages, and count less.
    """
    weights = np.zeros(len(encoded.spans), dtype=np.float32)
    for tokens in words(question, encoded.spans):
        word = question[encoded.spans[tokens[0]][0] : encoded.spans[tokens[-1]][1]]
        counts = OWN_WEIGHT if encoded.spans[tokens[0]][0] >= own else 1.0
        weights[tokens] = counts * max((rarity(stem) for stem in terms(word)), default=0.0) / len(tokens)
    if not weights.any():  # "how much?": every token counts alike
        weights[:] = 1
    topical = np.flatnonzero(weights)
    return Asked(encoded.vector, encoded.tokens[topical], weights[topical] / weights.sum())


def segment(text: str, whole: Encoded, parts: Spans, alone: Sequence[Encoded]) -> list[SmallVectors]:
    """The topical words of each part of a text, in the context of the whole.

    A part that lies beyond the encoder's window has its words from `alone`, the encoding of that part by itself.
    """
    topical = [is_topical(text[start:end]) for start, end in whole.spans]
    segments = []
    for (begin, end), own in zip(parts, alone, strict=True):
        inside = [n for n, span in enumerate(whole.spans) if begin <= span[0] < span[1] <= end]
        chosen = [n for n in inside if topical[n]] or inside
        segments.append(_small(whole.tokens[chosen] if chosen else own.tokens))
    return segments


def positions(starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
    """Every position of the ranges, one range after the other, and where each range begins among them."""
    lengths = ends - starts
    groups = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - groups, lengths), groups


def words(text: str, spans: Spans) -> Iterator[list[int]]:
    """The tokens of each word: a run of letters and digits without anything between."""
    word: list[int] = []
    for token, (start, end) in enumerate(spans):
        if not text[start:end].isalnum():
            continue
        if word and start != spans[word[-1]][1]:
            yield word
            word = []
        word.append(token)
    if word:
        yield word


def _nearest(vectors: SmallVectors, groups: Positions, asked: Asked) -> Vectors:
    """For each group of tokens: how near its nearest one is to each token of the question, on average."""
    nearest = np.maximum.reduceat(vectors.astype(np.float32) @ asked.tokens.T, groups)
    scores: Vectors = nearest @ (asked.shares / np.float32(FULL))
    return scores


def _small(tokens: Vectors) -> SmallVectors:
    return np.round(tokens * FULL).astype(np.int8)
