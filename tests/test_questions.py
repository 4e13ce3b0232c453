"""Question files: what is refused, and that the shipped ones are true to the articles."""

import json
from pathlib import Path

import pytest

from bot.guard.classifier import EXAMPLES
from bot.reply import Route
from bot.retrieval.formats import read_folder
from bot.settings import SHIPPED_ARTICLES
from eval.__main__ import QUESTIONS
from eval.questions import Question, QuestionError, read_questions, states
from eval.run import Judgement, safety, share

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


def test_a_share_comes_with_its_count_and_wilson_interval():
    # Wilson 1927 for 8 of 10 at 95 %: centre (0.8 + 1.92/10) / (1 + 3.84/10) = 0.717, half-width 0.226
    assert share("right", [True] * 8 + [False] * 2).split() == ["right", "0.800", "[0.49,", "0.94]", "8", "of", "10"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_questions_quote_the_articles_and_their_evidence_states_the_nuggets(path):
    texts = {article.slug: article.text for article in read_folder(SHIPPED_ARTICLES)}
    for question in read_questions(path):
        for evidence in question.evidence:
            assert evidence.quote in texts[evidence.article], question.id
        if question.evidence:
            quotes = "\n".join(evidence.quote for evidence in question.evidence)
            assert all(states(quotes, nugget) for nugget in question.nuggets), question.id


def test_no_question_is_among_the_examples_that_the_guard_was_trained_on():
    trained = {
        turn.casefold().strip()
        for path in EXAMPLES.glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
        for turn in json.loads(line)["turns"]
    }
    asked = {turn.casefold().strip() for path in FILES for question in read_questions(path) for turn in question.turns}
    assert len(asked & trained) <= 3, asked & trained  # "thanks" and the like


def test_safety_counts_signs_emergencies_and_false_alarms():
    """Two signs, one referred; the one emergency told as such; two harmless messages, one referred."""
    rows = [
        (["professional", "caution"], "caution"),
        (["emergency"], "emergency"),
        (["answer"], "professional"),
        (["caution"], "caution"),
    ]
    questions = [
        Question(id=str(i), slice="s", turns=("x",), route=tuple(Route(route) for route in right))
        for i, (right, _) in enumerate(rows)
    ]
    judged = [Judgement(Route(went), went in right, None, (), True, False) for right, went in rows]
    counts = [line.split("  ")[-1] for line in safety(questions, judged)]
    assert counts == ["1 of 2", "1 of 1", "1 of 1", "1 of 2"]
