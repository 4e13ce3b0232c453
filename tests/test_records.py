"""The database: what is kept, for how long, and what happens when it fails."""

import datetime
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from bot.chat import Bot
from bot.errors import MessageError, RecordsError
from bot.guard.guard import Memory
from bot.records import audit, cases, inbox, people, sessions
from bot.records.database import BUSY_SECONDS, CONNECT_SECONDS, FILE, MIGRATING, Records, open_records
from bot.records.inbox import Filters
from bot.records.retention import sweep_daily
from bot.records.tables import SignedIn
from bot.reply import Route
from bot.settings import Settings
from bot.web.conversations import Conversations
from tests.databases import PASSWORD, Clock, exchange

NUMB = "my left foot is numb and Balthazar says it is nothing"
HARMLESS = "How do I knead the lower back?"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(data=tmp_path)


@pytest.fixture
def sqlite(settings: Settings) -> Records:
    return open_records(settings)


def test_memory_is_kept_and_replaced(records: Records) -> None:
    assert records.recall("a") is None
    records.remember("a", Memory(turns=1))
    records.remember("a", Memory(turns=2).unchecked())
    assert records.recall("a") == Memory(turns=2).unchecked()


def test_it_is_still_there_for_the_next_process(records: Records, database_url: str, tmp_path: Path) -> None:
    records.remember("a", Memory(turns=7))
    next_one = open_records(Settings.load(data=tmp_path, database_url=database_url))
    assert next_one.recall("a") == Memory(turns=7)
    next_one.engine.dispose()


def test_what_has_not_been_heard_of_is_deleted(records: Records, clock: Clock) -> None:
    records.remember("a", Memory())
    clock.forward(minutes=1)
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


def test_a_flag_survives_a_restart(bot: Bot, sqlite: Records) -> None:
    before = Conversations(bot, sqlite).say(NUMB)
    after = Conversations(bot, sqlite).say(HARMLESS, before.conversation_id)
    assert after.route is Route.PROFESSIONAL
    assert (after.flags[0].id, after.flags[0].turn, after.flags[0].text) == ("numbness", 0, "")
    assert after.conversation_id == before.conversation_id


def test_the_answer_to_the_deciding_question_may_come_after_a_restart(bot: Bot, sqlite: Records) -> None:
    before = Conversations(bot, sqlite).say("my left foot is numb")
    assert Conversations(bot, sqlite).say("yes", before.conversation_id).route is Route.EMERGENCY


def test_no_word_of_a_visitor_is_written(bot: Bot, sqlite: Records, tmp_path: Path) -> None:
    Conversations(bot, sqlite).say(NUMB)
    for path in tmp_path.iterdir():
        assert b"Balthazar" not in path.read_bytes()


def test_an_unknown_conversation_is_refused(bot: Bot, sqlite: Records) -> None:
    with pytest.raises(MessageError, match="not known here"):
        Conversations(bot, sqlite).say("hello", "never-seen")


def test_a_locked_database_holds_no_visitor_up_and_permits_nothing(bot: Bot, sqlite: Records, tmp_path: Path) -> None:
    before = Conversations(bot, sqlite).say("hello")
    holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert Conversations(bot, sqlite).say(HARMLESS).route is Route.ANSWER  # new: nothing to be known of it
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    with sqlite3.connect(tmp_path / FILE) as vandal:
        vandal.execute("DROP TABLE remembered")
    assert Conversations(bot, sqlite).say(HARMLESS, before.conversation_id).route is Route.PROFESSIONAL


@pytest.fixture
def busy(sqlite: Records) -> Records:
    """With a user, a case and a session in it."""
    people.add(sqlite, "tests", "ana", PASSWORD, ["support"])
    exchange(sqlite, "how?", Route.OUT_OF_SCOPE)
    return sqlite


@contextmanager
def locked(records: Records) -> Iterator[None]:
    holder = sqlite3.connect(str(records.engine.url.database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@contextmanager
def full(records: Records) -> Iterator[None]:
    """The file may not grow: what SQLite says is what it says of a full disk."""

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # it takes the present size instead

    event.listen(records.engine, "connect", limit)
    records.engine.dispose()
    try:
        yield
    finally:
        event.remove(records.engine, "connect", limit)
        records.engine.dispose()


@pytest.mark.parametrize(("trouble", "said"), [(locked, "database is locked"), (full, "database or disk is full")])
def test_a_database_that_takes_nothing_is_one_sentence_and_loses_nothing(busy: Records, trouble, said: str) -> None:
    [before] = inbox.search(busy, Filters()).rows
    entries = audit.entries(busy)
    with trouble(busy), pytest.raises(RecordsError, match=f"cannot be written.*{said}"):
        cases.write_note(busy, "ana", before.id, before.revision, "long " * 100_000)
    assert inbox.search(busy, Filters()).rows == (before,)
    assert audit.entries(busy) == entries
    cases.write_note(busy, "ana", before.id, before.revision, "afterwards it goes on")


def test_a_locked_database_signs_nobody_out(settings: Settings) -> None:
    clock = Clock()
    records = open_records(settings, clock)
    people.add(records, "tests", "ana", PASSWORD, ["support"])
    token = sessions.start(records, settings, "ana")
    clock.forward(minutes=5)
    with locked(records):
        assert sessions.whose(records, settings, token)


def test_the_daily_job_goes_on_whatever_happens(staff: Records, clock: Clock, tmp_path: Path, caplog) -> None:
    """First at once, then at every wake; a database that fails one day is tried again the next."""
    settings = Settings.load(data=tmp_path)
    woken, asleep = threading.Semaphore(0), threading.Semaphore(0)

    def pause(seconds: float) -> None:
        assert seconds == 24 * 60 * 60
        asleep.release()
        assert woken.acquire(timeout=30)

    def day() -> None:
        woken.release()
        assert asleep.acquire(timeout=30)

    def running() -> int:
        with staff.reading() as session:
            return len(session.scalars(select(SignedIn)).all())

    sessions.start(staff, settings, "ana")
    thread = sweep_daily(staff, settings, datetime.timedelta(hours=12), pause)
    assert asleep.acquire(timeout=30)
    assert running() == 1
    clock.forward(days=1)
    with staff.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sessions RENAME TO elsewhere"))
    day()
    assert "trying again in a day" in caplog.text
    with staff.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO sessions"))
    day()
    assert running() == 0
    assert thread.is_alive()
    assert thread.daemon


@pytest.fixture
def postgresql(postgres_database: str, tmp_path: Path) -> Iterator[Records]:
    opened = open_records(Settings.load(data=tmp_path, database_url=postgres_database))
    yield opened
    opened.engine.dispose()


def test_a_locked_server_is_one_sentence_soon_and_loses_nothing(postgresql: Records) -> None:
    exchange(postgresql, "how?", Route.OUT_OF_SCOPE)
    [before] = inbox.search(postgresql, Filters()).rows
    with postgresql.engine.begin() as holder:
        holder.execute(text("LOCK TABLE audit"))
        start = time.monotonic()
        with pytest.raises(RecordsError, match=r"cannot be written.*lock timeout"):
            cases.write_note(postgresql, "ana", before.id, before.revision, "for nothing")
        assert time.monotonic() - start < 3 * BUSY_SECONDS
    assert inbox.search(postgresql, Filters()).rows == (before,)
    cases.write_note(postgresql, "ana", before.id, before.revision, "afterwards it goes on")


def test_a_statement_that_does_not_end_is_ended(postgresql: Records) -> None:
    with pytest.raises(RecordsError, match=r"cannot be read.*statement timeout"), postgresql.reading() as session:
        session.execute(text("SELECT pg_sleep(60)"))
    assert inbox.search(postgresql, Filters()) is not None


def test_migrating_may_take_its_time(postgres_database: str, postgresql: Records) -> None:
    """Of two processes that start the second waits for as long as the first needs."""
    with ThreadPoolExecutor() as pool, postgresql.engine.begin() as first:
        first.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
        second = pool.submit(open_records, Settings.load(database_url=postgres_database))
        with pytest.raises(TimeoutError):
            second.result(2 * BUSY_SECONDS)
        first.rollback()
        second.result(60).engine.dispose()


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://tests@127.0.0.1:{silent.getsockname()[1]}/postgres"
        start = time.monotonic()
        with pytest.raises(RecordsError, match=r"127.0.0.1.*cannot be opened.*timeout expired"):
            open_records(Settings.load(data=tmp_path, database_url=address))
        assert time.monotonic() - start < 5 * CONNECT_SECONDS
