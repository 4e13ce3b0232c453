"""What the bot is measured against, in the same run: four ways to retrieve, and a keyword guard."""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

from bot.encoder import Encoder, Vectors
from bot.reply import Route
from bot.retrieval.articles import Article
from bot.retrieval.index import Index
from eval.judge import ranking, triage
from eval.questions import Question

DEPTH = 12  # passages each peer gives, as many as the bot
RRF_K = 60  # Cormack et al. 2009: their value, not tuned here
TUTORIAL_CHARS, TUTORIAL_OVERLAP = 1000, 200  # as the LangChain tutorial has it

Found = list[tuple[str, str, str]]  # of each passage the article, the text, the id; best first
Peer = Callable[[str], Found]


class Peers:
    """Baselines over one index. The tutorial stack cuts the same articles its own way."""

    def __init__(self, index: Index, encoder: Encoder) -> None:
        self._index = index
        self._encoder = encoder
        self._texts = [(c.article, index.articles[c.article].text[c.start : c.end], c.id) for c in index.chunks]
        self._pieces = list(_tutorial_pieces(list(index.articles.values())))
        self._piece_vectors = np.stack(list(encoder.embed_all([text for _, text, _ in self._pieces])))

    def score(self, question: Question, query: str, relevant: set[str]) -> dict[str, dict[str, float | None]]:
        """By peer its ranking scores. All but the tutorial stack get the bot's standalone query."""
        tutorial_relevant = {
            id
            for article, text, id in self._pieces
            for evidence in question.evidence
            if article == evidence.article and evidence.quote in text
        }
        return {
            "dense": ranking(question, self.dense(query), relevant),
            "bm25": ranking(question, self.bm25(query), relevant),
            "fusion": ranking(question, self.fusion(query), relevant),
            "tutorial": ranking(question, self.tutorial(question.turns[-1]), tutorial_relevant),
            "keyword guard": triage(question.route, keyword_guard(question.turns)),
        }

    def dense(self, query: str) -> Found:
        """Cosine of question and passage."""
        return [self._texts[row] for row, _ in self._index.dense(self._encoder.embed(query), DEPTH)]

    def bm25(self, query: str) -> Found:
        """BM25 with stemming."""
        return [self._texts[row] for row, _ in self._index.lexical(query, DEPTH)]

    def fusion(self, query: str) -> Found:
        """Reciprocal rank fusion of the two."""
        scores: dict[int, float] = {}
        for ranked in (self._index.dense(self._encoder.embed(query), 100), self._index.lexical(query, 100)):
            for rank, (row, _) in enumerate(ranked, start=1):
                scores[row] = scores.get(row, 0.0) + 1 / (RRF_K + rank)
        best = sorted(scores, key=lambda row: (-scores[row], row))[:DEPTH]
        return [self._texts[row] for row in best]

    def tutorial(self, message: str) -> Found:
        """Pieces of 1,000 characters, the message as typed, cosine."""
        scores: Vectors = self._piece_vectors @ self._encoder.embed(message)
        return [self._pieces[row] for row in np.argsort(-scores, kind="stable")[:DEPTH]]


_EMERGENCY = re.compile(
    r"\b(chest pain|can'?t breathe|cannot breathe|paralys|paralyz|incontinen|suicid|unconscious|ambulance)",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"\b(numb|tingl|pins and needles|weakness|fever|swollen|swelling|bladder|bowel|severe|dizz|faint|fracture)",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(pregnan|cancer|blood thinner|warfarin|osteoporosis|diabet|surgery|epilep|pacemaker)", re.IGNORECASE
)


def keyword_guard(turns: Sequence[str]) -> Route:
    """The guard most people would write first: a list of words."""
    text = " ".join(turns)
    rules: Mapping[Route, re.Pattern[str]] = {
        Route.EMERGENCY: _EMERGENCY,
        Route.PROFESSIONAL: _SIGN,
        Route.CAUTION: _CONDITION,
    }
    return next((route for route, words in rules.items() if words.search(text)), Route.ANSWER)


def _tutorial_pieces(articles: Sequence[Article]) -> Found:
    splitter = RecursiveCharacterTextSplitter(chunk_size=TUTORIAL_CHARS, chunk_overlap=TUTORIAL_OVERLAP)
    return [
        (article.slug, piece, f"{article.slug}:{number}")
        for article in articles
        for number, piece in enumerate(splitter.split_text(article.text))
    ]
