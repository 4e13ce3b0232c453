"""A run as one HTML page that needs nothing else, and as Markdown for a pull request."""

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from bot.answering.draft import unescape
from eval import plots
from eval.judge import METRICS
from eval.questions import Evidence
from eval.run import Row, Run, estimates, peer_estimates, summarize
from eval.stats import Estimate, adjusted, difference

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
PASSAGES_SHOWN = 6
HEADLINE = ("route_right", "referred", "emergency_referred", "left_alone", "success@4", "nuggets_stated", "verbatim")


def write_report(run: Run) -> Path:
    """report.html in the run's folder."""
    summary = summarize(run)
    path = run.path / "report.html"
    found = estimates(run.rows)
    curves = plots.success_curves(run.rows)
    body = TEMPLATES.get_template("report.html").render(
        run=run,
        summary=summary,
        metrics=[(METRICS[name], one) for name, one in found.items()],
        headline=[(METRICS[name], found[name]) for name in HEADLINE if name in found],
        slices={name: estimates(rows) for name, rows in run.slices.items()},
        peers=list(against_peers(run.rows)),
        confusion=list(zip(plots.ROUTES, plots.confusion(run.rows).tolist(), strict=True)),
        routes=plots.ROUTES,
        curves=curves,
        plots={
            "confusion": Markup(plots.confusion_plot(run.rows)),
            "success": Markup(plots.success_plot(curves)) if curves else "",
            "latency": Markup(plots.latency_plot([row.seconds * 1000 for row in run.rows])),
            "slices": Markup(plots.slice_plot(_routes_by_slice(run))),
        },
        cases=[_case(row) for row in worst_first(run.rows)],
    )
    path.write_text(body, encoding="utf-8")
    return path


def markdown(run: Run) -> Iterator[str]:
    """The summary for a pull request."""
    yield f"`{run.about['file']}` ({run.about['questions']} questions, sha256 {run.about['sha256'][:12]}), "
    yield run.over
    yield ""
    yield "| Metric | Mean | 95 % interval | n |"
    yield "| --- | --- | --- | --- |"
    for name, one in estimates(run.rows).items():
        yield f"| {name} | {one.mean:.3f} | [{one.low:.3f}, {one.high:.3f}] | {one.n} |"
    rivals = list(against_peers(run.rows))
    if rivals:
        yield ""
        yield "| Peer | Metric | Peer | Bot | p, adjusted |"
        yield "| --- | --- | --- | --- | --- |"
        for peer, metric, theirs, ours, p in rivals:
            yield f"| {peer} | {metric} | {theirs:.3f} | {ours:.3f} | {p:.3f} |"
    wrong = [row for row in run.rows if not row.scores["route_right"]]
    yield ""
    yield f"Wrong routes: {len(wrong)}"
    for row in wrong:
        yield f"- {row.question.id} ({row.question.slice}): {row.route}, expected {' or '.join(row.question.route)}"


def against_peers(rows: Sequence[Row]) -> Iterator[tuple[str, str, float, float, float]]:
    """(peer, metric, its mean, the bot's mean, adjusted p) over the questions both scored."""
    found = {}
    for peer, metrics in peer_estimates(rows).items():
        for metric in metrics:
            theirs = [row.peers.get(peer, {}).get(metric) for row in rows]
            if one := difference(metric, theirs, [row.scores.get(metric) for row in rows]):
                found[peer, metric] = one
    for (peer, metric), one in adjusted(found).items():
        yield peer, metric, one.a, one.b, one.p


def worst_first(rows: Sequence[Row]) -> list[Row]:
    """Missed warning signs, then wrong routes, then what was not found, not said or not proved."""

    def badness(row: Row) -> tuple[float, ...]:
        scores = row.scores
        return (
            -(scores.get("triage_cost") or 0),
            scores["route_right"] or 0,
            _or_one(scores.get("verbatim")),
            _or_one(scores.get("clean")),
            _or_one(scores.get("success@4")),
            _or_one(scores.get("nuggets_stated")),
        )

    return sorted(rows, key=badness)


def _case(row: Row) -> dict[str, Any]:
    reply = row.reply
    right = all(_or_one(row.scores.get(name)) == 1 for name in HEADLINE)
    return {
        "row": row,
        "right": right,
        "answer": unescape(reply["answer"]),
        "expected": " or ".join(row.question.route),
        "scores": [(METRICS[name], value) for name, value in row.scores.items() if value is not None],
        "passages": [
            {**passage, "marked": _marked(passage, row.question.evidence)}
            for passage in reply["passages"][:PASSAGES_SHOWN]
        ],
    }


def _marked(passage: Mapping[str, Any], evidence: Sequence[Evidence]) -> Markup:
    """The passage with the evidence it holds highlighted."""
    text = html.escape(passage["text"])
    for quote in {html.escape(one.quote) for one in evidence if one.article == passage["article"]}:
        text = text.replace(quote, f"<mark>{quote}</mark>")
    return Markup(text)


def _routes_by_slice(run: Run) -> dict[str, Estimate]:
    return {name: estimates(rows)["route_right"] for name, rows in run.slices.items()}


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else value
