"""The guard: every visitor message of a conversation to one verdict."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from bot.guard.classifier import Reader, Reading, joined
from bot.guard.experience import Experience, Match
from bot.guard.flags import FlagDefinition, Question, RedFlags
from bot.guard.languages import foreign_language
from bot.guard.words import Clause, Speller, clauses, respelled
from bot.reply import Flag, Route

log = logging.getLogger(__name__)

PHRASE = "phrase"
MODEL = "model"
FALLBACK = "fallback"

# Probabilities from which the classifier raises a route by itself; chosen on the guard-dev files of eval/questions.
REFER_FROM = 0.5  # professional and emergency together
EMERGENCY_FROM = 0.25
CAUTION_FROM = 0.6
NAMED_FROM = 0.65  # of a flag: below it the name is hardly ever right (1 of 31 on guard-dev-2), above it mostly
# Below this it clears what the rules found in a message: on guard-dev and guard-dev-2 that loses none of 591 warning
# signs, while 0.05 loses two.
CLEAR_BELOW = 0.02
UNREAD = "language-"  # opens the id of the flag for a message that is not in English; its code follows
AS_TYPED = "as typed"
LAST_TURNS = 3  # messages read together, since a symptom may arrive in pieces


class Sighting(BaseModel):
    """A sign or flag said, or denied, in one message. What is written down of it holds none of the visitor's words."""

    model_config = ConfigDict(frozen=True)

    id: str
    turn: int
    start: int
    end: int
    found_by: str = PHRASE
    combined: bool = False  # it was put together from signs
    text: str = Field(default="", exclude=True)
    denied: bool = Field(default=False, exclude=True)


class Memory(BaseModel):
    """What the guard remembers of a conversation from one message to the next; small, and to be written down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turns: int = 0  # messages heard
    present: tuple[Sighting, ...] = ()  # signs and flags that stand
    settled: frozenset[str] = frozenset()  # flags whose question has been put, or that the visitor has denied
    asked: str = ""  # the flag that a "yes" in the next message raises

    def unchecked(self) -> "Memory":
        """After a message that could not be checked: what it held is not known, so the doubt stays."""
        doubt = Sighting(id=UNCHECKED.id, turn=self.turns, start=0, end=0, found_by=FALLBACK)
        return self.model_copy(update={"turns": self.turns + 1, "present": (*self.present, doubt), "asked": ""})


@dataclass(frozen=True)
class Verdict:
    """Where the conversation has to go, and why. `flags` are worst first; no flags means `answer`."""

    route: Route
    flags: tuple[Flag, ...] = ()
    question: Question | None = None  # to be put to the visitor with the reply
    memory: Memory = field(default_factory=Memory)


UNCHECKED = Flag(
    "unchecked", "This message could not be checked", Route.PROFESSIONAL, "", 0, 0, 0, FALLBACK, "convention"
)


UNCLEAR = Flag(
    "unclear", "Something a professional should look at", Route.PROFESSIONAL, "", 0, 0, 0, MODEL, "convention"
)


def failed(memory: Memory) -> Verdict:
    """The verdict when the guard itself fails: never permission to answer."""
    after = memory.unchecked()
    return Verdict(Route.PROFESSIONAL, (replace(UNCHECKED, turn=memory.turns),), memory=after)


class Sense(StrEnum):
    """What a rule's match means for the visitor."""

    PRESENT = "counts"
    DENIED = "is denied"
    GENERAL = "is a general question"
    FINISHED = "is over"


class Guard:
    """Thread-safe; holds no conversation.

    The rules of corpus/red_flags speak first (what a match means: bot/guard/experience.py). The classifier adds: where
    it sees more danger than the rules did, its flag joins theirs. It takes a rule's flag away only where it is all but
    certain (CLEAR_BELOW). Without a classifier the rules are alone.
    """

    def __init__(self, red_flags: RedFlags, classifier: Reader | None = None) -> None:
        self.red_flags = red_flags
        self.classifier = classifier
        self._known_words = red_flags.book.vocabulary
        self._repair = Speller(self._known_words)
        self._experience = Experience(red_flags.cues)
        self._in_order = list(red_flags.flags.values())
        self._ids = red_flags.ids
        self._clauses = lru_cache(maxsize=1_000)(lambda message: tuple(clauses(message, self._repair)))
        self._matched = lru_cache(maxsize=1_000)(self._match)
        self.flags_in = lru_cache(maxsize=50_000)(self._flags_in)

    def check(self, messages: Sequence[str]) -> Verdict:
        """The verdict on a whole conversation: all visitor messages so far, oldest first."""
        verdict = Verdict(Route.ANSWER)
        for turn, message in enumerate(messages):
            verdict = self.hear(message, verdict.memory, messages[:turn])
        return verdict

    def hear(self, message: str, memory: Memory, before: Sequence[str] = ()) -> Verdict:
        """The verdict after one more message; `before` are the messages ahead of it, as far as they are known.

        A flag stays until a later message denies that flag; nothing else clears it. Signs add up over messages. A yes,
        or a doubt, to the question put last raises what the question asks about.
        """
        turn = memory.turns
        present = {sighting.id: sighting for sighting in memory.present}
        unread = self._unread(message, turn)
        by_rule = list(self._sightings(message, turn))
        if not unread and self._clears(message, by_rule):
            by_rule = [sighting for sighting in by_rule if sighting.denied or self._is(sighting.id, Route.CAUTION)]
        sightings = [*self._answered(message, memory), *by_rule]
        denied = {sighting.id for sighting in sightings if sighting.denied}
        for denied_id in denied:
            self._clear(denied_id, present)
        for sighting in sightings:
            if not sighting.denied:
                present.setdefault(sighting.id, sighting)
        self._combine(present)
        try:
            for sighting in () if unread else self._read(message, turn, before, self._route(present)):
                present.setdefault(sighting.id, sighting)
        except Exception:  # the rules' findings stand, and without the classifier nothing may be answered
            log.exception("the classifier failed; referring")
            present[UNCHECKED.id] = Sighting(id=UNCHECKED.id, turn=turn, start=0, end=0, found_by=FALLBACK)
        flags = self._flags(present)
        if unread and not (flags and flags[0].route.refers):
            flags = (unread, *flags)
        question = self._question(flags, message, turn, memory.settled | denied)
        settled = memory.settled | denied | ({flags[0].id} if question else set())
        remembered = Memory(
            turns=turn + 1,
            present=tuple(present.values()),
            settled=frozenset(settled),
            asked=question.raises if question else "",
        )
        return Verdict(flags[0].route if flags else Route.ANSWER, flags, question, remembered)

    def _clears(self, message: str, sightings: Sequence[Sighting]) -> bool:
        """True where the rules alone would refer this message, and the classifier is all but certain of no harm.

        A flag that always counts is never cleared, and nothing is where the classifier fails.
        """
        alone = {sighting.id: sighting for sighting in sightings if not sighting.denied}
        if not alone:
            return False
        self._combine(alone)
        raised = [flag for id, flag in self.red_flags.flags.items() if id in alone and flag.route.refers]
        if not raised or any(flag.always for flag in raised):
            return False
        try:
            readings = [reading for _, reading in self.readings(message)]
        except Exception:  # it will fail again where it is asked to add, and there the doubt is kept
            return False
        return bool(readings) and all(reading.referral < CLEAR_BELOW for reading in readings)

    def _flags(self, present: Mapping[str, Sighting]) -> tuple[Flag, ...]:
        """The flags that stand, worst first; a doubt, or a flag that is no longer defined, counts as professional."""
        known = [flag for flag in self._in_order if flag.id in present]
        flags = [self._flag(flag, present[flag.id]) for flag in known]
        for doubt in (sighting for id, sighting in present.items() if id not in self._ids):
            kind = UNCLEAR if doubt.id == UNCLEAR.id else UNCHECKED
            flags.append(replace(kind, text=doubt.text, start=doubt.start, end=doubt.end, turn=doubt.turn))
        return tuple(sorted(flags, key=lambda flag: (-flag.route.severity, flag.turn)))

    def _question(self, flags: Sequence[Flag], message: str, turn: int, settled: Collection[str]) -> Question | None:
        """The question that decides how bad the worst flag is: put when the flag is new, once, and if still open.

        A condition is asked about only where it stands alone.
        """
        first = self.red_flags.flags.get(flags[0].id) if flags else None
        if first is None or flags[0].turn != turn or first.id in settled:
            return None
        if first.route is Route.CAUTION and len(flags) > 1:
            return None
        places = {name for clause in clauses(message) for name, _, _ in self.red_flags.places.matches(clause)}
        open_ = (question for question in first.questions if question.raises not in settled)
        return next((question for question in open_ if not question.where or question.where in places), None)

    def _answered(self, message: str, memory: Memory) -> Iterator[Sighting]:
        """What the message says by a yes, or by a doubt, to the question that was put with the last reply."""
        if memory.asked and self._experience.affirms(self._clauses(message)):
            yield Sighting(id=memory.asked, turn=memory.turns, start=0, end=len(message), text=message)

    def _read(self, message: str, turn: int, before: Sequence[str], route: Route) -> Iterator[Sighting]:
        """What the classifier adds to `route` for this message: the flag of each higher route that it is sure of."""
        heard = list(self.readings(message, before))
        if not heard:
            return
        how, reading = max(heard, key=lambda pair: pair[1].referral)
        start, end = (reading.start, reading.end) if how == AS_TYPED else (0, 0)
        sure = {
            Route.EMERGENCY: reading.routes["emergency"] >= EMERGENCY_FROM,
            Route.PROFESSIONAL: reading.referral >= REFER_FROM,
            Route.CAUTION: reading.routes["caution"] >= CAUTION_FROM,
        }
        raised = next((higher for higher in sure if sure[higher] and higher.severity > route.severity), None)
        if raised:
            likely = max((id for id in reading.flags if self._is(id, raised)), key=lambda id: reading.flags[id])
            if raised is Route.PROFESSIONAL and reading.flags[likely] < NAMED_FROM:
                likely = UNCLEAR.id
            start, end = (start, end) if end else (0, len(message))
            yield Sighting(id=likely, turn=turn, start=start, end=end, found_by=MODEL, text=message[start:end])

    def readings(self, message: str, before: Sequence[str] = ()) -> Iterator[tuple[str, Reading]]:
        """What the classifier makes of a message, and how it was given to it; none without a classifier.

        A disguised or misspelt message is read once more as it is written normally, and one that alone holds nothing
        together with the messages before it, since a symptom may arrive in pieces.
        """
        if self.classifier is None:
            return
        reading = self.classifier.read(message)
        yield AS_TYPED, reading
        if (plain := respelled(message, self._clauses(message))) != message:
            yield "respelled", self.classifier.read(plain)
        if before and reading.referral < REFER_FROM:
            yield "with what came before", self.classifier.read(joined([*before[-LAST_TURNS + 1 :], message]))

    def _unread(self, message: str, turn: int) -> Flag | None:
        """A flag where the message is in a language the guard does not know: what it says cannot be judged."""
        code = foreign_language(message, self._known_words)
        if code is None:
            return None
        code = code if code in self.red_flags.languages else "other"
        label = f"Written in {self.red_flags.languages[code].name}"
        return Flag(
            f"{UNREAD}{code}", label, Route.PROFESSIONAL, message, 0, len(message), turn, FALLBACK, "convention"
        )

    def _route(self, present: Collection[str]) -> Route:
        """The severest route among these ids; `answer` if none is a flag."""
        routes = [self.red_flags.flags[id].route for id in present if id in self.red_flags.flags]
        return max(routes, key=lambda route: route.severity, default=Route.ANSWER)

    def _flags_in(self, text: str) -> frozenset[str]:
        """Ids of the flags that a piece of text is about, whether it affirms them or not."""
        found = {id for clause in clauses(text) for id, _, _ in self.red_flags.book.matches(clause)}
        return frozenset(id for id in found if id in self.red_flags.flags)

    def _combine(self, present: dict[str, Sighting]) -> None:
        """Adds the flags whose parts have all been said, whoever said them in whichever message, until none is left."""
        growing = True
        while growing:
            growing = False
            for flag in self.red_flags.flags.values():
                completed = next((parts for parts in flag.together if all(part in present for part in parts)), None)
                if completed and flag.id not in present:
                    last = max((present[part] for part in completed), key=lambda s: (s.turn, s.start))
                    present[flag.id] = last.model_copy(update={"id": flag.id, "combined": True})
                    growing = True

    def _clear(self, denied_id: str, present: dict[str, Sighting]) -> None:
        """Takes back what a later message denies: the sign or flag, and `professional` flags put together from it."""
        denied = present.pop(denied_id, None)
        denied_flag = self.red_flags.flags.get(denied_id)
        if denied and denied_flag and denied_flag.route is Route.PROFESSIONAL:  # else its parts would bring it back
            for part in {part for parts in denied_flag.together for part in parts}:
                present.pop(part, None)
        for flag in self.red_flags.flags.values():
            joined_up = flag.id in present and present[flag.id].combined
            if joined_up and flag.route is Route.PROFESSIONAL and any(denied_id in parts for parts in flag.together):
                present.pop(flag.id)

    def undenied(self, message: str) -> str:
        """The message without what it denies ("no numbness, just stiff"): that is not what its writer asks about."""
        kept = message
        for match, sense in self.matches(message):
            if sense is Sense.DENIED:  # up to the first gap: what that took in was said besides
                words = match.clause.words[: match.gaps[0][0] if match.gaps else match.last + 1]
                first = next(
                    (word for word in reversed(words) if word.text in self.red_flags.cues.words.negations), None
                )
                start, end = (first or words[match.first]).start, words[-1].end
                kept = kept[:start] + " " * (end - start) + kept[end:]
        return " ".join(kept.split()) if any(c.isalnum() for c in kept) else message

    def _sightings(self, message: str, turn: int) -> Iterator[Sighting]:
        """What the message says or denies; general questions and finished episodes are left out."""
        for match, sense in self.matches(message):
            if sense in (Sense.PRESENT, Sense.DENIED):
                span = match.clause.words[match.first].start, match.clause.words[match.last].end
                denied = sense is Sense.DENIED
                yield Sighting(
                    id=match.id, turn=turn, start=span[0], end=span[1], text=message[slice(*span)], denied=denied
                )

    def matches(self, message: str) -> Sequence[tuple[Match, Sense]]:
        """Every rule that matches the message, and what that match means."""
        return self._matched(message)

    def _match(self, message: str) -> tuple[tuple[Match, Sense], ...]:
        parts = [self._experience.literal(clause) for clause in self._clauses(message)]
        found = [
            Match(hit.id, clause, hit.first, hit.last, hit.gaps, hit.phrase)
            for clause in parts
            for hit in self.red_flags.book.found(clause)
        ]
        found = [match for match in found if not any(_inside(match, other) for other in found)]
        return tuple((match, self._sense(match, found, parts)) for match in found)

    def _sense(self, match: Match, found: Sequence[Match], message: Sequence[Clause]) -> Sense:
        flag = self.red_flags.flags.get(match.id)
        if self._experience.denied(match, found):
            return Sense.DENIED
        # A condition calls for care also when asked about in general ("is massage safe in pregnancy?").
        if flag and (flag.always or flag.route is Route.CAUTION):
            return Sense.PRESENT
        if self._experience.general(match, message):
            return Sense.GENERAL
        return Sense.FINISHED if self._experience.finished(match, message) else Sense.PRESENT

    def _is(self, id: str, route: Route) -> bool:
        flag = self.red_flags.flags.get(id)
        return flag is not None and flag.route is route

    @staticmethod
    def _flag(flag: FlagDefinition, seen: Sighting) -> Flag:
        where = (seen.text, seen.start, seen.end, seen.turn)
        return Flag(flag.id, flag.label, flag.route, *where, seen.found_by, flag.source)


def _inside(match: Match, other: Match) -> bool:
    """True where the other says the same in more words ("needles" in "pins and needles")."""
    same = (
        match.id == other.id
        and match.clause is other.clause
        and other.first <= match.first
        and match.last <= other.last
    )
    return same and (other.last - other.first) > (match.last - match.first)
