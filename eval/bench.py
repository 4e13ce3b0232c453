"""Times a bare encoder pass, the guard and a full answer in one run, so that their ratios mean something."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bot.chat import load_bot
from bot.settings import Settings
from eval.questions import read_questions

ROUNDS = 5


def bench(path: Path, settings: Settings) -> None:
    """Prints p50 and p95 in milliseconds, and their ratios to the bare pass of the same run."""
    bot = load_bot(settings)
    messages = [question.turns[-1] for question in read_questions(path)]
    steps: dict[str, Callable[[str], object]] = {
        "bare encoder pass": bot.retriever.encoder.embed,
        "guard": lambda message: bot.guard.check([message]),
        "full answer": bot.reply,
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for message in messages:  # once unmeasured: caches, lazily compiled phrases
        for step in steps.values():
            step(message)
    for number in range(1, ROUNDS + 1):
        for message in messages:
            for position, (name, step) in enumerate(steps.items()):
                # Blanks change no word, but the message: what a conversation keeps of earlier ones must not count.
                new = message + " " * (number * len(steps) + position)
                start = time.perf_counter()
                step(new)
                times[name].append((time.perf_counter() - start) * 1000)
    bare = quantiles(times["bare encoder pass"])
    print(f"{len(messages)} messages, {ROUNDS} rounds, {settings.threads} thread(s)")
    for name, measured in times.items():
        p50, p95 = quantiles(measured)
        print(
            f"{name:18} p50 {p50:6.2f} ms ({p50 / bare[0]:.2f}x bare)   p95 {p95:6.2f} ms ({p95 / bare[1]:.2f}x bare)"
        )


def quantiles(values: list[float]) -> tuple[float, float]:
    """p50 and p95."""
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]
