"""The guard: every visitor message of a conversation to one verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.guard.experience import Experience, Match
from bot.guard.flags import FlagDefinition, RedFlags
from bot.guard.words import Clause, Speller, clauses
from bot.reply import Flag, Route

PHRASE = "phrase"
FALLBACK = "fallback"


@dataclass(frozen=True)
class Verdict:
    """Where the conversation has to go, and why. `flags` are worst first; no flags means `answer`."""

    route: Route
    flags: tuple[Flag, ...] = ()


FAILED = Verdict(  # what the conversation gets when the guard itself fails: never permission to answer
    Route.PROFESSIONAL,
    (Flag("unchecked", "This message could not be checked", Route.PROFESSIONAL, "", 0, 0, 0, FALLBACK, "convention"),),
)


@dataclass(frozen=True)
class _Sighting:
    """A sign or flag said, or denied, in one message."""

    id: str
    turn: int
    start: int
    end: int
    denied: bool


class Guard:
    """Thread-safe; holds no conversation. Rules: corpus/red_flags; what a match means: bot/guard/experience.py."""

    def __init__(self, red_flags: RedFlags) -> None:
        self.red_flags = red_flags
        self._repair = Speller(red_flags.book.vocabulary)
        self._experience = Experience(red_flags.cues)
        self.conditions = lru_cache(maxsize=50_000)(self._conditions)

    def check(self, messages: Sequence[str]) -> Verdict:
        """The verdict on all visitor messages so far, oldest first.

        A flag stays until a later message denies that flag; nothing else clears it. Signs add up over messages.
        """
        present: dict[str, _Sighting] = {}
        for turn, message in enumerate(messages):
            sightings = list(self._sightings(message, turn))
            for denied_id in {sighting.id for sighting in sightings if sighting.denied}:
                self._clear(denied_id, present)
            for sighting in sightings:
                if not sighting.denied:
                    present.setdefault(sighting.id, sighting)
        self._combine(present)
        found = {id: sighting for id, sighting in present.items() if id in self.red_flags.flags}
        definitions = sorted(
            (self.red_flags.flags[id] for id in found),
            key=lambda flag: (-flag.route.severity, found[flag.id].turn, list(self.red_flags.flags).index(flag.id)),
        )
        flags = tuple(self._flag(flag, found[flag.id], messages) for flag in definitions)
        return Verdict(flags[0].route if flags else Route.ANSWER, flags)

    def _conditions(self, text: str) -> frozenset[str]:
        """Ids of the conditions (caution flags) that a piece of text is about, whether it affirms them or not."""
        found = {id for clause in clauses(text) for id, _, _ in self.red_flags.book.matches(clause)}
        return frozenset(id for id in found if self._is_condition(id))

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
        for flag in self.red_flags.flags.values():
            if flag.route is Route.PROFESSIONAL and any(denied_id in parts for parts in flag.together):
                present.pop(flag.id, None)

    def _sightings(self, message: str, turn: int) -> Iterator[_Sighting]:
        """What the message says or denies; general questions and finished episodes are left out."""
        parts = clauses(message, self._repair)
        matches = [
            Match(id, clause, first, last)
            for clause in parts
            for id, first, last in self.red_flags.book.matches(clause)
        ]
        for match in matches:
            span = match.clause.words[match.first].start, match.clause.words[match.last].end
            if self._experience.denied(match, matches):
                yield _Sighting(match.id, turn, *span, denied=True)
            elif self._is_condition(match.id) or not self._of_the_past_or_nobodys(match, parts):
                yield _Sighting(match.id, turn, *span, denied=False)

    def _of_the_past_or_nobodys(self, match: Match, message: Sequence[Clause]) -> bool:
        return self._experience.general(match, message) or self._experience.finished(match, message)

    def _is_condition(self, id: str) -> bool:
        """A condition calls for care also when asked about in general ("is massage safe in pregnancy?")."""
        flag = self.red_flags.flags.get(id)
        return flag is not None and flag.route is Route.CAUTION

    @staticmethod
    def _flag(flag: FlagDefinition, seen: _Sighting, messages: Sequence[str]) -> Flag:
        text = messages[seen.turn][seen.start : seen.end]
        return Flag(flag.id, flag.label, flag.route, text, seen.start, seen.end, seen.turn, PHRASE, flag.source)
