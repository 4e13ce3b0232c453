"""Myths in articles that nobody here has reviewed: each is followed by what the reviewed library says instead."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from rapidfuzz import fuzz, process

from bot.answering.draft import Form, Line, Span, quoted, unescape
from bot.encoder import Encoder, Vectors
from bot.retrieval.articles import Article
from bot.retrieval.lexical import terms

NEAR = 0.7  # cosine of a sentence and a claim from which it may make the claim
# Share of the claim's own words that the sentence must hold then: every sentence on massage is near to some claim.
SHARED = 0.65
COMMON = frozenset(terms("massage massages massaging back regular whole body help people means good"))
CORRECTED = frozenset({"disputed", "false", "unsafe"})  # grades of claims.yaml
PREFACE = "Our reviewed articles do not support this."

_DENIES = re.compile(
    r"\b(no|not|never|cannot|\w+n[’']t|myth|false|untrue|unproven|nobody|little evidence)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Myths:
    """Knows the claims that must be corrected, and the sentence of the reviewed library that corrects each."""

    encoder: Encoder
    claims: Vectors  # (claims, dim), of unit length
    words: Sequence[frozenset[str]]  # stems of what each claim alone speaks of
    corrections: Sequence[Span]  # one a claim
    reviewed: Mapping[str, str]  # text of each article of the library, which needs no correction

    def corrected(self, lines: Sequence[Line]) -> Iterator[Line]:
        """The lines, a correction behind each that puts a myth forward; every correction once."""
        said: set[int] = set()
        for line in lines:
            yield line
            claim = self._claim(unescape(line.text)) if line.span and not self._is_reviewed(line.span) else None
            if claim is not None and claim not in said:
                said.add(claim)
                told = quoted(self.corrections[claim])
                yield Line(f"{PREFACE} {told.text}", told.span, Form.PARAGRAPH)

    def _is_reviewed(self, span: Span) -> bool:
        return self.reviewed.get(span.article.slug) == span.article.text

    def _claim(self, sentence: str) -> int | None:
        """Number of the claim that the sentence makes; None where it makes none, or denies it."""
        if _DENIES.search(sentence):
            return None
        said = set(terms(sentence))
        nearness = self.claims @ self.encoder.embed(sentence)
        for claim in np.argsort(-nearness, kind="stable"):
            if nearness[claim] < NEAR:
                return None
            if len(said & self.words[claim]) >= SHARED * len(self.words[claim]):
                return int(claim)
        return None


def load_myths(path: Path, library: Mapping[str, Article], encoder: Encoder) -> Myths:
    """Reads claims.yaml; each correction is the library's sentence that is nearest in words to what we hold instead."""
    rows = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    claims = [row for row in rows if row["evidence"] in CORRECTED]
    spans = [Span(article, unit.start, unit.end) for article in library.values() for unit in article.units]
    quotes = [span.quote for span in spans]
    nearest = [process.extractOne(claim["hold"], quotes, scorer=fuzz.token_sort_ratio) for claim in claims]
    vectors = np.stack([encoder.embed(claim["statement"]) for claim in claims])
    own = [frozenset(terms(claim["statement"])) - COMMON for claim in claims]
    reviewed = {slug: article.text for slug, article in library.items()}
    return Myths(encoder, vectors, own, [spans[position] for _, _, position in nearest], reviewed)
