"""What is learnt from the visitor questions: to bring their words nearer to the articles', and which are answered."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.encoder import Vectors, unit
from bot.retrieval.articles import Article

ADAPTER = Path(__file__).parent.parent / "models" / "adapter"  # made by `make train-adapter`


@dataclass(frozen=True, eq=False)
class QuestionAdapter:
    """Adds to a question's vector a low-rank function of itself: v + v @ down @ up, then unit length.

    And knows what a corrected vector sounds like: a question that the articles answer, or one that none of them does.

    Passages keep their vectors, so an index serves with and without it. Source: LoRA (Hu et al. 2022), here on the
    output of the encoder instead of inside it.
    """

    down: Vectors  # shape (dim, rank)
    up: Vectors  # shape (rank, dim)
    sound: Vectors  # shape (dim + 1,): a direction and, last, the offset of the border

    @classmethod
    def load(cls, folder: Path = ADAPTER) -> "QuestionAdapter":
        """Raises OSError, KeyError or ValueError where the weights are missing or damaged."""
        with np.load(folder / "adapter.npz") as weights:
            return cls(weights["down"], weights["up"], weights["sound"])

    def __call__(self, vectors: Vectors) -> Vectors:
        """The corrected vectors, each of unit length; shape (..., dim)."""
        return unit(vectors + vectors @ self.down @ self.up)

    def sounds_answered(self, corrected: Vectors) -> float:
        """Above 0 for a question of the kind that the articles answer, below for one that none of them does."""
        return float(corrected @ self.sound[:-1] + self.sound[-1])


def questions_digest(articles: Iterable[Article], uncovered: Iterable[str]) -> str:
    """Identifies the visitor questions, and those that no article answers; weights say which they were trained on."""
    asked = {article.slug: {anchor: list(asked) for anchor, asked in article.asked.items()} for article in articles}
    body = {"asked": asked, "uncovered": list(uncovered)}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def fits(library: Iterable[Article], trained_for: Iterable[Article]) -> bool:
    """True where a library is that which the weights were trained for, perhaps edited since: by what it holds.

    Half of its articles, or more, must have kept half of the visitor questions that were written for them, or more.
    """
    written = {article.slug: _questions(article) for article in trained_for}
    own = [(_questions(article), written.get(article.slug, frozenset())) for article in library]
    known = sum(bool(before) and len(now & before) >= len(before) / 2 for now, before in own)
    return known > 0 and known >= len(own) / 2


def _questions(article: Article) -> frozenset[str]:
    return frozenset(question for asked in article.asked.values() for question in asked)
