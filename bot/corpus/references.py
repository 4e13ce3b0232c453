"""Rules for what articles rest on: sources, claims, and links between the files."""

import re
from collections.abc import Iterator

from bot.corpus.library import CORRECTED, Claim, Finding, Library, Page, find_line, front_matter_lines
from bot.retrieval.articles import Kind, Unit

_HEDGED = re.compile(r"\b(uncertain|unconfirmed|reportedly|not (been |be )?(confirmed|checked))\b", re.IGNORECASE)
_PRICE = re.compile(r"\$\s?\d|\d+ (dollars|pounds|euros)\b", re.IGNORECASE)
_DATED = re.compile(r"\b(19|20)\d\d\b|\b(rough|roughly|uncertain)\b", re.IGNORECASE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def sources(library: Library) -> Iterator[Finding]:
    """Every source cited is known and listed, every one listed is cited; doubtful ones and prices say so."""
    path = library.folder / "sources.yaml"
    used = {flag["source"] for flag in library.flags}
    for page in library.pages:
        used |= page.cited
        for mark in page.article.marks:
            for unknown in sorted(set(mark.sources) - library.sources.keys()):
                line = page.line_of(mark.position - 1)
                yield page.at(line, f"source {unknown!r} is unknown; add it to {path.name} or mend the id.")
        line = front_matter_lines(page.source)["sources"]
        for missing in sorted(page.cited - set(page.front.sources)):
            yield page.at(line, f"source {missing!r} is cited but not listed; add it to sources.")
        for idle in sorted(set(page.front.sources) - page.cited):
            yield page.at(line, f"source {idle!r} is listed but not cited; cite it or drop it.")
        yield from _graded_sections(page)
        for unit in page.article.units:
            yield from _doubtful(library, page, unit)
    for unused in sorted(library.sources.keys() - used):
        yield Finding(path, find_line(path, f"{unused}:"), f"{unused!r} is used nowhere; cite or delete it.")
    for flag in library.flags:
        if flag["source"] not in {*library.sources, "convention"}:
            unknown = flag["source"]
            yield Finding(flag["path"], flag["line"], f"{flag['id']!r} rests on unknown source {unknown!r}; mend it.")


def claims(library: Library) -> Iterator[Finding]:
    """Every claim is carried by an article; one that must be corrected says how, and how visitors ask about it."""
    path = library.folder / "claims.yaml"
    placed = {claim for page in library.pages for claim in page.front.claims}
    for page in library.pages:
        for unknown in sorted(set(page.front.claims) - library.claims.keys()):
            line = front_matter_lines(page.source)["claims"]
            yield page.at(line, f"claim {unknown!r} is unknown; add it to {path.name} or mend the id.")
    for claim in library.claims.values():
        for problem in _problems(library, claim, placed):
            yield Finding(path, find_line(path, f"- id: {claim.id}"), f"{claim.id!r} {problem}")
    path = library.folder / "conflicts.yaml"
    for conflict in library.conflicts:
        for unknown in sorted(set(conflict.claims) - library.claims.keys()):
            yield Finding(path, find_line(path, conflict.question), f"claim {unknown!r} is unknown; mend the id.")


def links(library: Library) -> Iterator[Finding]:
    """Every article and section that a flag, a conflict or an article names is there."""
    places = {page.article.slug for page in library.pages}
    places |= {f"{page.article.slug}#{b.anchor}" for page in library.pages for b in page.article.blocks if b.anchor}
    for flag in library.flags:
        if (place := f"{flag['article']}#{flag['section']}") not in places:
            yield Finding(flag["path"], flag["line"], f"{flag['id']!r} quotes {place}, which is not there; mend it.")
    path = library.folder / "conflicts.yaml"
    for conflict in library.conflicts:
        for place in sorted(set(conflict.told_in) - places):
            yield Finding(path, find_line(path, conflict.question), f"{place} is not there; name a section that is.")
    for page in library.pages:
        for number, line in page.body():
            for target in _LINK.findall(line):
                if target.removeprefix("/articles/") not in places:
                    yield page.at(number, f"the link to {target} is dead; link to /articles/slug#anchor.")


def _graded_sections(page: Page) -> Iterator[Finding]:
    headings = [block for block in page.article.blocks if block.kind is Kind.HEADING]
    ends = [*(block.start for block in headings[1:]), len(page.article.text) + 1]
    for heading, end in zip(headings, ends, strict=True):
        if heading.evidence in ("well", "some") and not page.article.sources_of(heading.end, end):
            problem = f"evidence={heading.evidence}, yet no source is cited; cite one or grade it practice or none"
            yield page.at(heading.line, f"{problem}.")


def _doubtful(library: Library, page: Page, unit: Unit) -> Iterator[Finding]:
    text = page.article.text[unit.start : unit.end]
    line = page.line_of(unit.start)
    for source in page.article.sources_of(unit.start, unit.end):
        if source in library.sources and library.sources[source].uncertain and not _HEDGED.search(text):
            yield page.at(line, f"{source!r} was not read in the original; say that this is uncertain: {text[:50]}…")
    if _PRICE.search(text) and not _DATED.search(_introduction(page, unit) + text):
        yield page.at(line, f"a price without its year; add it: {text[:50]}…")


def _introduction(page: Page, unit: Unit) -> str:
    """The paragraph in front of a list item's list; empty for a sentence."""
    if unit.kind is Kind.PARAGRAPH:
        return ""
    before = [block for block in page.article.blocks[: unit.block] if block.kind is Kind.PARAGRAPH]
    return page.article.text[before[-1].start : before[-1].end] if before else ""


def _problems(library: Library, claim: Claim, placed: set[str]) -> Iterator[str]:
    if claim.id not in placed:
        yield "is in no article; carry or correct it in one, and list it there."
    if claim.evidence in CORRECTED and not (claim.hold and claim.asked):
        yield f"is {claim.evidence}; say in `hold` what we hold and in `asked` how visitors ask about it."
    for unknown in sorted(set(claim.sources) - library.sources.keys()):
        yield f"rests on unknown source {unknown!r}; mend the id or add the source."
