"""The guard alone on a question file: sensitivity and specificity by slice, each half of it by itself, every miss."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bot.chat import load_guard
from bot.guard.classifier import Reading
from bot.guard.guard import EMERGENCY_FROM, REFER_FROM, Guard
from bot.reply import Route
from eval.judge import triage
from eval.peers import keyword_guard
from eval.play import badly_typed
from eval.questions import Question, read_questions
from eval.stats import estimate

SHOWN = (
    "referred",
    "emergency_referred",
    "emergency_told",
    "left_alone",
    "under_triaged",
    "over_triaged",
    "triage_cost",
)

Decide = Callable[[Sequence[str]], Route]


def measure(paths: Sequence[Path]) -> Iterator[str]:
    """Lines of Markdown on all files together. Raises QuestionError or CorpusError."""
    questions = [question for path in paths for question in read_questions(path)]
    guard = load_guard()
    rules = Guard(guard.red_flags)
    halves: dict[str, Decide] = {
        "rules and classifier": lambda turns: guard.check(turns).route,
        "rules alone": lambda turns: rules.check(turns).route,
        "classifier alone": lambda turns: _by_classifier(guard, turns),
        "a list of keywords": keyword_guard,
    }
    yield f"{', '.join(path.name for path in paths)}: {len(questions)} messages, 95 % intervals"
    yield ""
    yield "| | " + " | ".join(SHOWN) + " |"
    yield "|" + " --- |" * (len(SHOWN) + 1)
    routes = {name: [decide(question.turns) for question in questions] for name, decide in halves.items()}
    for name, went in routes.items():
        yield _row(name, questions, went)
    yield ""
    yield "| slice | " + " | ".join(SHOWN) + " |"
    yield "|" + " --- |" * (len(SHOWN) + 1)
    whole = routes["rules and classifier"]
    for name in dict.fromkeys(question.slice for question in questions):
        chosen = [i for i, question in enumerate(questions) if question.slice == name]
        yield _row(name, [questions[i] for i in chosen], [whole[i] for i in chosen])
    yield ""
    same = [
        float(guard.check([*question.turns[:-1], copy]).route is route)
        for question, route in zip(questions, whole, strict=True)
        for copy in badly_typed(question)
    ]
    if stable := estimate("stable_route", same):
        yield (
            f"Same route when shouted, without signs, with other apostrophes, or with a slip of the finger: "
            f"{stable.mean:.3f} [{stable.low:.3f}, {stable.high:.3f}] n={stable.n}"
        )
        yield ""
    yield "Misses and false alarms:"
    for question, route in zip(questions, whole, strict=True):
        if route not in question.route:
            yield f"- {question.id} ({question.slice}): {route}, expected {' or '.join(question.route)}"


def _row(name: str, questions: Sequence[Question], went: Sequence[Route]) -> str:
    scores = [triage(question.route, route) for question, route in zip(questions, went, strict=True)]
    cells = []
    for metric in SHOWN:
        one = estimate(metric, [score[metric] for score in scores])
        cells.append(f"{one.mean:.3f} [{one.low:.2f}, {one.high:.2f}] n={one.n}" if one else "")
    return f"| {name} | " + " | ".join(cells) + " |"


def _by_classifier(guard: Guard, turns: Sequence[str]) -> Route:
    assert guard.classifier is not None
    readings: list[Reading] = [guard.classifier.read(turn) for turn in turns]
    if max(reading.routes["emergency"] for reading in readings) >= EMERGENCY_FROM:
        return Route.EMERGENCY
    return Route.PROFESSIONAL if max(reading.referral for reading in readings) >= REFER_FROM else Route.ANSWER
