"""Normalisation: what a message's words are, and where each stood in the message as typed."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.guard.words import COMMA, Speller, Word, clauses, english_words, respelled

# A few of everything that the tokeniser treats specially, so that random text meets it often.
SPECIAL = st.sampled_from("aeilmnbstu0134579 .,;:!?…\n\t-–—()[]'’`´_*/½㎏⑴ﬁßİéñ\u0301\u00ad\u200b😀")
ANY_TEXT = st.text(st.one_of(st.characters(), SPECIAL), max_size=80)

# As typed, and as the guard must see it: one word each.
TYPED = [
    ("leg", "leg"),
    ("LEG", "leg"),
    ("can't", "cant"),
    ("can’t", "cant"),
    ("café", "cafe"),
    ("Naïve", "naive"),
    ("numbbbb", "numb"),
    ("feeeet", "feet"),
    ("l3g", "leg"),
    ("ＮＵＭＢ", "numb"),
    ("ﬁne", "fine"),
    ("Straße", "strasse"),
    ("45", "45"),
]
SEPARATORS = [" ", "  ", " / ", "-", ", ", " 😀 ", "\t"]


def texts(message: str) -> list[list[str]]:
    return [[word.text for word in clause.words] for clause in clauses(message)]


@given(ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_spans_of_any_text_are_inside_the_message_and_in_order(message: str) -> None:
    words = [word for clause in clauses(message) for word in clause.words]
    for word in words:
        assert 0 <= word.start < word.end <= len(message)
    for before, after in pairwise(words):
        assert before.start <= after.start
        assert before.end <= after.end


@given(ANY_TEXT)
@settings(max_examples=100, deadline=None)
def test_clauses_are_numbered_from_zero_and_none_is_empty(message: str) -> None:
    found = clauses(message)
    assert [clause.number for clause in found] == list(range(len(found)))
    assert all(clause.words for clause in found)


@given(st.lists(st.tuples(st.sampled_from(TYPED), st.sampled_from(SEPARATORS)), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_every_word_points_at_the_characters_it_was_typed_with(pieces: list[tuple[tuple[str, str], str]]) -> None:
    message = ""
    expected: list[Word] = []
    for (typed, normal), separator in pieces:
        expected.append(Word(normal, len(message), len(message) + len(typed)))
        message += typed
        if separator == ", ":
            expected.append(Word(COMMA, len(message), len(message) + 1))
        message += separator
    (clause,) = clauses(message)
    assert list(clause.words) == expected


def test_offsets_count_code_points_not_bytes() -> None:
    (clause,) = clauses("😀😀 my lég")
    assert [(word.text, word.start, word.end) for word in clause.words] == [("my", 3, 5), ("leg", 6, 9)]


def test_one_character_that_stands_for_two_letters_keeps_its_single_place() -> None:
    (clause,) = clauses("ﬁve ㎏")
    assert list(clause.words) == [Word("five", 0, 3), Word("kg", 4, 5)]


@pytest.mark.parametrize("apostrophe", ["'", "’", "‘", "`", "´", "ʼ", "＇"])
def test_every_style_of_apostrophe_is_dropped(apostrophe: str) -> None:
    message = f"I can{apostrophe}t feel"
    (clause,) = clauses(message)
    assert [word.text for word in clause.words] == ["i", "cant", "feel"]
    assert message[clause.words[1].start : clause.words[1].end] == f"can{apostrophe}t"


@pytest.mark.parametrize("invisible", ["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff"])
def test_an_invisible_character_does_not_split_a_word(invisible: str) -> None:
    assert texts(f"my leg is nu{invisible}mb") == [["my", "leg", "is", "numb"]]


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("é", "e"),
        ("e\u0301te\u0301", "ete"),  # accents as characters of their own
        ("Zoë", "zoe"),
        ("señor", "senor"),
        ("ÅÇÜ", "acu"),
    ],
)
def test_accents_are_dropped(typed: str, normal: str) -> None:
    assert texts(typed) == [[normal]]


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("sooo", "so"),
        ("numbbbb", "numb"),
        ("weeeeak", "weak"),
        ("legggg", "leg"),
        ("belllly", "belly"),  # the double letter is the word
        ("feeeet", "feet"),
        ("painnnnful", "painful"),
        ("feet", "feet"),  # two of a letter are never touched
        ("aadd", "aadd"),
    ],
)
def test_drawn_out_letters(typed: str, normal: str) -> None:
    assert texts(typed) == [[normal]]


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("l3g", "leg"),
        ("p41n", "pain"),
        ("b4ck", "back"),
        ("w3akn3ss", "weakness"),
        ("t1ngl1ng", "tingling"),
        ("5pine", "spine"),
        ("l5", "l5"),  # a vertebra, and no English word behind it
        ("45", "45"),  # a number is a number
        ("1000", "1000"),
    ],
)
def test_digits_that_stand_for_letters(typed: str, normal: str) -> None:
    assert texts(typed) == [[normal]]


@pytest.mark.parametrize("typed", ["n u m b", "N U M B", "n-u-m-b", "n_u_m_b", "n  u\tm b", "n*u*m*b"])
def test_letters_spaced_out_are_one_word_that_spans_them_all(typed: str) -> None:
    message = f"my leg is {typed} today"
    (clause,) = clauses(message)
    assert [word.text for word in clause.words] == ["my", "leg", "is", "numb", "today"]
    assert message[clause.words[3].start : clause.words[3].end] == typed


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("am i a bot", ["am", "i", "a", "bot"]),  # two single letters side by side are ordinary English
        ("l 4 s 1", ["l", "4", "s", "1"]),  # digits are no letters
        ("a, b, c", ["a", ",", "b", ",", "c"]),
    ],
)
def test_single_letters_that_are_not_spaced_out_words(message: str, words: list[str]) -> None:
    assert texts(message) == [words]


@pytest.mark.parametrize("end", [".", "!", "?", ";", "\n", "…", "...", "?!", ".\n"])
def test_a_clause_ends_at_each_of_these(end: str) -> None:
    assert texts(f"no fever{end} numb foot") == [["no", "fever"], ["numb", "foot"]]


def test_only_a_question_mark_makes_a_question() -> None:
    assert [clause.question for clause in clauses("Is it safe? Really?! I hope so. And now")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("pause", [",", ":", "(", ")", "[", "]", " – ", "—", " - ", " -- "])
def test_pauses_are_words_of_their_own_inside_the_clause(pause: str) -> None:
    assert texts(f"fever{pause}chills") == [["fever", COMMA, "chills"]]


def test_a_hyphen_inside_a_word_is_no_pause() -> None:
    assert texts("x-ray well-known") == [["x", "ray", "well", "known"]]


def test_a_decimal_number_does_not_end_the_clause() -> None:
    assert texts("it is 38.5 now") == [["it", "is", "38", "5", "now"]]


@pytest.mark.parametrize("message", ["", " ", "\n\n", "...", "😀", "\u0301", "'", "\ud800"])
def test_nothing_to_read_gives_no_clause(message: str) -> None:
    assert clauses(message) == []


def test_clause_text_has_a_blank_at_both_ends_and_knows_its_words() -> None:
    (clause,) = clauses("My leg, numb")
    assert clause.text == " my leg , numb "
    # " my leg , numb ": my at 1, leg at 4, the comma at 8, numb at 10
    assert [clause.word_at(position) for position in (1, 4, 8, 10)] == [0, 1, 2, 3]


SMALL = Speller(frozenset({"tingling", "numbness", "paraesthesia", "numbed", "numb", "calf"}))


@pytest.mark.parametrize(
    ("typed", "repaired"),
    [
        ("tinglng", "tingling"),  # one letter left out
        ("tinggling", "tingling"),  # one too many
        ("tinglign", "tingling"),  # two swapped
        ("tungling", "tingling"),  # one wrong
        ("itngling", "tingling"),  # the first two swapped
        ("nubmness", "numbness"),
        ("parasthesa", "paraesthesia"),  # two slips in a word of nine letters or more
        ("numnes", "numnes"),  # two slips in a shorter word: could be anything
        ("dingling", "dingling"),  # the first letter is right, in slips of the pen
        ("nubm", "nubm"),  # four letters are too few to tell
        ("number", "number"),  # English, though one letter from "numbed"
        ("tingling", "tingling"),
        ("tingl1ng", "tingl1ng"),  # repair is for letters
    ],
)
def test_spelling_repair(typed: str, repaired: str) -> None:
    assert SMALL(typed) == repaired


def test_repair_leaves_every_english_word_alone(red_flags) -> None:
    speller = Speller(red_flags.book.vocabulary)
    assert [word for word in english_words() if speller(word) != word] == []


def test_repair_keeps_the_span_of_what_was_typed() -> None:
    message = "My calf is tinglng."
    (clause,) = clauses(message, SMALL)
    assert clause.words[-1] == Word("tingling", 11, 18)
    assert message[11:18] == "tinglng"


def test_repair_is_the_same_before_and_after_many_other_words() -> None:
    speller = Speller(frozenset({"tingling"}))
    first = speller("tinglng")
    for number in range(10_100):
        speller("qzx" + "".join(chr(ord("a") + int(digit)) for digit in str(number)))
    assert speller("tinglng") == first == "tingling"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("m y f o o t i s n u m b", ["my", "foot", "is", "numb"]),
        ("myfootisnumb", ["my", "foot", "is", "numb"]),
        ("paracetamol", ["paracetamol"]),
        ("physiotherapist", ["physiotherapist"]),
        ("petrissage", ["petrissage"]),
    ],
)
def test_words_run_together_or_spaced_out_come_apart(typed: str, words: list[str]) -> None:
    (clause,) = clauses(typed, Speller(frozenset({"petrissage"})))
    assert [word.text for word in clause.words] == words
    assert (clause.words[0].start, clause.words[-1].end) == (0, len(typed))


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("My foot's numb, OK?", "My foot's numb, OK?"),
        ("my f00t h4s a t1ngle!", "my foot has a tingle!"),
        ("so NUMMMMB today", "so numb today"),
        ("n u m b foot", "numb foot"),
        ("", ""),
    ],
)
def test_only_what_is_disguised_is_respelled(typed: str, plain: str) -> None:
    assert respelled(typed, clauses(typed)) == plain
