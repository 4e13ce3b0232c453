"""Rules for visitor questions, and against saying things twice, copying, and letting held-out questions in."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from bot.corpus.language import copied_runs, plain, words
from bot.corpus.library import Finding, Library, Page, find_line
from bot.retrieval.articles import Kind
from bot.retrieval.formats import QUESTIONS, UNCOVERED
from bot.retrieval.lexical import terms

QUESTIONS_EACH = 8  # visitor questions a section
NEAR_DUPLICATE = 90  # of 100, rapidfuzz's token_sort_ratio of two sentences
OVERLAP = 92  # the same between a question of ours and a held-out one
SHORT = 6  # words; shorter sentences are alike by chance
FORBIDDEN_RUNS = "forbidden_runs.npy"  # fingerprints of texts that no article may copy from


def duplicates(library: Library, only: Page | None = None) -> Iterator[Finding]:
    """No sentence says nearly what another one says. With `only` the sentences of that page are compared with all."""
    rows = [
        (page, unit, text)
        for page in library.pages
        for unit in page.article.units
        if len(words(text := page.article.text[unit.start : unit.end])) > SHORT
    ]
    texts = [plain(text) for _, _, text in rows]
    compared = [number for number, (page, _, _) in enumerate(rows) if page is only] if only else range(len(rows))
    pairs = alike(texts, [texts[number] for number in compared], NEAR_DUPLICATE)
    near = [(first, compared[second]) for first, second in pairs]
    # By the later of two, so that each sentence is named once however many are like it.
    earlier = {second: first for first, second in near if first < second or (only and rows[first][0] is not only)}
    for second, first in earlier.items():
        page, unit, text = rows[second]
        other, where, _ = rows[first]
        place = f"{other.path.name}:{other.line_of(where.start)}"
        yield page.at(
            page.line_of(unit.start), f"nearly the sentence of {place}; say it differently or once: {text[:50]}…"
        )


def copied(library: Library) -> Iterator[Finding]:
    """No sentence shares a run of words with a text that was forbidden."""
    path = library.folder / FORBIDDEN_RUNS
    if not path.exists():
        yield Finding(path, 1, "is missing; make it with: python -m bot article forbid FOLDER")
        return
    forbidden = set(np.load(path).tolist())
    for page in library.pages:
        for unit in page.article.units:
            runs = copied_runs(page.article.text[unit.start : unit.end])
            if found := next((run for mark, run in runs if mark in forbidden), None):
                yield page.at(page.line_of(unit.start), f"copied from another text; write it anew: {found}")


def questions(library: Library) -> Iterator[Finding]:
    """Every section has its visitor questions, and each is asked once."""
    seen: dict[str, str] = {}
    for page in library.pages:
        path = page.path.with_suffix(QUESTIONS)
        anchors = [block.anchor for block in page.article.blocks if block.kind is Kind.HEADING]
        for anchor in anchors:
            count = len(page.article.asked.get(anchor, ()))
            if count < QUESTIONS_EACH:
                problem = f"section {anchor!r} has {count} visitor questions; write {QUESTIONS_EACH} or more"
                yield Finding(path, find_line(path, f"{anchor}:"), f"{problem}.")
        for anchor in sorted(page.article.asked.keys() - set(anchors)):
            problem = f"{anchor!r} is no section of the article; mend the anchor"
            yield Finding(path, find_line(path, f"{anchor}:"), f"{problem}.")
        for anchor, asked in page.article.asked.items():
            for question in asked:
                if place := seen.get(plain(question)):
                    yield Finding(path, find_line(path, question), f"asked already in {place}; word it differently.")
                seen[plain(question)] = f"{page.path.stem}#{anchor}"
    path = library.folder / "articles" / UNCOVERED
    for question in library.uncovered:
        if place := seen.get(plain(question)):
            yield Finding(path, find_line(path, question), f"is answered by {place}; delete it here or there.")


def held_out(library: Library, folder: Path, only: Page | None = None) -> Iterator[Finding]:
    """Our questions are for retrieval and training: none may be, or nearly be, one of the benchmark in this folder.

    With `only` those of that page.
    """
    pages = (only,) if only else library.pages
    ours = [(page.path, question) for page in pages for question in page.front.questions]
    ours += [
        (page.path.with_suffix(QUESTIONS), question)
        for page in pages
        for asked in page.article.asked.values()
        for question in asked
    ]
    if not only:
        ours += [(library.folder / "articles" / UNCOVERED, question) for question in library.uncovered]
    ours = [(path, question) for path, question in ours if len(set(terms(question))) > 1]
    kept = held_out_turns(folder)
    near = {number for number, _ in alike([plain(question) for _, question in ours], kept, OVERLAP)}
    for number in sorted(near):
        path, question = ours[number]
        yield Finding(path, find_line(path, question), f"nearly a held-out question; word it differently: {question}")


def held_out_turns(folder: Path) -> list[str]:
    """Every message of the question files of that folder, in plain words."""
    return sorted({plain(turn) for path in folder.glob("*.jsonl") for turn in _turns(path)} - {""})


def _turns(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield from json.loads(line)["turns"]


def alike(one: list[str], other: list[str], least: int) -> Iterator[tuple[int, int]]:
    """Positions of every pair that is at least so much alike."""
    if not one or not other:
        return
    scores = process.cdist(one, other, scorer=fuzz.token_sort_ratio, score_cutoff=least, dtype=np.uint8, workers=-1)
    for first, second in np.argwhere(scores):
        yield int(first), int(second)
