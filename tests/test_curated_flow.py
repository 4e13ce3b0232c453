"""Curated answers in the flow: which question gets one, what outranks it, and when it is not used."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pytest

from bot.answering.curated import Approved, Matcher
from bot.chat import Bot, Turn
from bot.reply import Route
from bot.retrieval.articles import Article
from tests.approved import DAILY, approved, quote
from tests.word_encoder import WordEncoder

PREGNANT = "Can I have a back massage when I am pregnant?"


def serving(bot: Bot, *answers: Approved) -> Bot:
    return dataclasses.replace(bot, curated=lambda: answers)


def converse(bot: Bot, *messages: str) -> list[Turn]:
    history: list[Turn] = []
    for message in messages:
        history.append(bot.reply(message, history))
    return history


# --- Which question ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", [DAILY, "is it good to massage your back daily", "Hi, can I massage my back daily?"]
)
def test_the_question_gets_its_answer_cited(bot: Bot, message: str) -> None:
    turn = serving(bot, approved(bot)).reply(message)
    assert turn.reply.answer == "Once a day is plenty. [1] Leave one day a week out. [1]"
    assert (turn.reply.mode, turn.reply.route, turn.curated) == ("curated", Route.ANSWER, 1)
    [citation] = turn.reply.citations
    assert bot.articles[citation.article].text[citation.start : citation.end] == citation.quote
    assert len(turn.reply.passages) >= 10


@pytest.mark.parametrize(
    "message",
    [
        "Is it bad to massage your back daily?",
        "Why is it good to massage your back daily?",
        "Is it not good to massage your back daily?",
        "Is it good to massage your neck daily?",
        "How long should a back massage last?",
        "hello",
    ],
)
def test_another_question_does_not(bot: Bot, message: str) -> None:
    turn = serving(bot, approved(bot)).reply(message)
    assert (turn.reply.answer, turn.curated) == (bot.reply(message).reply.answer, None)
    assert turn.reply.mode == "extractive"


def test_the_nearest_of_several_is_used(bot: Bot) -> None:
    neck = approved(bot, "Is it good to massage your neck daily?", "The neck too.", id=2)
    assert serving(bot, approved(bot), neck).reply(neck.question).curated == 2
    assert serving(bot, approved(bot), approved(bot, id=3)).reply(DAILY).curated == 1


def test_a_question_that_no_article_answers_gets_one_too(bot: Bot) -> None:
    parking = approved(bot, "Where can I park my car?", "Behind the house.")
    assert bot.reply(parking.question).reply.route is Route.OUT_OF_SCOPE
    assert serving(bot, parking).reply(parking.question).reply.answer == "Behind the house. [1]"


def test_a_follow_up_does_not_get_the_same_again(bot: Bot) -> None:
    first, why = converse(serving(bot, approved(bot)), DAILY, "and why?")
    assert (first.curated, why.curated) == (1, None)
    *_, again = converse(serving(bot, approved(bot)), DAILY, DAILY)
    assert again.curated == 1


def test_a_follow_up_is_matched_with_what_it_follows(bot: Bot) -> None:
    asked = ("Does massage work on back pain?", "For how long?")
    turns = converse(serving(bot, approved(bot, " ".join(asked), "For a few weeks.")), *asked)
    assert [turn.curated for turn in turns] == [None, 1]


def test_no_questions_of_different_sections_match(bot: Bot) -> None:
    """Neither would get the other's curated answer: what the setting was chosen for."""
    sections: dict[str, set[tuple[str, str]]] = {}
    for article in bot.articles.values():
        for anchor, asked in article.asked.items():
            for text in asked:
                sections.setdefault(text, set()).add((article.slug, anchor))
    index = bot.retriever.index
    rows = [row for row, question in enumerate(index.questions) if question.text in sections]
    texts, vectors = [index.questions[row].text for row in rows], index.question_vectors[rows]
    assert len(texts) > 3000
    matcher = Matcher(bot.retriever.encoder, index.rarity)
    limit = bot.settings.curated_match
    # The words add at most 1 to the cosine before it is halved, so that most pairs need not be looked at.
    near = np.argwhere(np.triu(vectors @ vectors.T, 1) >= 2 * limit - 1)
    scores = {
        (texts[a], texts[b]): matcher.scores(texts[a], vectors[a], [texts[b]], vectors[[b]])[0]
        for a, b in near
        if sections[texts[a]].isdisjoint(sections[texts[b]])
    }
    assert max(scores.values()) < limit
    assert max(scores.values()) == pytest.approx(0.863, abs=0.004), "the setting's comment says so"


def test_the_score_worked_out_by_hand() -> None:
    """Words count box by box for the cosine; of the overlap 'massage' weighs 1, 'oil' 3 and 'why' 4."""
    matcher = Matcher(WordEncoder(), {"massag": 1.0, "oil": 3.0}.__getitem__)
    encode = WordEncoder().embed
    [score] = matcher.scores("massage oil", encode("massage oil"), ["why massage"], np.stack([encode("why massage")]))
    assert score == pytest.approx((1 / 2 + 2 * 1 / (1 + 3 + 1 + 4)) / 2)


# --- What outranks it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ("my left foot has been tingling since the massage", Route.PROFESSIONAL),
        ("I've gone numb between my legs since the massage", Route.EMERGENCY),
    ],
)
def test_a_referral_wins(bot: Bot, message: str, route: Route) -> None:
    turn = serving(bot, approved(bot, message, "Just knead it.")).reply(message)
    assert (turn.reply.route, turn.reply.answer) == (route, bot.reply(message).reply.answer)
    assert (turn.reply.mode, turn.curated) == ("extractive", None)


def test_a_referral_that_stands_wins(bot: Bot) -> None:
    *_, last = converse(serving(bot, approved(bot)), "my left foot is numb", DAILY)
    assert (last.reply.route, last.curated) == (Route.PROFESSIONAL, None)


def test_a_caution_still_opens_with_the_precaution(bot: Bot) -> None:
    turn = serving(bot, approved(bot, PREGNANT, "Lie on your side.")).reply(PREGNANT)
    assert (turn.reply.route, turn.curated) == (Route.CAUTION, 1)
    before, _, after = turn.reply.answer.partition("Lie on your side.")
    assert before.startswith("**")
    assert "midwife" in before
    assert turn.reply.citations[0].article == bot.guard.red_flags.flags["pregnancy"].article
    assert "[" in after


def test_an_answer_for_everybody_is_not_for_somebody_with_a_condition(bot: Bot) -> None:
    *_, last = converse(serving(bot, approved(bot)), "I am 20 weeks pregnant.", DAILY)
    assert (last.reply.route, last.curated) == (Route.CAUTION, None)


def test_no_unsafe_advice_leaves(bot: Bot) -> None:
    unsafe = "A quick shoulder rub at the wheel will keep you alert until you get home."
    assert bot.outgoing.unsafe(unsafe)
    assert serving(bot, approved(bot, DAILY, "Once a day.", unsafe)).reply(DAILY).curated is None


# --- What it rests on -------------------------------------------------------------------------------------------------


def changed(bot: Bot, article: Article) -> Bot:
    return dataclasses.replace(bot, articles={**bot.articles, article.slug: article})


def test_not_once_its_article_reads_otherwise_anywhere(bot: Bot) -> None:
    article = bot.articles["how-often-and-how-long"]
    longer = dataclasses.replace(article, text=article.text + "\n\nOr not.")
    assert serving(changed(bot, longer), approved(bot)).reply(DAILY).curated is None
    gone = dataclasses.replace(bot, articles={slug: a for slug, a in bot.articles.items() if slug != article.slug})
    assert serving(gone, approved(bot)).reply(DAILY).curated is None


def test_not_with_a_quote_that_is_not_verbatim(bot: Bot) -> None:
    answer = approved(bot)
    wrong = dataclasses.replace(quote(bot), text="Knead all day.")
    for quotes in ((wrong,), (quote(bot), wrong), (dataclasses.replace(quote(bot), start=1),)):
        assert serving(bot, dataclasses.replace(answer, lines=(("Yes.", quotes),))).reply(DAILY).curated is None


def test_a_line_may_rest_on_several_passages_and_be_a_list(bot: Bot) -> None:
    one, two = quote(bot), quote(bot, unit=2)
    lines = (("Do this:", (one,)), ("1. Warm up.", (one, two)), ("2. Stop.", (two,)), ("[9] *Never* <b>again</b>", ()))
    reply = serving(bot, dataclasses.replace(approved(bot), lines=lines)).reply(DAILY).reply
    assert reply.answer.split("\n") == [
        "Do this: [1]",
        "",
        "1. Warm up. [1] [2]",
        "2. Stop. [2]",
        "",
        r"\[9\] \*Never\* \<b\>again\</b\>",
    ]
    assert [(c.start, c.end) for c in reply.citations] == [(one.start, one.end), (two.start, two.end)]


def test_a_source_that_fails_leaves_the_articles(bot: Bot) -> None:
    def broken() -> Sequence[Approved]:
        raise RuntimeError("the source is broken")

    assert dataclasses.replace(bot, curated=broken).reply(DAILY).reply.answer == bot.reply(DAILY).reply.answer


# --- The preview for staff --------------------------------------------------------------------------------------------


def test_matches_are_known_questions_the_best_first(bot: Bot) -> None:
    other = approved(bot, "Can I massage my back daily?", id=2)
    found = serving(bot, other).matches(DAILY)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert (len(found), found[0][0]) == (20, DAILY)  # the article asks it itself
    assert other.question in [question for question, score in found if score >= bot.settings.curated_match]
    assert not re.search("tip|licen[cs]e", " ".join(question for question, _ in found[:5]))
