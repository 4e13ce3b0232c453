"""Articles: their text, the blocks it is made of, and the units that can be quoted.

An article's `text` is what `GET /articles/{slug}.txt` serves and what every citation's offsets point into.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import sentencex


class Kind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"  # of a bullet list
    STEP = "step"  # of a numbered list


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph or one list item. The span leaves out list markers."""

    kind: Kind
    start: int
    end: int
    level: int = 0  # of a heading, 1 is the highest; 0 for the rest
    anchor: str = ""  # of a heading
    number: int = 0  # of a step
    evidence: str = ""  # of a heading: how well its section is supported (well, some, none, practice)
    line: int = 0  # of a Markdown file, from 1; 0 for the other formats


@dataclass(frozen=True)
class Unit:
    """The smallest thing that is quoted: a sentence of a paragraph, or a whole list item."""

    start: int
    end: int
    kind: Kind
    block: int  # index into Article.blocks
    number: int = 0  # of a step


@dataclass(frozen=True)
class SourceMark:
    """`sources` support the sentence that ends at or just after `position`."""

    position: int
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Article:
    """One source article. Offsets are Unicode code points into `text`."""

    slug: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    marks: tuple[SourceMark, ...] = ()
    questions: tuple[str, ...] = ()  # well-formed ones that the article says it answers; they are also suggested
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by anchor: how visitors put what it answers
    meta: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """That of its text."""
        return digest(self.text)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Every sentence and list item, in order."""
        return tuple(unit for index, block in enumerate(self.blocks) for unit in self._units_of(index, block))

    def section_at(self, position: int) -> tuple[str, str]:
        """(heading, anchor) of the section that holds `position`; the title and "" before the first heading."""
        heading = self._heading_at(position)
        return (squash(self.text[heading.start : heading.end]), heading.anchor) if heading else (self.title, "")

    def evidence_at(self, position: int) -> str:
        """How well the section that holds `position` is supported: well, some, none or practice; "" if not said."""
        heading = self._heading_at(position)
        return heading.evidence if heading else ""

    def sources_of(self, start: int, end: int) -> tuple[str, ...]:
        """Ids of the sources cited inside a span, in order, each once."""
        found = [s for mark in self.marks if start < mark.position <= end for s in mark.sources]
        return tuple(dict.fromkeys(found))

    def first_unit(self, anchor: str) -> Unit | None:
        """The first sentence of the section with that anchor; None if there is no such section."""
        for heading in self._headings:
            if heading.anchor == anchor:
                first = next((unit for unit in self.units if unit.start >= heading.end), None)
                return first if first and self.section_at(first.start)[1] == anchor else None
        return None

    def url(self, start: int, end: int) -> str:
        """Where a reader sees the span highlighted."""
        return f"/articles/{self.slug}#{span_id(start, end)}"

    def to_json(self) -> dict[str, Any]:
        """All fields as plain values; `from_json` is the way back."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Article":
        """The article that `to_json` wrote."""
        blocks = tuple(Block(**{**b, "kind": Kind(b["kind"])}) for b in body["blocks"])
        marks = tuple(SourceMark(m["position"], tuple(m["sources"])) for m in body["marks"])
        questions = {"questions": tuple(body["questions"]), "asked": {k: tuple(v) for k, v in body["asked"].items()}}
        return cls(**{**body, "blocks": blocks, "marks": marks, **questions})

    def _heading_at(self, position: int) -> Block | None:
        index = bisect_right(self._heading_starts, position) - 1
        return self._headings[index] if index >= 0 else None

    @cached_property
    def _headings(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.kind is Kind.HEADING)

    @cached_property
    def _heading_starts(self) -> tuple[int, ...]:
        return tuple(block.start for block in self._headings)

    def _units_of(self, index: int, block: Block) -> Iterator[Unit]:
        if block.kind is Kind.HEADING:
            return
        if block.kind in (Kind.ITEM, Kind.STEP):
            yield Unit(block.start, block.end, block.kind, index, block.number)
            return
        for start, end in sentence_spans(self.text[block.start : block.end]):
            yield Unit(block.start + start, block.start + end, Kind.PARAGRAPH, index)


def digest(text: str) -> str:
    """Tells two texts of an article apart: SHA-256, as hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def span_id(start: int, end: int) -> str:
    """The HTML id of a unit on its article's page."""
    return f"c{start}-{end}"


def squash(text: str) -> str:
    """The text on one line, runs of white space as one blank."""
    return " ".join(text.split())


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of every sentence, without the white space around it. A sentence never starts in lower case."""
    spans: list[tuple[int, int]] = []
    position = 0
    for piece in sentencex.segment("en", text):
        start = position + len(piece) - len(piece.lstrip())
        end = position + len(piece.rstrip())
        position += len(piece)
        if start >= end:
            continue
        if spans and _continues(text[spans[-1][0] : spans[-1][1]], text[start:end]):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


_ABBREVIATION = re.compile(r"\b(approx|e\.g|i\.e|etc|vs|no|fig|min|max|dr|mr|mrs|ms|st)\.$", re.IGNORECASE)


def _continues(before: str, after: str) -> bool:
    """True where the splitter cut inside a sentence: "approx. 3.5 hours", "U.S. spas", a lone "1."."""
    return after[0].islower() or bool(_ABBREVIATION.search(before)) or not any(c.isalpha() for c in before)
