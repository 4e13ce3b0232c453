"""What the corpus covers: articles, claims, sources and questions, and whatever has no place."""

from collections.abc import Iterator, Sequence

from bot.corpus.language import reading_grade
from bot.corpus.library import CORRECTED, Library, Page
from bot.corpus.messages import variety
from bot.retrieval.articles import Kind

Row = Sequence[object]


def report(library: Library) -> str:
    """Markdown: the table of articles, where each correction and conflict is told, and what is unplaced."""
    return "\n".join(_lines(library)) + "\n"


def unplaced(library: Library) -> dict[str, list[str]]:
    """Ids of claims, sources and conflicts that no article carries."""
    claimed = {claim for page in library.pages for claim in page.front.claims}
    cited = {source for page in library.pages for source in page.front.sources}
    cited |= {flag["source"] for flag in library.flags}
    return {
        "claims": sorted(library.claims.keys() - claimed),
        "sources": sorted(library.sources.keys() - cited),
        "conflicts": sorted(conflict.question for conflict in library.conflicts if not conflict.told_in),
    }


def _lines(library: Library) -> Iterator[str]:
    yield "# What the corpus covers"
    yield ""
    yield from _table(
        ("Article", "Words", "Grade", "Sections", "Claims", "Sources", "Visitor questions"),
        [*map(_row, library.pages), _total(library)],
    )
    yield ""
    yield "## Corrections"
    yield ""
    carriers = {
        claim: [page.article.slug for page in library.pages if claim in page.front.claims] for claim in library.claims
    }
    yield from _table(
        ("Claim", "Graded", "Corrected in"),
        [
            (claim.id, claim.evidence, ", ".join(carriers[claim.id]))
            for claim in library.claims.values()
            if claim.evidence in CORRECTED
        ],
    )
    yield ""
    yield "## Where advice pulls two ways"
    yield ""
    yield from _table(("Question", "Told in"), [(c.question, ", ".join(c.told_in)) for c in library.conflicts])
    yield ""
    if library.messages:
        yield "## Messages that the guard learns from"
        yield ""
        measured = variety(library.messages)
        yield f"- {measured.messages:,} messages, {measured.near_duplicates:.2%} near-duplicates"
        yield f"- {measured.openings:.0%} open with words of their own"
        yield "- words at the 5th, 50th and 95th percentile: " + ", ".join(map(str, measured.lengths))
        yield "- kinds: " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(measured.by_kind.items()))
        yield "- flags: " + ", ".join(f"{flag} {count}" for flag, count in sorted(measured.by_flag.items()))
        yield ""
    yield "## Unplaced"
    yield ""
    for kind, ids in unplaced(library).items():
        yield f"- {kind}: {', '.join(ids) or 'none'}"


def _row(page: Page) -> Row:
    article = page.article
    sentences = [article.text[unit.start : unit.end] for unit in article.units]
    return (
        article.slug,
        sum(len(sentence.split()) for sentence in sentences),
        f"{reading_grade(sentences):.1f}",
        sum(block.kind is Kind.HEADING for block in article.blocks),
        len(page.front.claims),
        len(page.front.sources),
        sum(map(len, article.asked.values())),
    )


def _total(library: Library) -> Row:
    rows = [_row(page) for page in library.pages]
    placed = {claim for page in library.pages for claim in page.front.claims}
    cited = {source for page in library.pages for source in page.front.sources}
    return (
        f"{len(rows)} articles",
        sum(int(str(row[1])) for row in rows),
        "",
        sum(int(str(row[3])) for row in rows),
        f"{len(placed)} of {len(library.claims)}",
        f"{len(cited)} of {len(library.sources)}",
        sum(int(str(row[6])) for row in rows),
    )


def _table(head: Row, rows: Sequence[Row]) -> Iterator[str]:
    yield "| " + " | ".join(map(str, head)) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
