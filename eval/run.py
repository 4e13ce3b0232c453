"""A run: a question file played and judged, kept as a folder that can be resumed, read and compared.

<out>/run.json        what was run: question file and its checksum, settings, corpus version, environment
<out>/replies.jsonl   one line a question: the reply, its scores, those of the peers
<out>/summary.json    every metric with its interval, overall and by slice; timings; memory
"""

import hashlib
import json
import os
import platform
import resource
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bot.chat import Bot
from bot.errors import UserError
from bot.reply import Route
from bot.settings import NO_MATTER
from eval.judge import METRICS, Gold, judge
from eval.peers import Peers
from eval.play import play, stability
from eval.questions import Question, QuestionError, problems, read_questions
from eval.stats import Estimate, estimate

ENVIRONMENT = ("numpy", "onnxruntime", "chromadb", "bm25s", "langchain-core", "gradio")
QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class RunError(UserError):
    """A run folder that cannot be written, resumed or read."""


@dataclass(frozen=True)
class Row:
    """One judged question."""

    question: Question
    reply: Mapping[str, Any]  # as Reply.to_json
    query: str
    scores: Mapping[str, float | None]
    peers: Mapping[str, Mapping[str, float | None]]
    seconds: float

    @property
    def route(self) -> Route:
        """Where the reply sent the visitor."""
        return Route(self.reply["route"])

    def to_json(self) -> dict[str, Any]:
        """One line of replies.jsonl."""
        return asdict(self) | {"question": self.question.model_dump(mode="json")}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Row":
        """The row that `to_json` wrote."""
        return cls(**{**body, "question": Question.model_validate(body["question"])})


@dataclass(frozen=True)
class Run:
    """A run as it is read back."""

    path: Path
    about: Mapping[str, Any]  # run.json
    rows: tuple[Row, ...]

    @property
    def over(self) -> str:
        """What answered: a run of the console has the approved answers too, which one of the command line has not."""
        about = self.about
        known = (about["corpus_version"], about["settings_hash"], about.get("curated", 0))
        return "corpus {}, settings {}, curated answers: {}".format(*known)

    @cached_property
    def slices(self) -> dict[str, tuple[Row, ...]]:
        """Rows by slice, in the order of the file."""
        names = dict.fromkeys(row.question.slice for row in self.rows)
        return {name: tuple(row for row in self.rows if row.question.slice == name) for name in names}


def run(
    path: Path,
    bot: Bot,
    out: Path,
    *,
    slices: Sequence[str] = (),
    peers: bool = False,
    jobs: int = 1,
    load_seconds: float = 0.0,
    leave_out_unfit: bool = False,
) -> Run:
    """Plays what the folder does not hold yet, judges it, writes the summary. Raises QuestionError or RunError.

    `load_seconds` is how long the bot took to be loaded; it goes into the summary. A question whose evidence the
    articles do not hold stops the run, or is left out and counted in `about`.
    """
    questions = [q for q in read_questions(path) if not slices or q.slice in slices]
    if not questions:
        raise RunError(f"{path} has no question in slice {' or '.join(slices)}.")
    unfit = _unfit(questions, bot)
    if unfit and (not leave_out_unfit or len(unfit) == len(questions)):
        first = next(f"{id}: {problem}" for id, problem in unfit.items())
        raise QuestionError(
            f"{path}: {len(unfit)} problems; the first: {first} All of them: python -m eval check {path}"
        )
    questions = [question for question in questions if question.id not in unfit]
    about = describe(path, questions, bot, peers) | {"left_out": len(unfit)}
    done = resume(out, about)
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "run.json", about)
    todo = [question for question in questions if question.id not in done]
    gold = Gold(bot.articles, bot.retriever.index.chunks)
    rivals = Peers(bot.retriever.index, bot.retriever.encoder) if peers else None
    if todo:
        bot.reply("How long should a back massage last?")  # what is loaded at first use is no question's time
    with (out / "replies.jsonl").open("a", encoding="utf-8") as file:
        bar = tqdm(
            todo,
            initial=len(done),
            total=len(questions),
            desc="Asking",
            unit=" questions",
            disable=None,
            file=sys.stderr,
        )
        for row in _played(bot, bar, gold, rivals, jobs):
            file.write(json.dumps(row.to_json()) + "\n")
            file.flush()
            done[row.question.id] = row
    finished = Run(out, about, tuple(_with_agreement([done[question.id] for question in questions])))
    write_json(out / "summary.json", summarize(finished) | {"load_seconds": round(load_seconds, 2)})
    return finished


def read_run(path: Path) -> Run:
    """A finished run. Raises RunError where the folder holds none, or an unfinished one."""
    try:
        about = json.loads((path / "run.json").read_text(encoding="utf-8"))
        rows = list(_read_rows(path / "replies.jsonl"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} holds no run that can be read ({error}); make one with: python -m eval run") from error
    if len(rows) != about["questions"]:
        sentence = f"{path} was cut off after {len(rows)} of {about['questions']} questions"
        raise RunError(f"{sentence}; finish it with: python -m eval run --questions {about['file']} --out {path}")
    order = {id: place for place, id in enumerate(about["ids"])}
    rows.sort(key=lambda row: order[row.question.id])
    return Run(path, about, tuple(_with_agreement(rows)))


def describe(path: Path, questions: Sequence[Question], bot: Bot, peers: bool) -> dict[str, Any]:
    """What makes two runs the same run, and the machine it was made on."""
    ids = [question.id for question in questions]
    return {
        "file": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "questions": len(questions),
        "ids": ids,
        "peers": peers,
        "settings": bot.settings.model_dump(mode="json", exclude=NO_MATTER - {"corpus"}),
        "settings_hash": bot.settings.hash,
        "corpus_version": bot.retriever.index.version,
        "curated": len(bot.curated()),
        "environment": {
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            **{name: version(name) for name in ENVIRONMENT},
        },
    }


def resume(out: Path, about: Mapping[str, Any]) -> dict[str, Row]:
    """Rows the folder holds already, by question. Raises RunError where they are another run's.

    A last line that was cut off is dropped from the file.
    """
    if not (out / "run.json").exists():
        if out.exists() and any(out.iterdir()):
            raise RunError(f"{out} holds other files; choose an empty or a new folder for the run.")
        return {}
    old = json.loads((out / "run.json").read_text(encoding="utf-8"))
    same = ("sha256", "ids", "peers", "settings", "corpus_version")
    for key in same:
        if old.get(key) != about[key]:
            raise RunError(f"{out} holds a run with other {key}; choose a new folder.")
    path = out / "replies.jsonl"
    rows = list(_read_rows(path))
    path.write_text("".join(json.dumps(row.to_json()) + "\n" for row in rows), encoding="utf-8")
    return {row.question.id: row for row in rows}


def summarize(finished: Run) -> dict[str, Any]:
    """Every metric with its interval, overall, by slice and for each peer; timings in milliseconds; peak memory."""
    return {
        "metrics": _estimates(finished.rows),
        "slices": {name: _estimates(rows) for name, rows in finished.slices.items()},
        "peers": peer_estimates(finished.rows),
        "timings_ms": timings(finished.rows),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """By metric, those that scored any of the rows."""
    found = {name: estimate(name, [row.scores.get(name) for row in rows]) for name in METRICS}
    return {name: one for name, one in found.items() if one}


def peer_estimates(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """By peer the estimates of its metrics."""
    names = dict.fromkeys(peer for row in rows for peer in row.peers)
    return {
        peer: {
            metric: asdict(one)
            for metric in METRICS
            if (one := estimate(metric, [row.peers.get(peer, {}).get(metric) for row in rows]))
        }
        for peer in names
    }


def timings(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """By stage the quantiles over the questions."""
    stages = dict.fromkeys(stage for row in rows for stage in row.reply["timings_ms"])
    return {
        stage: {
            name: round(_quantile([row.reply["timings_ms"][stage] for row in rows], share), 2)
            for name, share in QUANTILES.items()
        }
        for stage in stages
    }


def write_json(path: Path, body: object) -> None:
    """Whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _unfit(questions: Sequence[Question], bot: Bot) -> dict[str, str]:
    """By id the first problem of each question whose evidence is not in these articles: scores would be wrong."""
    texts = {slug: article.text for slug, article in bot.articles.items()}
    found = ((question.id, next(problems(question, texts), "")) for question in questions)
    return {id: problem for id, problem in found if problem}


def _played(bot: Bot, questions: Iterable[Question], gold: Gold, peers: Peers | None, jobs: int) -> Iterator[Row]:
    def row(question: Question) -> Row:
        played = play(bot, question)
        scores = judge(question, played.reply, gold) | stability(played)
        rivals = peers.score(question, played.query, gold.relevant(question)) if peers else {}
        return Row(question, played.reply.to_json(), played.query, scores, rivals, round(played.seconds, 5))

    if jobs == 1:
        yield from map(row, questions)
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(row, questions)


def _with_agreement(rows: Sequence[Row]) -> Iterator[Row]:
    """A question `x~2` paraphrases `x`: whether both got one route."""
    routes = {row.question.id: row.route for row in rows}
    for row in rows:
        base, mark, _ = row.question.id.partition("~")
        agrees = float(routes[base] is row.route) if mark and base in routes else None
        yield Row(row.question, row.reply, row.query, {**row.scores, "agrees": agrees}, row.peers, row.seconds)


def _read_rows(path: Path) -> Iterator[Row]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield Row.from_json(json.loads(line))
        except ValueError:
            return  # the line where the run was cut off


def _estimates(rows: Sequence[Row]) -> dict[str, Any]:
    return {name: asdict(one) for name, one in estimates(rows).items()}


def _quantile(values: Sequence[float], share: float) -> float:
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]
