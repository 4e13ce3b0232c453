"""The index on disk: built once, refreshed cheaply, and never half there. The encoder counts what it encodes."""

import math
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.errors import CorpusError, IndexUnavailable, UserError
from bot.retrieval import index as index_module
from bot.retrieval.index import KEPT_VERSIONS, Index, current, refresh
from bot.settings import SHIPPED_ARTICLES, Settings
from tests.word_encoder import WordEncoder

OILS = """\
---
title: Oils
questions:
  - Which oil is light?
---

Oil lets hands glide. It is not needed.

## Which oil

- Almond oil is light.
- Coconut oil is solid.

## How much

A teaspoon is enough.
"""
REST = "Lie down after the massage. Drink when thirsty."
# Texts that one build encodes. Oils has three passages of 2, 2 and 1 units, Rest has one of 2.
PASSAGES = [
    "Oils\nOil lets hands glide. It is not needed.",
    "Oils. Which oil\nAlmond oil is light.\n- Coconut oil is solid.",
    "Oils. How much\nA teaspoon is enough.",
    "rest\nLie down after the massage. Drink when thirsty.",
]
UNITS = [
    *("Oil lets hands glide.", "It is not needed."),
    *("Almond oil is light.", "Coconut oil is solid."),
    "A teaspoon is enough.",
    *("Lie down after the massage.", "Drink when thirsty."),
]
HEADINGS = ["Oils", "Which oil", "How much", "rest"]
QUESTIONS = ["Which oil is light?"]
ASKED = [("Which oil is light?", 1)]  # and the passage that is nearest to it


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "oils.md").write_text(OILS)
    (folder / "rest.txt").write_text(REST)
    return folder


@pytest.fixture
def settings(tmp_path: Path, corpus: Path) -> Settings:
    return Settings.load(data=tmp_path / "data", corpus=corpus)


def build(settings: Settings, encoder: WordEncoder | None = None) -> Index:
    return Index.open(refresh(settings, encoder or WordEncoder(), quiet=True))


def change(path: Path, text: str) -> None:
    """Write the file, and move its clock, which may not have ticked since the last write."""
    clock = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(clock + 10**9, clock + 10**9))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Index:
    settings = Settings.load(data=tmp_path_factory.mktemp("data"), corpus=SHIPPED_ARTICLES)
    return build(settings)


def one_sentence(error: pytest.ExceptionInfo[UserError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert len(message) < 400
    return message


# --- Building and refreshing ------------------------------------------------------------------------------------------


def test_a_build_encodes_every_passage_unit_heading_and_question_once(settings):
    encoder = WordEncoder()
    index = build(settings, encoder)
    assert [chunk.embedded for chunk in index.chunks] == PASSAGES
    assert sorted(encoder.encoded) == sorted([*PASSAGES, *UNITS, *HEADINGS, *QUESTIONS])
    assert list(index.articles) == ["oils", "rest"]
    assert current(settings) == index.path
    assert index.path.name == index.version


def test_nothing_is_there_before_the_first_build(settings):
    assert current(settings) is None


def test_a_second_refresh_does_nothing(settings):
    first = build(settings)
    encoder = WordEncoder()
    assert build(settings, encoder).path == first.path
    assert encoder.encoded == []


def test_a_touched_but_equal_article_keeps_the_version(settings, corpus):
    first = build(settings)
    encoder = WordEncoder()
    change(corpus / "rest.txt", REST)
    assert build(settings, encoder).version == first.version
    assert encoder.encoded == []


def test_a_changed_article_encodes_only_the_passages_that_changed(settings, corpus):
    first = build(settings)
    encoder = WordEncoder()
    change(corpus / "oils.md", OILS.replace("A teaspoon", "A spoon"))
    second = build(settings, encoder)
    new = ["Oils. How much\nA spoon is enough.", "A spoon is enough."]
    unchanged = {*PASSAGES, *UNITS} - {"Oils. How much\nA teaspoon is enough.", "A teaspoon is enough."}
    assert [text for text in encoder.encoded if text in new] == new
    assert unchanged.isdisjoint(encoder.encoded)
    assert second.version != first.version
    assert second.chunks[2].embedded == new[0]
    np.testing.assert_array_equal(second.passage_vectors[[0, 1, 3]], first.passage_vectors[[0, 1, 3]])


def test_a_refreshed_index_equals_one_built_from_nothing(settings, corpus, tmp_path):
    build(settings)
    change(corpus / "oils.md", OILS.replace("A teaspoon", "A spoon"))
    change(corpus / "sit.txt", "Sit up slowly.")
    (corpus / "rest.txt").unlink()
    refreshed = build(settings)
    anew = build(Settings.load(data=tmp_path / "elsewhere", corpus=corpus))
    assert refreshed.version == anew.version
    assert refreshed.chunks == anew.chunks
    assert refreshed.articles == anew.articles
    np.testing.assert_allclose(refreshed.passage_vectors, anew.passage_vectors)
    for row in range(len(anew.chunks)):
        np.testing.assert_allclose(refreshed.units_of(row), anew.units_of(row), atol=1e-3)
    np.testing.assert_array_equal(refreshed.words.vectors, anew.words.vectors)
    np.testing.assert_array_equal(refreshed.words.starts, anew.words.starts)
    assert refreshed.questions == anew.questions
    np.testing.assert_array_equal(refreshed.question_vectors, anew.question_vectors)
    assert refreshed.lexical("spoon oil sit", 10) == anew.lexical("spoon oil sit", 10)


@pytest.mark.parametrize(
    ("before", "after"), [("- Rub it. Then rest.", "Rub it. Then rest."), ("Oil. Rub.", "* Oil. Rub.")]
)
def test_a_list_item_that_becomes_a_paragraph_has_a_vector_for_each_sentence(settings, corpus, before, after):
    change(corpus / "rest.txt", f"{before}\n- Drink water.")
    build(settings)
    change(corpus / "rest.txt", f"{after}\n- Drink water.")
    index = build(settings)
    assert_unit_vectors_are_right(index)


def test_equal_words_in_another_form_have_vectors_of_their_own(settings, corpus):
    for name, text in [("a", "- Rub it. Then rest."), ("b", "Rub it. Then rest."), ("c", "- Rub it. Then rest.")]:
        (corpus / f"{name}.md").write_text(f"---\ntitle: Same\n---\n\n{text}\n")
    index = build(settings)
    assert [chunk.units for chunk in index.chunks if chunk.title == "Same"] == [1, 2, 1]
    assert_unit_vectors_are_right(index)


def test_an_article_put_back_brings_back_its_version(settings, corpus):
    first = build(settings)
    change(corpus / "rest.txt", "Sit up slowly.")
    assert build(settings).version != first.version
    encoder = WordEncoder()
    change(corpus / "rest.txt", REST)
    assert build(settings, encoder).version == first.version
    assert encoder.encoded == []


def test_only_the_newest_versions_are_kept(settings, corpus):
    versions = []
    for minutes in range(KEPT_VERSIONS + 2):
        change(corpus / "rest.txt", f"Rest for {minutes} minutes.")
        versions.append(build(settings).version)
    folders = {path.parent.name for path in (settings.data / "index").glob("*/*/manifest.json")}
    assert len(set(versions)) == KEPT_VERSIONS + 2
    assert folders == set(versions[-KEPT_VERSIONS:])


def test_a_version_that_is_open_goes_on_answering_after_the_next_build(settings, corpus):
    before = build(settings)
    change(corpus / "oils.md", "Almond.")
    build(settings)
    assert before.dense(WordEncoder().embed(PASSAGES[2]), 1)[0][0] == 2
    assert_unit_vectors_are_right(before)


def test_another_encoder_gets_an_index_of_its_own_vectors(settings):
    class Backwards(WordEncoder):
        name = "word-counts-backwards"

        def encode(self, text):
            encoded = super().encode(text)
            return replace(encoded, vector=encoded.vector[::-1])

    first = build(settings)
    encoder = Backwards()
    second = build(settings, encoder)
    assert len(encoder.encoded) == len([*PASSAGES, *UNITS, *HEADINGS, *QUESTIONS])
    assert second.version != first.version
    np.testing.assert_array_equal(second.passage_vectors, first.passage_vectors[:, ::-1])


def test_corpora_do_not_touch_each_others_index(settings, tmp_path):
    first = build(settings)
    other = tmp_path / "other" / "articles"  # even of the same name
    other.mkdir(parents=True)
    (other / "rest.txt").write_text("Sleep.")
    second = build(Settings.load(data=settings.data, corpus=other))
    assert first.path.parent != second.path.parent
    assert current(settings) == first.path
    assert list(second.articles) == ["rest"]


def test_two_builds_at_once_encode_once(settings):
    encoder = WordEncoder()
    paths: list[Path] = []
    threads = [threading.Thread(target=lambda: paths.append(refresh(settings, encoder, quiet=True))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 1
    assert len(paths) == 3
    assert len(encoder.encoded) == len([*PASSAGES, *UNITS, *HEADINGS, *QUESTIONS])


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("texts", [0, 3, 12])  # at once, within the passages, within the headings
def test_an_interrupted_first_build_leaves_nothing_in_the_way(settings, texts):
    with pytest.raises(RuntimeError, match="power"):
        refresh(settings, WordEncoder(fail_after=texts), quiet=True)
    assert current(settings) is None
    assert len(build(settings).chunks) == len(PASSAGES)


@pytest.mark.parametrize("texts", [0, 1, 4])
def test_an_interrupted_build_leaves_the_old_version_serving(settings, corpus, texts):
    old = build(settings)
    change(corpus / "oils.md", OILS.replace("Almond", "Sweet almond").replace("A teaspoon", "A spoon"))
    with pytest.raises(RuntimeError, match="power"):
        refresh(settings, WordEncoder(fail_after=texts), quiet=True)
    assert current(settings) == old.path
    assert [path for path in old.path.parent.iterdir() if path.name.startswith("building")] == []
    assert Index.open(old.path).chunks == old.chunks
    new = build(settings)
    assert "Sweet almond oil is light." in new.articles["oils"].text
    assert_unit_vectors_are_right(new)


def test_what_a_killed_build_left_behind_is_cleared_away(settings, corpus):
    home = build(settings).path.parent
    (home / "building-1" / "chroma").mkdir(parents=True)
    (home / "building-1" / "passages.npy").write_bytes(b"half")
    change(corpus / "rest.txt", "Sit up slowly.")
    build(settings)
    assert not (home / "building-1").exists()


FILES = ["manifest.json", "articles.jsonl", "chunks.jsonl", "passages.npy", "units.npy", "words.npy"]
STARTS = ["unit_starts.npy", "word_starts.npy"]
WRITTEN = ["questions.jsonl", "questions.npy"]
BM25 = ["bm25/vocab.index.json", "bm25/data.csc.index.npy"]
HARM = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "garbage": lambda path: path.write_bytes(b"\xff\x00 garbage" * 50),
}


@pytest.mark.parametrize("file", [*FILES, *STARTS, *WRITTEN, *BM25])
@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_version_is_one_sentence(shipped, tmp_path, file, harm):
    path = tmp_path / "version"
    shutil.copytree(shipped.path, path)
    assert len(Index.open(path).chunks) == len(shipped.chunks)
    HARM[harm](path / file)
    with pytest.raises(IndexUnavailable) as error:
        Index.open(path)
    message = one_sentence(error)
    assert str(path) in message
    assert "python -m bot index" in message


def test_a_damaged_version_can_be_built_again_as_its_sentence_says(settings):
    path = build(settings).path
    HARM["empty"](path / "chunks.jsonl")
    shutil.rmtree(path)
    assert len(build(settings).chunks) == len(PASSAGES)


@pytest.mark.parametrize("harm", ["empty", "garbage"])
def test_a_damaged_old_version_does_not_stop_the_next_build(settings, corpus, harm):
    HARM[harm](build(settings).path / "passages.npy")
    change(corpus / "rest.txt", "Sit up slowly.")
    index = build(settings)
    assert index.articles["rest"].text == "Sit up slowly."
    assert_unit_vectors_are_right(index)


def test_a_pointer_to_nothing_is_as_no_index(settings):
    path = build(settings).path
    (path.parent / "CURRENT").write_text("gone")
    assert current(settings) is None
    assert build(settings).path == path


def test_data_that_cannot_be_written_is_one_sentence(settings, tmp_path):
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(IndexUnavailable) as error:
        refresh(settings, WordEncoder(), quiet=True)
    assert str(settings.data) in one_sentence(error)


def test_a_missing_folder_is_one_sentence(tmp_path):
    settings = Settings.load(data=tmp_path / "data", corpus=tmp_path / "nowhere")
    with pytest.raises(CorpusError) as error:
        refresh(settings, WordEncoder(), quiet=True)
    assert str(tmp_path / "nowhere") in one_sentence(error)


def test_an_empty_folder_is_one_sentence(tmp_path):
    corpus = tmp_path / "empty"
    corpus.mkdir()
    (corpus / "notes.docx").write_text("Not an article.")
    with pytest.raises(CorpusError) as error:
        refresh(Settings.load(data=tmp_path / "data", corpus=corpus), WordEncoder(), quiet=True)
    assert str(corpus) in one_sentence(error)
    assert ".md" in one_sentence(error)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4\nnothing more", b"\x00\xff" * 100])
def test_an_unreadable_pdf_is_named_and_the_old_version_stays(settings, corpus, data):
    old = build(settings)
    (corpus / "scan.pdf").write_bytes(data)
    with pytest.raises(CorpusError) as error:
        refresh(settings, WordEncoder(), quiet=True)
    assert str(corpus / "scan.pdf") in one_sentence(error)
    assert current(settings) == old.path


def test_two_articles_of_one_name_are_named(settings, corpus):
    (corpus / "oils.txt").write_text("More about oils.")
    with pytest.raises(CorpusError, match="'oils'") as error:
        refresh(settings, WordEncoder(), quiet=True)
    assert str(corpus / "oils.txt") in one_sentence(error)


# --- Searching --------------------------------------------------------------------------------------------------------


def assert_unit_vectors_are_right(index: Index) -> None:
    encoder = WordEncoder()
    for row, chunk in enumerate(index.chunks):
        article = index.articles[chunk.article]
        units = article.units[chunk.first_unit : chunk.first_unit + chunk.units]
        expected = np.stack([encoder.embed(article.text[unit.start : unit.end]) for unit in units])
        np.testing.assert_allclose(index.units_of(row), expected, atol=1e-3)  # kept with three digits


def test_every_chunk_finds_itself(shipped):
    encoder = WordEncoder()
    assert len(shipped.chunks) > 100
    for row, chunk in enumerate(shipped.chunks):
        nearest, cosine = shipped.dense(encoder.embed(chunk.embedded), 1)[0]
        assert nearest == row
        assert cosine == pytest.approx(1, abs=1e-5)


def test_every_unit_has_its_own_vector(shipped):
    assert_unit_vectors_are_right(shipped)


def test_every_written_question_finds_a_chunk_of_its_article(shipped):
    encoder = WordEncoder()
    rows = list(range(len(shipped.chunks)))
    for article in shipped.articles.values():
        own = [row for row in rows if shipped.chunks[row].article == article.slug]
        for question in article.questions:
            answered = shipped.answered(encoder.embed(question))
            assert shipped.best_question(own, answered).max() == pytest.approx(1, abs=1e-2)


def test_best_unit_is_the_best_of_each_chunks_own(settings):
    index = build(settings)
    # "almond light" against "Almond oil is light.": 2 of its 4 words, 2 / (sqrt(2) * sqrt(4)) = 0.7071;
    # against "Oil lets hands glide.", "It is not needed.": none
    best = index.best_unit([0, 1], WordEncoder().embed("almond light"))
    assert best == pytest.approx([0, 0.7071], abs=1e-3)
    backwards = index.best_unit([1, 0], WordEncoder().embed("almond light"))
    assert backwards == pytest.approx([0.7071, 0], abs=1e-3)


def test_a_chunk_without_written_questions_is_as_far_as_the_worst_that_has_some(settings):
    index = build(settings)
    assert [(question.text, question.row) for question in index.questions] == ASKED
    answered = index.answered(WordEncoder().embed("which oil"))
    best = index.best_question(range(len(index.chunks)), answered)
    having = {row for _, row in ASKED}
    assert all(best[row] == min(best[r] for r in having) for row in range(len(best)) if row not in having)


def test_a_rare_word_tells_more_than_a_common_one(settings):
    index = build(settings)
    chunks = [chunk.embedded.lower() for chunk in index.chunks]
    oil, almond = (sum(word in chunk for chunk in chunks) for word in ("oil", "almond"))
    assert index.rarity("oil") == pytest.approx(math.log(1 + len(chunks) / (1 + oil)))
    assert index.rarity("almond") == pytest.approx(math.log(1 + len(chunks) / (1 + almond)))
    assert index.rarity("zebra") == pytest.approx(math.log(1 + len(chunks)))
    assert index.rarity("zebra") > index.rarity("almond") > index.rarity("oil")


def test_dense_is_best_first_and_no_more_than_asked_for(shipped):
    vector = WordEncoder().embed("how long does soreness last after a massage")
    everything = shipped.dense(vector, 10_000)
    cosines = (shipped.passage_vectors @ vector).tolist()
    assert everything == sorted(enumerate(cosines), key=lambda hit: -hit[1])  # equal ones stay in order
    assert shipped.dense(vector, 7) == everything[:7]


def test_dense_ties_are_in_the_order_of_the_chunks(tmp_path):
    corpus = tmp_path / "articles"
    corpus.mkdir()
    for name in "dbcae":
        (corpus / f"{name}.md").write_text("---\ntitle: Same\n---\nSame words.\n")
    (corpus / "bb.md").write_text("---\ntitle: Same\n---\nOther.\n")
    index = build(Settings.load(data=tmp_path / "data", corpus=corpus))
    # a, b, bb, c, d, e: all but number 2 hold the same words
    vector = WordEncoder().embed("Same Same words")
    assert [row for row, _ in index.dense(vector, 6)] == [0, 1, 3, 4, 5, 2]
    assert [row for row, _ in index.dense(vector, 3)] == [0, 1, 3]
    assert [row for row, _ in index.lexical("words", 6)] == [0, 1, 3, 4, 5]
    assert [row for row, _ in index.lexical("words", 2)] == [0, 1]


def test_chroma_finds_what_the_exact_search_finds(shipped, monkeypatch):
    encoder = WordEncoder()
    questions = [question for article in shipped.articles.values() for question in article.questions][::5]
    vectors = [encoder.embed(question) for question in questions]
    exact = [shipped.dense(vector, 10) for vector in vectors]
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 0)
    for vector, expected in zip(vectors, exact, strict=True):
        found = shipped.dense(vector, 10)
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-4)
        border = expected[-1][1] + 1e-4  # equal scores at the border may come from either of two rows
        assert {row for row, score in found if score > border} == {row for row, score in expected if score > border}


def test_chroma_finds_the_same_chunk_first(shipped, monkeypatch):
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 0)
    for row in range(0, len(shipped.chunks), 7):
        assert shipped.dense(shipped.passage_vectors[row], 1)[0][0] == row


def test_chroma_serves_every_version_its_own_rows(settings, corpus, monkeypatch):
    first = build(settings)
    change(corpus / "a.txt", "Almond first.")  # every other chunk moves down by one
    second = build(settings)
    monkeypatch.setattr(index_module, "EXACT_UP_TO", 0)
    vector = WordEncoder().embed(PASSAGES[2])
    assert first.dense(vector, 1)[0][0] == 2
    assert second.dense(vector, 1)[0][0] == 3


def test_lexical_counts_stems_and_no_stop_words(settings):
    index = build(settings)
    assert [row for row, _ in index.lexical("How are teaspoons?", 10)] == [2]
    assert [row for row, _ in index.lexical("needing", 10)] == [0]
    assert index.lexical("what is the", 10) == []
    assert index.lexical("zebra", 10) == []
    assert index.lexical("", 10) == []


def test_lexical_is_best_first(settings):
    found = build(settings).lexical("almond oil", 10)
    assert found[0][0] == 1  # the only passage with both words
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@pytest.mark.parametrize(
    "text", ["the and of", "\x00\x01 \x7f text \x85 more", "背中をもむ。 休む。", "🙂", "a\u202eb"]
)
def test_any_article_can_be_indexed(tmp_path, text):
    corpus = tmp_path / "articles"
    corpus.mkdir()
    (corpus / "odd.txt").write_text(text, encoding="utf-8")
    index = build(Settings.load(data=tmp_path / "data", corpus=corpus))
    assert index.articles["odd"].text == text
    assert [row for row, _ in index.dense(WordEncoder().embed(text), 5)] == [0]
    assert index.lexical("zebra", 5) == []
    assert_unit_vectors_are_right(index)
