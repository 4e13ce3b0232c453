"""Answer one visitor message: the whole flow on one screen, in `Bot.reply`."""

import logging
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from bot.answering.audience import about, for_visitor
from bot.answering.confidence import confidence
from bot.answering.curated import Approved, CuratedSource, Matcher, nothing, proven, written
from bot.answering.draft import Form, Line, proved, render
from bot.answering.extractive import extract
from bot.answering.followup import asks_why, leans, standalone
from bot.answering.myths import Myths, load_myths
from bot.answering.refer import Referrals
from bot.answering.smalltalk import small_talk
from bot.answering.suggest import suggest, topics
from bot.answering.support import Support
from bot.answering.trace import Trace
from bot.answering.wording import load_wording
from bot.encoder import Encoder, load_encoder
from bot.errors import MessageError, UserError
from bot.guard.classifier import Classifier, NoClassifier, Reader
from bot.guard.flags import NO_RED_FLAGS, load_red_flags
from bot.guard.guard import UNCHECKED, Guard, Memory, Verdict, failed
from bot.guard.outgoing import Outgoing, load_outgoing
from bot.reply import Citation, Reply, Route
from bot.retrieval.adapter import ADAPTER, QuestionAdapter, fits
from bot.retrieval.articles import Article
from bot.retrieval.formats import read_folder
from bot.retrieval.index import Index, Progress, refresh
from bot.retrieval.interaction import NOTHING
from bot.retrieval.query import Query
from bot.retrieval.retriever import Found, Hit, HybridRetriever, Weights
from bot.settings import CLAIMS, DEFAULT_ENCODER, RED_FLAGS, SHIPPED_ARTICLES, Settings

log = logging.getLogger(__name__)

STEPS = ("guard", "retrieve", "answer", "total")
UNCOVERED = (
    "The articles here do not cover that, so I will not guess. You could ask about one of the topics below instead."
)
MOST_MATCHES = 20  # shown to staff who write a curated answer
BESIDES = "On what you asked besides:"

ANSWER = "an answer from what was found"  # where a trace says that there is none
BESIDE = "an answer to something else beside the referral"

Writer = Callable[[Found, HybridRetriever, int, Trace], list[Line]]  # an answer of at most so many sentences
# Settings that can be tried out on a loaded bot.
TUNABLE = frozenset({"candidates", "passages", "min_confidence", "answer_sentences", "curated_match"})
TUNABLE |= {"passage_weight", "sentence_weight", "question_weight", "words_weight", "lexical_weight"}


@dataclass(frozen=True)
class Turn:
    """One exchange: what the visitor wrote (cleaned, same length as typed) and what came back."""

    message: str
    query: Query | None  # what the retriever was asked; None for small talk
    reply: Reply
    memory: Memory = field(default_factory=Memory)  # the guard's, after the message
    curated: int | None = None  # id of the curated answer that was used


@dataclass(frozen=True)
class Bot:
    """Everything loaded, shared by all conversations; replying changes nothing in it."""

    settings: Settings
    guard: Guard
    retriever: HybridRetriever
    referrals: Referrals
    articles: Mapping[str, Article]  # whatever can be cited: the corpus and the safety articles
    outgoing: Outgoing
    myths: Myths | None = None  # for articles that nobody here has reviewed
    write: Writer = extract
    curated: CuratedSource = nothing

    def reply(
        self,
        message: str,
        history: Sequence[Turn] = (),
        memory: Memory | None = None,
        trace: Trace | None = None,
    ) -> Turn:
        """The turn to append to the conversation. Raises MessageError for a message that cannot be taken.

        `memory` is what the guard remembers where the history itself is lost, as after a restart. A `trace` is filled
        in with how the reply came about.
        """
        clock, trace = _Clock(), trace or Trace()
        text = clean(message, self.settings.message_limit)
        memory = memory or (history[-1].memory if history else Memory())
        with clock("guard"):
            verdict = hear_or_refer(self.guard, text, memory, [turn.message for turn in history])
        asked: Query | None
        query = asked = self._query(text, history)
        with clock("retrieve"):
            found, verdict = self._search(query, verdict, trace)
        with clock("answer"):
            curated: Approved | None = None
            if verdict.route.refers:
                route, lines = verdict.route, self._refer(text, found, verdict, history, trace)
            elif chat := small_talk(text):
                route, lines, asked = Route.ANSWER, [Line(chat, None)], None
            elif curated := self._curated(text, found, verdict, history, trace):
                route, lines = verdict.route, self._with_precautions(written(curated, self.articles), verdict)
            else:
                route, lines = self._answer(found, verdict, trace)
            route, lines = self._let_out(route, lines, trace)
            answer, citations = render(lines)
            suggestions = self._suggest(route, [*(turn.message for turn in history), text], citations, found)
        trace.verdict, trace.lines = verdict, lines
        index = self.retriever.index
        reply = Reply(
            route=route,
            answer=answer,
            citations=citations,
            flags=verdict.flags,
            passages=tuple(hit.passage(index.articles[hit.chunk.article]) for hit in found.hits),
            suggestions=suggestions,
            mode="curated" if curated else "model" if any(line.by_model for line in lines) else "extractive",
            corpus_version=index.version,
            settings_hash=self.settings.hash,
            timings_ms=clock.read(),
        )
        return Turn(text, asked, reply, verdict.memory, curated.id if curated else None)

    def _query(self, text: str, history: Sequence[Turn]) -> Query:
        """What is searched for. Small talk has no part in it."""
        before = [turn.query.message for turn in history if turn.query]
        return standalone(self._asked(text), before, history[-1].reply.answer if history else "")

    def _asked(self, text: str) -> str:
        """The message as it is searched for: without the signs that it denies."""
        try:
            return self.guard.undenied(text)
        except Exception:  # a search for a little too much; what fails here has failed in the guard, which has referred
            log.exception("denials cannot be left out")
            return text

    def _refer(self, text: str, found: Found, verdict: Verdict, history: Sequence[Turn], trace: Trace) -> list[Line]:
        """In full once; then its reason for who asks why, or else a reminder and what may stand beside it."""
        said = {turn.reply.flags[0].id for turn in history if turn.reply.route.refers}
        trace.leave_out(ANSWER, "a red flag outranks every answer")
        if verdict.flags[0].id not in said:
            return self.referrals.refer(verdict.flags, verdict.question)
        if asks_why(text):
            return self.referrals.why(verdict.flags)
        new = verdict.flags[0].turn == verdict.memory.turns - 1
        besides = [] if new else self._besides(text, found, verdict, trace)
        return [*self.referrals.remind(verdict.flags, verdict.question), *besides]

    def _besides(self, text: str, found: Found, verdict: Verdict, trace: Trace) -> list[Line]:
        """An answer to something else beside a standing referral, in the articles' own words or not at all.

        It holds no technique, and nothing about what was flagged.
        """
        if leans(text) or confidence(found) < self.settings.min_confidence:
            trace.leave_out(BESIDE, "the message leans on what came before, or nothing found answers it surely enough")
            return []
        flagged = {flag.id for flag in verdict.flags}
        harmless = tuple(hit for hit in self._untechnical(found) if self._about(hit).isdisjoint(flagged))
        if harmless[:1] != found.hits[:1]:  # what answers best must not be said, so that nothing is
            trace.leave_out(BESIDE, "what answers best tells how to massage, or is about what was flagged")
            return []
        lines = extract(replace(found, hits=harmless), self.retriever, self.settings.answer_sentences, trace)
        if not lines or any(self.outgoing.technique(line.text) for line in lines):
            trace.leave_out(BESIDE, "nothing was found, or a line of it tells how to massage")
            return []
        return [Line(BESIDES, None, Form.PARAGRAPH), *(replace(line, lead="") for line in lines)]

    def _curated(
        self, text: str, found: Found, verdict: Verdict, history: Sequence[Turn], trace: Trace
    ) -> Approved | None:
        """The answer that staff approved for this question; None where there is none, or whatever else fails."""
        if found.plain is None:
            return None
        # To "and why?" the answer before is no answer, although the completed question is near to the one before.
        said = {turn.curated for turn in history} if leans(text) else set()
        flags = {flag.id for flag in verdict.flags}
        try:
            for score, answer in self._matcher.ranked(found.query.question, found.plain, self.curated()):
                if score < self.settings.curated_match:
                    break
                if answer.id in said:
                    why = "it was given before, and this follows up on it"
                elif not flags <= self.guard.flags_in(answer.question):
                    why = "its question is not about the visitor's condition"
                elif not proven(answer, self.articles):
                    why = "an article that it cites has changed"
                elif any(self.outgoing.unsafe(line) for line, _ in answer.lines):
                    why = "it could hurt somebody, by outgoing.yaml"
                else:
                    return answer
                trace.leave_out(f"the curated answer to \u201c{answer.question}\u201d", why)
        except Exception:  # whatever it is, the articles can still answer
            log.exception("curated answers cannot be used")
        return None

    def matches(self, question: str) -> list[tuple[str, float]]:
        """Questions that are nearest to one that staff write an answer for, and their scores; the best first.

        They come from the articles' written questions and from the curated answers. From the setting `curated_match`
        on a visitor who asks one of them gets the answer.
        """
        index, vector = self.retriever.index, self.retriever.encoder.embed(question)
        written_ones = [known.text for known in index.questions]
        scores = self._matcher.scores(question, vector, written_ones, index.question_vectors)
        curated = [(other.question, score) for score, other in self._matcher.ranked(question, vector, self.curated())]
        best = sorted(dict([*zip(written_ones, scores, strict=True), *curated]).items(), key=lambda pair: -pair[1])
        return [(other, round(score, 3)) for other, score in best[:MOST_MATCHES]]

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(self.retriever.encoder, self.retriever.index.rarity)

    def _with_precautions(self, lines: Sequence[Line], verdict: Verdict) -> list[Line]:
        return [*self.referrals.caution(verdict.flags), *lines, *self.referrals.ask(verdict.question)]

    def _answer(self, found: Found, verdict: Verdict, trace: Trace) -> tuple[Route, list[Line]]:
        """An answer with any precaution first; where nothing found answers, the precaution alone or an abstention."""
        precautions = self.referrals.caution(verdict.flags)
        sure = confidence(found)
        covered = sure >= self.settings.min_confidence
        fitting = self._fitting(found, verdict)
        if covered and fitting.hits[:1] == found.hits[:1]:
            lines = self.write(fitting, self.retriever, self.settings.answer_sentences, trace)
            lines = list(self.myths.corrected(lines)) if self.myths else lines
            return verdict.route, self._with_precautions(lines, verdict)
        unsure = f"its confidence, {sure:.2f}, is below {self.settings.min_confidence:.2f}"
        trace.leave_out(ANSWER, "what was found first is not about the visitor's condition" if covered else unsure)
        abstention = [Line(UNCOVERED, None, Form.PARAGRAPH)]
        if precautions:
            more = self.referrals.more(verdict.flags[0]) if covered or _told_now(verdict) else abstention
            return verdict.route, self._with_precautions(more, verdict)
        return Route.OUT_OF_SCOPE, abstention

    def _fitting(self, found: Found, verdict: Verdict) -> Found:
        """What may answer somebody with these conditions.

        To a message that names a condition only a passage about it; to a later one, which may be about something else,
        also what holds no technique.
        """
        flags = {flag.id for flag in verdict.flags}
        if not flags or (found.hits and not self._about(found.hits[0]).isdisjoint(flags)):
            return found
        return replace(found, hits=() if _told_now(verdict) else self._untechnical(found))

    def _untechnical(self, found: Found) -> tuple[Hit, ...]:
        """The passages that tell nobody how to massage."""
        articles = self.retriever.index.articles
        return tuple(
            hit for hit in found.hits if not self.outgoing.technique(hit.passage(articles[hit.chunk.article]).text)
        )

    def _about(self, hit: Hit) -> frozenset[str]:
        return about(hit, self.guard.flags_in)

    def _let_out(self, route: Route, lines: Sequence[Line], trace: Trace) -> tuple[Route, list[Line]]:
        """What may leave, whoever wrote it: no line that is not proved, or with advice that could hurt somebody.

        Without any line there is no answer.
        """
        safe = []
        for line in lines:
            if not proved(line):
                trace.leave_out_line(line, "its citation does not lie within its article")
            elif claims := self.outgoing.unsafe(line.text):
                trace.leave_out_line(line, f"it could hurt somebody: {', '.join(sorted(claims))} of outgoing.yaml")
            else:
                safe.append(line)
        if safe:
            return route, safe
        if route.refers:
            return route, self.referrals.general()
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

    def _search(self, query: Query, verdict: Verdict, trace: Trace) -> tuple[Found, Verdict]:
        """Passages for every route. Where the search fails nothing can be answered, and a referral goes out."""
        try:
            found = self.retriever.search(query, 2 * self.settings.passages)
            ranked = for_visitor(found, {flag.id for flag in verdict.flags}, self.guard.flags_in)
            trace.searched, trace.ranked = found, ranked
            return replace(ranked, hits=ranked.hits[: self.settings.passages]), verdict
        except Exception:
            log.exception("retrieval failed; referring")
            return Found(query, NOTHING, ()), verdict if verdict.route.refers else without_search(verdict)

    def tuned(self, changes: Mapping[str, object]) -> "Bot":
        """This bot with other values of TUNABLE settings; this one itself stays as it is.

        Raises SettingsError for a value that will not do.
        """
        values = {name: getattr(self.settings, name) for name in type(self.settings).model_fields}
        settings = Settings.load(**{**values, **{k: v for k, v in changes.items() if k in TUNABLE}})
        found_with = {"candidates": settings.candidates, "weights": Weights.of(settings)}
        return replace(self, settings=settings, retriever=self.retriever.model_copy(update=found_with))

    def ready(self) -> bool:
        """True where a question can be answered. Raises whatever is broken."""
        return bool(self.retriever.search("back massage", k=1).hits)


class Chatbot(Protocol):
    """What the pages need of a bot; see Bot."""

    @property
    def settings(self) -> Settings:
        """The knobs it was loaded with."""
        ...

    @property
    def referrals(self) -> Referrals:
        """Makes its safe replies; knows the emergency number."""
        ...

    @property
    def articles(self) -> Mapping[str, Article]:
        """Whatever it can cite."""
        ...

    def reply(self, message: str, history: Sequence[Turn] = (), memory: Memory | None = None) -> Turn:
        """The turn to append to the conversation."""
        ...

    def matches(self, question: str) -> list[tuple[str, float]]:
        """Questions that are nearest to this one, with their scores."""
        ...

    def ready(self) -> bool:
        """True where a question can be answered."""
        ...


@dataclass(frozen=True)
class Standby:
    """Stands where the bot cannot be loaded, as with a model missing: every message is referred."""

    settings: Settings
    referrals: Referrals
    articles: Mapping[str, Article]

    def reply(self, message: str, history: Sequence[Turn] = (), memory: Memory | None = None) -> Turn:
        """A referral. Raises MessageError for a message that cannot be taken."""
        text = clean(message, self.settings.message_limit)
        verdict = failed(memory or Memory())
        answer, citations = render(self.referrals.refer(verdict.flags))
        timings = dict.fromkeys(STEPS, 0.0)
        reply = Reply(verdict.route, answer, citations, verdict.flags, timings_ms=timings)
        return Turn(text, None, reply, verdict.memory)

    def matches(self, question: str) -> list[tuple[str, float]]:
        """None: it compares nothing."""
        return []

    def ready(self) -> bool:
        """Never."""
        return False


def hear_or_refer(guard: Guard, message: str, memory: Memory, before: Sequence[str] = ()) -> Verdict:
    """The guard's verdict; "see a professional" if the guard fails, however it fails."""
    try:
        return guard.hear(message, memory, before)
    except Exception:
        log.exception("guard failed; referring")
        return failed(memory)


def check_or_refer(guard: Guard, messages: Sequence[str]) -> Verdict:
    """The verdict of `hear_or_refer` on a whole conversation."""
    verdict = Verdict(Route.ANSWER)
    for turn, message in enumerate(messages):
        verdict = hear_or_refer(guard, message, verdict.memory, messages[:turn])
    return verdict


def _told_now(verdict: Verdict) -> bool:
    """True where the message itself raised a flag, and not only one before it."""
    return any(flag.turn == verdict.memory.turns - 1 for flag in verdict.flags)


def without_search(verdict: Verdict) -> Verdict:
    """The verdict where no answer can be looked up: a referral for this message, and nothing held against the next."""
    return replace(verdict, route=Route.PROFESSIONAL, flags=(UNCHECKED, *verdict.flags), question=None)


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


def load_bot(
    settings: Settings, quiet: bool = False, library: Path | None = None, curated: CuratedSource = nothing
) -> Bot:
    """A bot over a fresh index of `library`, by default `settings.corpus`. Raises UserError with one clear sentence."""
    encoder = load_encoder(settings.encoder, settings.threads)
    write = load_wording(settings, Support(encoder)) if settings.model else extract
    index = Index.open(refresh(_over(settings, library), encoder, quiet))
    return replace(_bot(settings, encoder, load_guard(settings.threads), index, curated), write=write)


def over(bot: Bot, library: Path, progress: Progress | None = None) -> Bot:
    """Another bot, over another folder of articles, with the same models. Passages that both have keep their vectors.

    Raises CorpusError or IndexUnavailable.
    """
    known, encoder = bot.retriever.index.path, bot.retriever.encoder
    path = refresh(_over(bot.settings, library), encoder, quiet=True, like=known, progress=progress)
    return replace(_bot(bot.settings, encoder, bot.guard, Index.open(path), bot.curated), write=bot.write)


def _over(settings: Settings, library: Path | None) -> Settings:
    return settings.model_copy(update={"corpus": library}) if library else settings


def _bot(settings: Settings, encoder: Encoder, guard: Guard, index: Index, curated: CuratedSource) -> Bot:
    red_flags = guard.red_flags
    shipped = {article.slug: article for article in read_folder(SHIPPED_ARTICLES)}
    reviewed = all(slug in shipped and shipped[slug].text == article.text for slug, article in index.articles.items())
    myths = None if reviewed else load_myths(CLAIMS, shipped, encoder)
    cited = {flag.article for flag in red_flags.flags.values()}
    cited |= {span.article.slug for span in myths.corrections} if myths else set()
    articles = {**{slug: shipped[slug] for slug in cited & shipped.keys()}, **index.articles}
    trained = settings.encoder == DEFAULT_ENCODER and fits(index.articles.values(), shipped.values())
    return Bot(
        settings=settings,
        guard=guard,
        retriever=HybridRetriever(
            index=index,
            encoder=encoder,
            adapter=_adapter() if trained else None,
            candidates=settings.candidates,
            weights=Weights.of(settings),
        ),
        referrals=Referrals(red_flags, articles, settings.region),
        articles=articles,
        outgoing=load_outgoing(),
        myths=myths,
        curated=curated,
    )


def load_or_stand_by(settings: Settings, library: Path | None = None, curated: CuratedSource = nothing) -> Chatbot:
    """A bot for the web program, which must never be silent: without its models it refers. Raises UserError."""
    try:
        return load_bot(settings, library=library, curated=curated)
    except UserError:
        raise
    except Exception:
        log.exception("the bot cannot be loaded; every message is referred")
        return Standby(settings, Referrals(NO_RED_FLAGS, {}, settings.region), {})


def load_guard(threads: int = 1) -> Guard:
    """The guard with its classifier; without usable red flags or weights it refers everything."""
    try:
        red_flags = load_red_flags(RED_FLAGS)
    except Exception as error:
        log.error("the red flags cannot be used, so every message is referred: %s", error)
        return Guard(NO_RED_FLAGS, NoClassifier())
    try:
        classifier: Reader = Classifier(threads=threads)
    except Exception:
        log.exception("the guard's classifier cannot be loaded; every message is referred")
        classifier = NoClassifier()
    return Guard(red_flags, classifier)


def _adapter() -> QuestionAdapter | None:
    """What was trained for the shipped articles; None where it cannot be loaded."""
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
