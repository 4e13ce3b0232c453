"""Answers that staff approved for a question: which one is for this visitor's, and its lines.

It knows nothing of the database: who loads the bot hands it a callable that gives what may be served right now.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from bot.answering.draft import Form, Line, Span, escape
from bot.encoder import Encoder, Vectors
from bot.retrieval.articles import Article, squash
from bot.retrieval.lexical import terms

# Words that make another question of one; search takes most of them for stop words.
ASKING = frozenset("when where who why how not no nor never before after without".split())
ASKING_WEIGHT = 4.0  # as much as a rare word; with less "why is it good to ..." passes for "is it good to ..."
_WORD = re.compile(r"[^\W_]+")
_NOT = re.compile(r"n['\u2019]t\b", re.IGNORECASE)
_ITEM = re.compile(r"[-*\u2022]\s+")
_STEP = re.compile(r"(\d{1,2})[.)]\s+")


@dataclass(frozen=True)
class Quote:
    """A span of an article as it was cited."""

    article: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Approved:
    """An answer that may be served."""

    id: int
    question: str
    lines: tuple[tuple[str, tuple[Quote, ...]], ...]  # the words, and what proves them
    digests: Mapping[str, str]  # article -> its digest when the answer was approved


CuratedSource = Callable[[], Sequence[Approved]]  # what may be served at this moment; it may fail


def nothing() -> Sequence[Approved]:
    """The source where there is no database."""
    return ()


@dataclass(frozen=True, eq=False)
class Matcher:
    """Scores how much two questions are the same: the mean of their cosine and of the words that they share."""

    encoder: Encoder
    rarity: Callable[[str], float]  # how much a stem tells

    def scores(self, question: str, vector: Vectors, others: Sequence[str], vectors: Vectors) -> list[float]:
        """For each of the other questions, between about 0 and 1. Vectors are those of the encoder as they are."""
        own = self._weights(question)
        return [
            (float(cosine) + _overlap(own, self._weights(other))) / 2
            for cosine, other in zip(vectors @ vector, others, strict=True)
        ]

    def ranked(self, question: str, vector: Vectors, answers: Sequence[Approved]) -> list[tuple[float, Approved]]:
        """The answers with their scores, the best first; ties by id."""
        questions = tuple(answer.question for answer in answers)
        if not questions:
            return []
        scores = self.scores(question, vector, questions, _vectors(self.encoder, questions))
        return sorted(zip(scores, answers, strict=True), key=lambda pair: (-pair[0], pair[1].id))

    @cached_property
    def _weights(self) -> Callable[[str], Mapping[str, float]]:
        """Of the words of a question that count, each once."""

        def weights(question: str) -> Mapping[str, float]:
            said = _WORD.findall(_NOT.sub(" not", question.lower()))
            asking = {f"{word}?": ASKING_WEIGHT for word in said if word in ASKING}
            return {term: self.rarity(term) for term in terms(question)} | asking

        return lru_cache(maxsize=10_000)(weights)


def proven(answer: Approved, articles: Mapping[str, Article]) -> bool:
    """True where every article that it cites still reads as it did, and every citation is verbatim."""
    quotes = [quote for _, quotes in answer.lines for quote in quotes]
    return all(slug in articles and articles[slug].digest == digest for slug, digest in answer.digests.items()) and all(
        quote.article in answer.digests and articles[quote.article].text[quote.start : quote.end] == quote.text
        for quote in quotes
    )


def written(answer: Approved, articles: Mapping[str, Article]) -> list[Line]:
    """Its lines. Their words are plain text; "- " and "1. " in front make a list entry, the rest runs on."""
    lines: list[Line] = []
    for text, quotes in answer.lines:
        spans = [Span(articles[quote.article], quote.start, quote.end) for quote in quotes]
        form, number, words = Form.SENTENCE if lines else Form.PARAGRAPH, 0, squash(text)
        if item := _ITEM.match(words):
            form, words = Form.ITEM, words[item.end() :]
        elif step := _STEP.match(words):
            form, number, words = Form.STEP, int(step.group(1)), words[step.end() :]
        first = spans[0] if spans else None
        lines.append(Line(escape(words), first, form, number, further=tuple(spans[1:])))
    return lines


@lru_cache(maxsize=4)
def _vectors(encoder: Encoder, questions: tuple[str, ...]) -> Vectors:
    """Of all these questions. Each is encoded once, however often the list or the articles change."""
    return np.stack([_vector(encoder, question) for question in questions])


@lru_cache(maxsize=10_000)
def _vector(encoder: Encoder, question: str) -> Vectors:
    return encoder.embed(question)


def _overlap(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Twice the weight of what both hold over the weight of both (Dice 1945); 0 where neither holds anything."""
    total = sum(one.values()) + sum(other.values())
    return 2 * sum(weight for word, weight in one.items() if word in other) / total if total else 0.0
