"""Late interaction, with tokens that are words: what is shared can be counted by hand."""

import numpy as np
import pytest

from bot.encoder import Encoded
from bot.retrieval.interaction import FULL, Words, ask, segment
from tests.word_encoder import WordEncoder

# Two chunks: a title, and one unit; a title, and two units.
CHUNKS = [("Oils", ["Warm almond oil."]), ("Rest", ["Lie down.", "Drink warm water."])]
RARITY = {"oil": 1.0, "warm": 3.0, "water": 2.0}


def rarity(stem: str) -> float:
    return RARITY.get(stem, 0.0)


def question(text: str):
    return ask(text, WordEncoder().encode(text), rarity)


@pytest.fixture(scope="module")
def words() -> Words:
    encoder = WordEncoder()
    segments = []
    for title, units in CHUNKS:
        text = "\n".join([title, *units])
        parts = [(text.index(part), text.index(part) + len(part)) for part in [title, *units]]
        whole = encoder.encode(text)
        segments += segment(text, whole, parts, [whole, *(encoder.encode(unit) for unit in units)])
    starts = np.cumsum([0, *map(len, segments)])
    return Words(np.concatenate(segments), starts, firsts=np.array([0, 2, 5]))


def test_a_passage_scores_by_the_rarity_of_the_words_it_holds(words):
    # warm 3, oil 1, water 2 of 6 in all; the first chunk holds warm and oil, the second warm and water
    scores = words.passages(np.array([0, 1]), question("warm oil or water"))
    assert scores == pytest.approx([4 / 6, 5 / 6])
    assert words.passages(np.array([1, 0]), question("warm oil or water")) == pytest.approx([5 / 6, 4 / 6])


def test_units_score_alone_and_without_the_title(words):
    assert words.units(0, question("oils, warm")) == pytest.approx([3 / 4])  # "oil" is not "oils" to this encoder
    assert words.units(1, question("warm water")) == pytest.approx([0, 1])


def test_a_question_without_a_word_that_tells_counts_every_token_alike():
    asked = question("how much then")
    assert asked.shares == pytest.approx([1 / 3] * 3)
    assert asked.tokens.shape == (3, WordEncoder.token_dim)


def test_words_that_tell_nothing_are_not_compared():
    asked = question("the warm zebra of the water")
    assert asked.shares == pytest.approx([3 / 5, 2 / 5])


def test_a_word_of_several_tokens_counts_once():
    text = "warm water"
    tokens = np.eye(4, dtype=np.float32)
    asked = ask(text, Encoded(tokens[0], tokens, ((0, 0), (0, 2), (2, 4), (5, 10))), rarity)
    assert asked.shares == pytest.approx([1.5 / 5, 1.5 / 5, 2 / 5])


def test_words_that_tell_nothing_are_not_kept():
    encoder = WordEncoder()
    text = "it is the oil"
    whole = encoder.encode(text)
    (kept,) = segment(text, whole, [(0, len(text))], [whole])
    np.testing.assert_array_equal(kept, (encoder.encode("oil").tokens * FULL).astype(np.int8))
    (all_of_it,) = segment("it is", encoder.encode("it is"), [(0, 5)], [encoder.encode("it is")])
    assert len(all_of_it) == 2  # a segment is never empty


def test_a_part_beyond_the_encoders_window_has_its_words_without_the_context():
    encoder = WordEncoder()
    text = "warm oil. drink water"
    short = encoder.encode("warm oil.")  # as if the encoder had stopped there
    alone = encoder.encode("drink water")
    first, second = segment(text, short, [(0, 9), (10, 21)], [short, alone])
    assert (len(first), len(second)) == (2, 2)
    np.testing.assert_array_equal(second, (alone.tokens * FULL).astype(np.int8))
