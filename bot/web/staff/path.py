"""The path of one message through the bot, as staff see it, and two of them side by side."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlencode

from markupsafe import Markup

from bot.answering.audience import about
from bot.answering.confidence import confidence
from bot.answering.draft import Line, unescape
from bot.answering.trace import Trace
from bot.chat import Bot, Turn
from bot.guard.classifier import Reading
from bot.guard.explain import explain, nearest_examples
from bot.guard.guard import MODEL, PHRASE, UNREAD
from bot.reply import Citation, Flag
from bot.retrieval.retriever import Hit
from bot.web.articles import TEMPLATES
from bot.web.page import as_html
from bot.web.staff.parts import link, marked, plain, table

log = logging.getLogger(__name__)

LIKELY = 3  # routes and flags of a reading of the classifier that are shown
COMPARED = 12  # candidates of each side that are set against each other
HIT_HEADS = (
    *("Rank", "Rank in the search", "Section", "Whole passage", "Best sentence", "Nearest question", "Words"),
    *("Lexical", "Score of the search", "Score for this visitor", "What became of it"),
)


@dataclass(frozen=True)
class Path:
    """One message played through a bot, and what was said before it."""

    bot: Bot
    before: tuple[Turn, ...]
    turn: Turn
    trace: Trace = field(repr=False)

    @property
    def messages(self) -> list[str]:
        """Of the visitor, the present one last."""
        return [*(turn.message for turn in self.before), self.turn.message]

    @property
    def kept(self) -> tuple[Hit, ...]:
        """The candidates that the reply was made from, best first."""
        return self.candidates[: self.bot.settings.passages]

    @property
    def candidates(self) -> tuple[Hit, ...]:
        """All that were ranked, best first; none where the search failed."""
        return self.trace.ranked.hits if self.trace.ranked else ()

    @property
    def confidence(self) -> float:
        """That what was found answers the question; 0 where the search failed."""
        return confidence(self.trace.searched) if self.trace.searched else 0.0


def play(bot: Bot, message: str, before: Sequence[Turn]) -> Path:
    """The message as the next one after `before`. Raises MessageError for one that cannot be taken."""
    trace = Trace()
    return Path(bot, tuple(before), bot.reply(message, tuple(before), trace=trace), trace)


def path_html(path: Path) -> str:
    """All of it, from the guard to the timings."""
    reply = path.turn.reply
    said = [("question", turn.message) for turn in (*path.before, path.turn)]
    return TEMPLATES.get_template("staff_path.html").render(
        asked=urlencode(said),
        last=urlencode(said[-1:]),
        path=path,
        reply=reply,
        answer=_answer(path),
        messages=list(_messages(path)),
        flags=[(flag, _found_by(path, flag), _examples(flag)) for flag in reply.flags],
        guard=list(_guard_lines(path)),
        steps=_steps(path),
        candidates=_candidates(path),
        sentences=_sentences(path),
        dropped=_dropped(path),
    )


def comparison_html(now: Path, then: Path, changed: Mapping[str, tuple[object, object]]) -> str:
    """The same message before and after a change; `changed` names the settings with their old and new value."""
    return TEMPLATES.get_template("staff_comparison.html").render(
        sides=[(title, side, _answer(side)) for title, side in (("Now", now), ("With the changes", then))],
        changed=changed,
        same=now.turn.reply.answer == then.turn.reply.answer,
        ranks=_ranks(now, then),
    )


def _answer(path: Path) -> Markup:
    """As the visitor sees it; links open in a new tab."""
    body = as_html(path.turn.reply, path.turn.reply.answer)
    return Markup(body.replace('<a class="cite"', '<a class="cite" target="_blank" rel="noopener"'))


# --- The guard --------------------------------------------------------------------------------------------------------


def _messages(path: Path) -> Iterator[tuple[int, Markup]]:
    """Number, from 1, and text of every message, the words of flags marked."""
    for turn, message in enumerate(path.messages):
        flags = [flag for flag in path.turn.reply.flags if flag.turn == turn]
        yield turn + 1, marked(message, [(flag.start, flag.end) for flag in flags])


def _found_by(path: Path, flag: Flag) -> str:
    """Rule or classifier, with its probability."""
    if flag.id.startswith(UNREAD):
        return "it is not in English"
    if flag.found_by == PHRASE:
        return "a rule"
    if flag.found_by != MODEL:
        return "something failed, so that the message was not checked"
    message, before = path.messages[flag.turn], path.messages[: flag.turn]
    readings = [reading for _, reading in path.bot.guard.readings(message, before)]
    sure = max(readings, key=lambda reading: reading.referral, default=None)
    if sure is None:
        return "the classifier"
    probability = sure.flags.get(flag.id, sure.referral)
    return f"the classifier, probability {probability:.2f} of this flag, {sure.routes[flag.route]:.2f} of its route"


@lru_cache(maxsize=256)  # it reads all examples
def _examples(flag: Flag) -> tuple[str, ...]:
    """The nearest written ones, where the classifier found the flag."""
    return tuple(nearest_examples(flag)) if flag.found_by == MODEL else ()


def _guard_lines(path: Path) -> Iterator[str]:
    """What rules and classifier make of the present message, also where it came to nothing."""
    guard, message = path.bot.guard, path.turn.message
    try:
        for match, sense in guard.matches(message):
            words = " ".join(word.text for word in match.clause.words[match.first : match.last + 1])
            yield f"The rule {match.id} matches “{words}”, which {sense}."
        for how, reading in guard.readings(message, path.messages[:-1]):
            yield f"The classifier, reading it {how}: {_shares(reading)}."
    except Exception:  # a guard that fails has referred already; the rest of the path must still be shown
        log.exception("the guard cannot be explained")
        yield "The guard failed at this message, and everything is referred; see the program's log."


def _shares(reading: Reading) -> str:
    routes = sorted(reading.routes.items(), key=lambda pair: -pair[1])[:LIKELY]
    flags = sorted(reading.flags.items(), key=lambda pair: -pair[1])[:LIKELY]
    return ", ".join(f"{name} {share:.2f}" for name, share in routes + flags)


def _steps(path: Path) -> str:
    """The guard over the whole conversation, in plain text."""
    try:
        return "\n".join(explain(path.bot.guard, path.messages))
    except Exception:
        log.exception("the guard cannot be explained")
        return ""


# --- Candidates -------------------------------------------------------------------------------------------------------


def _candidates(path: Path) -> Markup:
    searched = {hit.row: hit for hit in path.trace.searched.hits} if path.trace.searched else {}
    rows = [
        (
            str(hit.rank),
            str(searched[hit.row].rank),
            _section(path, hit),
            *(f"{part:.2f}" for part in (hit.dense, hit.sentence, hit.question, hit.words, hit.lexical)),
            f"{searched[hit.row].score:.3f}",
            f"{hit.score:.3f}",
            _fate(path, hit, hit.score - searched[hit.row].score),
        )
        for hit in path.candidates
    ]
    return table(f"{len(rows)} candidates, best first", HIT_HEADS, rows)


def _section(path: Path, hit: Hit) -> Markup:
    chunk = hit.chunk
    return link(path.bot.retriever.index.articles[chunk.article].url(chunk.start, chunk.end), _name(hit))


def _name(hit: Hit) -> str:
    chunk = hit.chunk
    return chunk.title if chunk.section == chunk.title else f"{chunk.title}: {chunk.section}"


def _fate(path: Path, hit: Hit, moved: float) -> str:
    said = []
    if used := [f"[{citation.number}]" for citation in path.turn.reply.citations if _within(citation, hit)]:
        said.append(f"used: {' '.join(used)}")
    elif any(unit.hit.row == hit.row for unit in path.trace.considered):
        said.append("read for the answer, not used")
    elif hit in path.kept:
        said.append("kept, not read")
    else:
        said.append(f"not among the {path.bot.settings.passages} kept")
    if moved:
        names = ", ".join(sorted(about(hit, path.bot.guard.flags_in)))
        said.append(f"{moved:+.2f} because it is {'for' if moved > 0 else 'not for'} this visitor ({names})")
    return "; ".join(said)


def _within(citation: Citation, hit: Hit) -> bool:
    chunk = hit.chunk
    return citation.article == chunk.article and chunk.start <= citation.start and citation.end <= chunk.end


# --- The answer -------------------------------------------------------------------------------------------------------


def _sentences(path: Path) -> Markup:
    numbers = {(c.article, c.start, c.end): c.number for c in path.turn.reply.citations}
    nearness = {(u.article.slug, u.unit.start, u.unit.end): u.score for u in path.trace.considered}
    rows = []
    for line in path.trace.lines:
        span = line.span
        key = (span.article.slug, span.start, span.end) if span else ("", 0, 0)
        where = (
            link(span.article.url(span.start, span.end), f"{span.article.title}, {span.start} to {span.end}")
            if span
            else "-"
        )
        mark = f"[{numbers[key]}]" if key in numbers else "-"
        rows.append((mark, _said(line), where, f"{nearness[key]:.2f}" if key in nearness else "-", _whose(line)))
    heads = ("Mark", "Sentence", "Span in the article", "Nearness", "Whose words")
    return table(f"{len(rows)} lines, as they were put together", heads, rows)


def _said(line: Line) -> str:
    return f"{line.lead} {plain(line.text)}".strip()


def _whose(line: Line) -> str:
    if line.span is None:
        return "ours, stating no fact"
    if line.by_model:
        return "a language model's, carried by what it cites"
    same = " ".join(line.span.quote.split()) == unescape(line.text)
    return "the article's own" if same else "ours, resting on the span"


def _dropped(path: Path) -> Markup:
    rows = [
        (
            out.text,
            out.why,
            link(out.span.article.url(out.span.start, out.span.end), out.span.article.title) if out.span else "-",
        )
        for out in path.trace.dropped
    ]
    return table(f"{len(rows)} left out", ("What", "Why", "Article"), rows)


def _ranks(now: Path, then: Path) -> Markup:
    """Where each of the first candidates of either side stands on both."""
    sides = [{hit.chunk.id: hit for hit in side.candidates} for side in (now, then)]
    first = dict.fromkeys(hit.chunk.id for side in (then, now) for hit in side.candidates[:COMPARED])
    rows = []
    for chunk_id in first:
        one, other = (side.get(chunk_id) for side in sides)
        hit, path = (other, then) if other else (one, now)
        if hit:
            rows.append(
                (_section(path, hit), *(f"{h.rank} ({h.score:.3f})" if h else "not found" for h in (one, other)))
            )
    return table("Rank and score for this visitor", ("Section", "Now", "With the changes"), rows)
