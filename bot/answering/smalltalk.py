"""Greetings, thanks and questions about the bot itself: short human replies without citations."""

from collections.abc import Sequence
from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict

from bot.guard.phrases import Compiler, PhraseBook
from bot.guard.words import COMMA, Clause, clauses
from bot.settings import SMALL_TALK


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    phrases: tuple[str, ...]
    reply: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: dict[str, tuple[str, ...]]
    talk: tuple[_Entry, ...]


def small_talk(message: str) -> str | None:
    """The reply if the whole message is small talk; None otherwise. Of several kinds the one listed first answers."""
    entries, book = _small_talk()
    kinds = []
    for clause in clauses(message):
        kind = _covering(clause, book)
        if kind is None:
            return None
        kinds.append(kind)
    return entries[min(kinds)].reply if kinds else None


def _covering(clause: Clause, book: PhraseBook) -> int | None:
    """The first entry among phrases that together leave no word of the clause; None if some word is left."""
    found = [(int(kind), first, last) for kind, first, last in book.matches(clause)]
    said = {i for _, first, last in found for i in range(first, last + 1)}
    left = [word for i, word in enumerate(clause.words) if i not in said and word.text not in (COMMA, "and")]
    return min((kind for kind, _, _ in found), default=None) if not left else None


@cache
def _small_talk() -> tuple[Sequence[_Entry], PhraseBook]:
    content = _File.model_validate(yaml.safe_load(SMALL_TALK.read_text(encoding="utf-8")))
    compiler = Compiler(content.words)
    phrases = [(str(kind), compiler.compile(p)) for kind, entry in enumerate(content.talk) for p in entry.phrases]
    return content.talk, PhraseBook(phrases)
