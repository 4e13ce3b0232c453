"""Question files: one JSON object a line, checked field by field."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import UserError
from bot.reply import Route


class QuestionError(UserError):
    """A question file that cannot be used; names file, line and field."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Strict):
    """A quote that answers the question."""

    article: str
    quote: str


class Question(_Strict):
    """One case. The last of `turns` is judged."""

    id: str
    slice: str
    turns: tuple[str, ...] = Field(min_length=1)
    route: tuple[Route, ...] = Field(min_length=1)  # any of these is right
    evidence: tuple[Evidence, ...] = ()
    all_evidence: bool = False  # every quote is needed, not any one
    nuggets: tuple[tuple[str, ...], ...] = ()  # facts, each by several wordings or `re:` patterns
    forbid: tuple[str, ...] = ()  # wordings or patterns that must not appear
    note: str = ""


def read_questions(path: Path) -> list[Question]:
    """Every question of the file, in order. Raises QuestionError at the first line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path} cannot be read as UTF-8 text ({error}).") from error
    questions: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate(json.loads(line))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "the line"
            raise QuestionError(f"{path}:{number}: {field}: {first['msg'].lower()}.") from error
        except ValueError as error:
            raise QuestionError(f"{path}:{number}: not JSON; each line holds one question.") from error
        if question.id in questions:
            raise QuestionError(f"{path}:{number}: id: {question.id!r} is used twice.")
        questions[question.id] = question
    if not questions:
        raise QuestionError(f"{path} holds no question.")
    return list(questions.values())


def held_out(path: Path) -> bool:
    """True for a file that is kept for the last test, whose questions nobody should see who works on the bot."""
    return "test" in path.stem


def problems(question: Question, texts: Mapping[str, str]) -> Iterator[str]:
    """What makes the question unfit to judge by: quotes no article holds, facts its own evidence does not state."""
    for pattern in [
        w[3:] for w in (*question.forbid, *(w for n in question.nuggets for w in n)) if w.startswith("re:")
    ]:
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{pattern!r} is no pattern ({error}); mend it."
            return
    for evidence in question.evidence:
        if evidence.article not in texts:
            yield f"there is no article {evidence.article!r}; name one that is there."
        elif evidence.quote not in texts[evidence.article]:
            yield f"{evidence.article} does not hold the quote {evidence.quote[:60]!r}…; copy it to the letter."
    quotes = "\n".join(evidence.quote for evidence in question.evidence)
    for nugget in question.nuggets if question.evidence else ():
        if not states(quotes, nugget):
            yield f"no quote states {' or '.join(nugget)!r}; add the evidence or mend the wording."
    if question.forbid and states(quotes, question.forbid):
        yield "a quote holds what is forbidden; mend one of them."


def states(text: str, wordings: tuple[str, ...]) -> bool:
    """True if the text, case ignored, holds one of the wordings; `re:` opens a pattern."""
    lowered = text.lower()
    return any(re.search(w[3:], lowered) is not None if w.startswith("re:") else w in lowered for w in wordings)
