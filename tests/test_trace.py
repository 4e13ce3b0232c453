"""What a trace holds of a reply, and that the reply is the same with and without."""

import dataclasses

import pytest

from bot.answering.draft import Line, unescape
from bot.answering.trace import Trace
from bot.chat import ANSWER, BESIDE, Bot, Turn
from bot.errors import SettingsError
from tests.test_outgoing import UNSAFE

DAILY = "Is it good to massage your back daily?"
NUMB = "my left foot has been tingling since the massage"


def traced(bot: Bot, *messages: str) -> tuple[Turn, Trace]:
    turns: list[Turn] = []
    for message in messages:
        trace = Trace()
        turns.append(bot.reply(message, turns, trace=trace))
    return turns[-1], trace


def whys(trace: Trace, what: str) -> list[str]:
    return [out.why for out in trace.dropped if out.text == what]


@pytest.mark.parametrize("message", [DAILY, "How do I give a back massage?", NUMB, "What is the capital of France?"])
def test_a_reply_is_the_same_with_a_trace(bot: Bot, message: str) -> None:
    turn, trace = traced(bot, message)
    plain = bot.reply(message).reply
    assert (turn.reply.answer, turn.reply.citations) == (plain.answer, plain.citations)
    assert trace.verdict
    assert trace.verdict.flags == plain.flags
    assert trace.ranked
    assert [hit.rank for hit in trace.ranked.hits[: len(plain.passages)]] == [p.rank for p in plain.passages]


def test_every_sentence_that_was_read_is_said_or_left_out_with_a_reason(bot: Bot) -> None:
    _, trace = traced(bot, DAILY)
    read = {(unit.article.slug, unit.unit.start) for unit in trace.considered}
    said = {(line.span.article.slug, line.span.start) for line in trace.lines if line.span}
    left = {(out.span.article.slug, out.span.start) for out in trace.dropped if out.span}
    assert read == said | left
    assert not said & left


def test_why_there_is_no_answer(bot: Bot) -> None:
    _, trace = traced(bot, "What is the capital of France?")
    [why] = whys(trace, ANSWER)
    assert why.endswith("is below 0.50")
    _, trace = traced(bot, NUMB)
    assert whys(trace, ANSWER) == ["a red flag outranks every answer"]
    _, trace = traced(bot, NUMB, "What is the capital of France?")
    assert len(whys(trace, BESIDE)) == 1


def test_a_line_that_could_hurt_is_left_out_by_name(bot: Bot) -> None:
    claim = next(text for id, text in UNSAFE if id in bot.outgoing.unsafe(text))

    def hostile(found, retriever, limit, trace):
        return [Line(claim, None), Line("Ten minutes are enough.", None)]

    _, trace = traced(dataclasses.replace(bot, write=hostile), DAILY)
    [why] = whys(trace, claim)
    assert "could hurt somebody" in why
    assert [unescape(line.text) for line in trace.lines] == ["Ten minutes are enough."]


def test_a_tuned_bot_is_another_one(bot: Bot) -> None:
    short = bot.tuned({"answer_sentences": 1, "lexical_weight": 1.0, "region": "gb"})
    assert len(short.reply(DAILY).reply.citations) == 1
    assert short.retriever.weights.lexical == 1
    assert short.settings.region == bot.settings.region, "nothing but what can be tried"
    assert len(bot.reply(DAILY).reply.citations) > 1
    with pytest.raises(SettingsError, match="BOT_CANDIDATES is 1"):
        bot.tuned({"candidates": 1})
