"""What every article is held to. Each rule yields findings; nothing here changes a file."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
from rapidfuzz import fuzz, process

from bot.corpus.language import copied_runs, hanging, misspelled, reading_grade, words
from bot.corpus.library import CORRECTED, Evidence, Finding, Library, Page, find_line, front_matter_lines
from bot.retrieval.articles import Article, Block, Kind, Unit
from bot.retrieval.formats import QUESTIONS, read_markdown
from bot.retrieval.lexical import terms

WORDS = range(350, 901)  # in the text of an article
GRADE = 9.0  # Flesch-Kincaid; the aim is 8
SENTENCE_WORDS = 30
QUESTIONS_EACH = 8  # visitor questions a section
NEAR_DUPLICATE = 90  # of 100, rapidfuzz's token_sort_ratio of two sentences
OVERLAP = 92  # the same between a visitor question and a held-out one
SHORT = 6  # words; shorter sentences are alike by chance
CLOSING = "ask-first"  # anchor of the last section
FORBIDDEN_RUNS = "forbidden_runs.npy"  # fingerprints of texts that no article may copy from

Rule = Callable[[Library], Iterator[Finding]]


def check(library: Library, held_out: Path) -> list[Finding]:
    """Every finding, by file and line. `held_out` is the folder of question files that must stay unseen."""
    found = [*library.faults, *(finding for rule in RULES for finding in rule(library))]
    return sorted({*found, *_held_out(library, held_out)})


# --- One article ------------------------------------------------------------------------------------------------------


def _structure(library: Library) -> Iterator[Finding]:
    for page in library.pages:
        article = page.article
        if article.slug != page.path.stem:
            line = front_matter_lines(page.source).get("slug", 1)
            yield Finding(page.path, line, f"slug is {article.slug!r}; give the file and the slug one name.")
        headings = [block for block in article.blocks if block.kind is Kind.HEADING]
        for heading in headings:
            yield from _heading(page, heading)
        if not headings or headings[-1].anchor != CLOSING:
            line = headings[-1].line if headings else 1
            advice = "end with who should ask a clinician first"
            yield Finding(page.path, line, f"the last section is not {{#{CLOSING}}}; {advice}.")
        if headings and article.blocks[0] is headings[0]:
            yield Finding(page.path, headings[0].line, "no lead before the first heading; sum the article up first.")
        for before, block in pairwise(article.blocks):
            is_list = block.kind in (Kind.ITEM, Kind.STEP)
            introduced = before.kind is Kind.PARAGRAPH and article.text[before.start : before.end].endswith(":")
            if is_list and before.kind not in (Kind.ITEM, Kind.STEP) and not introduced:
                yield Finding(page.path, block.line, "the list is not introduced; put a sentence that ends in a colon first.")
            if before.kind is Kind.HEADING and block.kind is Kind.HEADING:
                yield Finding(page.path, before.line, "the section is empty; write it or delete its heading.")
        yield from _markup(page)


def _heading(page: Page, heading: Block) -> Iterator[Finding]:
    words_of = page.source.split("\n")[heading.line - 1]
    if heading.level not in (2, 3):
        yield Finding(page.path, heading.line, "the heading is not of level 2 or 3; the title stands in the front matter.")
    if not re.search(r"\{#[a-z0-9-]+ ", words_of):
        yield Finding(page.path, heading.line, "the heading has no {#anchor evidence=…}; links and flags need it.")
    elif f"#{heading.anchor} " not in words_of:
        yield Finding(page.path, heading.line, "its anchor is used twice in this article; rename one.")
    if heading.evidence not in get_args(Evidence):
        grades = ", ".join(get_args(Evidence))
        yield Finding(page.path, heading.line, f"evidence is {heading.evidence!r}; use one of {grades}.")


_MARKUP = re.compile(r"\*\*|__|<[^>]+>|^\s*\||!\[|`|\[\^|^\s{2,}[-\d]")


def _markup(page: Page) -> Iterator[Finding]:
    start = page.source.index("\n---\n", 4) + 5
    first = page.source[:start].count("\n") + 1
    for number, line in enumerate(page.source[start:].split("\n"), first):
        if found := _MARKUP.search(line):
            advice = "use only headings, paragraphs and flat lists"
            yield Finding(page.path, number, f"{found.group().strip()!r} is markup that answers cannot show; {advice}.")


def _language(library: Library) -> Iterator[Finding]:
    for page in library.pages:
        units = page.article.units
        text = page.article.text
        sentences = [text[unit.start : unit.end] for unit in units]
        count = sum(len(sentence.split()) for sentence in sentences)
        if count not in WORDS:
            advice = "cut, or split the article" if count > WORDS[0] else "say more, or merge it into another article"
            yield Finding(page.path, 1, f"{count} words; {advice} ({WORDS[0]} to {WORDS[-1]}).")
        if (grade := reading_grade(sentences)) > GRADE:
            hardest = max(sentences, key=lambda sentence: reading_grade([sentence]))
            advice = f"shorten sentences and words, beginning with: {hardest[:60]}…"
            yield Finding(page.path, 1, f"reading grade {grade:.1f} is over {GRADE:.0f}; {advice}")
        for unit, sentence in zip(units, sentences, strict=True):
            yield from _sentence(page, unit, sentence)
        for heading in (block for block in page.article.blocks if block.kind is Kind.HEADING):
            for word, better in misspelled(text[heading.start : heading.end]):
                yield Finding(page.path, heading.line, f"{word!r} is not American spelling; write {better!r}.")


def _sentence(page: Page, unit: Unit, sentence: str) -> Iterator[Finding]:
    line = page.line_of(unit.start)
    in_list = unit.kind is not Kind.PARAGRAPH
    if len(sentence.split()) > SENTENCE_WORDS * (2 if in_list else 1):
        yield Finding(page.path, line, f"{len(sentence.split())} words in one sentence; split it: {sentence[:50]}…")
    if not in_list and (words_of := hanging(sentence)):
        advice = "name the subject, because any sentence may be shown alone"
        yield Finding(page.path, line, f"{words_of!r} points at another sentence; {advice}: {sentence[:50]}…")
    for word, better in misspelled(sentence):
        yield Finding(page.path, line, f"{word!r} is not American spelling; write {better!r}.")


def _offsets(library: Library) -> Iterator[Finding]:
    """The same text and spans must come out whichever system wrote the file, and survive the index."""
    for page in library.pages:
        article = page.article
        for variant in (page.source.replace("\n", "\r\n"), "\ufeff" + page.source):
            again = read_markdown(variant.encode(), page.path.stem)
            if (again.text, again.units, again.marks) != (article.text, article.units, article.marks):
                yield Finding(page.path, 1, "its offsets change with line ends or a byte order mark; report it as a fault.")
        if Article.from_json(json.loads(json.dumps(article.to_json()))).units != article.units:
            yield Finding(page.path, 1, "its offsets change in the index; report it as a fault.")
        for number, line in enumerate(page.source.split("\n"), 1):
            odd = next((c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Co") or c in "\u00a0\u2028"), None)
            if odd:
                yield Finding(page.path, number, f"invisible character U+{ord(odd):04X}; delete it.")
            if unicodedata.normalize("NFC", line) != line:
                yield Finding(page.path, number, "a letter is written in two parts; type it as one.")


# --- Sources and claims -----------------------------------------------------------------------------------------------


def _sources(library: Library) -> Iterator[Finding]:
    listing = library.folder / "sources.yaml"
    used = {flag["source"] for flag in library.flags}
    for page in library.pages:
        lines = front_matter_lines(page.source)
        cited = {source for mark in page.article.marks for source in mark.sources}
        used |= cited
        for mark in page.article.marks:
            for unknown in sorted(set(mark.sources) - library.sources.keys()):
                line = page.line_of(mark.position - 1)
                yield Finding(page.path, line, f"source {unknown!r} is unknown; add it to {listing.name} or mend the id.")
        for missing in sorted(cited - set(page.front.sources)):
            yield Finding(page.path, lines["sources"], f"source {missing!r} is cited but not listed; add it to sources.")
        for idle in sorted(set(page.front.sources) - cited):
            yield Finding(page.path, lines["sources"], f"source {idle!r} is listed but not cited; cite it or drop it.")
        yield from _graded_sections(page)
        yield from _uncertain(library, page)
    for unused in sorted(library.sources.keys() - used):
        yield Finding(listing, find_line(listing, f"{unused}:"), f"{unused!r} is used nowhere; cite or delete it.")
    for flag in library.flags:
        if flag["source"] not in {*library.sources, "convention"}:
            problem = f"flag {flag['id']!r} rests on unknown source {flag['source']!r}; mend the id"
            yield Finding(flag["path"], flag["line"], f"{problem}.")


def _graded_sections(page: Page) -> Iterator[Finding]:
    headings = [block for block in page.article.blocks if block.kind is Kind.HEADING]
    ends = [*(block.start for block in headings[1:]), len(page.article.text) + 1]
    for heading, end in zip(headings, ends, strict=True):
        if heading.evidence in ("well", "some") and not page.article.sources_of(heading.end, end):
            problem = f"evidence={heading.evidence}, yet no source is cited"
            yield Finding(page.path, heading.line, f"{problem}; cite one or grade it practice or none.")


_HEDGED = re.compile(r"\b(uncertain|unconfirmed|reportedly|not (been |be )?(confirmed|checked))\b", re.IGNORECASE)
_PRICE = re.compile(r"\$\s?\d|\d+ (dollars|pounds|euros)\b", re.IGNORECASE)
_DATED = re.compile(r"\b(19|20)\d\d\b|\b(rough|roughly|uncertain)\b", re.IGNORECASE)


def _uncertain(library: Library, page: Page) -> Iterator[Finding]:
    for unit in page.article.units:
        text = page.article.text[unit.start : unit.end]
        cited = page.article.sources_of(unit.start, unit.end)
        doubtful = [source for source in cited if source in library.sources and library.sources[source].uncertain]
        if doubtful and not _HEDGED.search(text):
            problem = f"{doubtful[0]!r} was not read in the original; say that the statement is uncertain"
            yield Finding(page.path, page.line_of(unit.start), f"{problem}: {text[:50]}…")
        before = page.article.text[: unit.start].rpartition("\n\n")[2]  # of a list item: the list from its first item
        introduction = page.article.text[: unit.start - len(before)].rstrip().rpartition("\n")[2]
        if _PRICE.search(text) and not _DATED.search(text) and not (unit.kind is Kind.ITEM and _DATED.search(introduction)):
            yield Finding(page.path, page.line_of(unit.start), f"a price without its year; add it: {text[:50]}…")


def _claims(library: Library) -> Iterator[Finding]:
    listing = library.folder / "claims.yaml"
    placed: set[str] = set()
    for page in library.pages:
        placed |= set(page.front.claims)
        for unknown in sorted(set(page.front.claims) - library.claims.keys()):
            line = front_matter_lines(page.source)["claims"]
            yield Finding(page.path, line, f"claim {unknown!r} is unknown; add it to {listing.name} or mend the id.")
    for claim in library.claims.values():
        line = find_line(listing, f"- id: {claim.id}")
        if claim.id not in placed:
            yield Finding(listing, line, f"{claim.id!r} is in no article; carry or correct it in one, and list it there.")
        if claim.evidence in CORRECTED and not (claim.hold and claim.asked):
            yield Finding(listing, line, f"{claim.id!r} is {claim.evidence}; say in `hold` what we hold and in `asked` how visitors ask.")
        for unknown in sorted(set(claim.sources) - library.sources.keys()):
            yield Finding(listing, line, f"{claim.id!r} rests on unknown source {unknown!r}; mend the id or add the source.")
    path = library.folder / "conflicts.yaml"
    for conflict in library.conflicts:
        for unknown in sorted(set(conflict.claims) - library.claims.keys()):
            yield Finding(path, find_line(path, conflict.question), f"claim {unknown!r} is unknown; mend the id.")


# --- Links ------------------------------------------------------------------------------------------------------------

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _links(library: Library) -> Iterator[Finding]:
    places = {page.article.slug for page in library.pages}
    places |= {f"{page.article.slug}#{b.anchor}" for page in library.pages for b in page.article.blocks if b.anchor}
    for flag in library.flags:
        if (place := f"{flag['article']}#{flag['section']}") not in places:
            problem = f"flag {flag['id']!r} quotes {place}, which is not there; name a section that is"
            yield Finding(flag["path"], flag["line"], f"{problem}.")
    path = library.folder / "conflicts.yaml"
    for conflict in library.conflicts:
        for place in conflict.told_in:
            if place not in places:
                yield Finding(path, find_line(path, conflict.question), f"{place} is not there; name a section that is.")
    for page in library.pages:
        for number, line in enumerate(page.source.split("\n"), 1):
            for target in _LINK.findall(line):
                if target.removeprefix("/articles/") not in places:
                    yield Finding(page.path, number, f"the link to {target} is dead; link to /articles/slug#anchor.")


# --- Repetition and copying -------------------------------------------------------------------------------------------


def _duplicates(library: Library) -> Iterator[Finding]:
    rows = [
        (page, unit, page.article.text[unit.start : unit.end])
        for page in library.pages
        for unit in page.article.units
        if len(words(page.article.text[unit.start : unit.end])) > SHORT
    ]
    texts = [" ".join(words(text.lower())) for _, _, text in rows]
    # By the later of two, so that each sentence is named once however many are like it.
    earlier = {second: first for first, second in _alike(texts, texts, NEAR_DUPLICATE) if first < second}
    for second, first in earlier.items():
        page, unit, text = rows[second]
        other, where, _ = rows[first]
        place = f"{other.path.name}:{other.line_of(where.start)}"
        advice = "say it differently or once"
        yield Finding(page.path, page.line_of(unit.start), f"nearly the sentence of {place}; {advice}: {text[:50]}…")


def _copied(library: Library) -> Iterator[Finding]:
    path = library.folder / FORBIDDEN_RUNS
    if not path.exists():
        yield Finding(path, 1, "is missing; make it with: python -m bot article forbid FOLDER")
        return
    forbidden = set(np.load(path).tolist())
    for page in library.pages:
        for unit in page.article.units:
            runs = copied_runs(page.article.text[unit.start : unit.end])
            if copied := next((run for mark, run in runs if mark in forbidden), None):
                yield Finding(page.path, page.line_of(unit.start), f"copied from another text, write it anew: {copied}")


def _alike(one: list[str], other: list[str], least: int) -> Iterator[tuple[int, int]]:
    if not one or not other:
        return
    scores = process.cdist(one, other, scorer=fuzz.token_sort_ratio, score_cutoff=least, dtype=np.uint8, workers=-1)
    for first, second in np.argwhere(scores):
        yield int(first), int(second)


# --- Visitor questions ------------------------------------------------------------------------------------------------


def _questions(library: Library) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for page in library.pages:
        path = page.path.with_suffix(QUESTIONS)
        anchors = [block.anchor for block in page.article.blocks if block.kind is Kind.HEADING]
        for anchor in anchors:
            asked = page.article.asked.get(anchor, ())
            if len(asked) < QUESTIONS_EACH:
                problem = f"section {anchor!r} has {len(asked)} visitor questions; write {QUESTIONS_EACH} or more"
                yield Finding(path, find_line(path, f"{anchor}:"), f"{problem}.")
        for anchor in sorted(page.article.asked.keys() - set(anchors)):
            yield Finding(path, find_line(path, f"{anchor}:"), f"{anchor!r} is no section of the article; mend the anchor.")
        for anchor, questions in page.article.asked.items():
            for question in questions:
                key = " ".join(words(question.lower()))
                if key in seen:
                    yield Finding(path, find_line(path, question), f"asked already in {seen[key]}; word it differently.")
                seen.setdefault(key, f"{page.path.stem}#{anchor}")


def _held_out(library: Library, folder: Path) -> Iterator[Finding]:
    """Visitor questions are for retrieval and training: none may be, or nearly be, a question of the benchmark."""
    ours = [(page.path, question) for page in library.pages for question in page.front.questions]
    ours += [
        (page.path.with_suffix(QUESTIONS), question)
        for page in library.pages
        for questions in page.article.asked.values()
        for question in questions
    ]
    kept = sorted({turn for path in sorted(folder.glob("*.jsonl")) for turn in _turns(path)})
    plain = [" ".join(words(text.lower())) for _, text in ours]
    held = [" ".join(words(text.lower())) for text in kept]
    for number, other in _alike(plain, held, OVERLAP):
        path, question = ours[number]
        if len(set(terms(question))) > 1 and plain[number] and held[other]:
            yield Finding(path, find_line(path, question), f"nearly a held-out question; word it differently: {question}")


def _turns(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield from json.loads(line)["turns"]


RULES: tuple[Rule, ...] = (_structure, _language, _offsets, _sources, _claims, _links, _duplicates, _copied, _questions)


def counts(findings: Iterable[Finding]) -> Counter[Path]:
    """How many findings each file has."""
    return Counter(finding.path for finding in findings)
