"""Answer one visitor message: the whole flow on one screen, in `Bot.reply`."""

import logging
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bot.answering.audience import about, for_visitor
from bot.answering.confidence import confidence
from bot.answering.draft import Form, Line, render, verified
from bot.answering.extractive import extract
from bot.answering.followup import standalone
from bot.answering.refer import Referrals
from bot.answering.smalltalk import small_talk
from bot.answering.suggest import suggest, topics
from bot.encoder import load_encoder
from bot.errors import MessageError
from bot.guard.classifier import Classifier, NoClassifier, Reader
from bot.guard.flags import load_red_flags
from bot.guard.guard import FAILED, Guard, Verdict
from bot.reply import Citation, Reply, Route, Turn
from bot.retrieval.adapter import ADAPTER, QuestionAdapter
from bot.retrieval.articles import Article
from bot.retrieval.formats import read_folder
from bot.retrieval.index import Index, refresh
from bot.retrieval.retriever import Found, HybridRetriever
from bot.settings import DEFAULT_ENCODER, RED_FLAGS, SHIPPED_ARTICLES, Settings

log = logging.getLogger(__name__)

STEPS = ("guard", "retrieve", "answer", "total")
UNCOVERED = (
    "The articles here do not cover that, so I will not guess. You could ask about one of the topics below instead."
)


@dataclass(frozen=True)
class Bot:
    """Everything loaded, shared by all conversations; replying changes nothing in it."""

    settings: Settings
    guard: Guard
    retriever: HybridRetriever
    referrals: Referrals
    articles: Mapping[str, Article]  # whatever can be cited: the corpus and the safety articles

    def reply(self, message: str, history: Sequence[Turn] = ()) -> Turn:
        """The turn to append to the conversation. Raises MessageError for a message that cannot be taken."""
        clock = _Clock()
        text = clean(message, self.settings.message_limit)
        with clock("guard"):
            verdict = check_or_refer(self.guard, [*(turn.message for turn in history), text])
        query = standalone(text, history)
        with clock("retrieve"):
            found = self._search(query, verdict)
        with clock("answer"):
            if verdict.route.refers:
                route, lines = verdict.route, self.referrals.refer(verdict.flags)
            elif chat := small_talk(text):
                route, lines, query = Route.ANSWER, [Line(chat, None)], ""
            else:
                route, lines = self._answer(found, verdict)
            answer, citations = render(verified(lines))
            suggestions = self._suggest(route, [*(turn.message for turn in history), text], citations, found)
        index = self.retriever.index
        reply = Reply(
            route=route,
            answer=answer,
            citations=citations,
            flags=verdict.flags,
            passages=tuple(hit.passage(index.articles[hit.chunk.article]) for hit in found.hits),
            suggestions=suggestions,
            corpus_version=index.version,
            settings_hash=self.settings.hash,
            timings_ms=clock.read(),
        )
        return Turn(message=text, query=query, reply=reply)

    def _answer(self, found: Found, verdict: Verdict) -> tuple[Route, list[Line]]:
        """An answer with any precaution first; where nothing found answers, the precaution alone or an abstention."""
        precautions = self.referrals.caution(verdict.flags)
        flags = {flag.id for flag in verdict.flags}
        covered = confidence(found) >= self.settings.min_confidence
        # On a condition only a passage about it will do, or else the condition's own section.
        fits = not flags or (bool(found.hits) and not about(found.hits[0], self.guard.flags_in).isdisjoint(flags))
        if covered and fits:
            return verdict.route, [*precautions, *extract(found, self.retriever, self.settings.answer_sentences)]
        if precautions:
            return verdict.route, [*precautions, *self.referrals.more(verdict.flags[0])]
        return Route.OUT_OF_SCOPE, [Line(UNCOVERED, None, Form.PARAGRAPH)]

    def _suggest(
        self, route: Route, asked: Sequence[str], citations: Sequence[Citation], found: Found
    ) -> tuple[str, ...]:
        """What to ask next; nothing beside a referral, which must stay the last word."""
        if route.refers:
            return ()
        if not citations:
            return topics(asked, found, self.articles)
        return suggest(asked, {(c.article, c.section) for c in citations}, found, self.articles)

    def _search(self, query: str, verdict: Verdict) -> Found:
        """Passages for every route. A referral goes out even when retrieval fails: nothing may hold it back."""
        try:
            found = self.retriever.search(query, 2 * self.settings.passages)
            ranked = for_visitor(found, {flag.id for flag in verdict.flags}, self.guard.flags_in)
            return replace(ranked, hits=ranked.hits[: self.settings.passages])
        except Exception:
            if not verdict.route.refers:
                raise
            log.exception("retrieval failed behind a referral")
            return Found(query, self.retriever.index.passage_vectors[:0].sum(axis=0), ())


def check_or_refer(guard: Guard, messages: Sequence[str]) -> Verdict:
    """The guard's verdict; "see a professional" if the guard fails, however it fails."""
    try:
        return guard.check(messages)
    except Exception:
        log.exception("guard failed; referring")
        return FAILED


def clean(message: str, limit: int) -> str:
    """The message with control characters and broken surrogates replaced one for one, so that offsets stay true.

    Raises MessageError where it is empty or longer than `limit` characters.
    """
    if len(message) > limit:
        sentence = f"Your message has {len(message):,} characters; please shorten it to {limit:,} or fewer."
        raise MessageError("too_long", sentence)
    replaced = "".join(_REPLACED.get(unicodedata.category(c), c) if c not in "\n\t" else c for c in message)
    if not any(c.isalnum() or unicodedata.category(c).startswith("S") for c in replaced):
        raise MessageError("empty", "Please type a question about back massage.")
    return replaced


_REPLACED = {"Cc": " ", "Cs": "\N{REPLACEMENT CHARACTER}"}


def load_bot(settings: Settings, quiet: bool = False) -> Bot:
    """A bot over a fresh index of `settings.corpus`. Raises UserError with one clear sentence."""
    encoder = load_encoder(settings.encoder, settings.threads)
    index = Index.open(refresh(settings, encoder, quiet))
    guard = load_guard(settings.threads)
    red_flags = guard.red_flags
    safety = {flag.article for flag in red_flags.flags.values()}
    shipped = {article.slug: article for article in read_folder(SHIPPED_ARTICLES) if article.slug in safety}
    articles = {**shipped, **index.articles}
    return Bot(
        settings=settings,
        guard=guard,
        retriever=HybridRetriever(
            index=index,
            encoder=encoder,
            adapter=_adapter(settings),
            candidates=settings.candidates,
            passage_weight=settings.passage_weight,
            sentence_weight=settings.sentence_weight,
        ),
        referrals=Referrals(red_flags, articles, settings.region),
        articles=articles,
    )


def load_guard(threads: int = 1) -> Guard:
    """The guard with its classifier; without usable weights it refers everything. Raises CorpusError."""
    red_flags = load_red_flags(RED_FLAGS)
    try:
        classifier: Reader = Classifier(threads=threads)
    except Exception:
        log.exception("the guard's classifier cannot be loaded; every message is referred")
        classifier = NoClassifier()
    return Guard(red_flags, classifier)


def _adapter(settings: Settings) -> QuestionAdapter | None:
    """The adapter that was trained for the shipped articles; None for other articles or another encoder."""
    if settings.corpus.resolve() != SHIPPED_ARTICLES or settings.encoder != DEFAULT_ENCODER:
        return None
    try:
        return QuestionAdapter.load(ADAPTER)
    except Exception:
        log.exception("the question adapter cannot be loaded; questions are searched for without it")
        return None


class _Clock:
    """Milliseconds spent in each named step, and in total."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._steps: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._steps[step] = round((time.perf_counter() - start) * 1000, 3)

    def read(self) -> dict[str, float]:
        return {**self._steps, "total": round((time.perf_counter() - self._start) * 1000, 3)}
