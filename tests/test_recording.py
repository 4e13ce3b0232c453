"""What is written down of a visitor's messages, by the program that serves them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from bot.answering.trace import Trace
from bot.chat import Bot, Turn
from bot.errors import MessageError
from bot.guard.guard import Memory
from bot.records import curated, exchanges, inbox
from bot.records.curated import Line as Said
from bot.records.curated import Quote as Cited
from bot.records.database import Records, open_records
from bot.records.exchanges import Stored
from bot.records.inbox import Filters, Row
from bot.records.tables import Kind, Reason, Thumb
from bot.reply import Route
from bot.web import recorder
from bot.web.conversations import Conversations
from tests.approved import DAILY, approved
from tests.databases import settings

NAMED = "My name is Balthazar Miller. Is it good to massage your back daily?"
NUMB = "my left foot is numb"


class ExplodingBot(Bot):
    def reply(
        self,
        message: str,
        history: Sequence[Turn] = (),
        memory: Memory | None = None,
        trace: Trace | None = None,
    ) -> Turn:
        raise RuntimeError("the bot is broken")


def with_settings(bot: Bot, kind: type[Bot] = Bot, **changed: int) -> Bot:
    parts = {field.name: getattr(bot, field.name) for field in fields(bot)}
    return kind(**{**parts, "settings": settings(**changed)})


def kept(conversations: Conversations, records: Records, conversation_id: str) -> tuple[Stored, ...]:
    assert conversations.recorder
    conversations.recorder.settle()
    return exchanges.conversation(records, conversation_id)


def cases(conversations: Conversations, records: Records) -> tuple[Row, ...]:
    assert conversations.recorder
    conversations.recorder.settle()
    return inbox.search(records, Filters()).rows


def test_every_exchange_is_there_in_order_and_without_words(bot: Bot, records: Records) -> None:
    conversations = Conversations(bot, records)
    first = conversations.say(NAMED)
    conversations.say(NUMB, first.conversation_id)
    rows = kept(conversations, records, first.conversation_id)
    assert [(row.position, row.route, row.failed, row.mode) for row in rows] == [
        (0, Route.ANSWER, False, "extractive"),
        (1, Route.PROFESSIONAL, False, "extractive"),
    ]
    assert rows[0].id == first.id
    assert rows[1].flags == ("numbness",)
    assert {row.question for row in rows} == {row.answer for row in rows} == {None}
    [case] = cases(conversations, records)
    assert case.kinds == (Kind.REFERRAL,)


@pytest.mark.parametrize(
    ("days", "consented", "words"),
    [(30, True, True), (30, False, False), (0, True, False)],
    ids=["both agree", "the visitor does not", "the owner does not"],
)
def test_words_are_kept_where_both_agree_and_redacted(
    bot: Bot, records: Records, days: int, consented: bool, words: bool
) -> None:
    conversations = Conversations(with_settings(bot, keep_conversations=days), records)
    reply = conversations.say(NAMED, consented=consented)
    [row] = kept(conversations, records, reply.conversation_id)
    if words:
        assert row.question == "My name is [name]. Is it good to massage your back daily?"
        assert row.answer == reply.answer
        assert row.citations[0]["quote"] == reply.citations[0].quote
    else:
        assert (row.question, row.answer, row.citations) == (None, None, ())


def test_the_tick_counts_message_by_message(bot: Bot, records: Records) -> None:
    conversations = Conversations(with_settings(bot, keep_conversations=30), records)
    first = conversations.say(DAILY, consented=True)
    conversations.say("Which oil?", first.conversation_id)
    assert [bool(row.question) for row in kept(conversations, records, first.conversation_id)] == [True, False]


def test_the_count_goes_on_after_a_restart(bot: Bot, records: Records) -> None:
    before = Conversations(bot, records)
    first = before.say(DAILY)
    kept(before, records, first.conversation_id)
    after = Conversations(bot, records)
    after.say(DAILY, first.conversation_id)
    assert [row.position for row in kept(after, records, first.conversation_id)] == [0, 1]


def test_an_exchange_that_failed_is_recorded_as_failed(bot: Bot, records: Records) -> None:
    conversations = Conversations(with_settings(bot, ExplodingBot, keep_conversations=30), records)
    with pytest.raises(RuntimeError):
        conversations.say(NAMED, consented=True)
    [case] = cases(conversations, records)
    assert (case.kinds, case.route) == ((Kind.REFERRAL, Kind.FAILED), Route.PROFESSIONAL)
    assert case.question == "My name is [name]. Is it good to massage your back daily?"


def test_a_message_that_is_refused_is_no_exchange(bot: Bot, records: Records) -> None:
    conversations = Conversations(bot, records)
    with pytest.raises(MessageError):
        conversations.say("  ")
    assert cases(conversations, records) == ()


def test_a_curated_answer_counts_its_hits(bot: Bot, staff: Records) -> None:
    texts = {slug: article.text for slug, article in bot.articles.items()}
    answer = approved(bot)
    lines = [
        Said(text, tuple(Cited(q.article, q.start, q.end, q.text) for q in quotes)) for text, quotes in answer.lines
    ]
    row = curated.draft(staff, "ana", DAILY, lines, texts)
    parts = {field.name: getattr(bot, field.name) for field in fields(bot)}
    conversations = Conversations(Bot(**{**parts, "curated": lambda: [answer]}), staff)
    first = conversations.say(DAILY)
    conversations.say("Which oil is best?", first.conversation_id)
    assert [each.mode for each in kept(conversations, staff, first.conversation_id)] == ["curated", "extractive"]
    assert curated.read(staff, row.id).hits == 1


@pytest.fixture
def sqlite(tmp_path: Path) -> Records:
    return open_records(settings(data=tmp_path))


def test_a_database_that_fails_holds_nobody_up(bot: Bot, sqlite: Records, caplog: pytest.LogCaptureFixture) -> None:
    conversations = Conversations(bot, sqlite)
    with closing(sqlite3.connect(str(sqlite.engine.url.database))) as vandal:
        vandal.execute("DROP TABLE exchanges")
    reply = conversations.say(DAILY)
    assert reply.route is Route.ANSWER
    assert conversations.recorder
    conversations.recorder.settle()
    assert f"The exchange {reply.id} is not recorded" in caplog.text
    assert "daily" not in caplog.text  # no words of a visitor in a log


def test_a_database_that_is_slow_loses_rows_and_no_visitor(
    bot: Bot, sqlite: Records, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_WAITING", 1)
    conversations = Conversations(bot, sqlite)
    assert conversations.recorder
    with closing(sqlite3.connect(str(sqlite.engine.url.database), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            conversations.recorder.exchange(conversations.bot.reply(DAILY).reply, 0, DAILY, consented=False)
        assert "The database is too slow" in caplog.text
        holder.execute("ROLLBACK")
    conversations.recorder.settle()


# --- Thumbs -----------------------------------------------------------------------------------------------------------


def test_a_thumb_alone_keeps_no_words(bot: Bot, records: Records) -> None:
    conversations = Conversations(bot, records)
    reply = conversations.say(NAMED)
    conversations.feedback(reply.conversation_id, reply.id, Thumb.DOWN, Reason.WRONG)
    [case] = cases(conversations, records)
    assert (case.kinds, case.thumb, case.reason) == ((Kind.THUMB_DOWN,), Thumb.DOWN, Reason.WRONG)
    assert (case.comment, case.question, case.answer) == (None, None, None)


def test_words_that_are_sent_along_are_kept_redacted(bot: Bot, records: Records) -> None:
    conversations = Conversations(bot, records)
    reply = conversations.say(NAMED)
    conversations.feedback(
        reply.conversation_id, reply.id, Thumb.DOWN, comment="Write to me@example.org", send_along=True
    )
    [case] = cases(conversations, records)
    assert case.question == "My name is [name]. Is it good to massage your back daily?"
    assert (case.answer, case.comment) == (reply.answer, "Write to [e-mail]")


def test_a_second_thumb_takes_the_place_of_the_first(bot: Bot, records: Records) -> None:
    conversations = Conversations(bot, records)
    reply = conversations.say(DAILY)
    conversations.feedback(reply.conversation_id, reply.id, Thumb.DOWN)
    conversations.feedback(reply.conversation_id, reply.id, Thumb.UP)
    [case] = cases(conversations, records)
    assert (case.kinds, case.thumb) == ((Kind.THUMB_UP,), Thumb.UP)


def test_a_thumb_for_a_reply_that_is_not_known(bot: Bot, records: Records) -> None:
    conversations = Conversations(bot, records)
    reply = conversations.say(DAILY)
    for conversation_id, reply_id, along in (
        (reply.conversation_id, "none", False),
        (reply.conversation_id, "none", True),
        ("none", reply.id, True),
    ):
        with pytest.raises(MessageError, match="not known here") as error:
            conversations.feedback(conversation_id, reply_id, Thumb.UP, send_along=along)
        assert error.value.code == "unknown_reply"


def test_without_a_database_no_feedback_is_kept(bot: Bot) -> None:
    conversations = Conversations(bot)
    reply = conversations.say(DAILY)
    with pytest.raises(MessageError, match="without a database"):
        conversations.feedback(reply.conversation_id, reply.id, Thumb.UP)
