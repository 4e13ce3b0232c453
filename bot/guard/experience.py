"""Does somebody have this sign now? A match is dropped only when the message plainly says no.

Deliberately lopsided: in visitors' words a negation is often the sign itself ("can't feel my foot"), so only a cue that
stands before the match, in the same clause and with nothing that ends its reach, suppresses. Other people's symptoms
count. The cues are data: corpus/red_flags/cues.yaml.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from bot.guard.phrases import Compiler, PhraseBook
from bot.guard.words import COMMA, Clause

REACH_WORDS = 7  # how far before a match its negation may stand
_YES_OR_NO = frozenset({"no", "none", "nope", "negative", "never", "nil", "absent"})


class CueWords(BaseModel):
    """Single words, each set with one meaning; see cues.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    negations: frozenset[str]
    terminators: frozenset[str]
    conjunctions: frozenset[str]
    complaints: frozenset[str]
    subjects: frozenset[str]
    people: frozenset[str]
    question_openers: frozenset[str]
    before_questions: frozenset[str]


class CuePhrases(BaseModel):
    """Phrases, each list with one meaning; see cues.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    not_a_denial: tuple[str, ...]
    curious: tuple[str, ...]
    own: tuple[str, ...]
    past: tuple[str, ...]
    gone: tuple[str, ...]
    persists: tuple[str, ...]


class Cues(BaseModel):
    """The shape of cues.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: CueWords
    phrases: CuePhrases


@dataclass(frozen=True)
class Match:
    """A phrase of flag or sign `id` found in a clause, with the indices of its first and last word."""

    id: str
    clause: Clause
    first: int
    last: int


class Experience:
    """Judges matches by the cues of their message."""

    def __init__(self, cues: Cues) -> None:
        self._words = cues.words
        compiler = Compiler({})
        self._book = PhraseBook(
            [(name, compiler.compile(phrase)) for name, phrases in cues.phrases for phrase in phrases]
        )

    def denied(self, match: Match, others: Sequence[Match]) -> bool:
        """True where the clause itself says that the sign is absent."""
        return self._denied_before(match, others) or self._denied_after(match)

    def general(self, match: Match, message: Sequence[Clause]) -> bool:
        """True for a question about the sign by someone who writes of nobody who has it."""
        cues = {name for clause in message for name, _, _ in self._book.matches(clause)}
        if "curious" in cues:
            return True
        opening = next((w.text for w in match.clause.words if w.text not in self._words.before_questions), "")
        if opening not in self._words.question_openers or "own" in cues:
            return False
        return all(word.text not in self._words.people for clause in message for word in clause.words)

    def finished(self, match: Match, message: Sequence[Clause]) -> bool:
        """True where the sign is told as past, the message says that it is gone, and nothing says that it is back."""
        found = {clause.number: list(self._book.matches(clause)) for clause in message}
        if not any(name == "past" for name, _, _ in found[match.clause.number]):
            return False
        near = range(match.clause.number - 1, match.clause.number + 2)
        if not any(name == "gone" for number in near for name, _, _ in found.get(number, ())):
            return False
        for cues in found.values():
            gone = {i for name, first, last in cues if name == "gone" for i in range(first, last + 1)}
            # "never came back" must not read as "came back"
            if any(name == "persists" and not gone.issuperset(range(first, last + 1)) for name, first, last in cues):
                return False
        return True

    def _denied_before(self, match: Match, others: Sequence[Match]) -> bool:
        """ "no numbness", "isn't tingling or weak", "denies pain, fever and night sweats"."""
        words = [word.text for word in match.clause.words]
        said = {i for other in others if other.clause is match.clause for i in range(other.first, other.last + 1)}
        harmless = {first for name, first, _ in self._book.matches(match.clause) if name == "not_a_denial"}
        # A negation inside another match is part of that sign ("no appetite"), not a denial of this one.
        cues = [i for i in range(match.first) if words[i] in self._words.negations and i not in said | harmless]
        if not cues:
            return False
        between = range(cues[-1] + 1, match.first)
        if any(words[i] in self._words.terminators for i in between):
            return False
        segments: list[list[int]] = [[]]
        for i in between:
            if words[i] in self._words.conjunctions:
                segments.append([])
            else:
                segments[-1].append(i)
        if max(map(len, segments)) > REACH_WORDS:
            return False
        if len(segments) == 1:
            return True
        # A list of complaints: its first entry is one, and none of its entries begins a statement of its own.
        opens_list = any(i in said or words[i] in self._words.complaints for i in segments[0])
        goes_on = any(words[i] in self._words.subjects for segment in segments[1:] for i in segment[:2])
        return opens_list and not goes_on

    def _denied_after(self, match: Match) -> bool:
        """ "numbness: none", "tingling no"; but not "tingling, no matter what I do"."""
        rest = [word.text for word in match.clause.words[match.last + 1 : match.last + 4]]
        if rest[:1] == [COMMA]:
            rest = rest[1:]
        if not rest or rest[0] not in _YES_OR_NO:
            return False
        return len(rest) == 1 or rest[1] in self._words.conjunctions
