"""Parts of the guard killed, damaged or removed, seen from the page: it refers, and never answers."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bot.chat import Bot
from bot.settings import ROOT, SHIPPED_ARTICLES
from tests.conftest import START_SECONDS

HARMLESS = "How often should I have a back massage?"


def remove(path: Path) -> None:
    path.unlink()


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + b"\x00rubbish\n\t: [")


def misspell(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("  reply:", "  replie:", 1), encoding="utf-8")


@contextmanager
def serving(folder: Path, port: int, data: Path) -> Iterator[str]:
    """The program of another checkout, which may answer from the index that is there already."""
    env = {**os.environ, "BOT_DATA": str(data), "BOT_CORPUS": str(SHIPPED_ARTICLES)}
    env["DATABASE_URL"] = f"sqlite:///{folder}/records.sqlite"
    with (folder / "output").open("w") as log:
        command = [sys.executable, "app.py", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    break
            except OSError:
                assert process.poll() is None, (folder / "output").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.mark.parametrize(
    ("part", "harm"),
    [
        ("bot/models/guard/model.int8.onnx", remove),
        ("bot/models/guard/model.int8.onnx", damage),
        ("corpus/red_flags/professional.yaml", remove),
        ("corpus/red_flags/professional.yaml", misspell),
        ("bot/models/minilm/model.int8.onnx", remove),
    ],
)
def test_the_page_refers_when_a_part_of_the_guard_is_broken(
    bot: Bot, data: Path, browser: Browser, free_port: int, tmp_path: Path, part: str, harm: Callable[[Path], None]
) -> None:
    for name in ("bot", "corpus", "eval"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "examples"))
    shutil.copy(ROOT / "app.py", tmp_path)
    harm(tmp_path / part)
    with serving(tmp_path, free_port, data) as address:
        page = browser.new_page()
        try:
            page.goto(address)
            page.get_by_label("Your question").fill(HARMLESS)
            page.get_by_role("button", name="Ask", exact=True).click()
            reply = page.locator(".reply").last
            reply.wait_for(timeout=60_000)
            assert "professional" in (reply.get_attribute("class") or "")
            expect(reply).to_contain_text("Please see a health professional")
            expect(reply).to_contain_text("numbness between the legs")  # it grows line by line
        finally:
            page.close()
