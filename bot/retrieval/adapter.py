"""A small trained correction of question vectors, so that visitors' words come nearer to the articles' words."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.encoder import Vectors
from bot.retrieval.articles import Article

ADAPTER = Path(__file__).parent.parent / "models" / "adapter"  # made by `make train-adapter`


@dataclass(frozen=True, eq=False)
class QuestionAdapter:
    """Adds to a question's vector a low-rank function of itself: v + v @ down @ up, then unit length.

    Passages keep their vectors, so an index serves with and without it. Source: LoRA (Hu et al. 2022), here on the
    output of the encoder instead of inside it.
    """

    down: Vectors  # shape (dim, rank)
    up: Vectors  # shape (rank, dim)

    @classmethod
    def load(cls, folder: Path = ADAPTER) -> "QuestionAdapter":
        """Raises OSError, KeyError or ValueError where the weights are missing or damaged."""
        with np.load(folder / "adapter.npz") as weights:
            return cls(weights["down"], weights["up"])

    def __call__(self, vector: Vectors) -> Vectors:
        """The corrected vector, of unit length."""
        moved = vector + vector @ self.down @ self.up
        return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)


def questions_digest(articles: Iterable[Article]) -> str:
    """Identifies the visitor questions; weights say which they were trained on."""
    body = {article.slug: {anchor: list(asked) for anchor, asked in article.asked.items()} for article in articles}
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
