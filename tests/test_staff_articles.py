"""The page of articles in a real Chromium: edit, check, build, try, publish, see it answered, roll back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bot.chat import Bot
from bot.records import people
from bot.records.database import Records, open_records
from bot.settings import Settings
from tests.console import DESK, PHONE, at_rest
from tests.databases import PASSWORD
from tests.staff import app, served

pytestmark = pytest.mark.browser

DAILY = "Is it good to massage your back daily?"
OLD, NEW = "massaging your back daily", "kneading your back each day"
ARTICLE = "How often and how long"
expect.set_options(timeout=20_000)


@dataclass(frozen=True)
class Console:
    """A running program, and pages of it for users who are logged in."""

    browser: Browser
    base: str

    def open(self, name: str) -> Page:
        context = self.browser.new_context(viewport=DESK)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"{self.base}/staff/articles")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        return page

    def answer(self, question: str = DAILY) -> dict[str, Any]:
        """What a visitor gets."""
        reply: dict[str, Any] = httpx.post(f"{self.base}/api/chat", json={"message": question}, timeout=30).json()
        return reply


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = open_records(Settings.load(data=tmp_path))
    for name, role in (("ana", "support"), ("ben", "editor"), ("eve", "editor")):
        people.add(opened, "tests", name, PASSWORD, [role])
    yield opened
    opened.engine.dispose()


@pytest.fixture
def console(browser: Browser, bot: Bot, records: Records, tmp_path: Path) -> Iterator[Console]:
    own = replace(bot, settings=Settings.load(data=tmp_path))
    with served(app(own.settings, records, own)) as base:
        yield Console(browser, base)
    for context in browser.contexts:
        context.close()


def choose(page: Page, title: str) -> None:
    """By keyboard alone, once the page has its articles and the list has narrowed to the title typed."""
    expect(page.get_by_text(re.compile("^Visitors get"))).to_be_visible()
    field = page.get_by_label("Article", exact=True)
    field.click()
    expect(page.get_by_role("option").nth(1)).to_be_visible()
    field.press_sequentially(title)
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("is open"))).to_be_visible()
    expect(page.get_by_text("finds nothing wrong")).to_be_visible()


def text(page: Page) -> Any:
    return page.get_by_label("Text, in Markdown")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def save(page: Page, old: str, new: str) -> None:
    written = text(page).input_value()
    assert old in written
    text(page).fill(written.replace(old, new))
    press(page, "Save draft")


def nothing_wrong(page: Page) -> None:
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        at_rest(page)
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_edit_check_build_try_publish_and_roll_back(console: Console) -> None:
    page = console.open("ben")
    expect(page.get_by_text("Visitors get the articles as installed")).to_be_visible()
    assert OLD in console.answer()["answer"]
    choose(page, ARTICLE)
    nothing_wrong(page)
    save(page, OLD, "the colour of your back")
    expect(page.get_by_text("'colour' is not American spelling; write 'color'.")).to_be_visible()
    nothing_wrong(page)
    save(page, "the colour of your back", NEW)
    expect(page.get_by_text("finds nothing wrong")).to_be_visible()
    expect(page.get_by_text("how-often-and-how-long, saved by ben")).to_be_visible()
    press(page, "Build the next version")
    expect(page.get_by_text("The new version is built")).to_be_visible()
    page.get_by_label("Question to both versions").fill(DAILY)
    page.get_by_label("Question to both versions").press("Enter")
    columns = page.locator(".beside section")
    expect(columns.nth(0)).to_contain_text(OLD)
    expect(columns.nth(1)).to_contain_text(NEW)
    expect(columns.nth(1)).to_contain_text("Route: answer")
    nothing_wrong(page)
    assert OLD in console.answer()["answer"]
    press(page, "Publish it")
    expect(page.get_by_text("Published: visitors get answers from the new version")).to_be_visible()
    reply = console.answer()
    citation = next(citation for citation in reply["citations"] if NEW in citation["quote"])
    assert NEW in reply["answer"]
    served_text = httpx.get(f"{console.base}/articles/{citation['article']}.txt").text
    assert served_text[citation["start"] : citation["end"]] == citation["quote"]
    assert NEW in httpx.get(f"{console.base}/articles/{citation['article']}").text
    expect(page.get_by_role("table", name="Versions")).to_contain_text("published")
    nothing_wrong(page)
    press(page, "Roll back")
    expect(page.get_by_text("The earlier version serves again")).to_be_visible()
    assert OLD in console.answer()["answer"]
    expect(page.get_by_role("table", name="Versions")).to_contain_text("rolled back")


def test_the_second_of_two_editors_sees_both_texts(console: Console) -> None:
    first, second = console.open("ben"), console.open("eve")
    for page in (first, second):
        choose(page, ARTICLE)
    save(first, OLD, NEW)
    expect(first.get_by_text("The draft is saved")).to_be_visible()
    save(second, OLD, "rubbing your back every day")
    expect(second.get_by_role("alert")).to_contain_text("ben has saved a draft of this article since you opened it")
    assert "rubbing your back every day" in text(second).input_value()
    nothing_wrong(second)
    press(second, "Open theirs")
    expect(second.get_by_text("Your text, which is not saved")).to_be_visible()
    expect(text(second)).to_have_value(re.compile(NEW))
    expect(second.locator("details pre")).to_contain_text("rubbing your back every day")


def test_a_file_is_uploaded_and_a_bad_one_gets_a_sentence(console: Console) -> None:
    page = console.open("ben")
    expect(page.get_by_text("Visitors get the articles as installed")).to_be_visible()
    field = page.locator("input[type=file]")
    field.set_input_files({"name": "warm-oil.txt", "mimeType": "text/plain", "buffer": b"Warm oil\n\nOil is warm.\n"})
    expect(page.get_by_text("warm-oil.txt becomes the new article warm-oil when you save it")).to_be_visible()
    expect(text(page)).to_have_value(re.compile("Oil is warm"))
    expect(page.get_by_text("front matter, summary")).to_be_visible()
    press(page, "Save draft")
    expect(page.get_by_text("The draft is saved")).to_be_visible()
    field.set_input_files({"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"no pdf"})
    expect(page.get_by_text("broken.pdf cannot be read as pdf")).to_be_visible()
    assert "Oil is warm" in text(page).input_value()  # what was open stays
    nothing_wrong(page)


def test_who_is_no_editor_changes_nothing(console: Console, records: Records) -> None:
    page = console.open("ana")
    expect(page.get_by_text("This needs the role editor or admin")).to_be_visible()
    expect(page.get_by_text("Visitors get")).to_have_count(0)
