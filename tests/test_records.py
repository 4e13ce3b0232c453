"""The database: what is kept, for how long, and what happens when it fails."""

import datetime
import sqlite3
from pathlib import Path

import pytest

from bot.chat import Bot
from bot.errors import MessageError, RecordsError
from bot.guard.guard import Memory
from bot.records.database import FILE, Records, open_records
from bot.reply import Route
from bot.settings import Settings
from bot.web.conversations import Conversations

NUMB = "my left foot is numb and Balthazar says it is nothing"
HARMLESS = "How do I knead the lower back?"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(data=tmp_path)


@pytest.fixture
def records(settings: Settings) -> Records:
    return open_records(settings)


def test_memory_is_kept_and_replaced(records: Records) -> None:
    assert records.recall("a") is None
    records.remember("a", Memory(turns=1))
    records.remember("a", Memory(turns=2).unchecked())
    assert records.recall("a") == Memory(turns=2).unchecked()


def test_it_is_still_there_for_the_next_process(settings: Settings, records: Records) -> None:
    records.remember("a", Memory(turns=7))
    assert open_records(settings).recall("a") == Memory(turns=7)


def test_what_has_not_been_heard_of_is_deleted(records: Records) -> None:
    records.remember("a", Memory())
    assert records.forget(datetime.timedelta(hours=1)) == 0
    assert records.forget(datetime.timedelta(0)) == 1
    assert records.recall("a") is None


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite:////proc/none/records.sqlite", "postgresql://me:secret@127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_opened_is_one_sentence_without_a_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(RecordsError, match="DATABASE_URL") as error:
        open_records(Settings.load(data=tmp_path, database_url=url))
    assert "secret" not in str(error.value)


def test_the_environment_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.sqlite")
    open_records(Settings.load(data=tmp_path))
    assert (tmp_path / "other.sqlite").exists()


def test_a_flag_survives_a_restart(bot: Bot, records: Records) -> None:
    before = Conversations(bot, records).say(NUMB)
    after = Conversations(bot, records).say(HARMLESS, before.conversation_id)
    assert after.route is Route.PROFESSIONAL
    assert (after.flags[0].id, after.flags[0].turn, after.flags[0].text) == ("numbness", 0, "")
    assert after.conversation_id == before.conversation_id


def test_the_answer_to_the_deciding_question_may_come_after_a_restart(bot: Bot, records: Records) -> None:
    before = Conversations(bot, records).say("my left foot is numb")
    assert Conversations(bot, records).say("yes", before.conversation_id).route is Route.EMERGENCY


def test_no_word_of_a_visitor_is_written(bot: Bot, records: Records, tmp_path: Path) -> None:
    Conversations(bot, records).say(NUMB)
    for path in tmp_path.iterdir():
        assert b"Balthazar" not in path.read_bytes()


def test_an_unknown_conversation_is_refused(bot: Bot, records: Records) -> None:
    with pytest.raises(MessageError, match="not known here"):
        Conversations(bot, records).say("hello", "never-seen")


def test_a_locked_database_holds_no_visitor_up_and_permits_nothing(bot: Bot, records: Records, tmp_path: Path) -> None:
    before = Conversations(bot, records).say("hello")
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert Conversations(bot, records).say(HARMLESS).route is Route.ANSWER  # new: nothing to be known of it
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    with sqlite3.connect(tmp_path / FILE) as vandal:
        vandal.execute("DROP TABLE remembered")
    assert Conversations(bot, records).say(HARMLESS, before.conversation_id).route is Route.PROFESSIONAL
