"""Opening the database, and what the web program writes into it."""

import datetime
import logging
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, delete, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from bot.errors import RecordsError
from bot.guard.guard import Memory
from bot.records.tables import Remembered
from bot.settings import Settings

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
FILE = "records.sqlite"
BUSY_SECONDS = 1  # how long a write waits for another process to finish its own


class Records:
    """One database. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remember(self, conversation_id: str, memory: Memory) -> None:
        """Keeps the guard's memory of a conversation. Raises RecordsError where it cannot be written."""
        row = Remembered(conversation_id=conversation_id, memory=memory.model_dump_json(), heard=_now())
        try:
            with Session(self._engine) as session, session.begin():
                session.merge(row)
        except SQLAlchemyError as error:
            raise RecordsError(f"The database cannot be written ({_first_line(error)}).") from error

    def recall(self, conversation_id: str) -> Memory | None:
        """What was kept of a conversation; None where it is not known. Raises RecordsError where it cannot be read."""
        try:
            with Session(self._engine) as session:
                row = session.get(Remembered, conversation_id)
                return Memory.model_validate_json(row.memory) if row else None
        except (SQLAlchemyError, ValueError) as error:
            raise RecordsError(f"The database cannot be read ({_first_line(error)}).") from error

    def forget(self, older_than: datetime.timedelta) -> int:
        """Deletes what has not been heard of for so long; the number of conversations. Raises RecordsError."""
        try:
            with Session(self._engine) as session, session.begin():
                old = session.execute(delete(Remembered).where(Remembered.heard < _now() - older_than))
                return int(getattr(old, "rowcount", 0))
        except SQLAlchemyError as error:
            raise RecordsError(f"The database cannot be written ({_first_line(error)}).") from error


def open_records(settings: Settings) -> Records:
    """The database with all its tables, made or brought up to date. Raises RecordsError saying what is wrong."""
    url = settings.database_url or f"sqlite:///{(settings.data / FILE).resolve()}"
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
        with engine.begin() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(MIGRATIONS))
            command.upgrade(config, "head")
    except (SQLAlchemyError, ArgumentError, ImportError, OSError) as error:
        shown = url if "@" not in url else url.split("@")[-1]
        raise RecordsError(
            f"The database {shown} cannot be opened ({_first_line(error)}); check DATABASE_URL, or leave it out to use "
            f"{settings.data / FILE}."
        ) from error
    return Records(engine)


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Readers and one writer at a time; a second writer waits instead of failing at once."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
