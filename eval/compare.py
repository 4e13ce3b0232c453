"""Two runs of one question file, row by row: what changed, and whether it can be told from chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.judge import METRICS
from eval.run import Row, Run, RunError
from eval.stats import Difference, adjusted, difference, smallest_difference

LEVEL = 0.05  # an adjusted p below this is no chance


@dataclass(frozen=True)
class Comparison:
    """B against A. `slices` are (slice, metric); all p-values of one table are adjusted together."""

    a: Run
    b: Run
    metrics: Mapping[str, Difference]
    slices: Mapping[tuple[str, str], Difference]
    fixed: tuple[str, ...]  # ids whose route is right in B only
    broken: tuple[str, ...]  # in A only
    changed: tuple[str, ...]  # the answer differs, the route is as right as before

    @property
    def verdict(self) -> str:
        """One line."""
        told = [name for name, one in self.metrics.items() if one.p < LEVEL]
        better = [name for name in told if (self.metrics[name].mean < 0) == METRICS[name].lower_is_better]
        worse = [name for name in told if name not in better]
        if not told:
            return f"no difference that {len(self.a.rows)} questions can tell from chance"
        parts = [f"better on {', '.join(better)}" if better else "", f"worse on {', '.join(worse)}" if worse else ""]
        return "; ".join(part for part in parts if part)


def compare(a: Run, b: Run) -> Comparison:
    """Raises RunError where the two asked different questions."""
    if a.about["sha256"] != b.about["sha256"] or a.about["ids"] != b.about["ids"]:
        sentence = f"{a.path} and {b.path} asked different questions ({a.about['file']}, {b.about['file']})"
        raise RunError(f"{sentence}; run the same file, and the same slices, with both.")
    return _compared(a, b)


def compare_shared(a: Run, b: Run) -> Comparison | None:
    """The two over the questions that both asked alike, as when the file has grown; None where there is none."""
    before = {row.question: row for row in a.rows}
    after = tuple(row for row in b.rows if row.question in before)
    same = tuple(before[row.question] for row in after)
    return _compared(Run(a.path, a.about, same), Run(b.path, b.about, after)) if after else None


def _compared(a: Run, b: Run) -> Comparison:
    pairs = list(zip(a.rows, b.rows, strict=True))
    return Comparison(
        a,
        b,
        adjusted(_differences(a.rows, b.rows)),
        adjusted(
            {
                (name, metric): one
                for name in a.slices
                for metric, one in _differences(a.slices[name], b.slices[name]).items()
            }
        ),
        fixed=tuple(y.question.id for x, y in pairs if y.scores["route_right"] and not x.scores["route_right"]),
        broken=tuple(y.question.id for x, y in pairs if x.scores["route_right"] and not y.scores["route_right"]),
        changed=tuple(
            y.question.id
            for x, y in pairs
            if x.scores["route_right"] == y.scores["route_right"] and x.reply["answer"] != y.reply["answer"]
        ),
    )


def lines(found: Comparison) -> Iterator[str]:
    """Markdown: the verdict, every metric, the slices that moved, the cases behind it."""
    yield f"**{found.verdict}**"
    yield ""
    yield f"A: {found.a.path} ({found.a.over})"
    yield f"B: {found.b.path} ({found.b.over})"
    yield ""
    yield "| Metric | A | B | B - A | interval | n | p, adjusted |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, one in found.metrics.items():
        yield f"| {name} | {_numbers(one)} |"
    moved = {key: one for key, one in found.slices.items() if one.p < LEVEL}
    if moved:
        yield ""
        yield "Slices that moved:"
        yield ""
        yield "| Slice | Metric | A | B | B - A | interval | n | p, adjusted |"
        yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
        for (name, metric), one in moved.items():
            yield f"| {name} | {metric} | {_numbers(one)} |"
    yield ""
    for kind in ("fixed", "broken", "changed"):
        ids = getattr(found, kind)
        yield f"{kind}: {len(ids)}{': ' + ', '.join(ids) if ids else ''}"
    gains = _gains(found.a.rows, found.b.rows, "ndcg@10")
    if len(gains) > 1:
        least = smallest_difference(gains, len(gains))
        yield f"smallest difference in ndcg@10 that {len(gains)} questions can show: {least:.3f}"


def _differences(a: Sequence[Row], b: Sequence[Row]) -> dict[str, Difference]:
    found = {
        name: difference(name, [row.scores.get(name) for row in a], [row.scores.get(name) for row in b])
        for name in METRICS
    }
    return {name: one for name, one in found.items() if one}


def _gains(a: Sequence[Row], b: Sequence[Row], name: str) -> list[float]:
    pairs = [(x.scores.get(name), y.scores.get(name)) for x, y in zip(a, b, strict=True)]
    return [y - x for x, y in pairs if x is not None and y is not None]


def _numbers(one: Difference) -> str:
    return f"{one.a:.3f} | {one.b:.3f} | {one.mean:+.3f} | [{one.low:+.3f}, {one.high:+.3f}] | {one.n} | {one.p:.3f}"
