"""Whether cited text carries a written sentence, found out without a language model; in doubt it does not.

Each topical word must stand in the cited text or have a near neighbour there; figures with their units, and words that
turn a meaning around, must stand there themselves; and nothing may be denied, affirmed or made surer than it is there.
A sentence lost costs little, since there is always the article's own. What is kept and what is dropped is measured on
pairs that nothing here was chosen by: tests/test_support.py.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.encoder import Encoded, Encoder, Vectors, unit
from bot.retrieval.interaction import words
from bot.retrieval.lexical import terms

LEAST_COSINE = 0.75  # of the sentence to all that it cites; 0.8 loses more faithful sentences, below nothing changes
NEIGHBOUR = 0.8  # nearness from which a word stands for another one; from 0.7 to 0.9 it makes no difference
TOGETHER = 0.66  # share of the words between two pauses that one clause of the cited text must hold
TURNED = 0.25  # share of a clause's words that are denied here and not there, or hedged there and not here

_CLAUSE = re.compile(
    r"[;:!?()–—]|\.(?!\d)|,(?= (?:not|no|never)\b)|"
    r"\b(?:but|although|though|because|so|while|whereas|if|unless|until|when|once|and|which|instead of|rather than)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|cannot|\w+n[’']t|(?<!with or )without|"
    r"hardly|rarely|instead of|rather than|against|"
    r"(?:avoid|refus|skip|stop)\w*|(?:leav|left|keep|kept|stay)\w*\b[^,;:.]*?\b(?:out|off|alone|away)|rul\w+ out|"
    r"un(?:proven|known|clear|safe|sure|likely|tested|suitable|certain))\b",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    r"\b(?:may|might|can|could|some\w*|often|usual|usually|mostly|generally|many|most|possibly|perhaps|probably|"
    r"likely|occasionally|tends?|modest|limited|small|little|slightly|hints?|suggests?|seems?|unclear|uncertain|unsure|"
    r"whether|disagree|reportedly|unconfirmed|for a (?:while|time)|short(?:-term| term| time)?|at least)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|unless|until|once|when|only|just)\b", re.IGNORECASE)
_PAUSE = re.compile(rf"{_CLAUSE.pattern}|,(?!\d)", re.IGNORECASE)
# What stands behind one of these is set against what stands before it.
_AGAINST = re.compile(r"\b(?:than|before|instead of|in place of)\b([^,;:.!?]*)", re.IGNORECASE)
_CAUSE = re.compile(r"\b(?:because|due to|caus\w+|com(?:es?|ing) from|leads? to|thanks to)\b", re.IGNORECASE)
_REASON = re.compile(rf"{_CAUSE.pattern}|\b(?:so|since|as|reasons?|explains?)\b", re.IGNORECASE)
_UNSTEMMED = frozenset({"will", "good", "much", "very", "go", "let"})  # search takes no notice of them
# Nothing else stands for one of these: the nearest neighbour of such a word is its opposite.
_TURNING = _UNSTEMMED | frozenset(
    terms(
        """more less fewer increase decrease raise lower reduce rise fall better worse improve before after light deep
        gentle hard firm soft hot cold warm cool short long early late high low first last safe unsafe always never all
        every everyone everybody anyone anybody none most often rarely best worst strong weak without only upper under
        above below stop start new old"""
    )
)
_PLAIN = frozenset(
    "one both just single though although whether also instead while afterward because since during".split()
)  # need no source

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|%")
_COUNTING = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty"""
_NUMBERS = {word: str(number) for number, word in enumerate(_COUNTING.split())}
_NUMBERS |= {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
_NUMBERS |= {"half": "half", "twice": "2", "dozen": "12", "a": "1", "an": "1", "single": "1"}
_ONE = frozenset({"a", "an", "one", "single"})  # a number only before a unit
_UNIT = re.compile(r"(second|minute|hour|dai|day|night|week|month|year|time|percent|degree|%|c|f|mmhg)(?:s|ly|y)?")
_JOINS = frozenset({"to", "or", "and", "about"})  # between a figure and its unit: 15 to 20 minutes


@dataclass(frozen=True, eq=False)
class _Word:
    """A topical word, and how its clause speaks of it."""

    text: str
    stem: str
    vector: Vectors
    part: int  # between two pauses
    clause: int
    denied: bool
    hedged: bool


@dataclass(frozen=True)
class Support:
    """Knows whether a text carries a sentence."""

    encoder: Encoder

    def objection(self, sentence: str, cited: str) -> str:
        """Why the cited text may not carry the sentence: half a sentence for staff; "" where it does."""
        return next(self._objections(sentence, cited), "")

    def _objections(self, sentence: str, cited: str) -> Iterator[str]:
        """Cheap ones first."""
        figures, known = _figures(sentence), _figures(cited)
        for number, counted in figures:
            if (number, counted) not in known:
                yield f"the cited text does not say “{number} {counted}".rstrip() + "”"
        following = iter(known)
        if not all(figure in following for figure in figures):
            yield "its figures stand in another order than in the cited text"
        if _CAUSE.search(sentence) and not _REASON.search(cited):
            yield "it names a cause, and the cited text does not"
        if _CONDITION.search(cited) and not _CONDITION.search(sentence):
            yield "it leaves out the condition"
        if _behind(cited) and not _behind(sentence) <= _behind(cited):
            yield "it sets against each other what the cited text does, the other way round"
        said, told = self.encoder.encode(sentence), self.encoder.encode(cited)
        cosine = float(said.vector @ told.vector)
        if cosine < LEAST_COSINE:
            yield f"it is not near enough to the cited text ({cosine:.2f})"
        ours, theirs = _words(sentence, said), _words(cited, told)
        clauses = [{word.stem for word in theirs if word.clause == c} for c in {word.clause for word in theirs}]
        pairs = [(word, _counterpart(word, ours, theirs)) for word in ours]
        for word, other in pairs:
            if other is None and word.text not in _PLAIN:
                yield f"the cited text does not say “{word.text}”"
        for part in {word.part for word in ours}:
            own = [other.stem for word, other in pairs if word.part == part and other]
            counts = {stem for stem in own if stem[0].isdigit()}
            held = max((sum(stem in clause for stem in own) for clause in clauses if counts <= clause), default=0)
            if held < TOGETHER * len(own):
                yield "it puts together what the cited text says apart"
        for clause in {word.clause for word in ours}:
            both = [(word, other) for word, other in pairs if word.clause == clause and other]
            if both and sum(word.denied != other.denied for word, other in both) >= TURNED * len(both):
                yield "it affirms what the cited text denies, or the other way round"
            if len(both) > 1 and sum(other.hedged > word.hedged for word, other in both) >= TURNED * len(both):
                yield "it is surer than the cited text"


def _counterpart(word: _Word, ours: Sequence[_Word], theirs: Sequence[_Word]) -> _Word | None:
    """The same word of the cited text, in the clause that is most like its own; or else its nearest neighbour."""
    beside = {other.stem for other in ours if other.clause == word.clause}
    same = [other for other in theirs if other.stem == word.stem]
    if same:
        shared = {c: len(beside & {o.stem for o in theirs if o.clause == c}) for c in {o.clause for o in same}}
        return max(same, key=lambda other: (shared[other.clause], float(word.vector @ other.vector)))
    if word.stem in _TURNING or word.text in _PLAIN:
        return None
    near = max(theirs, key=lambda other: float(word.vector @ other.vector), default=None)
    return near if near and float(word.vector @ near.vector) >= NEIGHBOUR else None


def _words(text: str, encoded: Encoded) -> list[_Word]:
    """The words of a text that say something, in order."""
    cuts = [0, *(cut.start() for cut in _CLAUSE.finditer(text)), len(text)]
    pauses = [pause.start() for pause in _PAUSE.finditer(text)]
    denials, hedges = ([sign.span() for sign in signs.finditer(text)] for signs in (_DENIES, _HEDGES))
    found = []
    for tokens in words(text, encoded.spans):
        start, end = encoded.spans[tokens[0]][0], encoded.spans[tokens[-1]][1]
        word = text[start:end].lower()
        stem = word if word in _UNSTEMMED else _NUMBERS.get(word) or next(iter(terms(word)), "")
        if stem and word not in _ONE:
            clause = bisect_right(cuts, start) - 1
            signs = [_within(spans, cuts[clause], cuts[clause + 1]) for spans in (denials, hedges)]
            found.append(
                _Word(
                    text=word,
                    stem=stem,
                    vector=unit(encoded.tokens[tokens].mean(axis=0)),
                    part=bisect_right(pauses, start),
                    clause=clause,
                    denied=signs[0] % 2 == 1,  # what is denied twice is affirmed
                    hedged=signs[1] > 0,
                )
            )
    return found


def _behind(text: str) -> set[str]:
    """Stems of what is set against something else: "massage" in "exercise before massage"."""
    return {stem for against in _AGAINST.findall(text) for stem in terms(against)}


def _within(signs: Sequence[tuple[int, int]], begin: int, stop: int) -> int:
    """How many of the signs lie there, or reach into it: "leave the throat and the neck out"."""
    return sum(start < stop and begin < end for start, end in signs)


def _figures(text: str) -> list[tuple[str, str]]:
    """Each figure in turn, in digits, and the unit that it counts, "" for anything else."""
    tokens = _TOKEN.findall(text.lower())
    numbers = [token.replace(",", "") if token[0].isdigit() else _NUMBERS.get(token, "") for token in tokens]
    found = []
    for at, number in enumerate(numbers):
        after = (tokens[i] for i in range(at + 1, len(tokens)) if not numbers[i] and tokens[i] not in _JOINS)
        counted = _UNIT.fullmatch(next(after, ""))
        if number and (counted or tokens[at] not in _ONE):
            found.append((number, counted[1].replace("dai", "day") if counted else ""))
    return found
