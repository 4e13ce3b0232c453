"""The pattern language of corpus/red_flags, compiled to regular expressions over a clause's words.

word      that word                      (a|b c|{x})   one of several, each of one or more words
word*     any word that begins so        (a|b)?        the same, or nothing
{class}   any entry of a word class      ..            up to five other words; commas do not count
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.errors import CorpusError
from bot.guard.words import Clause

GAP_WORDS = 5
_ITEM = re.compile(r"\.\.|\{\w+\}|[^\W_]+\*?|[()|?]|,| +")

Span = tuple[int, int]  # first and last word of a clause, both inclusive
Anchors = frozenset[str]
Branch = tuple[str, tuple[Anchors, ...]]  # a regex, and the anchor sets that every match of it satisfies


@dataclass(frozen=True)
class Phrase:
    """One compiled phrase. A match holds a word (or, with a star, a beginning) of each set of `requires`.

    That test is cheap and nearly always fails, so that few regular expressions are ever built or run.
    """

    source: str
    regex: str
    requires: tuple[Anchors, ...]

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex)

    def spans(self, clause: Clause) -> Iterator[Span]:
        """(first, last) word indices of each match in the clause, last one inclusive."""
        return (span for span, _ in self.found(clause))

    def found(self, clause: Clause) -> Iterator[tuple[Span, tuple[Span, ...]]]:
        """Each match, and the spans of words that only its gaps took in."""
        for match in self._compiled.finditer(clause.text):
            first = clause.word_at(match.start())
            gaps = []
            for number, words in enumerate(match.groups(), start=1):
                if words:
                    start = clause.word_at(match.start(number))
                    gaps.append((start, start + words.count(" ") - 1))
            yield (first, first + match.group().count(" ") - 1), tuple(gaps)


@dataclass(frozen=True)
class Hit:
    """A phrase found in a clause."""

    id: str  # of the entry the phrase belongs to
    phrase: str  # as it is written in its file
    first: int  # index of its first and of its last word in the clause
    last: int
    gaps: tuple[Span, ...]  # words that only its gaps took in


class PhraseBook:
    """Phrases with the id each belongs to, searched by the words that a clause holds."""

    def __init__(self, entries: Sequence[tuple[str, Phrase]]) -> None:
        self._entries = entries
        self._by_anchor: dict[str, list[int]] = {}
        for number, (_, phrase) in enumerate(entries):
            for anchor in min(phrase.requires, key=len):
                self._by_anchor.setdefault(anchor, []).append(number)
        self._openings = frozenset(
            anchor for _, phrase in entries for anchors in phrase.requires for anchor in anchors if anchor[-1] == "*"
        )
        self._longest = max(map(len, self._openings), default=0)

    def matches(self, clause: Clause) -> Iterator[tuple[str, int, int]]:
        """(id, first word, last word) of every match in the clause, in the order of the phrases."""
        return ((hit.id, hit.first, hit.last) for hit in self.found(clause))

    def found(self, clause: Clause) -> Iterator[Hit]:
        """The same, with the phrase and its gaps."""
        present = {word.text for word in clause.words}
        present |= self._openings.intersection(
            word[:length] + "*" for word in present for length in range(1, min(len(word) + 1, self._longest))
        )
        numbers = {number for anchor in present for number in self._by_anchor.get(anchor, ())}
        for number in sorted(numbers):
            owner, phrase = self._entries[number]
            if not any(anchors.isdisjoint(present) for anchors in phrase.requires):
                for (first, last), gaps in phrase.found(clause):
                    yield Hit(owner, phrase.source, first, last, gaps)

    @property
    def vocabulary(self) -> frozenset[str]:
        """Every literal word that stands in a phrase."""
        literals = (re.findall(r"[^\W\d_]+", phrase.regex) for _, phrase in self._entries)
        return frozenset(word for words in literals for word in words if len(word) > 1)


class Compiler:
    """Compiles phrases against one lexicon of word classes."""

    def __init__(self, lexicon: Mapping[str, Sequence[str]]) -> None:
        self._lexicon = lexicon
        self._classes: dict[str, Branch] = {}
        self._open: list[str] = []

    def compile(self, source: str) -> Phrase:
        """Raises CorpusError quoting the phrase where it breaks the language or names an unknown word class."""
        regex, requires = self._parse(source)
        if not requires:
            raise CorpusError(f"Phrase {source!r} has no word that must occur; see corpus/red_flags/README.md.")
        return Phrase(source, rf"(?<= ){regex}", requires)

    def _parse(self, source: str) -> Branch:
        items = _ITEM.findall(source)
        if "".join(items) != source:
            raise CorpusError(
                f"Phrase {source!r} holds a sign that phrases do not have; see corpus/red_flags/README.md."
            )
        branch = self._sequence(items, source)
        if items:
            raise CorpusError(f"Phrase {source!r} cannot be read from {''.join(items)[:20]!r} on.")
        return branch

    def _sequence(self, items: list[str], source: str) -> Branch:
        """Consumes items up to `|`, `)` or the end."""
        regexes: list[str] = []
        requires: list[Anchors] = []
        while items and items[0] not in ("|", ")"):
            item = items.pop(0)
            if item.isspace():
                continue
            if item == "..":
                regexes.append(rf"((?:(?:, )*[^\s,]+ ){{0,{GAP_WORDS}}}?(?:, )*)")
                continue
            regex, needs = self._item(item, items, source)
            if items and items[0] == "?":
                items.pop(0)
                regexes.append(f"(?:{regex})?")
            else:
                regexes.append(regex)
                requires.extend(needs)
        return "".join(regexes), tuple(requires)

    def _item(self, item: str, items: list[str], source: str) -> Branch:
        if item == "(":
            branches = [self._sequence(items, source)]
            while items and items[0] == "|":
                items.pop(0)
                branches.append(self._sequence(items, source))
            if not items or items.pop(0) != ")":
                raise CorpusError(f"Phrase {source!r} has a bracket that is not closed.")
            return _either(branches)
        if item.startswith("{"):
            return self._word_class(item[1:-1], source)
        if item.endswith("*"):
            return rf"{item[:-1]}[^\s,]* ", (frozenset({item}),)
        if item == ",":
            return ", ", ()
        if item.isalnum():
            return f"{item} ", (frozenset({item}),)
        raise CorpusError(f"Phrase {source!r} has {item!r} where a word should be; see corpus/red_flags/README.md.")

    def _word_class(self, name: str, source: str) -> Branch:
        if name not in self._lexicon:
            raise CorpusError(f"Phrase {source!r} names the word class {name!r}, which lexicon.yaml does not have.")
        if name in self._open:
            raise CorpusError(f"Word class {name!r} of lexicon.yaml contains itself.")
        if name not in self._classes:
            self._open.append(name)
            self._classes[name] = _either([self._parse(str(entry)) for entry in self._lexicon[name]])
            self._open.pop()
        return self._classes[name]


def _either(branches: Sequence[Branch]) -> Branch:
    """Any of the branches, the longest first. What it requires is one anchor of any branch, if each branch has some."""
    regexes = sorted(dict.fromkeys(regex for regex, _ in branches), key=lambda regex: (-len(regex), regex))
    anchors: set[str] = set()
    for _, requires in branches:
        if not requires:
            return f"(?:{'|'.join(regexes)})", ()
        anchors |= min(requires, key=len)
    return f"(?:{'|'.join(regexes)})", (frozenset(anchors),)
