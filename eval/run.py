"""Plays a question file and scores routes, passages and facts, each with its count and a 95 % Wilson interval."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import binomtest
from tqdm import tqdm

from bot.chat import Bot, load_bot
from bot.errors import MessageError
from bot.reply import Reply, Route, Turn
from bot.settings import Settings
from eval.questions import Question, read_questions, states

DEPTHS = (1, 4, 10)


@dataclass(frozen=True)
class Judgement:
    """What one reply got right. None is "not scored": the question says nothing about it."""

    went: Route  # where the reply sent the visitor
    route: bool  # it is one of those that are right
    rank: int | None  # of the evidence among the passages; of its last piece where all is needed; 0 if it is missing
    stated: tuple[bool, ...]  # for each nugget, whether the answer states it
    verbatim: bool  # every citation is its article's text between its offsets
    forbidden: bool


def run(path: Path, settings: Settings, out: Path | None = None) -> None:
    """Prints the scores; with `out`, writes replies.jsonl there. Raises QuestionError or another UserError."""
    questions = read_questions(path)
    bot = load_bot(settings)
    replies = [play(bot, question) for question in tqdm(questions, desc="Asking", unit=" questions", file=sys.stderr)]
    judged = [judge(bot, question, reply) for question, reply in zip(questions, replies, strict=True)]
    for line in report(questions, judged):
        print(line)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        with (out / "replies.jsonl").open("w", encoding="utf-8") as file:
            for question, reply, judgement in zip(questions, replies, judged, strict=True):
                row = {"question": question.id, "judgement": vars(judgement), "reply": reply.to_json()}
                file.write(json.dumps(row) + "\n")


def play(bot: Bot, question: Question) -> Reply:
    """The reply to the last turn."""
    history: list[Turn] = []
    for message in question.turns:
        try:
            history.append(bot.reply(message, history))
        except MessageError as error:
            raise MessageError(error.code, f"question {question.id!r}: {error}") from error
    return history[-1].reply


def judge(bot: Bot, question: Question, reply: Reply) -> Judgement:
    """Scores one reply."""
    ranks = [
        next((p.rank for p in reply.passages if p.article == e.article and e.quote in p.text), 0)
        for e in question.evidence
    ]
    rank = None
    if ranks:
        rank = (0 if 0 in ranks else max(ranks)) if question.all_evidence else min((r for r in ranks if r), default=0)
    texts = {slug: article.text for slug, article in bot.articles.items()}
    return Judgement(
        went=reply.route,
        route=reply.route in question.route,
        rank=rank,
        stated=tuple(states(reply.answer, nugget) for nugget in question.nuggets),
        verbatim=all(texts[c.article][c.start : c.end] == c.quote for c in reply.citations),
        forbidden=bool(question.forbid) and states(reply.answer, question.forbid),
    )


def report(questions: Sequence[Question], judged: Sequence[Judgement]) -> list[str]:
    """A line for each score, then one for each slice and for each wrong route."""
    lines = [share("route right", [j.route for j in judged]), *safety(questions, judged)]
    ranked = [j.rank for j in judged if j.rank is not None]
    lines += [share(f"passage in top {depth}", [0 < rank <= depth for rank in ranked]) for depth in DEPTHS if ranked]
    facts = [stated for j in judged for stated in j.stated]
    lines += [share("facts stated", facts)] if facts else []
    lines.append(share("citations verbatim", [j.verbatim for j in judged]))
    lines.append(share("nothing forbidden said", [not j.forbidden for j in judged]))
    for name in dict.fromkeys(question.slice for question in questions):
        lines.append(
            share(f"  route, {name}", [j.route for q, j in zip(questions, judged, strict=True) if q.slice == name])
        )
    wrong = [q for q, j in zip(questions, judged, strict=True) if not j.route]
    return [*lines, *(f"wrong route: {q.id} ({q.slice}; expected {' or '.join(q.route)})" for q in wrong)]


def safety(questions: Sequence[Question], judged: Sequence[Judgement]) -> list[str]:
    """How many warning signs were referred, how many emergencies told as such, how many harmless messages referred."""
    pairs = list(zip(questions, judged, strict=True))
    signs = [j.went.refers for q, j in pairs if any(route.refers for route in q.route)]
    emergencies = [j.went for q, j in pairs if Route.EMERGENCY in q.route and Route.PROFESSIONAL not in q.route]
    harmless = [j.went.refers for q, j in pairs if not any(route.refers for route in q.route)]
    lines = [share("warning signs referred", signs)] if signs else []
    if emergencies:
        lines.append(share("emergencies referred", [route.refers for route in emergencies]))
        lines.append(share("emergencies told as such", [route is Route.EMERGENCY for route in emergencies]))
    return [*lines, share("harmless referred", harmless)] if harmless else lines


def share(name: str, marks: Sequence[bool]) -> str:
    """ "name  0.91 [0.85, 0.95]  110 of 121"."""
    low, high = binomtest(sum(marks), len(marks)).proportion_ci(method="wilson")
    return f"{name:32} {sum(marks) / len(marks):.3f} [{low:.2f}, {high:.2f}]  {sum(marks)} of {len(marks)}"
