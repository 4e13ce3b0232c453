"""What an author needs while writing: python -m bot article new | check | report | forbid."""

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.corpus import check as rules
from bot.corpus import report as coverage
from bot.corpus.language import fingerprints
from bot.corpus.library import read_library
from bot.corpus.repetition import FORBIDDEN_RUNS
from bot.errors import CorpusError
from bot.retrieval.formats import QUESTIONS, read_folder
from bot.settings import CORPUS, HELD_OUT, ROOT

HAS_FINDINGS = 1

ARTICLE = """\
---
slug: {slug}
title: {title}
summary: <one plain sentence that says what the reader learns>
questions:
  - <a question the article answers, well-formed, because visitors see it>
  - <another>
  - <a third>
ask_first: <who should ask a clinician first, in one plain sentence>
sources: []
claims: []
reviewed: {today}
---

<Two or three sentences that sum up the article, each of them standing alone.>

## <A question or a plain topic> {{#first-topic evidence=practice}}

<The sentence that answers the heading and makes sense alone.>

## Who should ask a clinician first about <the subject>? {{#ask-first evidence=practice}}

<Who, why, and whom to ask.>
"""
ASKED = """\
# By section: how visitors ask what it answers. Eight or more each, in other words than the section's.
first-topic:
  - <a question>

ask-first:
  - <a question>
"""


def new(slug: str, title: str) -> int:
    """Begin an article from its skeleton. Raises CorpusError for a name that is taken or is none."""
    path = CORPUS / "articles" / f"{slug}.md"
    if slug != "-".join(slug.lower().replace("-", " ").split()) or not slug.replace("-", "").isalnum():
        raise CorpusError(f"{slug!r} is no name for an article; use small letters, digits and hyphens.")
    if path.exists():
        raise CorpusError(f"{path} exists; choose another name or edit that file.")
    title = title or slug.replace("-", " ").capitalize()
    path.write_text(ARTICLE.format(slug=slug, title=f'"{title}"', today=datetime.date.today()), encoding="utf-8")
    path.with_suffix(QUESTIONS).write_text(ASKED, encoding="utf-8")
    print(f"{path.relative_to(ROOT)} and {path.with_suffix(QUESTIONS).name} are begun.", file=sys.stderr)
    print(f"Fill in what stands in <angle brackets>, then: python -m bot article check {slug}", file=sys.stderr)
    return 0


def check(names: Sequence[str]) -> int:
    """Print the findings of the whole corpus, or of these articles; 1 where there are any."""
    library = read_library(CORPUS)
    if unknown := set(names) - {path.stem for path in (CORPUS / "articles").glob("*.md")}:
        raise CorpusError(f"There is no article {min(unknown)!r} in {CORPUS / 'articles'}.")
    findings = rules.check(library, HELD_OUT)
    if names:
        findings = [finding for finding in findings if finding.path.name.split(".")[0] in names]
    for finding in findings:
        print(f"{finding.path.relative_to(ROOT)}:{finding.line}: {finding.problem}")
    print(f"{len(library.pages)} articles, {len(findings)} findings.", file=sys.stderr)
    return HAS_FINDINGS if findings else 0


def report() -> int:
    """Print what the corpus covers, as Markdown."""
    print(coverage.report(read_library(CORPUS)), end="")
    return 0


def forbid(folder: Path) -> int:
    """Keep fingerprints of every text in the folder. Raises CorpusError where it holds none."""
    path = CORPUS / FORBIDDEN_RUNS
    marks = fingerprints([article.text for article in read_folder(folder)])
    known = np.load(path) if path.exists() else marks[:0]
    np.save(path, np.union1d(known, marks))
    print(f"{len(np.union1d(known, marks)) - len(known)} runs added to {path.relative_to(ROOT)}.", file=sys.stderr)
    return 0
