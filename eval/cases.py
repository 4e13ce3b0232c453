"""Reviewed cases into a question file: checked, no duplicate, nothing half-written."""

from collections.abc import Sequence
from pathlib import Path

from eval.questions import Question, QuestionError, problems, read_questions


def add_cases(cases: Path, file: Path, texts: dict[str, str]) -> list[Question]:
    """Appends every case of one JSON-lines file to another; `texts` are the articles by slug.

    Raises QuestionError where a case is wrong or is in the file already; then nothing is written.
    """
    new = read_questions(cases)
    known = read_questions(file) if file.exists() else []
    ids = {question.id for question in known}
    asked = {_spoken(question): question.id for question in known}
    for question in new:
        if question.id in ids:
            raise QuestionError(f"{cases}: id {question.id!r} is in {file} already; give the case another id.")
        if twin := asked.get(_spoken(question)):
            raise QuestionError(f"{cases}: {question.id!r} asks what {twin!r} of {file} asks; drop one of them.")
        if found := list(problems(question, texts)):
            raise QuestionError(f"{cases}: {question.id!r}: {found[0]}")
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    draft = file.with_name(file.name + ".new")
    draft.write_text(before + "".join(_line(question) for question in new), encoding="utf-8")
    draft.replace(file)
    return new


def _spoken(question: Question) -> Sequence[str]:
    return tuple(" ".join(turn.casefold().split()) for turn in question.turns)


def _line(question: Question) -> str:
    return question.model_dump_json(exclude_defaults=True) + "\n"
