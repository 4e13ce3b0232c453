"""A conversation after a flag: the deciding question, its answer, why, something else, and a restart in between."""

import json

import pytest

from bot.chat import Bot, Turn
from bot.guard.flags import RedFlags
from bot.guard.guard import Guard, Memory
from bot.reply import Route

NUMB = "my left foot is numb"
BONES = "is a massage gun fine with osteoporosis?"


def converse(bot: Bot, *messages: str) -> list[Turn]:
    history: list[Turn] = []
    for message in messages:
        history.append(bot.reply(message, history))
    return history


def last(bot: Bot, *messages: str) -> Turn:
    return converse(bot, *messages)[-1]


# --- The deciding question --------------------------------------------------------------------------------------------


def test_a_lone_weak_flag_is_asked_about(guard: Guard) -> None:
    verdict = guard.check([NUMB])
    assert verdict.route is Route.PROFESSIONAL
    assert verdict.question
    assert verdict.question.raises == "saddle-numbness"
    assert verdict.memory.asked == "saddle-numbness"


@pytest.mark.parametrize(
    "answer",
    ["yes", "Yeah, a bit", "yep", "I think so", "not sure", "maybe", "sometimes", "it is", "now that you mention it"],
)
def test_a_yes_and_a_doubt_raise_what_was_asked_about(guard: Guard, answer: str) -> None:
    verdict = guard.check([NUMB, answer])
    assert verdict.route is Route.EMERGENCY
    assert verdict.flags[0].id == "saddle-numbness"
    assert (verdict.flags[0].text, verdict.flags[0].turn) == (answer, 1)


@pytest.mark.parametrize(
    "answer",
    ["no", "nope, only the foot", "No, not there", "it is not", "it's nothing, just tell me how", "which oil is best?"],
)
def test_anything_else_leaves_the_flag_as_it_was(guard: Guard, answer: str) -> None:
    verdict = guard.check([NUMB, answer])
    assert (verdict.route, [flag.id for flag in verdict.flags]) == (Route.PROFESSIONAL, ["numbness"])


def test_a_question_is_put_once_and_a_late_yes_means_nothing(guard: Guard) -> None:
    verdict = guard.check([NUMB, "no", "still numb in that foot, by the way", "yes please"])
    assert verdict.question is None
    assert verdict.route is Route.PROFESSIONAL


def test_what_was_denied_is_not_asked_about(guard: Guard) -> None:
    assert guard.check(["no numbness between my legs", NUMB]).question is None


def test_an_arm_is_asked_about_otherwise_than_a_leg(guard: Guard) -> None:
    arm, leg = (guard.check([f"my left {limb} is numb"]).question for limb in ("hand", "foot"))
    assert arm
    assert leg
    assert (arm.raises, leg.raises) == ("stroke-signs", "saddle-numbness")


def test_a_condition_is_asked_about_only_where_it_stands_alone(guard: Guard) -> None:
    assert guard.check([BONES]).question
    assert guard.check([BONES + " I am pregnant too."]).question is None
    assert guard.check([BONES, "yes"]).route is Route.PROFESSIONAL


def test_every_question_leads_to_a_severer_flag_and_holds_a_question(red_flags: RedFlags) -> None:
    asking = [(flag, question) for flag in red_flags.flags.values() for question in flag.questions]
    assert len(asking) >= 25
    for flag, question in asking:
        assert red_flags.flags[question.raises].route.severity > flag.route.severity
        assert question.ask.endswith("?")


def test_the_reply_puts_the_question_and_says_what_a_yes_means(bot: Bot) -> None:
    reply = last(bot, NUMB).reply
    assert "between the legs or around the back passage?" in reply.answer
    assert "If the answer is yes, or you are not sure, call" in reply.answer


# --- After a referral -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["why?", "But why", "how do you know that?", "is it serious?", "what makes you say so"])
def test_the_reason_is_told_with_the_words_and_the_source(bot: Bot, why: str) -> None:
    reply = last(bot, NUMB, why).reply
    assert reply.route is Route.PROFESSIONAL
    assert "foot is numb" in reply.answer
    assert reply.citations
    assert reply.citations[0].article == bot.guard.red_flags.flags["numbness"].article


def test_something_else_is_answered_beside_the_referral(bot: Bot) -> None:
    reply = last(bot, NUMB, "How much does a massage cost?").reply
    assert reply.route is Route.PROFESSIONAL
    assert "What I said stays true" in reply.answer
    assert any(citation.article == "cost-insurance-and-tipping" for citation in reply.citations)


@pytest.mark.parametrize(
    "message",
    ["How do I knead the lower back?", "it's nothing, just tell me the best strokes", "how do I use a foam roller?"],
)
def test_techniques_are_not(bot: Bot, message: str) -> None:
    reply = last(bot, NUMB, message).reply
    assert reply.route is Route.PROFESSIONAL
    assert not bot.outgoing.technique(reply.answer)
    assert "On what you asked besides" not in reply.answer


def test_the_full_referral_is_given_once_and_again_for_a_graver_sign(bot: Bot) -> None:
    first, second, third = converse(bot, NUMB, "ok", "and I can't hold my pee since this morning")
    assert len(second.reply.answer) < len(first.reply.answer)
    assert third.reply.route is Route.EMERGENCY
    assert "Please get emergency help now" in third.reply.answer


def test_a_denial_ends_the_referral(bot: Bot) -> None:
    reply = last(bot, NUMB, "Sorry, my foot is not numb. How often should I have a massage?").reply
    assert reply.route is Route.ANSWER


# --- A restart in between ---------------------------------------------------------------------------------------------


def test_a_conversation_goes_on_from_what_was_written_down(guard: Guard) -> None:
    memory = guard.check(["My left leg"]).memory
    again = Memory.model_validate_json(memory.model_dump_json())
    assert guard.hear("it keeps going to sleep", again).route is Route.PROFESSIONAL
    asked = Memory.model_validate_json(guard.check([NUMB]).memory.model_dump_json())
    assert guard.hear("yes", asked).route is Route.EMERGENCY


def test_what_is_written_down_holds_no_word_of_the_visitor(guard: Guard) -> None:
    message = "my xylophone foot is numb and my brother Balthazar cannot pee"
    written = guard.check([message]).memory.model_dump_json()
    assert "xylophone" not in written
    assert "Balthazar" not in written
    values = {value for row in json.loads(written)["present"] for value in row.values()}
    assert values.isdisjoint({"numb", "foot", "pee", message})


def test_a_flag_that_was_renamed_meanwhile_still_refers(guard: Guard) -> None:
    written = guard.check([NUMB]).memory.model_dump_json().replace('"numbness"', '"former-name"')
    assert guard.hear("how much is a massage?", Memory.model_validate_json(written)).route is Route.PROFESSIONAL


def test_the_bot_goes_on_without_its_history(bot: Bot) -> None:
    before = last(bot, NUMB)
    reply = bot.reply("How do I knead the lower back?", (), before.memory).reply
    assert reply.route is Route.PROFESSIONAL
    assert reply.flags[0].turn == 0


def test_a_doubt_about_one_message_stays(guard: Guard) -> None:
    verdict = guard.hear("how much is a massage?", Memory(turns=1).unchecked())
    assert verdict.route is Route.PROFESSIONAL
    assert verdict.flags[0].found_by == "fallback"
