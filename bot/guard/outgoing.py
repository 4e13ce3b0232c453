"""The last look at what is about to be sent, whoever wrote it: no technique beside a referral, no unsafe advice ever.

Both are recognized by what is spoken of together (corpus/outgoing.yaml), with no warning beside it. That holds back
more than it must: a harmless sentence lost costs less than a harmful one sent.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import CorpusError
from bot.guard.phrases import Compiler, PhraseBook
from bot.guard.words import Clause, clauses
from bot.settings import OUTGOING

WARNING = "warning"  # makes a warning of a technique or a claim
OBJECTION = "objection"  # does so with a claim alone
ENCOURAGEMENT = "encouragement"  # opens with the word of a warning and is none

Sets = tuple[frozenset[str], ...]  # of word classes; each set is met where all of it is spoken of


class _File(BaseModel):
    """The shape of outgoing.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: Mapping[str, Sequence[str]]
    techniques: Sets
    unsafe: Mapping[str, Sets]  # by id of the claim in claims.yaml
    warnings: tuple[str, ...]
    objections: tuple[str, ...]
    encouragements: tuple[str, ...]


@dataclass(frozen=True)
class Outgoing:
    """Knows an instruction to massage, and the unsafe claims of claims.yaml, when it reads one."""

    techniques: Sets
    claims: Mapping[str, Sets]
    subjects: PhraseBook  # ids are word classes
    tone: PhraseBook  # ids are the three above

    def technique(self, text: str) -> bool:
        """True where a clause of the text tells how to massage."""
        return any(
            _met(self.techniques, self._subjects(clause)) and not self._warns(clause) for clause in clauses(text)
        )

    @cached_property
    def unsafe(self) -> Callable[[str], frozenset[str]]:
        """Ids of the unsafe claims that a text puts forward. One that it warns against or doubts is none."""
        return lru_cache(maxsize=10_000)(self._unsafe)  # the sentences of articles come again and again

    def _unsafe(self, text: str) -> frozenset[str]:
        parts = clauses(text)
        spoken_of = {subject for clause in parts for subject in self._subjects(clause)}
        put_forward = frozenset(id for id, sets in self.claims.items() if _met(sets, spoken_of))
        return frozenset() if put_forward and any(self._warns(part, OBJECTION) for part in parts) else put_forward

    def _subjects(self, clause: Clause) -> set[str]:
        return {subject for subject, _, _ in self.subjects.matches(clause)}

    def _warns(self, clause: Clause, *more: str) -> bool:
        tones = list(self.tone.matches(clause))
        cheering = {at for tone, first, last in tones if tone == ENCOURAGEMENT for at in range(first, last + 1)}
        return any(tone in (WARNING, *more) and first not in cheering for tone, first, _ in tones)


def load_outgoing(path: Path = OUTGOING) -> Outgoing:
    """Reads and compiles the file. Raises CorpusError naming it."""
    try:
        content = _File.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise CorpusError(f"{path} cannot be used: {' '.join(str(error).split())[:300]}") from error
    used = {name for sets in (content.techniques, *content.unsafe.values()) for names in sets for name in names}
    if unknown := sorted(used - set(content.words)):
        raise CorpusError(f"{path}: {unknown[0]!r} is no word class of the file; add it under `words`.")
    compiler = Compiler(content.words)
    tones = {WARNING: content.warnings, OBJECTION: content.objections, ENCOURAGEMENT: content.encouragements}
    return Outgoing(
        techniques=content.techniques,
        claims=content.unsafe,
        subjects=PhraseBook([(name, compiler.compile(f"{{{name}}}")) for name in sorted(used)]),
        tone=PhraseBook([(tone, compiler.compile(phrase)) for tone, phrases in tones.items() for phrase in phrases]),
    )


def _met(sets: Sets, spoken_of: Collection[str]) -> bool:
    return any(names.issubset(spoken_of) for names in sets)
