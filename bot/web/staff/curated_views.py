"""What the page of curated answers shows: the list, one answer's standing, what changed under it, a trial of it."""

import datetime
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup, escape

from bot.answering.curated import Approved
from bot.answering.curated import Quote as Cited
from bot.chat import Bot
from bot.records.curated import CuratedAnswer, Line, Quote
from bot.records.tables import State
from bot.retrieval.articles import Article, squash
from bot.web.page import as_html
from bot.web.staff.parts import table

LIKE = 0.5  # two sentences that share less than this are not shown as one that was reworded
TRIAL = 0  # id of the answer that is tried out; in the database they begin with 1
HEADS = ("Question", "State", "Written by", "Approved by", "Last day", "Hits", "Changed")


def last_day(expires_at: datetime.datetime | None) -> str:
    """The last day on which it is served, as YYYY-MM-DD; empty for an answer that does not expire."""
    return f"{expires_at - datetime.timedelta(microseconds=1):%Y-%m-%d}" if expires_at else ""


def listing(answers: Sequence[CuratedAnswer], now: datetime.datetime) -> str:
    """The answers as a table, each question a link that opens it."""
    if not answers:
        return "<p>There is no such answer.</p>"
    rows = (
        (
            Markup('<a href="/staff/curated?answer={}">{}. {}</a>').format(answer.id, answer.id, answer.question),
            standing(answer, now),
            answer.author,
            answer.approver or "nobody",
            last_day(answer.expires_at) or "none",
            f"{answer.hits:,}",
            f"{answer.updated:%Y-%m-%d %H:%M}",
        )
        for answer in answers
    )
    return str(table("The newest first, times in UTC", HEADS, rows))


def standing(answer: CuratedAnswer, now: datetime.datetime) -> str:
    """Its state in words."""
    if answer.state is State.APPROVED and answer.expires_at and answer.expires_at <= now:
        return "expired"
    return {
        State.DRAFT: "draft",
        State.AWAITING: "awaits approval",
        State.APPROVED: "served",
        State.RETIRED: "retired",
        State.STALE: "not served: an article has changed",
    }[answer.state]


def about(answer: CuratedAnswer, articles: Mapping[str, Article], now: datetime.datetime, *, own: bool) -> str:
    """Where the answer stands, and what has changed in the articles under it. `own`: one cannot approve it oneself."""
    approved = f", approved by {answer.approver}" if answer.approver else ""
    sentence = (
        f"Answer {answer.id}: {standing(answer, now)}. Written by {answer.author}{approved}; {answer.hits:,} hits."
    )
    more = " You wrote it, so somebody else has to approve it." if own else ""
    return f"<p>{escape(sentence)}{more}</p>{changes(answer, articles)}"


def changes(answer: CuratedAnswer, articles: Mapping[str, Article]) -> str:
    """For every article that no longer reads as it did: which of the cited sentences still stand. Empty for none."""
    found = Markup("")
    for slug, digest in sorted(answer.digests.items()):
        article = articles.get(slug)
        if article and article.digest == digest:
            continue
        quotes = dict.fromkeys(quote for line in answer.lines for quote in line.citations if quote.article == slug)
        told = Markup("").join(Markup("<li>{}</li>").format(_change(quote, article)) for quote in quotes)
        what = "has changed since this answer cited it" if article else "is no longer there"
        found += Markup("<h3>The article {} {}</h3><ul>{}</ul>").format(slug, what, told)
    if not found:
        return ""
    after = "Look at the article as it is now, tick the sentences that hold, then submit the answer for approval again."
    return str(Markup('<div class="changes">{}<p>{}</p></div>').format(found, after))


def _change(quote: Quote, article: Article | None) -> Markup:
    if article is None:
        return Markup("Cited: “{}”").format(squash(quote.quote))
    if article.text[quote.start : quote.end] == quote.quote:
        return Markup("Still there, to the letter: “{}”").format(squash(quote.quote))
    if quote.quote in article.text:
        return Markup("Still there, but elsewhere in the article; tick it again: “{}”").format(squash(quote.quote))
    sentences = [squash(article.text[unit.start : unit.end]) for unit in article.units]
    like = difflib.get_close_matches(squash(quote.quote), sentences, n=1, cutoff=LIKE)
    if not like:
        return Markup("No longer there: “{}”").format(squash(quote.quote))
    return Markup("Reworded: {}").format(_reworded(squash(quote.quote), like[0]))


def _reworded(before: str, after: str) -> Markup:
    """Both sentences as one, what went and what came marked."""
    old, new = re.findall(r"\S+", before), re.findall(r"\S+", after)
    parts = []
    for kind, i, j, k, m in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(escape(" ".join(old[i:j])))
            continue
        if j > i:
            parts.append(Markup("<del>{}</del>").format(" ".join(old[i:j])))
        if m > k:
            parts.append(Markup("<ins>{}</ins>").format(" ".join(new[k:m])))
    return Markup(" ").join(parts)


def preview(bot: Bot, question: str, lines: Sequence[Line]) -> str:
    """What a visitor who asks the question gets, and why where it is not this answer."""
    quotes = [quote for line in lines for quote in line.citations]
    wrong = [quote for quote in quotes if not _verbatim(quote, bot.articles)]
    if not lines or not quotes or wrong:
        missing = f"{wrong[0].article} no longer reads “{wrong[0].quote[:60]}”" if wrong else "no sentence is cited yet"
        return f"<p>Nothing to show: {escape(missing)}.</p>"
    tried = Approved(
        TRIAL,
        question.strip(),
        tuple((line.text, tuple(Cited(q.article, q.start, q.end, q.quote) for q in line.citations)) for line in lines),
        {quote.article: bot.articles[quote.article].digest for quote in quotes},
    )
    turn = replace(bot, curated=lambda: (tried,)).reply(question)
    shown = f'<div class="as-seen">{as_html(turn.reply, turn.reply.answer)}</div>'
    if turn.curated == TRIAL:
        return shown
    why = _why_not(bot, turn.reply.route.refers, lines)
    return f"<p><strong>Visitors would not get this answer.</strong> {why}</p>{shown}"


def _why_not(bot: Bot, refers: bool, lines: Sequence[Line]) -> str:
    if refers:
        return "The guard refers whoever asks this, whatever is written here. They get:"
    if held := [line.text for line in lines if bot.outgoing.unsafe(line.text)]:
        return f"This line is held back as unsafe: “{escape(held[0])}” They get:"
    return "The question names a condition that the answer is not about, or is small talk. They get:"


def _verbatim(quote: Quote, articles: Mapping[str, Article]) -> bool:
    return quote.article in articles and articles[quote.article].text[quote.start : quote.end] == quote.quote


def matches(found: Sequence[tuple[str, float]], enough: float) -> str:
    """The nearest known questions with their scores, and whether they would get the answer."""
    if not found:
        return "<p>No other question is known.</p>"
    rows = ((question, f"{score:.2f}", "yes" if score >= enough else "no") for question, score in found)
    caption = f"Known questions of visitors, the nearest first; from {enough:.2f} on they get this answer"
    return str(table(caption, ("Question", "Score", "Gets it"), rows))


def theirs(sentence: str, answer: CuratedAnswer) -> str:
    """What the second of two editors is told, with what the first one has saved."""
    head = Markup("<p role=status>{} Your text is still in the editor above.</p><h3>As {} has left it</h3>{}")
    return _boxed(head.format(sentence, answer.author, _text(answer.question, answer.lines)))


def kept(question: str, lines: Sequence[Line]) -> str:
    """One's own text, after the other person's was opened, to copy from."""
    return _boxed(Markup("<h3>Your text, to copy from</h3>{}").format(_text(question, lines)))


def _boxed(inside: Markup) -> str:
    return str(Markup('<div class="conflict">{}</div>').format(inside))


def _text(question: str, lines: Sequence[Line]) -> Markup:
    items = Markup("").join(
        Markup("<li>{} {}</li>").format(line.text, Markup(" ").join(_source(quote) for quote in line.citations))
        for line in lines
    )
    return Markup("<p><strong>{}</strong></p><ul>{}</ul>").format(question, items)


def _source(quote: Quote) -> Markup:
    return Markup("<q>{}</q> ({})").format(squash(quote.quote), quote.article)
