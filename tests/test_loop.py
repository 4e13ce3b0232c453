"""The whole loop in a real browser, over the real program: what a visitor finds wrong is put right and stays right."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.records import people
from bot.records.database import open_records
from bot.reply import Route
from bot.settings import Settings
from bot.web.staff.workbench import NewQuestion
from eval.workbench import Bench
from tests.conftest import program
from tests.console import DESK, choose, logged_in
from tests.databases import PASSWORD
from tests.library import small_library

pytestmark = pytest.mark.browser

QUESTION = "How do I wash oil out of the sheets?"
WRONG = "One teaspoon of oil is enough for a back massage."
RIGHT = "Wash an oily sheet at sixty degrees, with washing-up liquid on every stain."
SECTION = f"\n## How do I get oil out of a sheet? {{#sheets}}\n\n{RIGHT}\n"
KNOWN = "Which oil is best for a back massage?"
RUN_MS = 120_000  # a run loads a bot of its own, on two cores that may be busy


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The program over the small library, with one benchmark question and somebody for every role."""
    library = small_library(tmp_path / "library")
    settings = Settings.load(corpus=library, data=tmp_path / "data")
    records = open_records(settings)
    for name, role in (("ana", "support"), ("ben", "editor"), ("dora", "editor"), ("ada", "admin")):
        people.add(records, "tests", name, PASSWORD, [role])
    records.engine.dispose()
    Bench(settings).add(NewQuestion((KNOWN,), (Route.ANSWER,)), {})
    with program(tmp_path / "output", BOT_CORPUS=str(library), BOT_DATA=str(settings.data)) as address:
        yield address


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Page]:
    """The visitor page, which stays open all the time."""
    context: BrowserContext = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def ask(page: Page, said: str) -> None:
    """The question on the visitor page, which is answered so."""
    before = page.locator("#chat .reply").count()
    page.get_by_label("Your question").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#chat .reply")).to_have_count(before + 1)
    expect(page.locator("#chat .reply").last).to_contain_text(said)


def complain(page: Page) -> None:
    """A thumb down with all that goes with it."""
    page.get_by_role("button", name="Thumb down: not helpful").click()
    page.locator("#chat .feedback label:visible select").select_option("It is not what I asked")
    page.get_by_label("Send my question and this reply along").check()
    page.get_by_label("Comment").fill("I asked about the sheets.")
    page.locator("#chat .feedback").get_by_role("button", name="Send").click()
    expect(page.locator("#chat .feedback").get_by_role("status")).to_have_text("Thank you.")


def press(page: Page, button: str, said: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_text(said)).to_be_visible()


def open_case(page: Page, address: str) -> None:
    """The only one in the inbox."""
    page.goto(f"{address}/staff/inbox")
    page.get_by_role("button", name="Open 1", exact=True).click()
    expect(page.locator("#case")).to_contain_text(QUESTION)
    expect(page.locator("#case")).to_contain_text("I asked about the sheets.")


def run(page: Page, address: str) -> None:
    """The questions of staff as a run, to its end."""
    page.goto(f"{address}/staff/benchmark")
    expect(page.get_by_text("No run is under way.").or_(page.get_by_text("The run of"))).to_be_visible()
    choose(page, "Question file", "staff.jsonl")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Stop")).to_be_enabled()
    expect(page.get_by_role("button", name="Stop")).to_be_disabled(timeout=RUN_MS)
    expect(page.get_by_text("The run of staff.jsonl is done")).to_be_visible()


def add_to_the_benchmark(page: Page, address: str, evidence: str) -> None:
    """The case as a question, just as the page fills it in."""
    open_case(page, address)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="add it to the benchmark").click()
    form = opened.value
    expect(form.get_by_label("Messages of the visitor")).to_have_value(QUESTION)
    expect(form.get_by_label("answer", exact=True)).to_be_checked()
    expect(form.get_by_role("group", name="Sentences that answer it").get_by_label(evidence)).to_be_checked()
    expect(form.get_by_label("Facts that a good answer holds")).not_to_have_value("")
    press(form, "Add the question", "The question is added as staff-")
    form.close()


def passes(page: Page, over: str) -> None:
    """In the report of the newest run no question is wanting, and the visitor's is among them."""
    expect(page.get_by_text(f"and {over}.")).to_be_visible()
    expect(page.get_by_text("1 question that both runs asked")).to_be_visible()
    expect(page.get_by_text("Wrong now, and right before: 0")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the report").click()
    report = opened.value
    expect(report.locator("summary", has_text=QUESTION)).to_have_count(1)
    expect(report.locator("summary .wrong")).to_have_count(0)
    report.close()


def listed(page: Page, address: str) -> list[str]:
    """Who did what by the audit, the first step first."""
    page.goto(f"{address}/staff/people")
    rows = page.get_by_role("table", name="Entries").locator("tbody tr")
    expect(rows.first).to_be_visible()
    cells = [row.locator("td").all_inner_texts() for row in rows.all()]
    return [f"{who}: {what}" for _, who, what, *_ in reversed(cells) if who != "tests"]


def test_a_thumb_down_becomes_an_article_that_answers(browser: Browser, address: str, visitor: Page) -> None:
    ask(visitor, WRONG)
    complain(visitor)
    with logged_in(browser, address, "ben") as page:
        run(page, address)
    with logged_in(browser, address, "ana") as page:
        open_case(page, address)
        page.get_by_label("missing article").check()
        page.get_by_label("Note").fill("No word on sheets in Oils.")
        press(page, "Decide", "The case is decided: missing article.")
    with logged_in(browser, address, "ben") as page:
        page.goto(f"{address}/staff/articles")
        choose(page, "Article", "Oils")
        text = page.get_by_label("Text, in Markdown")
        expect(text).to_have_value(re.compile(re.escape(WRONG)))
        expect(page.get_by_text("The corpus check finds nothing wrong.")).to_be_visible()
        text.fill(text.input_value() + SECTION)
        press(page, "Save draft", "The draft is saved.")
        press(page, "Build the next version", "The new version is built.")
        page.get_by_label("Question to both versions").fill(QUESTION)
        page.get_by_role("button", name="Ask both").click()
        expect(page.locator(".beside section").first).to_contain_text(WRONG)
        expect(page.locator(".beside section").last).to_contain_text(RIGHT)
        press(page, "Publish it", "Published: visitors get answers from the new version.")
        ask(visitor, RIGHT)
        visitor.locator("#chat .reply").last.locator("a.cite").first.click()
        expect(visitor.frame_locator("#source iframe").locator("mark").first).to_have_text(RIGHT)
        add_to_the_benchmark(page, address, RIGHT)
        run(page, address)
        passes(page, "0 curated answers")
    with logged_in(browser, address, "ada") as page:
        assert listed(page, address) == [
            "ben: run started",
            "ana: case decided",
            "ben: article drafted",
            "ben: library published",
            "ben: question added",
            "ben: run started",
        ]


def test_a_thumb_down_becomes_a_curated_answer(browser: Browser, address: str, visitor: Page) -> None:
    words = "Put washing-up liquid on the stain; the oil itself is no trouble, a teaspoon is enough."
    ask(visitor, WRONG)
    complain(visitor)
    with logged_in(browser, address, "ben") as page:
        open_case(page, address)
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="write an answer for it").click()
        editor = opened.value
        expect(editor.get_by_label("Question", exact=True)).to_have_value(QUESTION)
        editor.get_by_label("Words of the line").fill(words)
        choose(editor, "Article", "Oils")
        choose(editor, "Section", "How much oil do I need?")
        editor.get_by_role("group", name="Sentences of the section").get_by_label(WRONG).check()
        expect(editor.get_by_role("group", name="The line rests on").get_by_label(WRONG)).to_be_checked()
        press(editor, "Submit for approval", "Answer 1 awaits approval.")
    with logged_in(browser, address, "dora") as page:
        page.goto(f"{address}/staff/curated?answer=1")
        press(page, "Approve", "visitors get it from now on")
        page.wait_for_timeout(1_000)  # bot.records.served.EVERY
        ask(visitor, words)
        run(page, address)
        add_to_the_benchmark(page, address, WRONG)
        run(page, address)
        passes(page, "1 curated answer")
    with logged_in(browser, address, "ada") as page:
        assert listed(page, address) == [
            "ben: answer drafted",
            "ben: answer submitted",
            "dora: answer approved",
            "dora: run started",
            "dora: question added",
            "dora: run started",
        ]
