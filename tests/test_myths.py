"""Myths in a folder that nobody here has reviewed are followed by what the reviewed library holds."""

from pathlib import Path

import pytest

from bot.answering.myths import PREFACE
from bot.chat import Bot, load_bot
from bot.reply import Reply, Route
from bot.settings import Settings

ARTICLE = """Why we love back massage

Massage releases toxins from the muscles and water then flushes them away.

Back massage lowers cortisol, the stress hormone, within minutes.

Knead the shoulders for two minutes with warm hands.

Massage does not lengthen tendons, whatever you may hear.
"""


@pytest.fixture(scope="module")
def unreviewed(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    folder = tmp_path_factory.mktemp("blog")
    (folder / "blog.txt").write_text(ARTICLE, encoding="utf-8")
    return load_bot(Settings.load(corpus=folder, data=tmp_path_factory.mktemp("data")), quiet=True)


def ask(bot: Bot, question: str) -> Reply:
    reply = bot.reply(question).reply
    assert reply.route is Route.ANSWER
    for citation in reply.citations:
        assert bot.articles[citation.article].text[citation.start : citation.end] == citation.quote
    return reply


@pytest.mark.parametrize(
    ("question", "correction"),
    [("Does massage release toxins?", "toxins"), ("Does massage lower the stress hormone cortisol?", "cortisol")],
)
def test_a_myth_is_followed_by_its_correction(unreviewed: Bot, question: str, correction: str) -> None:
    reply = ask(unreviewed, question)
    said, _, told = reply.answer.partition(PREFACE)
    assert correction in said
    assert correction in told.split("[")[0]
    assert any(citation.article not in ("blog", "") for citation in reply.citations)  # the reviewed article is cited


def test_what_is_no_myth_is_not_corrected(unreviewed: Bot) -> None:
    assert PREFACE not in ask(unreviewed, "How long should I knead the shoulders?").answer.split("Massage releases")[0]


def test_a_denial_of_a_myth_is_not_corrected(unreviewed: Bot) -> None:
    answer = ask(unreviewed, "Does massage lengthen tendons?").answer
    assert "does not lengthen tendons" in answer
    assert PREFACE not in answer.split("lengthen tendons")[1].split("\n\n")[0]


def test_the_reviewed_library_needs_no_such_thing(bot: Bot) -> None:
    assert bot.myths is None


def test_what_an_unreviewed_article_says_unsafely_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    text = "How to begin\n\nStart at the neck and press down on it with both hands.\n\nStroke the shoulders slowly.\n"
    (tmp_path / "a" / "begin.txt").write_text(text, encoding="utf-8")
    bot = load_bot(Settings.load(corpus=tmp_path / "a", data=tmp_path / "data"), quiet=True)
    answer = bot.reply("How do I start a shoulder massage?").reply.answer
    assert "press down" not in answer
    assert "Stroke the shoulders" in answer
