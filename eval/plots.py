"""Plots of a run as SVG text, for a page that needs nothing else. Each has a table beside it that says the same."""

import io
import re
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from bot.reply import Route
from eval.run import Row
from eval.stats import Estimate

ROUTES = [route.value for route in Route]
INK, BAR, SOFT = "#1d2b2a", "#17595a", "#8fb3b0"
DEPTH = 10

plt.rcParams |= {
    "svg.fonttype": "none",  # letters stay letters: they can be searched, and read aloud
    "svg.hashsalt": "back-massage",  # so that the same run gives the same file
    "font.family": "sans-serif",
    "axes.edgecolor": INK,
    "text.color": INK,
}


def confusion(rows: Sequence[Row]) -> np.ndarray:
    """Counts, expected route (the first acceptable one that was met, or the first named) by route taken."""
    wanted = [(row.route if row.route in row.question.route else row.question.route[0]).value for row in rows]
    counts: np.ndarray = confusion_matrix(wanted, [row.route.value for row in rows], labels=ROUTES)
    return counts


def confusion_plot(rows: Sequence[Row]) -> str:
    """Expected route down, route taken across."""
    counts = confusion(rows)
    figure, axes = _figure(5.4, 4.2)
    axes.imshow(np.log1p(counts), cmap="Greens")
    names = [name.replace("_", " ") for name in ROUTES]
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="route taken", ylabel="route expected")
    dark = np.log1p(counts).max() / 2
    for (down, across), count in np.ndenumerate(counts):
        color = "white" if np.log1p(count) > dark else INK
        axes.text(across, down, str(count), ha="center", va="center", color=color)
    return _svg(figure)


def success_curves(rows: Sequence[Row]) -> dict[str, list[float]]:
    """By retriever the share of questions whose evidence is among the first 1, 4 and 10 passages."""
    names = {"the bot": lambda row: row.scores} | {
        peer: (lambda row, peer=peer: row.peers[peer])
        for row in rows[:1]
        for peer in row.peers
        if peer != "keyword guard"
    }
    curves = {}
    for name, scores in names.items():
        scored = [scores(row) for row in rows if row.scores.get("success@1") is not None]
        if scored:
            curves[name] = [float(np.mean([one[f"success@{k}"] for one in scored])) for k in (1, 4, DEPTH)]
    return curves


def success_plot(curves: Mapping[str, Sequence[float]]) -> str:
    """A line for each retriever."""
    figure, axes = _figure(5.4, 3.4)
    for (name, values), style in zip(curves.items(), ("-", "--", "-.", ":", (0, (1, 3))), strict=False):
        own = name == "the bot"
        axes.plot(["1", "4", "10"], values, linestyle=style, marker="o", color=BAR if own else INK, label=name)
    axes.set(xlabel="first k passages", ylabel="evidence found", ylim=(0, 1.02))
    axes.legend(frameon=False, loc="lower right")
    return _svg(figure)


def latency_plot(milliseconds: Sequence[float]) -> str:
    """How long replies took."""
    figure, axes = _figure(5.4, 2.6)
    axes.hist(milliseconds, bins=40, color=BAR)
    axes.set(xlabel="milliseconds a reply", ylabel="questions")
    return _svg(figure)


def slice_plot(slices: Mapping[str, Estimate]) -> str:
    """A bar with its interval for each slice."""
    figure, axes = _figure(5.4, 0.6 + 0.32 * len(slices))
    names = list(slices)
    means = [one.mean for one in slices.values()]
    errors = [[one.mean - one.low for one in slices.values()], [one.high - one.mean for one in slices.values()]]
    axes.barh(names, means, xerr=np.maximum(errors, 0), color=SOFT, ecolor=INK, capsize=3)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.02), xlabel="routes right")
    return _svg(figure)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    # Without the XML head and the description of the file, which have no place inside HTML.
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
