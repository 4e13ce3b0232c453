"""Benchmarks for the staff console: each run a process of its own, so that it holds no visitor up and can be ended.

<data>/runs/<name>/             as `python -m eval run` writes it, with comparison.json
<data>/questions/staff.jsonl    the questions that staff add; eval/questions itself is never changed
"""

import atexit
import datetime
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from bot.errors import BenchmarkError
from bot.settings import ENV_PREFIX, HELD_OUT, ROOT, Settings
from bot.web.staff.parts import counted
from bot.web.staff.workbench import (
    Change,
    Comparison,
    Moved,
    NewQuestion,
    Progress,
    QuestionFile,
    RunSummary,
    Score,
    Stage,
)
from eval.cases import append, spoken
from eval.questions import Evidence, Question, QuestionError, held_out, read_questions

PACKAGES = ("ir_measures", "pytrec_eval", "sklearn", "scipy", "matplotlib")  # of the extra "eval"
POLITE = 10  # niceness of a run: visitors come first
STAMP = "%Y%m%dT%H%M%S"
ENDING_SECONDS = 10.0
PATIENCE_SECONDS = 5.0  # for somebody else who adds a question


class Bench:
    """A `bot.web.staff.workbench.Workbench`. Safe for threads; one run at a time, over all processes."""

    def __init__(self, settings: Settings, shipped: Path = HELD_OUT) -> None:
        self.own = settings.data / "questions" / "staff.jsonl"
        self._settings = settings
        self._shipped = shipped
        self._runs = settings.data / "runs"
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: threading.Thread | None = None
        self._out = self._runs
        self._progress = Progress()
        atexit.register(self._end)

    @property
    def missing(self) -> str:
        """One sentence where the packages of the extra "eval" are not installed; empty where they are."""
        lacking = [name for name in PACKAGES if find_spec(name) is None]
        if not lacking:
            return ""
        return f"Runs need more packages ({', '.join(lacking)}): pip install -c constraints.txt -e '.[eval]'"

    @property
    def progress(self) -> Progress:
        """Of the run under way, read from what it has written so far."""
        known = self._progress
        if known.stage is not Stage.RUNNING:
            return known
        total = int(_json(self._out / "run.json").get("questions", 0))
        return Progress(known.stage, known.file, known.who, _lines(self._out / "replies.jsonl"), total)

    def files(self) -> tuple[QuestionFile, ...]:
        """The shipped files by name, then the one of staff."""
        return tuple(QuestionFile(path.name, _lines(path), held_out(path)) for path in self._paths().values())

    def start(self, who: str, file: str) -> str:
        """Begins a run in the background; its name. Raises BenchmarkError."""
        path = self._paths().get(file)
        if path is None:
            raise BenchmarkError("Choose a question file first.")
        if self.missing:
            raise BenchmarkError(self.missing)
        with self._starting:
            if self._progress.stage is Stage.RUNNING:
                raise BenchmarkError(f"{self._progress.who} is running {self._progress.file}; wait, or stop that run.")
            try:
                self._runs.mkdir(parents=True, exist_ok=True)
                running = FileLock(self._runs / ".running", thread_local=False)
                running.acquire(timeout=0)
            except Timeout as error:
                raise BenchmarkError("Another process has a run under way; wait until it is done.") from error
            except OSError as error:
                raise BenchmarkError(f"The run cannot be written to {self._runs} ({error.strerror}).") from error
            out = self._runs / f"{path.stem}-{datetime.datetime.now(datetime.UTC):{STAMP}}-{secrets.token_hex(2)}"
            before = next((run.name for run in self.runs() if run.file == file), None)
            try:
                self._begin(path, out, self._runs / before if before else None, running.release)
            except BaseException:
                running.release()
                raise
            self._progress = Progress(Stage.RUNNING, file, who)
        return out.name

    def stop(self) -> None:
        """Ends the run under way. Raises BenchmarkError where there is none."""
        if self._progress.stage is not Stage.RUNNING:
            raise BenchmarkError("No run is under way.")
        now = self.progress
        reached = (
            f"after {now.done:,} of {counted(now.total, 'question')}" if now.total else "before the first question"
        )
        sentence = f"The run of {now.file} was stopped {reached}; nothing of it is kept."
        self._progress = Progress(Stage.STOPPED, now.file, now.who, now.done, now.total, sentence)
        self._end()
        if self._waiting:
            self._waiting.join(ENDING_SECONDS)  # until what it has written is gone, and another run may begin

    def runs(self, limit: int = 50) -> tuple[RunSummary, ...]:
        """The finished ones, the newest first."""
        finished = [path.parent for path in self._runs.glob("*/summary.json")]
        newest = sorted(finished, key=lambda path: (path / "summary.json").stat().st_mtime, reverse=True)
        return tuple(_summary(path) for path in newest[:limit] if (path / "run.json").exists())

    def report(self, run: str) -> Path:
        """The page of a run. Raises BenchmarkError where there is none, or it would show a held-out test."""
        known = {found.name: found for found in self.runs(sys.maxsize)}
        if run not in known or not known[run].report:
            raise BenchmarkError("There is no report of this run.")
        return self._runs / run / "report.html"

    def add(self, question: NewQuestion, texts: Mapping[str, str]) -> str:
        """Appends the question to `own`; its id. Raises QuestionError, BenchmarkError."""
        new = _checked(question)
        self._refuse_known(new)
        try:
            self.own.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.own.with_suffix(".lock"), timeout=PATIENCE_SECONDS):
                append([new], self.own, texts, "The new question")
        except Timeout as error:
            raise BenchmarkError("Somebody else is adding a question; try again in a moment.") from error
        except OSError as error:
            raise BenchmarkError(f"The question cannot be written to {self.own} ({error.strerror}).") from error
        return new.id

    def _paths(self) -> dict[str, Path]:
        shipped = sorted(self._shipped.glob("*.jsonl"))
        return {path.name: path for path in [*shipped, self.own] if path.exists()}

    def _begin(self, path: Path, out: Path, baseline: Path | None, release: Callable[[], None]) -> None:
        """Starts the process, and a thread that waits for its end."""
        log = self._runs / ".log"
        arguments = [sys.executable, "-m", "eval.worker", str(path.resolve()), str(out.resolve())]
        arguments += [str(baseline.resolve())] if baseline else []
        with log.open("wb") as errors:
            process = subprocess.Popen(
                arguments, env=_environment(self._settings), stdout=subprocess.DEVNULL, stderr=errors
            )
        os.setpriority(os.PRIO_PROCESS, process.pid, POLITE)
        self._process, self._out = process, out

        def wait() -> None:
            status = process.wait()
            try:
                with self._starting:
                    self._finish(path, out, status, log)
            finally:
                release()

        self._waiting = threading.Thread(target=wait, name="benchmark", daemon=True)
        self._waiting.start()

    def _finish(self, path: Path, out: Path, status: int, log: Path) -> None:
        """Says how the run has ended; a run that has not come to its end is not kept."""
        now = self.progress
        if status == 0:
            sentence = f"The run of {path.name} is done: {counted(now.done, 'question')}."
            self._progress = Progress(Stage.DONE, now.file, now.who, now.done, now.total, sentence)
            return
        shutil.rmtree(out, ignore_errors=True)
        if now.stage is Stage.STOPPED:
            return
        said = log.read_text(encoding="utf-8", errors="replace").strip().split("\n")[-1]
        reason = "see what python -m eval check says of it" if held_out(path) else said or f"exit status {status}"
        sentence = f"The run of {path.name} has failed: {reason}"
        self._progress = Progress(Stage.FAILED, now.file, now.who, now.done, now.total, sentence)

    def _end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def _refuse_known(self, new: Question) -> None:
        """Raises QuestionError where a file that may be read asks this already."""
        for name, path in self._paths().items():
            for known in read_questions(path) if not held_out(path) else ():
                if spoken(known.turns) == spoken(new.turns):
                    raise QuestionError(f"{name} asks this already, as {known.id!r}; nothing was added.")


def _checked(question: NewQuestion) -> Question:
    """Raises QuestionError, naming the field."""
    today = datetime.datetime.now(datetime.UTC)
    try:
        return Question(
            id=f"staff-{today:%Y%m%d}-{secrets.token_hex(3)}",
            slice=question.slice.strip() or "staff",
            turns=question.turns,
            route=question.route,
            evidence=tuple(Evidence(article=article, quote=quote) for article, quote in question.evidence),
            all_evidence=question.all_evidence,
            nuggets=question.nuggets,
            forbid=question.forbid,
            note=question.note.strip(),
        )
    except ValidationError as error:
        first = error.errors()[0]
        named = {"turns": "Write the question first.", "route": "Choose at least one route that is right."}
        field = str(first["loc"][0])
        raise QuestionError(named.get(field, f"{field}: {first['msg'].lower()}.")) from error


def _environment(settings: Settings) -> dict[str, str]:
    """That of this process with the settings it runs with, wherever they came from."""
    given = settings.model_dump(mode="json", include=settings.model_fields_set)
    given |= {"data": str(settings.data.resolve()), "corpus": str(settings.corpus.resolve())}
    ours = {ENV_PREFIX + name.upper(): str(value) for name, value in given.items() if not name.startswith("oidc_")}
    if address := ours.pop(f"{ENV_PREFIX}DATABASE_URL", ""):
        ours["DATABASE_URL"] = address
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **ours, "PYTHONPATH": path}


def _summary(path: Path) -> RunSummary:
    about, summary, comparison = (_json(path / f"{name}.json") for name in ("run", "summary", "comparison"))
    file = Path(about["file"])
    secret = held_out(file)
    at = datetime.datetime.fromtimestamp((path / "summary.json").stat().st_mtime, datetime.UTC)
    return RunSummary(
        name=path.name,
        file=file.name,
        secret=secret,
        at=at,
        questions=about["questions"],
        left_out=about.get("left_out", 0),
        corpus_version=about["corpus_version"],
        curated=about.get("curated", 0),
        metrics={name: Score(**score) for name, score in summary["metrics"].items()},
        comparison=_comparison(comparison, secret) if comparison else None,
        report=not secret and (path / "report.html").exists(),
    )


def _comparison(body: Mapping[str, Any], secret: bool) -> Comparison:
    def moved(kind: str) -> Moved:
        return Moved(len(body[kind]), () if secret else tuple(body[kind]))

    metrics = {
        name: Change(one["a"], one["b"], one["low"], one["high"], one["n"], one["p"])
        for name, one in body["metrics"].items()
    }
    return Comparison(
        body["before"], body["questions"], body["verdict"], metrics, moved("fixed"), moved("broken"), moved("changed")
    )


def _json(path: Path) -> dict[str, Any]:
    """What the file holds; nothing where it is not there, or is not whole yet."""
    try:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return body
    except (OSError, ValueError):
        return {}


def _lines(path: Path) -> int:
    """How many lines say something; 0 for a file that is not there."""
    try:
        with path.open("rb") as file:
            return sum(1 for line in file if line.strip())
    except OSError:
        return 0
