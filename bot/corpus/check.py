"""The corpus check: what every article, and every message the guard learns from, is held to. It changes no file."""

from collections.abc import Iterator
from pathlib import Path

from bot.corpus import messages, references, repetition, writing
from bot.corpus.library import Finding, Library, Page


def check(library: Library, held_out: Path) -> list[Finding]:
    """Every finding, by file and line. `held_out` is the folder of question files that must stay unseen."""
    return sorted({*library.faults, *_findings(library, held_out)})


def check_page(library: Library, page: Page, held_out: Path) -> list[Finding]:
    """The findings of `check` that one page of the library can have, and what is wrong between it and other files."""
    found = {*_page_findings(page), *repetition.duplicates(library, page), *between_files(library)}
    return sorted({*found, *repetition.held_out(library, held_out, page)})


def between_files(library: Library) -> list[Finding]:
    """Findings of the rules that hold the files of the corpus together; the quick ones."""
    rules = (references.sources, references.claims, references.links, repetition.copied, repetition.questions)
    return sorted(finding for rule in rules for finding in rule(library))


def _page_findings(page: Page) -> Iterator[Finding]:
    yield from writing.structure(page)
    yield from writing.language(page)
    yield from writing.offsets(page)


def _findings(library: Library, held_out: Path) -> Iterator[Finding]:
    for page in library.pages:
        yield from _page_findings(page)
    yield from between_files(library)
    yield from repetition.duplicates(library)
    yield from repetition.held_out(library, held_out)
    routes = {flag["id"]: str(flag.get("route")) for flag in library.flags}
    yield from messages.findings(library.messages, routes, held_out)
