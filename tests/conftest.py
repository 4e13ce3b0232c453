"""What several test files share: one loaded bot, one served page. Nothing is written outside temporary folders."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from sqlalchemy import create_engine, make_url

from bot.chat import Bot, load_bot
from bot.guard.flags import RedFlags, load_red_flags
from bot.guard.guard import Guard
from bot.records import people
from bot.records.database import Records, open_records
from bot.settings import RED_FLAGS, ROOT, Settings
from tests import postgres
from tests.databases import PASSWORD, Clock

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--disable-sync"]
START_SECONDS = 120  # far more than it takes: two cores may be busy with other things


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the index of the shipped corpus is kept while the tests run."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def bot(data: Path) -> Bot:
    return load_bot(Settings.load(data=data), quiet=True)


@pytest.fixture(scope="session")
def red_flags() -> RedFlags:
    return load_red_flags(RED_FLAGS)


@pytest.fixture(scope="session")
def guard(red_flags: RedFlags) -> Guard:
    return Guard(red_flags)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as address:
        yield address


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database, gone after the test."""
    name = "test_" + secrets.token_hex(4)
    server = create_engine(
        make_url(postgres_server.format("postgres")).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield postgres_server.format(name)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind, gone after the test."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/records.sqlite"
    address: str = request.getfixturevalue("postgres_database")
    return address


@pytest.fixture
def records(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Records]:
    opened = open_records(Settings.load(data=tmp_path, database_url=database_url), clock)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def staff(records: Records) -> Records:
    """The database with users ana (support) and ben (editor, admin)."""
    people.add(records, "tests", "ana", PASSWORD, ["support"])
    people.add(records, "tests", "ben", PASSWORD, ["editor", "admin"])
    return records


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium(playwright) as browser:
        yield browser


def chromium(playwright: Playwright) -> Browser:
    """Debian's, or else Playwright's own."""
    found = subprocess.run(["sh", "scripts/chromium", "path"], cwd=ROOT, capture_output=True, text=True, check=True)
    return playwright.chromium.launch(executable_path=found.stdout.strip() or None, args=QUIET)


@pytest.fixture
def free_port() -> int:
    return _free_port()


@pytest.fixture(scope="session")
def server(bot: Bot, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running program, without a slash at its end. `bot` comes first: it has built the index."""
    with program(tmp_path_factory.mktemp("server") / "output", BOT_DATA=str(data)) as base:
        yield base


@contextmanager
def program(output: Path, **environment: str) -> Iterator[str]:
    """The address of app.py with these variables, without a slash at its end; what it says goes to the file."""
    port = _free_port()
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process, output)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert process.poll() is None, f"the server stopped: {output.read_text()}"
            time.sleep(0.05)
    raise AssertionError(f"the server was not ready in {START_SECONDS} s: {output.read_text()}")
