"""What the benchmark page shows: progress, one run with its metrics, the comparison with the run before it."""

from collections.abc import Iterator

from markupsafe import escape

from bot.web.staff.parts import counted, link, status, table
from bot.web.staff.workbench import Comparison, Moved, Progress, QuestionFile, RunSummary, Stage

HEADLINE = ("route_right", "referred", "emergency_referred", "left_alone", "success@4", "nuggets_stated", "verbatim")
TELLING = 0.05  # an adjusted p below this is no chance
SHOWN_IDS = 30


def file(found: QuestionFile) -> str:
    """One entry of the list of files."""
    return f"{found.name}, {counted(found.questions, 'question')}{' (held-out test)' if found.secret else ''}"


def label(run: RunSummary) -> str:
    """One entry of the list of runs."""
    return f"{run.file}, {run.at:%Y-%m-%d %H:%M} UTC"


def progress(now: Progress, missing: str = "") -> str:
    """A bar while a run is under way, then how it ended."""
    if now.stage is not Stage.RUNNING:
        return status(missing or now.message) if missing or now.message else "<p>No run is under way.</p>"
    if not now.total:
        return f"<p>{escape(now.who)} is running {escape(now.file)}: the bot is being loaded.</p>"
    return (
        f'<progress aria-label="Questions asked" max="{now.total}" value="{now.done}"></progress>'
        f"<p>{escape(now.who)} is running {escape(now.file)}: {now.done:,} of {counted(now.total, 'question')}.</p>"
    )


def own(found: QuestionFile | None) -> str:
    """A word on the questions that staff added, and where to get them."""
    if found is None:
        return "<p>No question was added yet.</p>"
    return (
        f'<p><a href="/staff/benchmark/{escape(found.name)}" download>Download {escape(found.name)}</a> '
        f"({counted(found.questions, 'question')} added here).</p>"
    )


def result(run: RunSummary | None) -> str:
    """Metrics of a run, the link to its report, and the comparison."""
    if run is None:
        return "<p>There is no finished run yet.</p>"
    left_out = f" {run.left_out:,} were left out: the articles no longer hold their evidence." if run.left_out else ""
    over = f"articles {run.corpus_version} and {counted(run.curated, 'curated answer')}"
    about = f"{counted(run.questions, 'question')} of {run.file}, over {over}.{left_out}"
    if run.report:
        more = link(f"/staff/benchmark/runs/{run.name}/report.html", "Open the report with every case (in a new tab)")
    else:
        more = escape("The report would show the questions of a held-out test." if run.secret else "It has no report.")
    rows = (
        (name, f"{score.mean:.3f}", f"{score.low:.3f} to {score.high:.3f}", f"{score.n:,}")
        for name, score in run.metrics.items()
    )
    metrics = table("Every metric, with its 95 % interval", ("Metric", "Mean", "Interval", "n"), rows)
    return f"<p>{escape(about)} {more}</p>{compared(run.comparison)}<h3>Metrics</h3>{metrics}"


def compared(found: Comparison | None) -> str:
    """The run before it of the same file, metric by metric, and the questions behind the difference."""
    if found is None:
        return "<h3>Against the run before</h3><p>There is no earlier run of this file.</p>"
    rows = (
        (
            name,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            f"{one.after - one.before:+.3f} ({one.low:+.3f} to {one.high:+.3f})",
            f"{one.p:.3f}{', told from chance' if one.p < TELLING else ''}",
        )
        for name, one in found.metrics.items()
        if name in HEADLINE or one.p < TELLING
    )
    moved = "".join(
        f"<li>{escape(what)}: {escape(each)}</li>"
        for what, each in (
            ("Right now, and wrong before", _moved(found.fixed)),
            ("Wrong now, and right before", _moved(found.broken)),
            ("Another answer", _moved(found.changed)),
        )
    )
    caption = f"{counted(found.questions, 'question')} that both runs asked"
    heads = ("Metric", "Before", "Now", "Difference", "p, adjusted")
    return (
        f"<h3>Against the run before</h3><p>{escape(found.verdict[:1].upper() + found.verdict[1:])}.</p>"
        f"<ul>{moved}</ul>{table(caption, heads, rows)}"
    )


def _moved(found: Moved) -> str:
    return "".join(_pieces(found))


def _pieces(found: Moved) -> Iterator[str]:
    yield f"{found.count:,}"
    if found.ids:
        yield f" ({', '.join(found.ids[:SHOWN_IDS])}{' and more' if len(found.ids) > SHOWN_IDS else ''})"
