"""The question adapter and the confidence: they belong to the shipped questions, and do what they are for."""

import json
import math

import numpy as np
import pytest

from bot.answering.confidence import confidence
from bot.chat import Bot, load_bot
from bot.retrieval.adapter import ADAPTER, QuestionAdapter, questions_digest
from bot.retrieval.chunks import Chunk
from bot.retrieval.interaction import NOTHING
from bot.retrieval.query import Query
from bot.retrieval.retriever import Found, Hit
from bot.settings import Settings


def test_the_weights_were_trained_on_the_questions_beside_the_articles(bot: Bot):
    about = json.loads((ADAPTER / "about.json").read_text("utf-8"))
    articles = bot.retriever.index.articles.values()
    assert about["data"] == questions_digest(articles), "the visitor questions changed: run make train-adapter"
    assert about["encoder"] == bot.retriever.encoder.name


def test_a_vector_is_moved_by_the_product_and_keeps_unit_length():
    """(1, 0) + (1, 0) @ (1, 0)^T @ (0, 1) = (1, 1), over sqrt 2."""
    adapter = QuestionAdapter(np.array([[1.0], [0.0]], np.float32), np.array([[0.0, 1.0]], np.float32))
    moved = adapter(np.array([1.0, 0.0], np.float32))
    assert moved == pytest.approx([1 / math.sqrt(2)] * 2)
    assert moved.dtype == np.float32
    assert adapter(np.array([0.0, 1.0], np.float32)) == pytest.approx([0, 1])


def test_it_loses_no_questions_that_it_has_not_seen(bot: Bot):
    """The questions in the front matter are not trained on; nearly all of them find their article first anyway."""
    retriever = bot.retriever
    plain = retriever.model_copy(update={"adapter": None})
    asked = [(q, slug) for slug, article in retriever.index.articles.items() for q in article.questions]

    def first(searcher) -> int:
        return sum(searcher.search(question, 1).hits[0].chunk.article == slug for question, slug in asked)

    assert retriever.adapter is not None
    assert first(retriever) >= first(plain) - 2
    assert first(retriever) > 0.97 * len(asked)


def test_other_articles_are_searched_without_it(tmp_path):
    corpus = tmp_path / "mine"
    corpus.mkdir()
    (corpus / "tides.md").write_text("# Tides\n\nThe moon pulls the sea, and the sea rises and falls.\n")
    other = load_bot(Settings.load(corpus=corpus, data=tmp_path / "data"), quiet=True)
    assert other.retriever.adapter is None
    assert other.retriever.search("tides", 1).familiarity is None


def test_damaged_weights_are_an_error_that_the_bot_survives(tmp_path, monkeypatch, data):
    (tmp_path / "adapter.npz").write_bytes(b"no weights")
    with pytest.raises((OSError, KeyError, ValueError)):
        QuestionAdapter.load(tmp_path)
    monkeypatch.setattr("bot.chat.ADAPTER", tmp_path)
    assert load_bot(Settings.load(data=data), quiet=True).retriever.adapter is None


# --- Confidence -------------------------------------------------------------------------------------------------------


def found(dense: float, familiarity: tuple[float, float] | None, probe: float = 0.5) -> Found:
    chunk = Chunk("a", "A", "A", "", 0, 1, 0, 1, "x", 0)
    hit = Hit(chunk, 0, score=1.0, dense=dense, sentence=probe, question=0.0, words=0.0, lexical=0.0, rank=1)
    return Found(Query("q"), NOTHING, (hit,), familiarity)


def test_nothing_found_is_no_confidence():
    assert confidence(Found(Query("q"), NOTHING, ())) == 0


@pytest.mark.parametrize("familiarity", [(0.7, 0.4), None])
def test_a_nearer_passage_is_more_sure(familiarity):
    assert confidence(found(0.8, familiarity)) > confidence(found(0.4, familiarity))


def test_a_question_like_answered_ones_is_more_sure_than_one_like_those_that_are_not():
    assert confidence(found(0.5, (0.7, 0.4))) > 0.5 > confidence(found(0.5, (0.4, 0.7)))


def test_nearness_is_the_mean_of_the_three_nearest(bot: Bot):
    index = bot.retriever.index
    found = bot.retriever.search("how long does soreness last", 1)
    answered, unanswered = found.familiarity or (0, 0)
    vector = found.asked.vector
    assert answered == pytest.approx(float(np.sort(index.answered_vectors @ vector)[-3:].mean()))
    assert unanswered == pytest.approx(float(np.sort(index.unanswered_vectors @ vector)[-3:].mean()))
    assert answered > unanswered


@pytest.mark.parametrize("question", ["do u sell gift vouchers for massage", "what is the best recipe for soup"])
def test_what_no_article_answers_is_refused(bot: Bot, question):
    assert bot.reply(question).reply.route == "out_of_scope"
