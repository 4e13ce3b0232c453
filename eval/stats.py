"""Means with their intervals, and tests of paired differences. Nothing that was not scored counts as 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
from scipy.stats import binomtest, bootstrap, false_discovery_control, permutation_test

from eval.judge import METRICS

K = TypeVar("K")

CONFIDENCE = 0.95
RESAMPLES = 2_000
SEED = 20_261_120  # so that the same rows give the same interval


@dataclass(frozen=True)
class Estimate:
    """A mean over the rows that were scored, with its interval."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


@dataclass(frozen=True)
class Difference:
    """A paired difference, B minus A, over the rows that both scored."""

    a: float
    b: float
    low: float
    high: float
    n: int
    p: float  # of no difference; adjusted where several were tested together

    @property
    def mean(self) -> float:
        """B minus A."""
        return self.b - self.a

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}] p={self.p:.3f}"


def estimate(name: str, values: Sequence[float | None]) -> Estimate | None:
    """The mean of what was scored: Wilson interval for yes-no scores, else a bootstrap one; None if nothing was."""
    scored = [value for value in values if value is not None]
    if not scored:
        return None
    mean = float(np.mean(scored))
    if METRICS[name].kind == "yes-no":
        low, high = binomtest(round(sum(scored)), len(scored)).proportion_ci(CONFIDENCE, method="wilson")
        return Estimate(mean, float(low), float(high), len(scored))
    return Estimate(mean, *_bootstrap(tuple(scored)), len(scored))


def difference(name: str, a: Sequence[float | None], b: Sequence[float | None]) -> Difference | None:
    """B minus A over rows that both scored; None if there are none.

    Yes-no scores: McNemar's exact test on the rows that changed. Others: a randomisation test that swaps A and B row
    by row.
    """
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    if not pairs:
        return None
    gains = np.array([y - x for x, y in pairs])
    means = float(np.mean([x for x, _ in pairs])), float(np.mean([y for _, y in pairs]))
    return Difference(*means, *_bootstrap(tuple(gains)), len(pairs), _p(name, pairs, gains))


def compare_rankings(a: Sequence[float], b: Sequence[float]) -> Difference:
    """B minus A of a ranking measure, query by query, by the randomisation test."""
    gains = np.array(b) - np.array(a)
    means = float(np.mean(a)), float(np.mean(b))
    return Difference(
        *means, *_bootstrap(tuple(gains)), len(gains), _randomisation(list(zip(a, b, strict=True)), gains)
    )


def adjusted(differences: Mapping[K, Difference]) -> dict[K, Difference]:
    """The same with p-values adjusted for testing them together (Benjamini and Hochberg 1995)."""
    if not differences:
        return {}
    ps = false_discovery_control([one.p for one in differences.values()])
    return {key: replace(one, p=float(p)) for (key, one), p in zip(differences.items(), ps, strict=True)}


def smallest_difference(gains: Sequence[float], n: int) -> float:
    """The smallest mean paired difference that n rows show with 80 % power at 5 %, two-sided.

    2.8 standard errors: 1.96 for the level and 0.84 for the power.
    """
    return 2.8 * float(np.std(gains, ddof=1)) / n**0.5 if len(gains) > 1 else float("nan")


def _p(name: str, pairs: Sequence[tuple[float, float]], gains: np.ndarray) -> float:
    if not np.any(gains):
        return 1.0
    if METRICS[name].kind == "yes-no":
        better, worse = int(np.sum(gains > 0)), int(np.sum(gains < 0))
        return float(binomtest(better, better + worse).pvalue)
    return _randomisation(pairs, gains)


def _randomisation(pairs: Sequence[tuple[float, float]], gains: np.ndarray) -> float:
    if len(gains) < 2 or not np.any(gains):
        return 1.0
    result = permutation_test(
        ([x for x, _ in pairs], [y for _, y in pairs]),
        lambda x, y, axis: np.mean(y - x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
    )
    return float(result.pvalue)


@lru_cache(maxsize=4096)  # a report shows one estimate in several places
def _bootstrap(values: tuple[float, ...]) -> tuple[float, float]:
    if min(values) == max(values):  # every resample has the same mean
        return float(values[0]), float(values[0])
    interval = bootstrap(
        (values,),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(interval.low), float(interval.high)
