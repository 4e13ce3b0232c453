"""Opening the database, the transactions on it, and the guard's memory of running conversations."""

import datetime
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from bot.errors import RecordsError, StaleRevision
from bot.guard.guard import Memory
from bot.records.tables import Remembered
from bot.settings import Settings

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
FILE = "records.sqlite"
BUSY_SECONDS = 1  # how long a write waits for another process to finish its own
CONNECT_SECONDS = 2  # to a server; the least that PostgreSQL's library can be told
STATEMENT_SECONDS = 5  # far more than any of ours takes: a server that hangs must not hold visitors up
MIGRATING = 7_229_401  # PostgreSQL's lock on migrating, of our own choice: of two processes that start one waits


def utc_now() -> datetime.datetime:
    """This moment, in UTC."""
    return datetime.datetime.now(datetime.UTC)


class Records:
    """One database. Safe for threads. The other modules of this folder take it as their first argument."""

    def __init__(self, engine: Engine, now: Callable[[], datetime.datetime] = utc_now) -> None:
        self.engine = engine
        self.now = now

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with. Raises RecordsError where the database cannot be read."""
        try:
            with Session(self.engine) as session:
                yield session
        except SQLAlchemyError as error:
            raise RecordsError(f"The database cannot be read ({_first_line(error)}).") from error

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: all of it is written, or after any error nothing.

        Raises StaleRevision where somebody else has changed a row since it was read, and RecordsError where the
        database cannot be written.
        """
        try:
            with Session(self.engine) as session, session.begin():
                yield session
        except StaleDataError as error:
            raise stale_revision() from error
        except SQLAlchemyError as error:
            raise RecordsError(f"The database cannot be written ({_first_line(error)}).") from error

    def remember(self, conversation_id: str, memory: Memory) -> None:
        """Keeps the guard's memory of a conversation. Raises RecordsError where it cannot be written."""
        row = Remembered(conversation_id=conversation_id, memory=memory.model_dump_json(), heard=self.now())
        with self.writing() as session:
            session.merge(row)

    def recall(self, conversation_id: str) -> Memory | None:
        """What was kept of a conversation; None where it is not known. Raises RecordsError where it cannot be read."""
        with self.reading() as session:
            row = session.get(Remembered, conversation_id)
        try:
            return Memory.model_validate_json(row.memory) if row else None
        except ValueError as error:
            raise RecordsError(f"The database cannot be read ({_first_line(error)}).") from error

    def forget(self, older_than: datetime.timedelta) -> int:
        """Deletes what has not been heard of for so long; the number of conversations. Raises RecordsError."""
        with self.writing() as session:
            old = session.execute(delete(Remembered).where(Remembered.heard < self.now() - older_than))
            return int(getattr(old, "rowcount", 0))


def open_records(settings: Settings, now: Callable[[], datetime.datetime] = utc_now) -> Records:
    """The database with all its tables, made or brought up to date. Raises RecordsError saying what is wrong."""
    url = settings.database_url or f"sqlite:///{(settings.data / FILE).resolve()}"
    try:
        address = _address(url)
        if address.get_backend_name() == "sqlite" and address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        # Parameters are words of visitors and hashes of passwords: they must not get into an error or a log.
        engine = create_engine(address, pool_pre_ping=True, hide_parameters=True, **_patience(address))
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
        with engine.begin() as connection:
            _migrate(connection)
    except ModuleNotFoundError as error:
        raise RecordsError(
            f"The database {_shown(url)} needs the Python package {error.name}; for PostgreSQL install it with "
            "pip install -c constraints.txt -e '.[postgres]'."
        ) from error
    except (SQLAlchemyError, ArgumentError, ImportError, OSError) as error:
        raise RecordsError(
            f"The database {_shown(url)} cannot be opened ({_first_line(error)}); check DATABASE_URL, or leave it out "
            f"to use {settings.data / FILE}."
        ) from error
    return Records(engine, now)


def stale_revision() -> StaleRevision:
    """What the second of two writers is told."""
    return StaleRevision(
        "Somebody else has changed this since you opened it, and nothing of yours was saved over it; open it again "
        "and save once more."
    )


def _address(url: str) -> URL:
    """With the driver that we ask for: hosts hand out postgres:// and postgresql://, which may mean another one."""
    address = make_url(url)
    if address.drivername in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    return address


def _patience(address: URL) -> dict[str, Any]:
    """What a server's engine is told, so that no call waits for ever; what the address says itself stays.

    SQLite has its own way, in `_set_up_sqlite`.
    """
    if address.get_backend_name() != "postgresql":
        return {}
    limits = f"-c lock_timeout={BUSY_SECONDS * 1000} -c statement_timeout={STATEMENT_SECONDS * 1000}"
    ours = {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": STATEMENT_SECONDS * 1000,  # for a server that is gone without a word
        "options": f"{limits} {address.query.get('options', '')}".strip(),
    }
    told = {name: value for name, value in ours.items() if name == "options" or name not in address.query}
    return {"connect_args": told, "pool_timeout": STATEMENT_SECONDS}


def _migrate(connection: Connection) -> None:
    """All of it or nothing, one process at a time."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # Python's driver would begin only at the first row written
    elif connection.dialect.name == "postgresql":
        for limit in ("lock_timeout", "statement_timeout"):  # an index on many rows takes its time
            connection.exec_driver_sql(f"SET LOCAL {limit} = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "head")


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Readers and one writer at a time; a second writer waits instead of failing at once. Deleted words are gone."""
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
        "secure_delete=ON",  # overwrites what is deleted, which otherwise stays in the file
    ):
        connection.execute(f"PRAGMA {pragma}")


def _shown(url: str) -> str:
    """Without a password."""
    return url if "@" not in url else url.rsplit("@", maxsplit=1)[-1]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
