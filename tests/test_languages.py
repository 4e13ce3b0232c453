"""Messages in other languages: noticed, never guessed at, answered in their own language; English is left alone."""

import json

import pytest

from bot.chat import Bot
from bot.guard.examples import EXAMPLES
from bot.guard.flags import RedFlags
from bot.guard.guard import UNREAD, Guard
from bot.guard.languages import foreign_language
from bot.reply import Route


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("me duele la espalda desde ayer", "es"),
        ("j'ai mal au dos depuis hier soir", "fr"),
        ("estou com dormência na perna", "pt"),
        ("mein linkes Bein ist seit gestern taub", "de"),
        ("saya sakit punggung sejak kemarin", "id"),
        ("меня со вчерашнего дня болит спина", "ru"),
        ("我的背很痛", "zh"),
        ("मेरी पीठ में दर्द है", "hi"),
        ("আমার পিঠে ব্যথা করছে", "bn"),
        ("ظهري يؤلمني منذ أمس", "ar"),
        ("میری کمر میں درد ہے", "ur"),
    ],
)
def test_each_language_is_noticed_and_answered_in_kind(guard: Guard, bot: Bot, message, code):
    verdict = guard.check([message])
    assert verdict.route is Route.PROFESSIONAL
    assert verdict.flags[0].id == f"{UNREAD}{code}"
    answer = bot.reply(message).reply.answer
    assert guard.red_flags.languages[code].reply.strip()[:20] in answer
    assert "112" in answer
    assert "I can only read English." in answer


def test_a_language_without_a_text_of_its_own_gets_the_english_one(bot: Bot):
    reply = bot.reply("sırtım dünden beri çok ağrıyor").reply
    assert reply.route is Route.PROFESSIONAL
    assert reply.flags[0].id == f"{UNREAD}other"
    assert "I can only read English, so I could not check your message." in reply.answer


def test_after_a_foreign_message_english_is_answered(guard: Guard):
    assert guard.check(["me duele la espalda desde ayer", "how often should I have a massage?"]).route is Route.ANSWER


def test_an_emergency_in_mixed_words_stays_one(guard: Guard):
    assert guard.check(["chest pain ahora mismo, me duele mucho"]).route is Route.EMERGENCY


@pytest.mark.parametrize(
    "message", ["ok", "hey", "lol", "n u m b leg", "Which oil?", "tapotement = tapping?", "🙏🙏", "12345"]
)
def test_what_is_short_or_odd_is_not_called_foreign(red_flags: RedFlags, message):
    assert foreign_language(message, red_flags.book.vocabulary) is None


def test_hardly_any_english_message_is_called_foreign(red_flags: RedFlags):
    known = red_flags.book.vocabulary
    written = [
        turn
        for path in sorted(EXAMPLES.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()[::5]
        for turn in json.loads(line)["turns"]
    ]
    foreign = [message for message in written if foreign_language(message, known)]
    assert len(written) > 1500
    assert len(foreign) <= len(written) / 500, foreign
