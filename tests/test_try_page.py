"""Try in a real browser: the path of a reply, and what other settings would change."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bot.chat import Bot
from bot.records import people
from bot.records.database import Records, open_records
from bot.reply import Route
from bot.settings import Settings
from tests import staff
from tests.databases import PASSWORD, exchange

pytestmark = pytest.mark.browser

PATIENCE = 20_000  # milliseconds; two cores may be busy with other things
PHONE, DESK = (360, 740), (1280, 800)
DAILY = "Is it good to massage your back daily?"
TINGLING = "<i>Hello</i> {{value}} ${1+1}, my left foot has been tingling since the massage"


@pytest.fixture
def records(tmp_path) -> Iterator[Records]:
    """Case 1 is the second message of a conversation; of case 2 no words were kept."""
    opened = open_records(Settings.load(data=tmp_path))
    people.add(opened, "tests", "ana", PASSWORD, ["support"])
    people.add(opened, "tests", "eva", PASSWORD, ["evaluator"])
    exchange(opened, DAILY)
    exchange(opened, "And for how long?", Route.OUT_OF_SCOPE, position=1)
    exchange(opened, route=Route.OUT_OF_SCOPE, consented=False, conversation="other")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def console(records, bot: Bot, tmp_path) -> Iterator[str]:
    with staff.served(staff.app(Settings.load(data=tmp_path), records, bot)) as address:
        yield address


@pytest.fixture(params=[(DESK, "ana")], ids=["desk"])
def page(browser: Browser, console, request) -> Iterator[Page]:
    """Somebody at the page; at the end nothing has gone wrong in it."""
    (width, height), name = request.param
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request", lambda asked: None if asked.url.startswith((console, "data:")) else problems.append(asked.url)
        )
        page.goto(f"{console}/staff/try")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Least confidence")).to_have_value("0.5", timeout=PATIENCE)
        yield page
    assert problems == []


def ask(page: Page, message: str, route: str) -> None:
    page.get_by_label("Message").fill(message)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("heading", name=f"Reply: {route}")).to_be_visible(timeout=PATIENCE)


def check(page: Page) -> None:
    """Nothing that axe-core finds, one main heading, and nothing that has to be scrolled sideways."""
    found = Axe().run(page).response["violations"]
    assert found == [], [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found]
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("page", [(PHONE, "ana"), (DESK, "eva")], ids=["phone", "desk"], indirect=True)
def test_the_path_of_an_answer(page, bot: Bot):
    expect(page).to_have_title("Try · Staff console")
    ask(page, DAILY, "answer")
    expected = bot.reply(DAILY).reply
    sentences = page.locator("table", has_text="as they were put together").locator("tbody tr")
    expect(sentences).to_have_count(len(expected.citations))
    first = expected.citations[0]
    expect(sentences.first.get_by_role("link")).to_have_attribute("href", first.url)
    candidates = page.locator("table", has_text="candidates, best first").locator("tbody tr")
    expect(candidates).to_have_count(2 * bot.settings.passages)
    expect(candidates.first).to_contain_text("used: [1]")
    expect(candidates.last).to_contain_text(f"not among the {bot.settings.passages} kept")
    page.get_by_text("What was left out, and why").click()
    expect(page.locator("table", has_text="left out").locator("tbody tr").first).to_be_visible()
    check(page)


def test_the_words_of_a_flag_are_marked_and_nothing_typed_is_markup(page):
    ask(page, TINGLING, "professional")
    messages = page.locator("#path .messages")
    expect(messages).to_have_text(TINGLING)
    expect(messages.locator("mark")).to_contain_text("tingling")
    expect(page.locator("#path")).to_contain_text("found by a rule")
    expect(page.locator("#path")).to_contain_text("a red flag outranks every answer")
    check(page)


def test_a_conversation_and_a_new_one(page):
    page.get_by_label("in a conversation").check()
    ask(page, DAILY, "answer")
    expect(page.get_by_label("Message")).to_have_value("")
    page.get_by_label("Message").fill("And for how long?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#path .messages li")).to_have_count(2, timeout=PATIENCE)
    expect(page.get_by_text(f"Standalone question: {DAILY} And for how long?")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#path .messages")).to_have_count(0)


def test_before_and_after_beside_a_bot_that_stays_as_it_is(page, bot: Bot):
    before = bot.reply(DAILY).reply
    ask(page, DAILY, "answer")
    page.get_by_label("Least confidence").fill("1")
    page.get_by_label("Most sentences").fill("1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="With the changes: out of scope")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Now: answer")).to_be_visible()
    expect(page.get_by_text("Least confidence: 0.5 before, 1.0 after")).to_be_visible()
    check(page)
    page.get_by_label("Passages kept").fill("3")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("BOT_PASSAGES is 3: input should be greater than or equal to 10")).to_be_visible()
    page.get_by_role("button", name="Settings as they are").click()
    expect(page.get_by_label("Passages kept")).to_have_value("12", timeout=PATIENCE)
    after = bot.reply(DAILY).reply
    assert (after.answer, after.settings_hash) == (before.answer, before.settings_hash)


def test_a_case_is_asked_again_after_what_came_before(page, console):
    page.goto(f"{console}/staff/try?case=1")
    expect(page.locator("#path .messages li")).to_have_text([DAILY, "And for how long?"], timeout=PATIENCE)
    page.goto(f"{console}/staff/try?case=2")
    expect(page.get_by_text("No words were kept of case 2")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("page", [(DESK, "eva")], ids=["evaluator"], indirect=True)
def test_cases_are_not_for_evaluators(page, console):
    page.goto(f"{console}/staff/try?case=1")
    expect(page.get_by_text("This needs the role support or editor or admin")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Message")).to_have_value("")
