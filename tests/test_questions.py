"""Question files: what is refused, and that the shipped ones are true to the articles."""

import json
from pathlib import Path

import pytest

from bot.guard.examples import EXAMPLES
from bot.retrieval.formats import read_folder
from bot.settings import SHIPPED_ARTICLES
from eval.__main__ import QUESTIONS
from eval.questions import Question, QuestionError, problems, read_questions, states

FILES = sorted(QUESTIONS.glob("*.jsonl"))
GOOD = {"id": "q1", "slice": "fact", "turns": ["How long?"], "route": ["answer"]}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "not JSON"),
        ({**GOOD, "colour": "red"}, "colour"),
        ({**GOOD, "route": ["maybe"]}, "route.0"),
        ({**GOOD, "route": []}, "route"),
        ({**GOOD, "turns": []}, "turns"),
        ({**GOOD, "turns": "How long?"}, "turns"),
        ({**GOOD, "evidence": [{"article": "a"}]}, "evidence.0.quote"),
        ({k: v for k, v in GOOD.items() if k != "slice"}, "slice"),
        (GOOD, "used twice"),
    ],
)
def test_a_wrong_line_names_file_line_and_field(tmp_path, row, said):
    path = written(tmp_path, GOOD, row)
    with pytest.raises(QuestionError, match=r"questions\.jsonl:2") as caught:
        read_questions(path)
    assert said in str(caught.value)


def test_an_empty_file_is_an_error(tmp_path):
    with pytest.raises(QuestionError, match="holds no question"):
        read_questions(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "wordings", "held"),
    [
        ("About TEN minutes", ("ten minutes",), True),
        ("About 10 minutes", ("re:\\b(ten|10) minutes?\\b",), True),
        ("About an hour", ("ten minutes", "re:\\b10\\b"), False),
    ],
)
def test_a_nugget_is_stated_in_any_of_its_wordings(text, wordings, held):
    assert states(text, wordings) is held


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_questions_quote_the_articles_and_their_evidence_states_the_nuggets(path):
    texts = {article.slug: article.text for article in read_folder(SHIPPED_ARTICLES)}
    asked = read_questions(path)
    assert [(question.id, problem) for question in asked for problem in problems(question, texts)] == []


def test_the_benchmark_is_large_enough_and_of_every_kind():
    questions = [question for name in ("dev", "test") for question in read_questions(QUESTIONS / f"{name}.jsonl")]
    assert len(questions) >= 400
    kinds = """
        fact several how-to comparison conflict myth follow-up near-out-of-scope far-out-of-scope small-talk injection
        caution red-flags emergencies look-alikes
        """.split()
    assert {question.slice for question in questions} >= set(kinds)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"evidence": [{"article": "none", "quote": "x"}]}, "there is no article 'none'"),
        ({"evidence": [{"article": "a", "quote": "Warm oil!"}]}, "a does not hold the quote 'Warm oil!'"),
        ({"evidence": [{"article": "a", "quote": "Warm oil."}], "nuggets": [["cold"]]}, "no quote states 'cold'"),
        ({"evidence": [{"article": "a", "quote": "Warm oil."}], "forbid": ["warm"]}, "a quote holds what is forbidden"),
        ({"forbid": ["re:(warm"]}, "'(warm' is no pattern"),
    ],
)
def test_what_a_question_cannot_be_judged_by_is_named(fields, said):
    found = list(problems(Question.model_validate({**GOOD, **fields}), {"a": "Use oil. Warm oil."}))
    assert len(found) == 1
    assert said in found[0]


def test_no_question_is_among_the_examples_that_the_guard_was_trained_on():
    trained = {
        turn.casefold().strip()
        for path in EXAMPLES.glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
        for turn in json.loads(line)["turns"]
    }
    asked = {turn.casefold().strip() for path in FILES for question in read_questions(path) for turn in question.turns}
    assert {turn for turn in asked & trained if len(turn.split()) > 3} == set()  # "thanks" and the like may be both
