"""How a reply came about, noted down on the way for staff who ask why. No reply depends on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.answering.draft import Line, Span, unescape
from bot.guard.guard import Verdict
from bot.retrieval.retriever import Found, ScoredUnit


@dataclass(frozen=True)
class LeftOut:
    """What was not said, and why: half a sentence for staff."""

    text: str
    why: str
    span: Span | None = None  # where the text stands, if it is of an article


@dataclass
class Trace:
    """Of one reply. `Bot.reply` fills in the one that it is given."""

    verdict: Verdict | None = None
    searched: Found | None = None  # as the search ranked it
    ranked: Found | None = None  # the same for this visitor; the first of it is what the reply was made from
    considered: Sequence[ScoredUnit] = ()  # the sentences that were read for the answer
    lines: Sequence[Line] = ()  # what was said
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def dropped(self) -> list[LeftOut]:
        """What was left out and did not come in again, as a sentence does that a later one leans on."""
        said = {(line.span.article.slug, line.span.start, line.span.end) for line in self.lines if line.span}
        return [
            out
            for out in self.left_out
            if out.span is None or (out.span.article.slug, out.span.start, out.span.end) not in said
        ]

    def leave_out(self, text: str, why: str, span: Span | None = None) -> None:
        """Notes that this was not said."""
        self.left_out.append(LeftOut(text, why, span))

    def leave_out_line(self, line: Line, why: str) -> None:
        """Notes that a line that was written did not leave."""
        self.leave_out(unescape(line.text), why, line.span)

    def leave_out_unit(self, unit: ScoredUnit, why: str) -> None:
        """Notes that a sentence of an article was read and not taken."""
        span = Span(unit.article, unit.unit.start, unit.unit.end)
        self.leave_out(span.quote, why, span)
