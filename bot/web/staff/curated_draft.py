"""The answer in the editor of curated answers: its lines, one of them open, and what of it is in the fields."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.records.curated import CuratedAnswer, Line, Quote
from bot.web.staff.curated_views import last_day
from bot.web.staff.picker import loaded

LABEL_CHARS = 60  # of a line in the list of lines


@dataclass(frozen=True)
class Draft:
    """The answer in the editor. All of it is in the browser, so that a server that stops loses nothing."""

    id: int | None = None  # None before it is saved for the first time
    revision: int = 0
    question: str = ""
    expires: str = ""  # last day, as typed
    lines: tuple[Line, ...] = (Line(""),)
    at: int = 0  # the line whose words and citations are in the fields

    @classmethod
    def of(cls, answer: CuratedAnswer) -> "Draft":
        """An answer as it is stored."""
        return cls(answer.id, answer.revision, answer.question, last_day(answer.expires_at), answer.lines)

    def to_json(self) -> str:
        """For the hidden field."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Draft":
        """What `to_json` wrote; a new answer for an empty text."""
        body: dict[str, Any] = json.loads(text or "{}")
        lines = (
            Line(line["text"], tuple(Quote(**quote) for quote in line["citations"])) for line in body.get("lines", ())
        )
        return cls(**{**body, "lines": tuple(lines) or (Line(""),)})

    def written(self, text: str, citations: Sequence[Quote]) -> "Draft":
        """With these words and citations in the open line."""
        line = Line(text.strip(), tuple(citations))
        return replace(self, lines=(*self.lines[: self.at], line, *self.lines[self.at + 1 :]))

    def added(self) -> "Draft":
        """With an empty line behind the open one, which is open now."""
        at = self.at + 1
        return replace(self, lines=(*self.lines[:at], Line(""), *self.lines[at:]), at=at)

    def removed(self) -> "Draft":
        """Without the open line."""
        lines = (*self.lines[: self.at], *self.lines[self.at + 1 :]) or (Line(""),)
        return replace(self, lines=lines, at=min(self.at, len(lines) - 1))

    def moved(self, by: int) -> "Draft":
        """With the open line so many places further down; as it is where there is no such place."""
        to = self.at + by
        if not 0 <= to < len(self.lines):
            return self
        lines = list(self.lines)
        lines.insert(to, lines.pop(self.at))
        return replace(self, lines=tuple(lines), at=to)

    @property
    def filled(self) -> tuple[Line, ...]:
        """The lines that say or cite anything."""
        return tuple(line for line in self.lines if line.text or line.citations)

    def differs(self, answer: CuratedAnswer) -> bool:
        """Whether saving it would change the answer."""
        mine = (self.question.strip(), self.filled, self.expires.strip())
        return mine != (answer.question, answer.lines, last_day(answer.expires_at))


def typed_in(held: str, question: str, expires: str, words: str, quotes: str) -> Draft:
    """The answer in the editor, with what its fields hold now."""
    draft = replace(Draft.from_json(held), question=question, expires=expires)
    return draft.written(words, loaded(quotes))


def label(number: int, line: Line) -> str:
    """A line in the list of lines."""
    words = line.text if len(line.text) <= LABEL_CHARS else line.text[:LABEL_CHARS].rstrip() + "…"
    return f"{number + 1}. {words}" if words else f"{number + 1}. (empty)"
