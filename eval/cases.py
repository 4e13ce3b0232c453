"""Reviewed cases into a question file: checked, no duplicate, nothing half-written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.questions import Question, QuestionError, problems, read_questions


def add_cases(cases: Path, file: Path, texts: Mapping[str, str]) -> list[Question]:
    """Appends every case of one JSON-lines file to another; `texts` are the articles by slug.

    Raises QuestionError where a case is wrong or is in the file already; then nothing is written.
    """
    return append(read_questions(cases), file, texts, str(cases))


def append(new: list[Question], file: Path, texts: Mapping[str, str], source: str) -> list[Question]:
    """Appends the questions to a file, which is made where it is not there. `source` names them in an error.

    Raises QuestionError as `add_cases`.
    """
    known = read_questions(file) if file.exists() else []
    ids = {question.id for question in known}
    asked = {spoken(question.turns): question.id for question in known}
    for question in new:
        if question.id in ids:
            raise QuestionError(f"{source}: id {question.id!r} is in {file} already; give the case another id.")
        if twin := asked.get(spoken(question.turns)):
            raise QuestionError(f"{source}: {question.id!r} asks what {twin!r} of {file} asks; drop one of them.")
        if found := list(problems(question, texts)):
            raise QuestionError(f"{source}: {question.id!r}: {found[0]}")
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    draft = file.with_name(file.name + ".new")
    draft.write_text(before + "".join(_line(question) for question in new), encoding="utf-8")
    draft.replace(file)
    return new


def spoken(turns: Sequence[str]) -> tuple[str, ...]:
    """The same for two conversations that differ in nothing but capitals and blanks."""
    return tuple(" ".join(turn.casefold().split()) for turn in turns)


def _line(question: Question) -> str:
    return question.model_dump_json(exclude_defaults=True) + "\n"
