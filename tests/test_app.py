"""python app.py where it cannot start: one sentence, exit status 2."""

import os
import socket
import subprocess
import sys

import pytest

from app import listen
from bot.errors import SettingsError
from bot.settings import ROOT


@pytest.fixture
def start(tmp_path):
    """Runs app.py with these arguments until it gives up by itself."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "app.py", *arguments],
            cwd=ROOT,
            env={**os.environ, "BOT_DATA": str(tmp_path), **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


def check_one_sentence(result: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().split("\n")
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("app: ")
    for word in words:
        assert word in lines[0], result.stderr


def test_a_taken_port_is_one_sentence(start):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        check_one_sentence(start("--port", str(port)), f"127.0.0.1:{port}", f"PORT={port + 1}")


def test_a_program_that_still_loads_holds_its_port(free_port):
    """Two programs started at once: the second must be told, not fail when the first is already serving."""
    with listen("127.0.0.1", free_port) as first:
        host, port = first.getsockname()
        with pytest.raises(SettingsError, match=f"{host}:{port}"):
            listen(host, port).close()


def test_a_port_just_left_can_be_taken_again(free_port):
    """A restart must not wait for old connections to time out."""
    for _ in range(2):
        with listen("127.0.0.1", free_port) as listener:
            listener.listen()
            with socket.create_connection(("127.0.0.1", free_port)) as client:
                served, _ = listener.accept()
                served.close()  # the side that closes first is the one that waits
                assert client.recv(1) == b""


def test_an_address_that_is_not_ours(start):
    check_one_sentence(start("--host", "203.0.113.7"), "203.0.113.7")


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_port_that_is_none(start, port):
    check_one_sentence(start("--port", port), "BOT_PORT", port)


def test_an_unknown_setting(start):
    check_one_sentence(start(BOT_FOO="1"), "BOT_FOO")
