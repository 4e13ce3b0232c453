"""A PostgreSQL server of our own: in a temporary folder, reached by a socket in it, stopped at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.settings import ROOT


@contextmanager
def server() -> Iterator[str]:
    """The address of a fresh server, with {} for the name of a database."""
    found = subprocess.run(["sh", "scripts/postgres", "path"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout, "there is no PostgreSQL; run: sh scripts/postgres"
    programs = Path(found.stdout.strip())
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not pytest's, which other users may not enter
    user = _owner(folder)
    port = _free_port()
    settings = f"-p {port} -k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off"
    control = [str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    try:
        initdb = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "tests", "-A", "trust", "-E", "UTF8"]
        _run([*initdb, "--locale=C.UTF-8", "--no-sync"], user)
        _run([*control, "-l", str(folder / "log"), "-o", settings, "start"], user)
        try:
            yield f"postgresql://tests@/{{}}?host={folder}&port={port}"
        finally:
            _run([*control, "-m", "immediate", "stop"], user)
    finally:
        shutil.rmtree(folder)


def _owner(folder: Path) -> str | None:
    """The user to run the server as: PostgreSQL refuses root, and Debian's package made one for it."""
    if os.geteuid() != 0:
        return None
    postgres = pwd.getpwnam("postgres")
    os.chown(folder, postgres.pw_uid, postgres.pw_gid)
    return postgres.pw_name


def _run(command: list[str], user: str | None) -> None:
    result = subprocess.run(
        command, user=user, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
