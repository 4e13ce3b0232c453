"""What a message is searched with, beside its own words."""

import pytest

from bot.answering.followup import CUED_SHARE, ECHO_SHARE, LEANING_SHARE, SHORT_SHARE, standalone
from bot.chat import Bot
from bot.retrieval.interaction import ask
from bot.retrieval.query import ALONE, Query

TOPIC = "does massage help back pain"
STROKES = (
    "There are three: [1]\n\n- Effleurage, long gliding strokes. [1]\n- Petrissage is kneading. [2] [3]\n- Tapping. [2]"
)
STEPS = "To warm the oil:\n\n1. Fill a bowl. [1]\n2. Put the bottle in. [1]"


@pytest.mark.parametrize(
    "message",
    ["how long?", "and at night?", "ok cool. and how hard", "is it safe for her?", "runners too?"],
)
def test_what_cannot_stand_alone_leans_on_the_topic(message: str) -> None:
    query = standalone(message, [TOPIC])
    assert query == Query(message, TOPIC, LEANING_SHARE, leans=True)
    assert query.question == query.whole == f"{TOPIC} {message}"


@pytest.mark.parametrize(
    "message", ["why?", "but why not", "really??", "tell me more pls", "r u sure", "what do you mean"]
)
def test_asking_for_more_of_the_same_is_searched_by_the_topic(message: str) -> None:
    assert standalone(message, [TOPIC]) == Query(message, TOPIC, ECHO_SHARE, leans=True)


@pytest.mark.parametrize(
    "message",
    [
        "sounds nice tbh, do i have to strip off at the office tho",
        "could my mother in the care home have these deep tissue ones with her osteoporosis",
    ],
)
def test_a_word_that_may_point_back_gives_the_topic_a_little_weight(message: str) -> None:
    query = standalone(message, [TOPIC])
    assert (query.topic, query.own_share, query.leans) == (TOPIC, CUED_SHARE, False)
    assert query.question == message, "words are compared with the message alone"


@pytest.mark.parametrize("message", ["on the neck", "steps", "how to get rid", "draping", "which is easiest"])
def test_a_few_words_may_be_about_the_topic_or_not(message: str) -> None:
    query = standalone(message, [TOPIC])
    assert (query.topic, query.own_share, query.leans) == (TOPIC, SHORT_SHARE, False)


def test_a_few_words_get_the_topics_answer_where_it_has_one_and_else_their_own(bot: Bot) -> None:
    guns = bot.reply("massage gun for the back")
    cited = [bot.reply(message, [guns]).reply.citations[0] for message in ("on the neck", "draping")]
    assert [citation.article for citation in cited] == ["massage-guns-and-devices", "what-happens-in-a-session"]


@pytest.mark.parametrize(
    "message", ["Is it good to massage your back daily?", "What is effleurage?", "which oil for dry skin"]
)
def test_a_whole_question_leaves_the_topic_behind(message: str) -> None:
    assert standalone(message, [TOPIC]) == Query(message, "", ALONE)


def test_without_anything_before_every_message_stands_alone() -> None:
    assert standalone("and how long?", []) == Query("and how long?")


def test_the_topic_is_what_was_said_last() -> None:
    query = standalone("and how long?", ["word " * 60, "hot stones"])
    assert query.topic.split()[-2:] == ["hot", "stones"] and len(query.topic.split()) == 40


@pytest.mark.parametrize(
    ("message", "answer", "meant"),
    [
        ("how does the second one work", STROKES, "Petrissage is kneading."),
        ("the last one?", STROKES, "Tapping."),
        ("tell me more about the 1st", STROKES, "Effleurage, long gliding strokes."),
        ("what if i skip step 2", STEPS, "Put the bottle in."),
    ],
)
def test_an_ordinal_means_an_entry_of_the_list_just_shown(message: str, answer: str, meant: str) -> None:
    query = standalone(message, [TOPIC], answer)
    assert (query.topic, query.leans) == (meant, True)


@pytest.mark.parametrize(
    ("before", "message", "meant"),
    [
        ("massage or physio, which is better for me", "what does the second one do", "physio"),
        ("hot stones vs swedish?", "is the first one safe", "hot stones"),
        ("floor, bed or wall, where do i use the ball", "the last one then", "wall"),
        ("whats better, heat, cold or a bath", "and the first one, how long", "heat"),
        ("so many on this menu: swedish, thai, hot stone", "do i undress for the second one", "thai"),
    ],
)
def test_or_of_the_alternatives_just_asked_about(before: str, message: str, meant: str) -> None:
    assert standalone(message, [before], "It depends. [1]").topic == meant


def test_or_of_those_that_the_last_reply_named() -> None:
    reply = "The classic strokes are effleurage, petrissage, friction and vibration. [1] All are gentle. [2]"
    assert standalone("the last one, how does it work", ["name the classic strokes"], reply).topic == "vibration"


@pytest.mark.parametrize("message", ["what does the fifth one do", "what happens at the first appointment"])
def test_an_ordinal_that_means_no_entry_adds_nothing(message: str) -> None:
    assert "stroke" not in standalone(message, [TOPIC], STROKES).topic


def test_words_of_the_message_count_more_than_those_of_the_topic(bot) -> None:
    encoder, text = bot.retriever.encoder, "oil stones"
    spans = encoder.encode(text)
    alike = ask(text, spans, lambda stem: 1.0).shares
    later = ask(text, spans, lambda stem: 1.0, own=4).shares
    assert alike[0] == alike[-1] and later[-1] == pytest.approx(2 * later[0])
