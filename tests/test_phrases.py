"""The pattern language of corpus/red_flags, and the book that searches many phrases at once."""

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.errors import CorpusError
from bot.guard.phrases import GAP_WORDS, Compiler, Phrase, PhraseBook
from bot.guard.words import Clause, clauses

LEXICON: dict[str, list[str]] = {
    "numb": ["numb", "no feeling", "dead*"],
    "leg": ["leg", "foot"],
    "limb": ["{leg}", "arm"],
    "count": ["1", "two"],
}


def one_clause(text: str) -> Clause:
    (clause,) = clauses(text)
    return clause


def found(source: str, text: str) -> list[str]:
    """What the phrase matches in the text, through the book, as words between blanks."""
    clause = one_clause(text)
    book = PhraseBook([("it", Compiler(LEXICON).compile(source))])
    return [" ".join(word.text for word in clause.words[first : last + 1]) for _, first, last in book.matches(clause)]


def patterns(entries: Sequence[tuple[str, Phrase]]) -> list[tuple[str, re.Pattern[str]]]:
    return [(owner, re.compile(phrase.regex)) for owner, phrase in entries]


def by_regex(entries: Sequence[tuple[str, re.Pattern[str]]], clause: Clause) -> list[tuple[str, int, int]]:
    """What the book must give: every phrase's regular expression run over the clause, with no filter before it."""
    matches = []
    for owner, pattern in entries:
        for match in pattern.finditer(clause.text):
            first = clause.text[: match.start()].count(" ") - 1  # the text opens with a blank
            matches.append((owner, first, first + match.group().count(" ") - 1))
    return matches


@pytest.mark.parametrize(
    ("source", "text", "matches"),
    [
        # word
        ("numb", "my foot is numb", ["numb"]),
        ("numb", "a numbing cream", []),
        ("numb", "Numb, numb", ["numb", "numb"]),
        ("numb foot", "a numb foot", ["numb foot"]),
        ("numb foot", "a numb left foot", []),
        ("numb foot", "numb, foot", []),  # a comma separates, unless the phrase has one
        ("numb , foot", "numb, foot", ["numb , foot"]),
        # star
        ("tingl*", "it tingles, tingling", ["tingles", "tingling"]),
        ("tingl*", "tin", []),
        ("tingle*", "tingle", ["tingle"]),  # the star may stand for nothing
        ("tingl* foot", "tingly foot", ["tingly foot"]),
        # brackets
        ("(left|right) foot", "left foot right foot both foot", ["left foot", "right foot"]),
        ("(no|no feeling) foot", "no feeling foot", ["no feeling foot"]),
        ("(no|no feeling)", "no feeling", ["no feeling"]),  # the longest
        ("(a (big|small)|the) toe", "a small toe, the toe", ["a small toe", "the toe"]),
        # optional
        ("my (left)? foot", "my foot my left foot", ["my foot", "my left foot"]),
        ("my left? foot", "my foot my left foot", ["my foot", "my left foot"]),
        ("my (left)? foot", "my right foot", []),
        # classes
        ("{leg} {numb}", "leg no feeling foot deadened", ["leg no feeling", "foot deadened"]),
        ("{limb}", "arm and leg", ["arm", "leg"]),  # a class inside a class
        ("{count} legs", "1 legs two legs 3 legs", ["1 legs", "two legs"]),
        # gap
        ("leg .. numb", "leg numb", ["leg numb"]),
        ("leg .. numb", "leg is going quite oddly very numb", ["leg is going quite oddly very numb"]),  # five between
        ("leg .. numb", "leg is going quite oddly and very numb", []),  # six between
        ("leg .. numb", "leg, numb", ["leg , numb"]),
        ("leg .. numb", "leg is, going, quite, oddly, very, numb", ["leg is , going , quite , oddly , very , numb"]),
        ("leg .. numb", "leg numb numb", ["leg numb"]),  # the shortest
        ("leg .. numb", "leg is numb and leg was numb", ["leg is numb", "leg was numb"]),
        ("leg .. (is|was) .. numb", "leg here is so numb", ["leg here is so numb"]),
        # matches do not overlap
        ("leg leg", "leg leg leg", ["leg leg"]),
    ],
)
def test_the_pattern_language(source: str, text: str, matches: list[str]) -> None:
    assert found(source, text) == matches


def test_a_gap_reaches_as_far_as_the_constant_says() -> None:
    assert found("leg .. numb", "leg " + "so " * GAP_WORDS + "numb")
    assert not found("leg .. numb", "leg " + "so " * (GAP_WORDS + 1) + "numb")


@pytest.mark.parametrize("text", ["my leg, (the left one), is numb", "my leg: (yes) numb", "my leg (left) - numb"])
def test_two_pauses_side_by_side_do_not_count_in_a_gap_either(text: str) -> None:
    assert found("leg .. numb", text)


def test_a_number_with_a_comma_is_one_word_of_a_gap() -> None:
    assert found("leg .. numb", "my leg after 10,000 steps is numb") == ["leg after 10 000 steps is numb"]


@pytest.mark.parametrize("text", ["leg. numb", "leg? numb", "leg\nnumb"])
def test_a_gap_does_not_cross_the_end_of_a_clause(text: str) -> None:
    book = PhraseBook([("it", Compiler({}).compile("leg .. numb"))])
    assert [match for clause in clauses(text) for match in book.matches(clause)] == []


@pytest.mark.parametrize(
    "source",
    [
        "",  # nothing
        "   ",
        "..",  # nothing that must occur
        "(numb)?",
        "(numb|) ..",
        "()",
        "?",  # a sign where a word should be
        "numb ?",
        "numb??",
        "(left|right",  # a bracket left open
        "((left) foot",
        "foot)",  # never opened
        "left|right",  # alternatives without brackets
        "can't",  # signs that phrases do not have
        "x-ray",
        "numb.",
        "left_foot",
        "numb**",
        "*",
        "{leg}*",
        "{leg",
        "leg}",
        "left\tfoot",
        "{knee}",  # a class that is not there
    ],
)
def test_a_bad_phrase_is_an_error_that_quotes_it(source: str) -> None:
    with pytest.raises(CorpusError) as error:
        Compiler(LEXICON).compile(source)
    assert repr(source) in str(error.value)


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(CorpusError, match=r"'\{knee\} hurts' names the word class 'knee'"):
        Compiler(LEXICON).compile("{knee} hurts")


@pytest.mark.parametrize(
    "lexicon", [{"loop": ["{loop}"]}, {"loop": ["word", "{other}"], "other": ["(far|{loop})"]}], ids=["itself", "ring"]
)
def test_a_class_that_contains_itself_is_an_error_that_names_it(lexicon: dict[str, list[str]]) -> None:
    with pytest.raises(CorpusError, match="'loop'"):
        Compiler(lexicon).compile("{loop}")


def test_a_bad_entry_of_a_class_is_quoted() -> None:
    with pytest.raises(CorpusError, match=re.escape(repr("isn't"))):
        Compiler({"not": ["isn't"]}).compile("{not} numb")


def test_matches_come_in_the_order_of_the_phrases_with_their_owners() -> None:
    compiler = Compiler(LEXICON)
    book = PhraseBook([("b", compiler.compile("numb")), ("a", compiler.compile("foot")), ("b", compiler.compile("my"))])
    assert list(book.matches(one_clause("my numb foot"))) == [("b", 1, 1), ("a", 2, 2), ("b", 0, 0)]


def test_the_vocabulary_is_the_literal_words_of_all_phrases() -> None:
    compiler = Compiler(LEXICON)
    book = PhraseBook([("a", compiler.compile("my {limb} .. (hurts)?")), ("b", compiler.compile("{count} toes"))])
    assert book.vocabulary == {"my", "leg", "foot", "arm", "hurts", "two", "toes"}


WORDS = ["leg", "foot", "numb", "no", "feeling", "dead", "deadened", "tingles", "two", "my"]
FILLERS = ["so", "and", "very", "then", ","]


@st.composite
def phrase_and_sentence(draw: st.DrawFn, depth: int = 2) -> tuple[str, list[str]]:
    """A phrase of the language and words that it must match, drawn side by side."""
    source: list[str] = []
    words: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["word", "star", "class", "gap", *(["group", "option"] if depth else [])]))
        if kind == "word":
            word = draw(st.sampled_from(WORDS))
            source.append(word)
            words.append(word)
        elif kind == "star":
            word = draw(st.sampled_from(WORDS).filter(lambda word: len(word) > 2))
            source.append(word[: draw(st.integers(2, len(word)))] + "*")
            words.append(word)
        elif kind == "class":
            source.append("{limb}")
            words.append(draw(st.sampled_from(["leg", "foot", "arm"])))
        elif kind == "gap":
            source.append("..")
            words.extend(draw(st.lists(st.sampled_from(FILLERS[:-1]), max_size=GAP_WORDS)))
        else:
            branches = draw(st.lists(phrase_and_sentence(depth - 1), min_size=1, max_size=3))
            chosen = draw(st.sampled_from(branches))[1]
            group = "(" + "|".join(branch for branch, _ in branches) + ")"
            source.append(group + "?" if kind == "option" else group)
            words.extend(chosen if kind == "group" or draw(st.booleans()) else [])
    return " ".join(source), words


@given(phrase_and_sentence(), st.lists(st.sampled_from(FILLERS), max_size=2), st.lists(st.sampled_from(FILLERS)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_sentence_made_from_a_phrase_is_found_by_it(
    made: tuple[str, list[str]], before: list[str], after: list[str]
) -> None:
    source, words = made
    assume(words)
    try:
        compiled = Compiler(LEXICON).compile(source)
    except CorpusError as error:
        assume("no word that must occur" not in str(error))
        raise
    assert list(PhraseBook([("it", compiled)]).matches(one_clause(" ".join([*before, *words, *after]))))


@given(
    st.lists(phrase_and_sentence(), min_size=1, max_size=6),
    st.lists(st.sampled_from([*WORDS, *FILLERS, "arm"]), min_size=1, max_size=15),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_filter_never_changes_what_a_phrase_finds(made: list[tuple[str, list[str]]], words: list[str]) -> None:
    compiler = Compiler(LEXICON)
    entries: list[tuple[str, Phrase]] = []
    for number, (source, _) in enumerate(made):
        try:
            entries.append((str(number), compiler.compile(source)))
        except CorpusError as error:
            assert "no word that must occur" in str(error)
    assume(entries)
    clause = one_clause(" ".join(words))
    assert list(PhraseBook(entries).matches(clause)) == by_regex(patterns(entries), clause)


def test_the_filter_knows_a_star_behind_a_single_letter() -> None:
    entries = [("it", Compiler({}).compile("a* pain"))]
    clause = one_clause("an acute pain")
    assert list(PhraseBook(entries).matches(clause)) == by_regex(patterns(entries), clause) == [("it", 1, 2)]


def test_the_filter_never_changes_what_the_shipped_phrases_find(red_flags) -> None:
    entries = red_flags.book._entries
    everything = patterns(entries)
    rng = random.Random(1)
    matched = 0
    for _ in range(100):
        # Words that two phrases require, in their order, so that many clauses match and many more nearly do.
        words = ["the"]
        for _, phrase in rng.sample(entries, 2):
            for anchors in phrase.requires:
                anchor = rng.choice(sorted(anchors))
                words += [
                    anchor.replace("*", rng.choice(["", "ing"])),
                    *rng.choices(["my", "is", ","], k=rng.randint(0, 1)),
                ]
        clause = one_clause(" ".join(words))
        expected = by_regex(everything, clause)
        assert list(red_flags.book.matches(clause)) == expected
        matched += len(expected)
    assert matched > 100  # or the clauses were too dull to test anything
