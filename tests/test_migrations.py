"""The migrations make exactly the tables that the program expects, one process at a time, and can be taken back."""

import threading
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from bot.guard.guard import Memory
from bot.records.database import MIGRATIONS, Records, open_records
from bot.records.tables import Base
from bot.settings import Settings


def ours(name: str | None, kind: str, _: object) -> bool:
    """Not the full-text index, which each database has in its own way."""
    return not (name or "").startswith("cases_search")


def test_tables_and_migrations_agree(records: Records) -> None:
    with records.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_what_was_there_before_the_console_stays(database_url: str, tmp_path: Path) -> None:
    settings = Settings.load(data=tmp_path, database_url=database_url)
    records = open_records(settings)
    records.remember("a", Memory(turns=7))
    with records.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.downgrade(config, "0001")
    assert set(inspect(records.engine).get_table_names()) == {"alembic_version", "remembered"}
    records.engine.dispose()
    again = open_records(settings)
    assert again.recall("a") == Memory(turns=7)
    again.engine.dispose()


def test_several_processes_may_start_at_once(database_url: str, tmp_path: Path) -> None:
    settings = Settings.load(data=tmp_path, database_url=database_url)
    opened, start = [], threading.Barrier(3)

    def begin() -> None:
        start.wait()
        opened.append(open_records(settings))

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 3
    for records in opened:
        records.engine.dispose()
