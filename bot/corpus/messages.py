"""Rules for the messages that the guard is trained on: labels that hold together, and variety, which is their worth."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.corpus.language import plain
from bot.corpus.library import Finding
from bot.corpus.repetition import OVERLAP, alike, held_out_turns
from bot.guard.examples import Example

ROUTES = ("answer", "caution", "professional", "emergency")
RUN = 4  # words; messages that share many runs of this length are near-duplicates
SHARED = 0.5  # of the shorter one's runs
OPENING = 3  # words
MOST_DUPLICATES = 0.01  # share of all messages; the twins of a pair are meant to be alike and do not count
LEAST_OPENINGS = 0.75  # distinct openings among all
LEAST_EACH = {"caution": 15, "professional": 40, "emergency": 40}  # messages a flag, by its route


@dataclass(frozen=True)
class Variety:
    """How varied the messages are. Lengths are words at the 5th, 50th and 95th percentile."""

    messages: int
    near_duplicates: float
    openings: float
    lengths: tuple[int, int, int]
    by_flag: Mapping[str, int]
    by_kind: Mapping[str, int]


def variety(examples: Sequence[Example]) -> Variety:
    """Measures all of them together; there must be at least one."""
    said = [_words(example.text) for example in examples]
    opened = {tuple(words[:OPENING]) for words in said}
    lengths = np.percentile([len(words) for words in said], (5, 50, 95)).round().astype(int)
    return Variety(
        messages=len(examples),
        near_duplicates=len(near_duplicates(examples)) / len(examples),
        openings=len(opened) / len(examples),
        lengths=(int(lengths[0]), int(lengths[1]), int(lengths[2])),
        by_flag=Counter(flag for example in examples for flag in example.written.flags),
        by_kind=Counter(example.written.kind for example in examples),
    )


def findings(examples: Sequence[Example], routes: Mapping[str, str], held_out: Path) -> Iterator[Finding]:
    """What is wrong with single messages, and where all of them together are too much alike. `routes` are by flag."""
    seen: dict[str, Example] = {}
    for example in examples:
        yield from _labels(example, routes)
        said = " ".join(example.text.casefold().split())
        if first := seen.get(said):
            yield _at(example, f"said already in {first.path.name}:{first.line}; write another.")
        seen[said] = example
    yield from _held_out(examples, held_out)
    yield from _sameness(examples, routes)


def near_duplicates(examples: Sequence[Example]) -> list[Example]:
    """Messages that share half of their runs of words, or more, with an earlier one that is not their twin."""
    found = []
    first_with: dict[tuple[str, ...], list[int]] = {}
    for number, example in enumerate(examples):
        words = _words(example.text)
        runs = {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}
        shared = Counter(other for run in runs for other in first_with.get(run, ()))
        if any(count >= SHARED * len(runs) and not _twins(examples[other], example) for other, count in shared.items()):
            found.append(example)
        for run in runs:
            first_with.setdefault(run, []).append(number)
    return found


def _twins(one: Example, other: Example) -> bool:
    """A minimal pair stands on neighbouring lines of a file; longer families of twins stand close together."""
    return one.path == other.path and abs(one.line - other.line) <= 3


def _labels(example: Example, routes: Mapping[str, str]) -> Iterator[Finding]:
    written = example.written
    if unknown := [flag for flag in written.flags if flag not in routes]:
        yield _at(example, f"flag {unknown[0]!r} is defined nowhere; mend the id.")
        return
    worst = max((routes[flag] for flag in written.flags), key=ROUTES.index, default="answer")
    if written.route != worst:
        yield _at(example, f"its route is {written.route}, its flags say {worst}; mend one of them.")
    if missing := [words for words in written.words if not any(words in turn for turn in written.turns)]:
        yield _at(example, f"{missing[0]!r} is in none of its turns; quote the words that carry the flag.")


def _held_out(examples: Sequence[Example], folder: Path) -> Iterator[Finding]:
    kept = held_out_turns(folder)
    long = [example for example in examples if len(example.text.split()) > OPENING]
    for number in sorted({number for number, _ in alike([plain(example.text) for example in long], kept, OVERLAP)}):
        yield _at(long[number], "nearly a held-out message; write another.")


def _sameness(examples: Sequence[Example], routes: Mapping[str, str]) -> Iterator[Finding]:
    if not examples:
        return
    folder = examples[0].path.parent
    measured = variety(examples)
    if measured.near_duplicates > MOST_DUPLICATES:
        first = near_duplicates(examples)[0]
        yield _at(first, f"{measured.near_duplicates:.1%} of all messages are near-duplicates, this one first; reword.")
    if measured.openings < LEAST_OPENINGS:
        yield Finding(folder, 1, f"only {measured.openings:.0%} of the messages open differently; vary the openings.")
    for flag, route in routes.items():
        if measured.by_flag.get(flag, 0) < LEAST_EACH[route]:
            problem = f"flag {flag!r} has {measured.by_flag.get(flag, 0)} messages; write {LEAST_EACH[route]} or more"
            yield Finding(folder, 1, f"{problem}.")


def _at(example: Example, problem: str) -> Finding:
    return Finding(example.path, example.line, problem)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
