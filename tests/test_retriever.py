"""Questions to ranked passages. The numbers of the fusion are worked out by hand from vectors that are given."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document

from bot.encoder import Encoded, Encoder
from bot.errors import SettingsError
from bot.retrieval.index import Index, refresh
from bot.retrieval.retriever import WORDS_SHARE, HybridRetriever, Weights
from bot.settings import SHIPPED_ARTICLES, Settings
from tests.word_encoder import WordEncoder


class AngleEncoder(Encoder):
    """Gives each text the unit vector whose cosine with the question's is in the table; -1 for other texts.

    A text is one token.
    """

    name = "angles"
    dim = 2
    token_dim = 2

    def __init__(self, cosines: dict[str, float]) -> None:
        self.cosines = cosines

    def encode(self, text: str) -> Encoded:
        cosine = 1.0 if text.endswith("?") else self.cosines.get(text, -1.0)
        vector = np.array([cosine, math.sqrt(1 - cosine**2)], dtype=np.float32)
        return Encoded(vector, vector[np.newaxis], ((0, len(text)),))

    def encode_all(self, texts: Sequence[str]) -> Iterator[Encoded]:
        yield from map(self.encode, texts)


# Three passages of one sentence each. Whole passage and sentence have these cosines with any question:
#             passage  sentence   scaled to 0..1 over the three
#   ann       0.75     0.125      1     0
#   ben       0.5      0.625      0.5   1
#   cat       0.25     0.375      0     0.5
COSINES = {
    **{"ann\nWarm oil.": 0.75, "ben\nCold towel.": 0.5, "cat\nSoft chair.": 0.25},
    **{"Warm oil.": 0.125, "Cold towel.": 0.625, "Soft chair.": 0.375},
}
# BM25 (Lucene's form, k1 = 1.5, b = 0.75) of a word that is in 1 of 3 passages of 3 words each:
# ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) * 1 / (1 + 1.5) = 0.9808 * 0.4
WORD = math.log(1 + 2.5 / 1.5) / 2.5
WEAK = 0.5 * math.log(1 + 3)  # words in common count fully from here on


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder: Path = tmp_path_factory.mktemp("three")
    for name, text in [("ann", "Warm oil."), ("ben", "Cold towel."), ("cat", "Soft chair.")]:
        (folder / f"{name}.txt").write_text(text)
    settings = Settings.load(data=tmp_path_factory.mktemp("data"), corpus=folder)
    return Index.open(refresh(settings, AngleEncoder(COSINES), quiet=True))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    settings = Settings.load(data=tmp_path_factory.mktemp("data"), corpus=SHIPPED_ARTICLES)
    encoder = WordEncoder()
    return HybridRetriever(
        index=Index.open(refresh(settings, encoder, quiet=True)),
        encoder=encoder,
        candidates=20,
        weights=Weights(passage=0.2, sentence=0.2, question=0.3, words=0.2, lexical=0.1),
    )


def retriever(index: Index, passage: float, sentence: float, words: float = 0, candidates: int = 10) -> HybridRetriever:
    lexical = 1 - passage - sentence - words
    return HybridRetriever(
        index=index,
        encoder=AngleEncoder(COSINES),
        candidates=candidates,
        weights=Weights(passage, sentence, question=0, words=words, lexical=lexical),
    )


def scores(found):
    return {hit.chunk.article: pytest.approx(hit.score, abs=1e-6) for hit in found.hits}


def test_scores_are_weighted_sums_of_scaled_cosines(three):
    found = retriever(three, passage=0.5, sentence=0.25).search("zebra?", 3)
    # ann 0.5 * 1; ben 0.5 * 0.5 + 0.25 * 1; cat 0.25 * 0.5
    assert scores(found) == {"ann": 0.5, "ben": 0.5, "cat": 0.125}
    cosines = [(hit.dense, hit.sentence, hit.lexical) for hit in found.hits]
    assert cosines == [(0.75, 0.125, 0), (0.5, 0.625, 0), (0.25, 0.375, 0)]


def test_each_weight_alone_gives_its_own_order(three):
    by_passage = retriever(three, passage=1, sentence=0).search("chair?", 3)
    by_sentence = retriever(three, passage=0, sentence=1).search("chair?", 3)
    by_words = retriever(three, passage=0, sentence=0, words=1).search("chair?", 3)
    by_terms = retriever(three, passage=0, sentence=0).search("chair?", 3)
    assert [hit.chunk.article for hit in by_passage.hits] == ["ann", "ben", "cat"]
    assert [hit.chunk.article for hit in by_sentence.hits] == ["ben", "cat", "ann"]
    assert [hit.chunk.article for hit in by_words.hits] == ["ann", "ben", "cat"]
    assert [hit.chunk.article for hit in by_terms.hits] == ["cat", "ann", "ben"]


def test_one_common_word_counts_as_a_share_of_what_is_not_weak(three):
    found = retriever(three, passage=0, sentence=0).search("chair?", 3)
    assert found.hits[0].lexical == pytest.approx(WORD, abs=1e-5)
    assert WORD < WEAK
    assert scores(found) == {"cat": pytest.approx(WORD / WEAK, abs=1e-5), "ann": 0, "ben": 0}


def test_many_common_words_count_fully_and_others_in_proportion(three):
    found = retriever(three, passage=0, sentence=0).search("cat on a soft chair, warm?", 3)
    # cat has three of the words, ann has one
    assert scores(found) == {"cat": 1, "ann": pytest.approx(1 / 3, abs=1e-5), "ben": 0}


def test_the_words_of_a_passage_count_by_its_best_token(three):
    # The token of the whole passage or that of its sentence, whichever is nearer, to seven bits:
    # ann 95 / 127, ben 79 / 127, cat 48 / 127; scaled (95 - 48) / 47, (79 - 48) / 47, 0
    found = retriever(three, passage=0, sentence=0, words=1).search("zebra?", 3)
    assert scores(found) == {"ann": 1, "ben": 31 / 47, "cat": 0}
    assert [hit.words for hit in found.hits] == pytest.approx([95 / 127, 79 / 127, 48 / 127], abs=1e-4)


def test_equal_scores_are_in_the_order_of_the_chunks(three):
    # ann 0.25 * 1; ben 0.25 * 0.5 + 0.5 * 1; cat 0.5 * 0.5
    found = retriever(three, passage=0.25, sentence=0.5).search("zebra?", 3)
    assert [(hit.chunk.article, hit.score, hit.rank) for hit in found.hits] == [
        ("ben", 0.625, 1),
        ("ann", 0.25, 2),
        ("cat", 0.25, 3),
    ]


def test_no_more_hits_than_asked_for(three):
    assert [hit.rank for hit in retriever(three, passage=0.3, sentence=0.4).search("zebra?", 2).hits] == [1, 2]


def test_words_bring_in_what_the_vectors_would_not(three):
    # One candidate each: the vectors bring ann, the words bring cat, nothing brings ben.
    found = retriever(three, passage=0.5, sentence=0.25, candidates=1).search("chair?", 3)
    assert {hit.chunk.article for hit in found.hits} == {"ann", "cat"}


def test_one_passage_alone_gets_full_marks_for_both_cosines(tmp_path):
    corpus = tmp_path / "articles"
    corpus.mkdir()
    (corpus / "ann.txt").write_text("Warm oil.")
    index = Index.open(refresh(Settings.load(data=tmp_path, corpus=corpus), AngleEncoder(COSINES), quiet=True))
    (hit,) = retriever(index, passage=0.5, sentence=0.25).search("zebra?", 3).hits
    assert hit.score == 0.75


def test_units_are_those_of_the_first_hits_each_with_its_own_nearness(shipped):
    question = "How long does soreness last after a massage?"
    found = shipped.search(question, 10)
    scored = shipped.units(found, 3)
    expected = [
        (hit.rank, shipped.index.articles[hit.chunk.article].units[hit.chunk.first_unit + offset])
        for hit in found.hits[:3]
        for offset in range(hit.chunk.units)
    ]
    assert [(s.hit.rank, s.unit) for s in scored] == expected
    encoder = WordEncoder()
    for hit in found.hits[:3]:
        own = [s for s in scored if s.hit is hit]
        words = shipped.index.words.units(hit.row, found.asked)
        for s, shared in zip(own, words, strict=True):
            text = s.article.text[s.unit.start : s.unit.end]
            cosine = float(encoder.embed(text) @ encoder.embed(question))
            assert s.score == pytest.approx((1 - WORDS_SHARE) * cosine + WORDS_SHARE * shared, abs=2e-3)
            assert s.behind == found.hits[0].score - hit.score


def test_a_written_question_is_a_perfect_match_for_one_passage_of_its_article(shipped):
    everything = shipped.model_copy(update={"candidates": 500})
    for article in shipped.index.articles.values():
        for question in article.questions:
            best = max(everything.search(question, 500).hits, key=lambda hit: hit.question)
            assert best.question == pytest.approx(1, abs=1e-2)
            assert question in shipped.index.articles[best.chunk.article].questions


@pytest.mark.parametrize("question", ["massage", "", "?", "the of and", "zebra crossing", "背中", "oil " * 500])
def test_any_question_gets_ranked_hits_with_scores_from_0_to_1(shipped, question):
    hits = shipped.search(question, 12).hits
    assert [hit.rank for hit in hits] == list(range(1, 13))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.score <= 1 + 1e-6 for hit in hits)
    assert len({hit.chunk.id for hit in hits}) == 12


def test_a_passage_is_the_text_of_its_article(shipped):
    for hit in shipped.search("How much oil?", 12).hits:
        article = shipped.index.articles[hit.chunk.article]
        passage = hit.passage(article)
        assert passage.text == article.text[passage.start : passage.end] != ""
        assert (passage.article, passage.title, passage.rank) == (article.slug, article.title, hit.rank)
        assert passage.section == article.section_at(passage.start)[0]


def test_langchain_gets_documents_with_true_offsets(shipped):
    documents = shipped.invoke("How much oil?")
    hits = shipped.search("How much oil?", 20).hits
    assert len(documents) == len(hits) == 20
    for document, hit in zip(documents, hits, strict=True):
        assert isinstance(document, Document)
        meta = document.metadata
        article = shipped.index.articles[meta["article"]]
        assert article.text[meta["start"] : meta["end"]] == document.page_content
        assert (meta["start"], meta["end"]) == (hit.chunk.start, hit.chunk.end)
        assert meta["score"] == pytest.approx(hit.score, abs=1e-4)
        assert meta["section"] == article.section_at(meta["start"])[0]


def test_a_weight_below_nothing_is_refused():
    with pytest.raises(SettingsError, match="BOT_WORDS_WEIGHT"):
        Settings.load(words_weight=-0.1)
