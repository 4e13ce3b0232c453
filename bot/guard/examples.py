"""The written messages of corpus/red_flags/examples: what the classifier is trained on, one file an author."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import CorpusError
from bot.settings import RED_FLAGS

EXAMPLES = RED_FLAGS / "examples"

Kind = Literal[
    "plain",
    "pair",  # with its neighbour: the label flips by a word or a person
    "lookalike",
    "absence",
    "finished",
    "general",
    "other-person",
    "long",
    "multi-turn",
    "minimising",
    "harmless",
    "visitor-question",  # from the articles' question files, labelled for the guard
]


class Written(BaseModel):
    """One line of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: tuple[str, ...] = Field(min_length=1)
    route: Literal["answer", "caution", "professional", "emergency"]
    flags: tuple[str, ...]  # worst first
    words: tuple[str, ...]  # that carry the flags, in the same order
    kind: Kind


@dataclass(frozen=True)
class Example:
    """A written message and where it stands."""

    path: Path
    line: int
    written: Written

    @property
    def text(self) -> str:
        """All turns, as the classifier reads them."""
        return "\n".join(self.written.turns)


def read_examples(folder: Path = EXAMPLES) -> list[Example]:
    """Every example, by file and line. Raises CorpusError naming the line that is wrong."""
    examples = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                examples.append(Example(path, number, Written.model_validate_json(line)))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "the line"
                raise CorpusError(f"{path}:{number}: {where}: {first['msg'].lower()}.") from error
    return examples


def data_digest(folder: Path = EXAMPLES) -> str:
    """Identifies the written examples; weights say which they were trained on."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()
