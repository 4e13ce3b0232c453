"""Rules for one article: its structure, its language, and offsets that hold."""

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import get_args

from bot.corpus.language import hanging, misspelled, reading_grade
from bot.corpus.library import Evidence, Finding, Page, front_matter_lines
from bot.retrieval.articles import Article, Block, Kind, Unit
from bot.retrieval.formats import read_markdown

WORDS = range(350, 901)  # in the text of an article
GRADE = 9.0  # Flesch-Kincaid; the aim is 8
SENTENCE_WORDS = 30
CLOSING = "ask-first"  # anchor of the last section

_MARKUP = re.compile(r"\*\*|__|<[^>]+>|^\s*\||!\[|`|\[\^|^\s{2,}[-\d]")
_LISTS = (Kind.ITEM, Kind.STEP)


def structure(page: Page) -> Iterator[Finding]:
    """One name, sections with anchor and evidence, lists introduced, a closing section, plain markup only."""
    article = page.article
    if article.slug != page.path.stem:
        yield page.at(front_matter_lines(page.source).get("slug", 1), f"slug is {article.slug!r}; name the file so.")
    headings = [block for block in article.blocks if block.kind is Kind.HEADING]
    for heading in headings:
        yield from _heading(page, heading)
    if not headings or headings[-1].anchor != CLOSING:
        line = headings[-1].line if headings else 1
        yield page.at(line, f"the last section is not {{#{CLOSING}}}; end with who should ask a clinician first.")
    if headings and article.blocks[0] is headings[0]:
        yield page.at(headings[0].line, "no lead before the first heading; sum the article up first.")
    for before, block in pairwise(article.blocks):
        introduced = before.kind is Kind.PARAGRAPH and article.text[before.start : before.end].endswith(":")
        if block.kind in _LISTS and before.kind not in _LISTS and not introduced:
            yield page.at(block.line, "the list is not introduced; put a sentence that ends in a colon first.")
        if before.kind is Kind.HEADING and block.kind is Kind.HEADING:
            yield page.at(before.line, "the section is empty; write it or delete its heading.")
    for number, written in page.body():
        if found := _MARKUP.search(written):
            markup = found.group().strip()
            yield page.at(number, f"{markup!r} cannot be shown; use only headings, paragraphs and flat lists.")


def language(page: Page) -> Iterator[Finding]:
    """Length, reading grade, spelling, and sentences that stand alone."""
    text = page.article.text
    sentences = [text[unit.start : unit.end] for unit in page.article.units]
    count = sum(len(sentence.split()) for sentence in sentences)
    if count not in WORDS:
        advice = "cut, or split the article" if count > WORDS[0] else "say more, or merge it into another article"
        yield page.at(1, f"{count} words; {advice} ({WORDS[0]} to {WORDS[-1]}).")
    if (grade := reading_grade(sentences)) > GRADE:
        hardest = max(sentences, key=lambda sentence: reading_grade([sentence]))
        yield page.at(1, f"reading grade {grade:.1f} is over {GRADE:.0f}; shorten, beginning with: {hardest[:60]}…")
    for unit, sentence in zip(page.article.units, sentences, strict=True):
        yield from _sentence(page, unit, sentence)
    for block in page.article.blocks:
        for word, better in misspelled(text[block.start : block.end]):
            yield page.at(block.line, f"{word!r} is not American spelling; write {better!r}.")


def offsets(page: Page) -> Iterator[Finding]:
    """The same text and spans must come out whichever system wrote the file, and survive the index."""
    article = page.article
    for variant in (page.source.replace("\n", "\r\n"), "\ufeff" + page.source):
        again = read_markdown(variant.encode(), page.path.stem)
        if (again.text, again.units, again.marks) != (article.text, article.units, article.marks):
            yield page.at(1, "its offsets change with line ends or a byte order mark; report it as a fault.")
    if Article.from_json(json.loads(json.dumps(article.to_json()))).units != article.units:
        yield page.at(1, "its offsets change in the index; report it as a fault.")
    for number, line in enumerate(page.source.split("\n"), 1):
        odd = next((c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Co", "Zl") or c == "\u00a0"), None)
        if odd:
            yield page.at(number, f"invisible character U+{ord(odd):04X}; delete it.")
        if unicodedata.normalize("NFC", line) != line:
            yield page.at(number, "a letter is written in two parts; type it as one.")


def _heading(page: Page, heading: Block) -> Iterator[Finding]:
    line = page.source.split("\n")[heading.line - 1]
    if heading.level not in (2, 3):
        yield page.at(heading.line, "a heading of this level; use ##, the title stands in the front matter.")
    if not re.search(r"\{#[a-z0-9-]+ ", line):
        yield page.at(heading.line, "the heading has no {#anchor evidence=…}; links and flags need it.")
    elif f"#{heading.anchor} " not in line:
        yield page.at(heading.line, "its anchor is used twice in this article; rename one.")
    if heading.evidence not in get_args(Evidence):
        yield page.at(heading.line, f"evidence is {heading.evidence!r}; use one of {', '.join(get_args(Evidence))}.")


def _sentence(page: Page, unit: Unit, sentence: str) -> Iterator[Finding]:
    line = page.line_of(unit.start)
    in_list = unit.kind is not Kind.PARAGRAPH
    count = len(sentence.split())
    if count > SENTENCE_WORDS * (2 if in_list else 1):
        yield page.at(line, f"{count} words in one sentence; split it: {sentence[:50]}…")
    if not in_list and (pointing := hanging(sentence)):
        yield page.at(line, f"{pointing!r} points at another sentence; name what is meant: {sentence[:50]}…")
