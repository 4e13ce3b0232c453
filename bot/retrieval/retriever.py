"""A question to ranked passages: dense and lexical candidates over the same chunks, fused."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from bot.encoder import Encoder, Vectors, unit
from bot.reply import Passage
from bot.retrieval.articles import Article, Unit
from bot.retrieval.chunks import Chunk
from bot.retrieval.index import Index
from bot.retrieval.interaction import Asked, ask
from bot.retrieval.query import Query
from bot.settings import Settings

LOOKED_AT = 40  # passages whose words are compared one by one; all of them did no better
WORDS_SHARE = 0.6  # of a sentence's nearness; from 0.4 to 0.8 it did equally well


@dataclass(frozen=True)
class Hit:
    """A chunk scored for one question, with what made the score."""

    chunk: Chunk
    row: int  # of the chunk in the index
    score: float  # fused, 0..1 within one question
    dense: float  # cosine of the whole chunk
    sentence: float  # cosine of its best sentence
    question: float  # cosine of the nearest question written for it; alike for all where there are none
    words: float  # late interaction of its words, 0 where it was not among the first
    lexical: float  # BM25, 0 where no term occurs
    rank: int

    def passage(self, article: Article) -> Passage:
        """As shown on a Reply."""
        c = self.chunk
        text = article.text[c.start : c.end]
        return Passage(c.article, c.title, c.section, text, c.start, c.end, round(self.score, 4), self.rank)


@dataclass(frozen=True)
class Found:
    """What one question found: chunks best first."""

    query: Query
    asked: Asked
    hits: tuple[Hit, ...]
    familiarity: tuple[float, float] | None = None  # cosine to known answered and unanswered questions; see Index
    plain: Vectors | None = None  # the question as the encoder gave it, without the adapter


@dataclass(frozen=True, eq=False)
class ScoredUnit:
    """A sentence or list item of a hit, with its nearness to the question."""

    article: Article
    unit: Unit
    hit: Hit
    score: float  # between its cosine and what its words, in their context, have in common with the question's
    vector: Vectors
    behind: float  # what the score of its hit lacks to that of the first

    @cached_property
    def quote(self) -> str:
        """Its text, to the letter."""
        return self.article.text[self.unit.start : self.unit.end]


@dataclass(frozen=True)
class Weights:
    """What counts how much in a passage's score. Only their ratio matters."""

    passage: float
    sentence: float
    question: float
    words: float
    lexical: float

    @classmethod
    def of(cls, settings: Settings) -> "Weights":
        """As the settings say."""
        return cls(
            passage=settings.passage_weight,
            sentence=settings.sentence_weight,
            question=settings.question_weight,
            words=settings.words_weight,
            lexical=settings.lexical_weight,
        )


class HybridRetriever(BaseRetriever):
    """Also a LangChain retriever: `invoke(question)` gives Documents with the citation offsets as metadata."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    index: Index
    encoder: Any  # an Encoder; pydantic cannot check protocols
    adapter: Any = None  # a QuestionAdapter, or None to take question vectors as they are
    candidates: int
    weights: Weights

    def search(self, query: Query | str, k: int) -> Found:
        """The k best chunks; a plain string is a question that stands alone."""
        query = Query(query) if isinstance(query, str) else query
        encoder: Encoder = self.encoder
        encoded = encoder.encode(query.whole)
        alone = encoder.embed(query.message) if query.topic else encoded.vector
        own = len(query.whole) - len(query.message)
        vector = unit((1 - query.own_share) * self._adapted(encoded.vector) + query.own_share * self._adapted(alone))
        asked = ask(query.whole, replace(encoded, vector=vector), self.index.rarity, own)
        answered = self.index.answered(asked.vector)
        hits = tuple(self._ranked(query.whole, asked, answered, k))
        plain = encoded.vector if query.leans else alone
        return Found(query, asked, hits, self.index.familiarity(answered, asked.vector), plain)

    def units(self, found: Found, hits: int) -> list[ScoredUnit]:
        """Every unit of the first hits, in the order of the hits and of their text."""
        scored = []
        for hit in found.hits[:hits]:
            article, behind = self.index.articles[hit.chunk.article], found.hits[0].score - hit.score
            vectors = self.index.units_of(hit.row)
            words = self.index.words.units(hit.row, found.asked)
            for offset, score in enumerate((1 - WORDS_SHARE) * (vectors @ found.asked.vector) + WORDS_SHARE * words):
                unit = article.units[hit.chunk.first_unit + offset]
                scored.append(ScoredUnit(article, unit, hit, float(score), vectors[offset], behind))
        return scored

    def _adapted(self, vector: Vectors) -> Vectors:
        adapted: Vectors = vector if self.adapter is None else self.adapter(vector)
        return adapted

    def _ranked(self, question: str, asked: Asked, answered: Vectors, k: int) -> list[Hit]:
        """Candidates of the dense and the lexical search, scored on five counts, each scaled to 0..1 over them.

        The best sentence and the nearest written question count beside the whole passage: a passage is found for one
        thing it says. The first ones are then looked at word by word. Scaled sums never lost to dense search alone,
        rank fusion did (design.md). Ties are broken by row.
        """
        lexical = dict(self.index.lexical(question, self.candidates))
        rows = sorted(lexical.keys() | {row for row, _ in self.index.dense(asked.vector, self.candidates)})
        if not rows:
            return []
        passage: Vectors = self.index.passage_vectors[rows] @ asked.vector
        sentence = self.index.best_unit(rows, asked.vector)
        written = self.index.best_question(rows, answered)
        bm25 = np.array([lexical.get(row, 0.0) for row in rows])
        score = (
            self.weights.passage * _min_max(passage)
            + self.weights.sentence * _min_max(sentence)
            + self.weights.question * _min_max(written)
            + self.weights.lexical * bm25 / max(bm25.max(), self._weak_words)
        )
        first = np.argsort(-score, kind="stable")[: max(k, LOOKED_AT)]
        words = self.index.words.passages(np.array(rows)[first], asked)
        scores = score[first] + self.weights.words * _min_max(words)
        return [
            Hit(
                chunk=self.index.chunks[rows[i]],
                row=rows[i],
                score=float(scores[place]),
                dense=float(passage[i]),
                sentence=float(sentence[i]),
                question=float(written[i]),
                words=float(words[place]),
                lexical=float(bm25[i]),
                rank=rank,
            )
            for rank, place in enumerate(sorted(range(len(first)), key=lambda p: (-scores[p], rows[first[p]]))[:k], 1)
            for i in [first[place]]
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
