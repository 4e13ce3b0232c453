"""The corpus check: what every article, and every message the guard learns from, is held to. It changes no file."""

from collections.abc import Iterator
from pathlib import Path

from bot.corpus import messages, references, repetition, writing
from bot.corpus.library import Finding, Library


def check(library: Library, held_out: Path) -> list[Finding]:
    """Every finding, by file and line. `held_out` is the folder of question files that must stay unseen."""
    return sorted({*library.faults, *_findings(library, held_out)})


def _findings(library: Library, held_out: Path) -> Iterator[Finding]:
    for page in library.pages:
        yield from writing.structure(page)
        yield from writing.language(page)
        yield from writing.offsets(page)
    yield from references.sources(library)
    yield from references.claims(library)
    yield from references.links(library)
    yield from repetition.duplicates(library)
    yield from repetition.copied(library)
    yield from repetition.questions(library)
    yield from repetition.held_out(library, held_out)
    routes = {flag["id"]: str(flag.get("route")) for flag in library.flags}
    yield from messages.findings(library.messages, routes, held_out)
