"""Does somebody have this sign now? A match is dropped only when the message plainly says no.

Deliberately lopsided: in visitors' words a negation is often the sign itself ("can't feel my foot") or denies something
else ("not worried about the numbness"). So it suppresses only where nothing but fillers and other complaints stands
between it and the sign, in the same clause. Other people's symptoms count. The cues are data:
corpus/red_flags/cues.yaml.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from bot.guard.phrases import Compiler, PhraseBook, Span
from bot.guard.words import COMMA, Clause

SHORT_WORDS = 5  # of an answer that is nearly all the message says
NOT_MEANT = "_"  # stands for a word of a figure of speech; no phrase can match it
_YES_OR_NO = frozenset({"no", "none", "nope", "negative", "never", "nil", "absent"})


class CueWords(BaseModel):
    """Single words, each set with one meaning; see cues.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    negations: frozenset[str]
    fillers: frozenset[str]
    body: frozenset[str]
    body_after: frozenset[str]
    exceptions: frozenset[str]
    conjunctions: frozenset[str]
    complaints: frozenset[str]
    subjects: frozenset[str]
    people: frozenset[str]
    question_openers: frozenset[str]
    no_question: frozenset[str]
    before_questions: frozenset[str]
    hesitations: frozenset[str]


class CuePhrases(BaseModel):
    """Phrases, each list with one meaning; see cues.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: tuple[str, ...]
    curious: tuple[str, ...]
    own: tuple[str, ...]
    past: tuple[str, ...]
    gone: tuple[str, ...]
    persists: tuple[str, ...]
    affirms: tuple[str, ...]
    affirms_shortly: tuple[str, ...]


class Cues(BaseModel):
    """The shape of cues.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: CueWords
    phrases: CuePhrases


NO_CUES = Cues(
    words=CueWords(**dict.fromkeys(CueWords.model_fields, frozenset())),
    phrases=CuePhrases(**dict.fromkeys(CuePhrases.model_fields, ())),
)


@dataclass(frozen=True)
class Match:
    """A phrase of flag or sign `id` found in a clause, with the indices of its first and last word."""

    id: str
    clause: Clause
    first: int
    last: int
    gaps: tuple[Span, ...] = ()  # words inside the match that the phrase leaves open
    phrase: str = ""  # the rule, as it is written in its file


class Experience:
    """Judges matches by the cues of their message."""

    def __init__(self, cues: Cues) -> None:
        self._words = cues.words
        compiler = Compiler({})
        self._book = PhraseBook(
            [(name, compiler.compile(phrase)) for name, phrases in cues.phrases for phrase in phrases]
        )

    def literal(self, clause: Clause) -> Clause:
        """The clause without its figures of speech: who fell asleep did not fall."""
        words = list(clause.words)
        for hit in self._book.found(clause):
            if hit.id == "figures":
                open_ = {i for first, last in hit.gaps for i in range(first, last + 1)}
                for i in set(range(hit.first, hit.last + 1)) - open_:
                    words[i] = replace(words[i], text=NOT_MEANT)
        return replace(clause, words=tuple(words))

    def denied(self, match: Match, others: Sequence[Match]) -> bool:
        """True where the clause itself says that the sign is absent, and excepts nothing."""
        behind = {word.text for word in match.clause.words[match.first + 1 :]}
        if behind & self._words.exceptions:
            return False
        return self._denied_before(match, others) or self._denied_inside(match) or self._denied_after(match)

    def general(self, match: Match, message: Sequence[Clause]) -> bool:
        """True for a question about the sign by someone who writes of nobody who has it."""
        cues = {name for clause in message for name, _, _ in self._book.matches(clause)}
        asking = [match.clause] if "curious" in cues else message
        if any(word.text in self._words.people for clause in asking for word in clause.words):
            return False
        return "curious" in cues or ("own" not in cues and self._asks(match.clause))

    def finished(self, match: Match, message: Sequence[Clause]) -> bool:
        """True where the sign is told as long past, it is said to be gone, and nothing says that it is back."""
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

    def affirms(self, message: Sequence[Clause]) -> bool:
        """True for a message that opens with a yes, or with a doubt, to the question it was asked."""
        for clause in message[:1]:
            said = [i for i, word in enumerate(clause.words) if word.text not in self._words.hesitations]
            short = len(clause.words) <= SHORT_WORDS
            for name, first, last in self._book.matches(clause):
                denied = any(word.text in self._words.negations for word in clause.words[last + 1 : last + 2])
                if first in said[:1] and not denied and (name == "affirms" or (name == "affirms_shortly" and short)):
                    return True
        return False

    def _asks(self, clause: Clause) -> bool:
        """True for a clause that is put as a question, with or without its mark."""
        words = [word.text for word in clause.words]
        start = next((i for i, word in enumerate(words) if word not in self._words.before_questions), len(words))
        opening = words[start : start + 2]
        return (
            bool(opening) and opening[0] in self._words.question_openers and opening[-1] not in self._words.no_question
        )

    def _denied_before(self, match: Match, others: Sequence[Match]) -> bool:
        """ "no numbness", "isn't tingling or weak", "denies pain, fever and night sweats"."""
        words = [word.text for word in match.clause.words]
        said = {
            i
            for other in others
            if other.clause is match.clause and other.last < match.first
            for i in range(other.first, other.last + 1)
        }
        # A negation inside another match is part of that sign ("no appetite"), not a denial of this one.
        cues = [i for i in range(match.first) if words[i] in self._words.negations and i not in said]
        if not cues:
            return False
        cue = cues[-1]
        passing = self._words.fillers | self._words.complaints
        passing |= self._words.body if words[cue] in self._words.body_after else frozenset()
        segments: list[list[int]] = [[]]
        for i in range(cue + 1, match.first):
            if words[i] in self._words.conjunctions:
                segments.append([])
            elif i in said or words[i] in passing:
                segments[-1].append(i)
            else:
                return False
        if len(segments) == 1:
            return True
        # A list of complaints: its first entry is one, and none of its entries begins a statement of its own.
        # Commas alone may divide statements ("no pain, numb foot"); "or" behind makes a list, and so does "denies".
        rest = {"or", "nor", "and"}.intersection(words[match.first + 1 :])
        divided = words[cue + 1 : match.first].count(COMMA) == len(segments) - 1
        if divided and not rest and not words[cue].startswith("den"):
            return False
        opens_list = any(i in said or words[i] in self._words.complaints for i in segments[0])
        goes_on = any(words[i] in self._words.subjects for segment in segments[1:] for i in segment[:2])
        return opens_list and not goes_on

    def _denied_inside(self, match: Match) -> bool:
        """ "my foot is not numb": a negation in a gap, with nothing but fillers before what it denies."""
        words = [word.text for word in match.clause.words]
        for first, last in match.gaps:
            negations = [i for i in range(first, last + 1) if words[i] in self._words.negations]
            if negations and all(words[i] in self._words.fillers for i in range(negations[-1] + 1, last + 1)):
                return True
        return False

    def _denied_after(self, match: Match) -> bool:
        """ "numbness: none", "tingling no"; but not "tingling, no matter what I do"."""
        rest = [word.text for word in match.clause.words[match.last + 1 : match.last + 4]]
        if rest[:1] == [COMMA]:
            rest = rest[1:]
        if not rest or rest[0] not in _YES_OR_NO:
            return False
        return len(rest) == 1 or rest[1] in self._words.conjunctions
