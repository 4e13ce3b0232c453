"""A question to ranked passages: dense and lexical candidates over the same chunks, fused."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from bot.encoder import Encoder, Vectors
from bot.reply import Passage
from bot.retrieval.articles import Article, Unit
from bot.retrieval.chunks import Chunk
from bot.retrieval.index import Index


@dataclass(frozen=True)
class Hit:
    """A chunk scored for one question, with what made the score."""

    chunk: Chunk
    row: int  # of the chunk in the index
    score: float  # fused, 0..1 within one question
    dense: float  # cosine of the whole chunk
    sentence: float  # cosine of its best sentence, heading or written question
    lexical: float  # BM25, 0 where no term occurs
    rank: int

    def passage(self, article: Article) -> Passage:
        """As shown on a Reply."""
        c = self.chunk
        text = article.text[c.start : c.end]
        return Passage(c.article, c.title, c.section, text, c.start, c.end, round(self.score, 4), self.rank)


@dataclass(frozen=True)
class Found:
    """What one question found: its vector, and chunks best first."""

    question: str
    vector: Vectors
    hits: tuple[Hit, ...]
    familiarity: tuple[float, float] | None = None  # cosine to known answered and unanswered questions; see Index


@dataclass(frozen=True, eq=False)
class ScoredUnit:
    """A sentence or list item of a hit, with its cosine to the question."""

    article: Article
    unit: Unit
    hit: Hit
    score: float
    vector: Vectors


class HybridRetriever(BaseRetriever):
    """Also a LangChain retriever: `invoke(question)` gives Documents with the citation offsets as metadata."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    index: Index
    encoder: Any  # an Encoder; pydantic cannot check protocols
    adapter: Any = None  # a QuestionAdapter, or None to take question vectors as they are
    candidates: int
    passage_weight: float
    sentence_weight: float

    def search(self, question: str, k: int) -> Found:
        """The k best chunks for a question that stands alone."""
        encoder: Encoder = self.encoder
        vector = encoder.embed(question)
        corrected = vector if self.adapter is None else self.adapter(vector)
        hits = tuple(self._ranked(question, corrected, k))
        return Found(question, corrected, hits, self.index.familiarity(vector))

    def units(self, found: Found, hits: int) -> list[ScoredUnit]:
        """Every unit of the first hits, in the order of the hits and of their text."""
        scored = []
        for hit in found.hits[:hits]:
            article = self.index.articles[hit.chunk.article]
            vectors = self.index.units_of(hit.row)
            for offset, score in enumerate(vectors @ found.vector):
                unit = article.units[hit.chunk.first_unit + offset]
                scored.append(ScoredUnit(article, unit, hit, float(score), vectors[offset]))
        return scored

    def _ranked(self, question: str, vector: Vectors, k: int) -> list[Hit]:
        """Candidates of the dense and the lexical search, scored on three counts, each scaled to 0..1 over them.

        The best sentence, heading or written question counts beside the whole passage: a passage is found for one
        thing it says. Scaled sums never
        lost to dense search alone, rank fusion did (design.md). Ties are broken by row.
        """
        lexical = dict(self.index.lexical(question, self.candidates))
        rows = sorted(lexical.keys() | {row for row, _ in self.index.dense(vector, self.candidates)})
        if not rows:
            return []
        passage: Vectors = self.index.passage_vectors[rows] @ vector
        sentence = self.index.best_probe(rows, vector)
        words = np.array([lexical.get(row, 0.0) for row in rows])
        lexical_weight = 1 - self.passage_weight - self.sentence_weight
        score = (
            self.passage_weight * _min_max(passage)
            + self.sentence_weight * _min_max(sentence)
            + lexical_weight * words / max(words.max(), self._weak_words)
        )
        order = np.argsort(-score, kind="stable")[:k]
        return [
            Hit(
                self.index.chunks[rows[i]],
                rows[i],
                float(score[i]),
                float(passage[i]),
                float(sentence[i]),
                float(words[i]),
                rank,
            )
            for rank, i in enumerate(order, start=1)
        ]

    @property
    def _weak_words(self) -> float:
        """A BM25 score below which the words in common are too frequent to tell anything: half a unique word's."""
        return 0.5 * math.log(1 + len(self.index.chunks))

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        hits = self.search(query, self.candidates).hits
        passages = [hit.passage(self.index.articles[hit.chunk.article]) for hit in hits]
        return [
            Document(
                page_content=p.text,
                metadata={"article": p.article, "section": p.section, "start": p.start, "end": p.end, "score": p.score},
            )
            for p in passages
        ]


def _min_max(values: Vectors) -> Vectors:
    spread = values.max() - values.min()
    scaled: Vectors = (values - values.min()) / spread if spread > 0 else np.ones_like(values)
    return scaled
