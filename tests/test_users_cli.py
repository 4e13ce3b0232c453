"""python -m bot users, as an owner runs it."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.records import audit, people
from bot.records.database import Records, open_records
from bot.settings import ROOT, Settings
from tests.databases import PASSWORD, settings
from tests.test_cli import check_one_sentence

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "DATABASE_URL"))}
    return {**inherited, "BOT_DATA": str(tmp_path)}


@pytest.fixture
def users(environment: dict[str, str]) -> Run:
    """Runs python -m bot users with these arguments and this standard input."""

    def run(*arguments: str, typed: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "bot", "users", *arguments],
            cwd=ROOT,
            env={**environment, **variables},
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def here(tmp_path: Path) -> Records:
    """The database that the commands write."""
    return open_records(Settings.load(data=tmp_path))


def test_from_the_first_user_to_the_last_change(users: Run, here: Records) -> None:
    assert "make one: python -m bot users add NAME" in users("list").stderr
    added = users("add", "Ana", "--role", "support", "--role", "admin", typed=PASSWORD + "\n")
    assert (added.returncode, added.stdout) == (0, "ana may sign in as admin, support.\n"), added.stderr
    assert people.sign_in(here, settings(), "ana", PASSWORD).name == "ana"
    assert users("role", "ana", "--role", "editor").returncode == 0
    assert users("list").stdout == "ana\teditor\tactive\n"
    assert users("disable", "ana").returncode == 0
    assert users("list").stdout == "ana\teditor\tdisabled\n"
    assert users("enable", "ana").returncode == 0
    assert users("passwd", "ana", typed="another good one\n").returncode == 0
    assert people.sign_in(here, settings(), "ana", "another good one")
    entries = audit.entries(here)
    assert {entry.who for entry in entries} == {"command line"}
    assert [entry.what for entry in entries] == [
        "password changed",
        "user enabled",
        "user disabled",
        "roles changed",
        "user added",
    ]


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["add", "ana", "--role", "admin"], "short\n", "12 to 1,024 characters; this one has 5"),
        (["add", "ana", "--role", "admin"], "", "no password"),
        (["add", "ana", "--role", "boss"], PASSWORD, "no role 'boss'"),
        (["add", "ana"], PASSWORD, "at least one role"),
        (["add", "two words", "--role", "admin"], PASSWORD, "cannot be a user's name"),
        (["passwd", "nobody"], PASSWORD, "no user 'nobody'"),
        (["disable", "nobody"], "", "no user 'nobody'"),
        (["role", "nobody", "--role", "admin"], "", "no user 'nobody'"),
    ],
)
def test_a_mistake_is_one_sentence(users: Run, arguments: list[str], typed: str, said: str) -> None:
    check_one_sentence(users(*arguments, typed=typed), said)


def test_a_database_that_cannot_be_opened_is_one_sentence(users: Run) -> None:
    check_one_sentence(users("list", DATABASE_URL="sqlite:////proc/none/records.sqlite"), "DATABASE_URL")


@pytest.mark.parametrize(
    ("second", "status", "said"), [(PASSWORD, 0, "may sign in"), ("something else", 2, "two passwords differ")]
)
def test_on_a_terminal_it_is_asked_for_twice(environment: dict[str, str], second: str, status: int, said: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "users", "add", "ana", "--role", "admin"],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,  # so that the password is asked for there and not on our own terminal
    )
    os.close(theirs)
    shown = answer(ours, "Password: ", PASSWORD) + answer(ours, "Again: ", second) + rest(ours)
    assert process.wait(timeout=60) == status, shown
    assert said in shown
    assert PASSWORD not in shown
    os.close(ours)


def answer(terminal: int, asked: str, typed: str) -> str:
    shown = ""
    while asked not in shown:
        shown += os.read(terminal, 1000).decode()
    os.write(terminal, f"{typed}\n".encode())
    return shown


def rest(terminal: int) -> str:
    shown = ""
    try:
        while part := os.read(terminal, 1000):
            shown += part.decode()
    except OSError:  # how Linux says that nobody is at the other end
        pass
    return shown
