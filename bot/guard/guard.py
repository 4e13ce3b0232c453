"""The guard: every visitor message of a conversation to one verdict."""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.guard.classifier import Reader, joined
from bot.guard.experience import Experience, Match
from bot.guard.flags import FlagDefinition, RedFlags
from bot.guard.languages import foreign_language
from bot.guard.words import Clause, Speller, clauses
from bot.reply import Flag, Route

log = logging.getLogger(__name__)

PHRASE = "phrase"
MODEL = "model"
FALLBACK = "fallback"

# Probabilities from which the classifier raises a route by itself; chosen on eval/questions/guard-dev.jsonl.
REFER_FROM = 0.5  # professional and emergency together
EMERGENCY_FROM = 0.5
CAUTION_FROM = 0.6
UNREAD = "language-"  # opens the id of the flag for a message that is not in English; its code follows
LAST_TURNS = 3  # messages read together, since a symptom may arrive in pieces


@dataclass(frozen=True)
class Verdict:
    """Where the conversation has to go, and why. `flags` are worst first; no flags means `answer`."""

    route: Route
    flags: tuple[Flag, ...] = ()


UNCHECKED = Flag(
    "unchecked", "This message could not be checked", Route.PROFESSIONAL, "", 0, 0, 0, FALLBACK, "convention"
)
FAILED = Verdict(Route.PROFESSIONAL, (UNCHECKED,))  # when the guard itself fails: never permission to answer


class Sense(StrEnum):
    """What a rule's match means for the visitor."""

    PRESENT = "counts"
    DENIED = "is denied"
    GENERAL = "is a general question"
    FINISHED = "is over"


@dataclass(frozen=True)
class _Sighting:
    """A sign or flag said, or denied, in one message."""

    id: str
    turn: int
    start: int
    end: int
    denied: bool = False
    found_by: str = PHRASE


class Guard:
    """Thread-safe; holds no conversation.

    The rules of corpus/red_flags speak first (what a match means: bot/guard/experience.py). The classifier only adds:
    where it sees more danger than the rules did, its flag joins theirs. Nothing it says takes a rule's flag away.
    Without a classifier the rules are alone.
    """

    def __init__(self, red_flags: RedFlags, classifier: Reader | None = None) -> None:
        self.red_flags = red_flags
        self.classifier = classifier
        self._known_words = red_flags.book.vocabulary
        self._repair = Speller(self._known_words)
        self._experience = Experience(red_flags.cues)
        self.flags_in = lru_cache(maxsize=50_000)(self._flags_in)

    def check(self, messages: Sequence[str]) -> Verdict:
        """The verdict on all visitor messages so far, oldest first.

        A flag stays until a later message denies that flag; nothing else clears it. Signs add up over messages.
        """
        present: dict[str, _Sighting] = {}
        unchecked = False
        for turn, message in enumerate(messages):
            sightings = list(self._sightings(message, turn))
            for denied_id in {sighting.id for sighting in sightings if sighting.denied}:
                self._clear(denied_id, present)
            for sighting in sightings:
                if not sighting.denied:
                    present.setdefault(sighting.id, sighting)
            self._combine(present)
            try:
                for sighting in self._read(messages, turn, self._route(present)):
                    present.setdefault(sighting.id, sighting)
            except Exception:  # the rules' findings stand, and without the classifier nothing may be answered
                log.exception("the classifier failed; referring")
                unchecked = True
        found = {id: sighting for id, sighting in present.items() if id in self.red_flags.flags}
        definitions = sorted(
            (self.red_flags.flags[id] for id in found),
            key=lambda flag: (-flag.route.severity, found[flag.id].turn, list(self.red_flags.flags).index(flag.id)),
        )
        flags = tuple(self._flag(flag, found[flag.id], messages) for flag in definitions)
        if not (flags and flags[0].route.refers):
            if unchecked:
                return Verdict(Route.PROFESSIONAL, (UNCHECKED, *flags))
            if unread := self._unread(messages):
                return Verdict(Route.PROFESSIONAL, (unread, *flags))
        return Verdict(flags[0].route if flags else Route.ANSWER, flags)

    def _read(self, messages: Sequence[str], turn: int, route: Route) -> Iterator[_Sighting]:
        """What the classifier adds to `route` for this message: the flag of each higher route that it is sure of."""
        if self.classifier is None:
            return
        reading = self.classifier.read(messages[turn])
        start, end = reading.start, reading.end
        if turn and reading.referral < REFER_FROM:
            pieces = self.classifier.read(joined(messages[max(0, turn - LAST_TURNS + 1) : turn + 1]))
            if pieces.referral > reading.referral:
                reading, start, end = pieces, 0, 0
        sure = {
            Route.EMERGENCY: reading.routes["emergency"] >= EMERGENCY_FROM,
            Route.PROFESSIONAL: reading.referral >= REFER_FROM,
            Route.CAUTION: reading.routes["caution"] >= CAUTION_FROM,
        }
        raised = next((higher for higher in sure if sure[higher] and higher.severity > route.severity), None)
        if raised:
            likely = max((id for id in reading.flags if self._is(id, raised)), key=lambda id: reading.flags[id])
            span = (start, end) if end else (0, len(messages[turn]))
            yield _Sighting(likely, turn, *span, found_by=MODEL)

    def _unread(self, messages: Sequence[str]) -> Flag | None:
        """A flag where the last message is in a language the guard does not know: what it says cannot be judged."""
        message = messages[-1] if messages else ""
        code = foreign_language(message, self._known_words)
        if code is None:
            return None
        code = code if code in self.red_flags.languages else "other"
        label = f"Written in {self.red_flags.languages[code].name}"
        span = (0, len(message), len(messages) - 1)
        return Flag(f"{UNREAD}{code}", label, Route.PROFESSIONAL, message, *span, FALLBACK, "convention")

    def _route(self, present: Collection[str]) -> Route:
        """The severest route among these ids; `answer` if none is a flag."""
        routes = [self.red_flags.flags[id].route for id in present if id in self.red_flags.flags]
        return max(routes, key=lambda route: route.severity, default=Route.ANSWER)

    def _flags_in(self, text: str) -> frozenset[str]:
        """Ids of the flags that a piece of text is about, whether it affirms them or not."""
        found = {id for clause in clauses(text) for id, _, _ in self.red_flags.book.matches(clause)}
        return frozenset(id for id in found if id in self.red_flags.flags)

    def _combine(self, present: dict[str, _Sighting]) -> None:
        """Adds the flags whose parts have all been said, whoever said them in whichever message, until none is left."""
        growing = True
        while growing:
            growing = False
            for flag in self.red_flags.flags.values():
                completed = next((parts for parts in flag.together if all(part in present for part in parts)), None)
                if completed and flag.id not in present:
                    present[flag.id] = max((present[part] for part in completed), key=lambda s: (s.turn, s.start))
                    growing = True

    def _clear(self, denied_id: str, present: dict[str, _Sighting]) -> None:
        """Takes back what a later message denies: the sign or flag, and the `professional` flags it is part of."""
        present.pop(denied_id, None)
        denied_flag = self.red_flags.flags.get(denied_id)
        if denied_flag and denied_flag.route is Route.PROFESSIONAL:  # else its parts would bring it back
            for part in {part for parts in denied_flag.together for part in parts}:
                present.pop(part, None)
        for flag in self.red_flags.flags.values():
            if flag.route is Route.PROFESSIONAL and any(denied_id in parts for parts in flag.together):
                present.pop(flag.id, None)

    def _sightings(self, message: str, turn: int) -> Iterator[_Sighting]:
        """What the message says or denies; general questions and finished episodes are left out."""
        for match, sense in self.matches(message):
            if sense in (Sense.PRESENT, Sense.DENIED):
                span = match.clause.words[match.first].start, match.clause.words[match.last].end
                yield _Sighting(match.id, turn, *span, denied=sense is Sense.DENIED)

    def matches(self, message: str) -> Iterator[tuple[Match, Sense]]:
        """Every rule that matches the message, and what that match means."""
        parts = clauses(message, self._repair)
        found = [
            Match(hit.id, clause, hit.first, hit.last, hit.gaps, hit.phrase)
            for clause in parts
            for hit in self.red_flags.book.found(clause)
        ]
        found = [match for match in found if not any(_inside(match, other) for other in found)]
        for match in found:
            yield match, self._sense(match, found, parts)

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
    def _flag(flag: FlagDefinition, seen: _Sighting, messages: Sequence[str]) -> Flag:
        text = messages[seen.turn][seen.start : seen.end]
        return Flag(flag.id, flag.label, flag.route, text, seen.start, seen.end, seen.turn, seen.found_by, flag.source)


def _inside(match: Match, other: Match) -> bool:
    """True where the other says the same in more words ("needles" in "pins and needles")."""
    same = (
        match.id == other.id
        and match.clause is other.clause
        and other.first <= match.first
        and match.last <= other.last
    )
    return same and (other.last - other.first) > (match.last - match.first)
