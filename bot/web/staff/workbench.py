"""What the benchmark page needs of the evaluation package. That one imports `bot` and never the other way round, so
whoever starts the web program hands one in."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.reply import Route


class Stage(StrEnum):
    """How far a run has come."""

    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class QuestionFile:
    """A file of questions that can be run."""

    name: str
    questions: int
    secret: bool  # a held-out test: it may be run, but its questions are never shown


@dataclass(frozen=True)
class Progress:
    """The run that is under way, or the last one of this process."""

    stage: Stage = Stage.IDLE
    file: str = ""
    who: str = ""
    done: int = 0  # questions
    total: int = 0  # 0 while the bot is being loaded
    message: str = ""  # one sentence, at the end


@dataclass(frozen=True)
class Score:
    """A mean with its 95 % interval over the questions that it applies to."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Change:
    """One metric in two runs, question by question; low and high are of the difference."""

    before: float
    after: float
    low: float
    high: float
    n: int
    p: float  # of no difference, adjusted


@dataclass(frozen=True)
class Moved:
    """Questions that came out otherwise than before."""

    count: int
    ids: tuple[str, ...]  # none of a held-out test


@dataclass(frozen=True)
class Comparison:
    """A run against the one before it of the same file."""

    before: str  # name of that run
    questions: int  # asked alike in both
    verdict: str
    metrics: Mapping[str, Change]
    fixed: Moved  # whose route is right now
    broken: Moved
    changed: Moved  # whose answer differs, the route being as right as before


@dataclass(frozen=True)
class RunSummary:
    """A finished run."""

    name: str
    file: str
    secret: bool
    at: datetime.datetime
    questions: int
    left_out: int  # questions whose evidence the articles no longer hold
    corpus_version: str
    curated: int  # answers that were served besides the articles
    metrics: Mapping[str, Score]
    comparison: Comparison | None
    report: bool  # whether there is one that may be shown


@dataclass(frozen=True)
class NewQuestion:
    """A case to be added. The last of `turns` is judged; any of `route` is right."""

    turns: tuple[str, ...]
    route: tuple[Route, ...]
    evidence: tuple[tuple[str, str], ...] = ()  # article, and a sentence of it to the letter
    all_evidence: bool = False
    nuggets: tuple[tuple[str, ...], ...] = ()  # facts, each by several wordings
    forbid: tuple[str, ...] = ()
    slice: str = "staff"
    note: str = ""


class Workbench(Protocol):
    """Runs question files one at a time, and keeps the questions that staff add."""

    @property
    def missing(self) -> str:
        """One sentence where nothing can be run, as with packages that are not installed; empty where all is well."""
        ...

    @property
    def own(self) -> Path:
        """The file of the questions that staff added; it may not be there yet."""
        ...

    @property
    def progress(self) -> Progress:
        """How the run under way comes on."""
        ...

    def files(self) -> tuple[QuestionFile, ...]:
        """Those that can be run."""
        ...

    def start(self, who: str, file: str) -> str:
        """Begins a run in the background; its name. Raises BenchmarkError, also where another one is under way."""
        ...

    def stop(self) -> None:
        """Ends the run under way; nothing of it is kept. Raises BenchmarkError where there is none."""
        ...

    def runs(self, limit: int = 50) -> tuple[RunSummary, ...]:
        """The finished ones, the newest first."""
        ...

    def report(self, run: str) -> Path:
        """The page of a run. Raises BenchmarkError where there is none, or it would show a held-out test."""
        ...

    def add(self, question: NewQuestion, texts: Mapping[str, str]) -> str:
        """Appends the question to `own`; its id. `texts` are the articles as they are published.

        Raises UserError where the question will not do, or is there already.
        """
        ...
