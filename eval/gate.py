"""Bars that a run must clear: eval/gates.toml, by question file and metric."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.judge import METRICS
from eval.run import Run, RunError, estimates

GATES = Path(__file__).parent / "gates.toml"
SHOWN = 12  # ids of the cases behind a failure


@dataclass(frozen=True)
class Failure:
    """A metric on the wrong side of its bar, or one that nothing scored."""

    metric: str
    bar: float
    value: float | None
    cases: tuple[str, ...]  # ids, worst first

    def __str__(self) -> str:
        side = "at most" if METRICS[self.metric].lower_is_better else "at least"
        value = "not scored" if self.value is None else f"{self.value:.3f}"
        behind = f"; cases: {', '.join(self.cases[:SHOWN])}" if self.cases else ""
        more = f" and {len(self.cases) - SHOWN} more" if len(self.cases) > SHOWN else ""
        return f"{self.metric}: {value}, must be {side} {self.bar:g}{behind}{more}"


def read_gates(path: Path = GATES) -> dict[str, dict[str, float]]:
    """By question file (its name without ending) the bar of each metric. Raises RunError naming what is wrong."""
    try:
        gates = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RunError(f"{path} cannot be read as TOML ({error}).") from error
    for name, bars in gates.items():
        for metric, bar in bars.items() if isinstance(bars, dict) else [(name, None)]:
            if metric not in METRICS:
                raise RunError(f"{path}: [{name}] {metric!r} is no metric; see eval/README.md for them.")
            if not isinstance(bar, int | float):
                raise RunError(f"{path}: [{name}] {metric}: the bar must be a number.")
    return gates


def failures(run: Run, bars: Mapping[str, float]) -> Iterator[Failure]:
    """Every bar the run does not clear. What was not scored fails: a bar that measures nothing guards nothing."""
    found = estimates(run.rows)
    for metric, bar in bars.items():
        lower = METRICS[metric].lower_is_better
        if metric not in found:
            yield Failure(metric, bar, None, ())
            continue
        value = found[metric].mean
        if (value > bar) if lower else (value < bar):
            scored = [(row.scores[metric], row.question.id) for row in run.rows if row.scores.get(metric) is not None]
            worst = sorted(scored, key=lambda pair: -(pair[0] or 0) if lower else (pair[0] or 0))
            missed = tuple(id for score, id in worst if score != (0.0 if lower else 1.0))
            yield Failure(metric, bar, value, missed)
