"""The nouns that every part shares: Route, Flag, Passage, Citation, Reply."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Route(StrEnum):
    """Where a message is sent. `severity` orders them: a later one outranks an earlier one."""

    OUT_OF_SCOPE = "out_of_scope"
    ANSWER = "answer"
    CAUTION = "caution"
    PROFESSIONAL = "professional"
    EMERGENCY = "emergency"

    @property
    def severity(self) -> int:
        """0 for out_of_scope up to 4 for emergency."""
        return list(Route).index(self)

    @property
    def refers(self) -> bool:
        """True where the reply sends the visitor to somebody and must hold no technique."""
        return self in (Route.PROFESSIONAL, Route.EMERGENCY)


@dataclass(frozen=True)
class Flag:
    """One red flag or condition found in one visitor message."""

    id: str
    label: str
    route: Route
    text: str  # the words that raised it, as typed
    start: int  # code points into visitor message number `turn`
    end: int
    turn: int  # 0 is the first visitor message of the conversation
    found_by: str  # phrase | model | fallback
    source: str  # id in sources.yaml, or "convention"


@dataclass(frozen=True)
class Passage:
    """A stored chunk scored for one question. `text == article_text[start:end]`."""

    article: str
    title: str
    section: str
    text: str
    start: int
    end: int
    score: float
    rank: int  # 1 is best


@dataclass(frozen=True)
class Citation:
    """A span of an article that carries a sentence of the answer. `quote == article_text[start:end]`."""

    number: int
    article: str
    title: str
    section: str
    quote: str
    start: int
    end: int
    url: str
    sources: tuple[str, ...]
    evidence: str = ""  # for the section: well, some, none or practice; empty where the article does not say


@dataclass(frozen=True)
class Reply:
    """What one visitor message gets back; `to_json` is the shape outside programs rely on."""

    route: Route
    answer: str  # Markdown with [1] marks
    citations: tuple[Citation, ...] = ()
    flags: tuple[Flag, ...] = ()
    passages: tuple[Passage, ...] = ()
    suggestions: tuple[str, ...] = ()
    mode: str = "extractive"
    corpus_version: str = ""
    settings_hash: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    conversation_id: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, with `id` and `conversation_id` first."""
        body = asdict(self)
        head = {"id": body.pop("id"), "conversation_id": body.pop("conversation_id")}
        return {**head, **body, "timings_ms": dict(self.timings_ms)}
