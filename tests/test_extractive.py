"""The shape of extractive answers over the shipped articles."""

import re

import pytest

from bot.chat import Bot


@pytest.mark.parametrize(
    "question", ["How do I give a back massage?", "how do I give my partner a back massage", "steps of a back massage"]
)
def test_who_asks_how_gets_every_step_in_order(bot: Bot, question: str) -> None:
    reply = bot.reply(question).reply
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", reply.answer, re.MULTILINE)]
    assert numbers == list(range(1, 10))  # the article has nine
    assert {citation.article for citation in reply.citations} == {"give-a-back-massage"}


def test_who_does_not_ask_how_gets_no_steps(bot: Bot) -> None:
    assert not re.search(r"^\d+\. ", bot.reply("Does massage help back pain?").reply.answer, re.MULTILINE)


def test_the_answer_comes_first(bot: Bot) -> None:
    answer = bot.reply("Does massage release toxins?").reply.answer
    assert answer.startswith("**No.** Massage does not release toxins")


def test_on_a_condition_the_answer_is_about_that_condition(bot: Bot) -> None:
    """ "Stroke" is also a word of massage; the classic strokes are no answer here."""
    reply = bot.reply("My mum had a stroke last year, is a back massage ok for her?").reply
    assert {citation.article for citation in reply.citations} == {"massage-with-a-health-condition"}
