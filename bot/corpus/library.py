"""Everything that stands in corpus/, read and held to its schema; whatever is wrong with it is a finding."""

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from bot.errors import CorpusError
from bot.guard.examples import Example, read_examples
from bot.retrieval.articles import Article
from bot.retrieval.formats import QUESTIONS, UNCOVERED, read_file, read_uncovered

T = TypeVar("T")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Evidence = Literal["well", "some", "none", "practice"]  # of a section
Grade = Literal["supported", "plausible", "weak", "disputed", "false", "unsafe"]  # of a claim
CORRECTED: tuple[Grade, ...] = ("disputed", "false", "unsafe")  # grades that an article carries only as a correction


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FrontMatter(_Entry):
    """What an article says about itself."""

    slug: Text
    title: Text
    summary: Text
    questions: tuple[Text, ...] = Field(min_length=3)
    ask_first: Text
    sources: tuple[Text, ...]
    claims: tuple[Text, ...]
    reviewed: datetime.date


class Source(_Entry):
    """Something an article or a red flag rests on."""

    title: Text
    by: Text
    year: int = Field(ge=1900, le=2100)
    ref: Annotated[str, StringConstraints(pattern=r"^(doi:10\.|https://)\S+$")]
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
    kind: Text
    uncertain: bool = False  # not read in the original: a sentence that rests on it says so


class Claim(_Entry):
    """Something people say about back massage."""

    id: Text
    topic: Text
    statement: Text
    evidence: Grade
    sources: tuple[Text, ...] = ()
    hold: str = ""  # what the articles say instead
    asked: str = ""  # how a visitor asks about it


class Conflict(_Entry):
    """Common advice that pulls two ways."""

    question: Text
    claims: tuple[Text, ...] = Field(min_length=2)
    hold: Text
    told_in: tuple[Text, ...] = Field(min_length=1)  # article#anchor


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to put right: where, what, and what to do about it."""

    path: Path
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.problem}"


@dataclass(frozen=True)
class Page:
    """An article beside the file it was read from."""

    path: Path
    source: str  # the file as it stands
    front: FrontMatter
    article: Article

    @cached_property
    def cited(self) -> frozenset[str]:
        """Ids of the sources its sentences cite."""
        return frozenset(source for mark in self.article.marks for source in mark.sources)

    def at(self, line: int, problem: str) -> Finding:
        """A finding in this file."""
        return Finding(self.path, line, problem)

    def line_of(self, position: int) -> int:
        """The line of the file where the block at this offset of the article's text stands."""
        lines = [block.line for block in self.article.blocks if block.start <= position]
        return lines[-1] if lines else 1

    def body(self) -> Iterator[tuple[int, str]]:
        """(number, line) of every line below the front matter."""
        lines = self.source.split("\n")
        first = lines.index("---", 1) + 1
        yield from enumerate(lines[first:], first + 1)


@dataclass(frozen=True)
class Library:
    """The corpus folder as it stands."""

    folder: Path
    pages: tuple[Page, ...]
    sources: dict[str, Source]
    claims: dict[str, Claim]
    conflicts: tuple[Conflict, ...]
    uncovered: tuple[str, ...]  # questions that no article answers
    messages: tuple[Example, ...]  # that the guard is trained on
    faults: tuple[Finding, ...]  # what could not be read, or not as its schema asks

    @cached_property
    def by_slug(self) -> dict[str, Page]:
        """Every page by its article's slug."""
        return {page.article.slug: page for page in self.pages}

    @cached_property
    def flags(self) -> tuple[dict[str, Any], ...]:
        """Entries of the red-flag files, each with the path and line where it stands."""
        return tuple(_flag_entries(self.folder / "red_flags"))


def read_library(folder: Path, articles: Path | None = None) -> Library:
    """Reads every file of the corpus, or with `articles` from that folder instead of its own.

    Nothing is raised for what is wrong in a file: it is among the `faults`.
    """
    articles = articles or folder / "articles"
    faults: list[Finding] = []
    sources = _read(folder / "sources.yaml", dict[str, Source], {}, faults)
    claims = _read(folder / "claims.yaml", tuple[Claim, ...], (), faults)
    conflicts = _read(folder / "conflicts.yaml", tuple[Conflict, ...], (), faults)
    pages = []
    for path in sorted(articles.glob("*.md")):
        page = read_page(path, faults)
        if page:
            pages.append(page)
    try:
        uncovered = read_uncovered(articles)
    except CorpusError as error:
        uncovered = ()
        faults.append(Finding(articles / UNCOVERED, 1, str(error)))
    messages: list[Example] = []
    try:
        messages = read_examples(folder / "red_flags" / "examples")
    except CorpusError as error:
        faults.append(Finding(folder / "red_flags" / "examples", 1, str(error)))
    by_id = {claim.id: claim for claim in claims}
    return Library(folder, tuple(pages), sources, by_id, conflicts, uncovered, tuple(messages), tuple(faults))


def front_matter_lines(source: str) -> dict[str, int]:
    """The line of each field of the front matter."""
    lines = source.split("\n")
    return {line.split(":")[0]: number for number, line in enumerate(lines, 1) if re.match(r"[a-z_]+:", line)}


def find_line(path: Path, words: str) -> int:
    """The first line of the file that holds these words; 1 where none does."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return 1
    return next((number for number, line in enumerate(lines, 1) if words in line), 1)


def read_page(path: Path, faults: list[Finding]) -> Page | None:
    """The page in that file; None where it cannot be one, which is then among the `faults`."""
    try:
        article = read_file(path)
        source = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        head = re.match(r"---\n(.*?)\n---\n", source, re.DOTALL)
        fields = yaml.safe_load(head.group(1)) if head else None
        front = FrontMatter.model_validate(fields if isinstance(fields, dict) else {})
    except ValidationError as error:
        lines = front_matter_lines(path.read_text(encoding="utf-8"))
        for problem in error.errors():
            field = str(problem["loc"][0])
            advice = "see corpus/README.md for the fields"
            faults.append(Finding(path, lines.get(field, 1), f"front matter, {field}: {_said(problem)}; {advice}."))
        return None
    except (CorpusError, OSError, UnicodeDecodeError) as error:
        faults.append(Finding(_questions_or(path, error), 1, str(error)))
        return None
    return Page(path, source, front, article)


def _questions_or(path: Path, error: Exception) -> Path:
    beside = path.with_suffix(QUESTIONS)
    return beside if str(beside) in str(error) else path


def _read(path: Path, kind: type[T], empty: T, faults: list[Finding]) -> T:
    try:
        # By way of JSON, so that YAML's own types (dates, tuples) meet one schema.
        rows = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return TypeAdapter(kind).validate_json(json.dumps(rows, default=str))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Finding(path, 1, f"cannot be read ({error}); put the file back."))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.append(Finding(path, mark.line + 1 if mark else 1, "is not valid YAML here; mend the line."))
    except ValidationError as error:
        for problem in error.errors():
            row = _row(rows, problem["loc"])
            where = ".".join(str(part) for part in problem["loc"])
            faults.append(Finding(path, find_line(path, row), f"{where}: {_said(problem)}; mend the entry."))
    return empty


def _row(rows: Any, loc: tuple[int | str, ...]) -> str:
    """Words by which the entry can be found in its file."""
    first = loc[0] if loc else ""
    if isinstance(rows, list) and isinstance(first, int) and isinstance(rows[first], dict):
        return str(next(iter(rows[first].values()), ""))
    return f"{first}:"


def _said(problem: Any) -> str:
    return "is missing" if problem["type"] == "missing" else str(problem["msg"]).lower()


def _flag_entries(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.yaml")):
        rows = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and "article" in row:
                yield {**row, "path": path, "line": find_line(path, f"- id: {row['id']}")}
