"""The inbox in a real browser, and its cases as a file."""

import csv
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.testclient import TestClient

from bot.records import cases, feedback, inbox, people
from bot.records.database import Records, open_records
from bot.records.tables import Decision, Reason, Thumb
from bot.reply import Route
from bot.settings import Settings
from tests import staff
from tests.console import BROKEN_OFF
from tests.databases import PASSWORD, exchange

pytestmark = pytest.mark.browser

PATIENCE = 20_000  # milliseconds; two cores may be busy with other things
PHONE, DESK = (360, 740), (1280, 800)
ODD = "<b>Is</b> {{value}} ${1+1} safe?"


@pytest.fixture
def records(tmp_path) -> Iterator[Records]:
    """Cases 1 to 3: a thumb down with words, a refusal without, a referral with."""
    opened = open_records(Settings.load(data=tmp_path))
    people.add(opened, "tests", "ana", PASSWORD, ["support"])
    people.add(opened, "tests", "eva", PASSWORD, ["evaluator"])
    liked = exchange(opened, ODD)
    words = feedback.Words("not at all", ODD, "Ten.")
    feedback.give(opened, Settings.load(), liked, Thumb.DOWN, reason=Reason.WRONG, words=words)
    exchange(opened, route=Route.OUT_OF_SCOPE, consented=False, position=1)
    exchange(opened, "my leg is numb", Route.PROFESSIONAL, conversation="other")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def console(records, tmp_path) -> Iterator[str]:
    with staff.served(staff.app(Settings.load(data=tmp_path), records)) as address:
        yield address


@pytest.fixture(params=[DESK], ids=["desk"])
def page(browser: Browser, console, request) -> Iterator[Page]:
    """Ana at the inbox; at the end nothing has gone wrong in it."""
    width, height = request.param
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
        page.on(
            "request", lambda asked: None if asked.url.startswith((console, "data:")) else problems.append(asked.url)
        )
        page.goto(f"{console}/staff/inbox")
        page.get_by_label("Name").fill("ana")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(listed(page)).to_have_count(3, timeout=PATIENCE)
        yield page
    assert [problem for problem in problems if not problem.startswith(BROKEN_OFF)] == []


def listed(page: Page) -> Locator:
    return page.locator("#cases button")


def open_case(page: Page, number: int) -> Locator:
    """The case, opened, with its fields filled."""
    page.get_by_role("button", name=f"Open {number}", exact=True).click()
    expect(page.get_by_role("heading", name=f"Case {number}")).to_be_focused(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Decide")).to_be_visible()
    return page.locator("#case")


def says(page: Page, words: str) -> None:
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible(timeout=PATIENCE)


def check(page: Page) -> None:
    """Nothing that axe-core finds, one main heading, and nothing that has to be scrolled sideways."""
    found = Axe().run(page).response["violations"]
    assert found == [], [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found]
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("page", [PHONE, DESK], ids=["phone", "desk"], indirect=True)
def test_a_case_is_read_taken_and_decided(page, records):
    expect(page).to_have_title("Inbox · Staff console")
    expect(page.get_by_role("img", name="Cases by day")).to_be_visible(timeout=PATIENCE)
    check(page)
    case = open_case(page, 1)
    expect(case).to_contain_text(ODD)
    expect(case).to_contain_text("not at all")
    expect(case).to_contain_text("No words were kept.")
    check(page)
    page.get_by_role("button", name="Take it").click()
    says(page, "The case is now with ana.")
    expect(page.locator("#cases")).to_contain_text("with ana")
    page.get_by_label("wrong answer").check()
    page.get_by_label("Note").fill("She wrote from jane@example.org. See the article on oils.")
    page.get_by_role("button", name="Decide").click()
    says(page, "The case is decided: wrong answer. Names, contact details and dates of birth were taken out")
    expect(page.get_by_label("Note")).to_have_value("She wrote from [e-mail]. See the article on oils.")
    expect(case).to_contain_text("She wrote from [e-mail]. See the article on oils.")
    expect(page.locator("#cases")).to_contain_text("decided: wrong answer")
    decided = inbox.read(records, 1)
    assert (decided.row.decision, decided.row.assignee) == (Decision.WRONG_ANSWER, "ana")
    assert decided.row.note == "She wrote from [e-mail]. See the article on oils."
    assert {entry.who for entry in decided.history} == {"ana"}
    page.get_by_role("button", name="Open it anew").click()
    says(page, "The case is open again.")


def test_of_two_at_one_case_the_second_is_told_and_loses_nothing(page, records):
    case = open_case(page, 3)
    page.get_by_label("Note").fill("My own note.")
    page.get_by_label("fine").check()
    cases.write_note(records, "eva", 3, inbox.read(records, 3).row.revision, "The note of somebody else.")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert").filter(has_text="what you typed is still in its fields")).to_be_visible()
    expect(case).to_contain_text("The note of somebody else.")
    expect(page.get_by_label("Note")).to_have_value("My own note.")
    expect(page.get_by_label("fine")).to_be_checked()
    assert inbox.read(records, 3).row.decision is None
    page.get_by_role("button", name="Decide").click()
    says(page, "The case is decided: fine.")
    assert inbox.read(records, 3).row.note == "My own note."


def test_filtered_and_put_into_a_file(page, console):
    page.get_by_label("Words").fill("numb")
    page.keyboard.press("Enter")
    expect(listed(page)).to_have_text(["Open 3"], timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all 1 as CSV").click()
    head, *rows = csv.reader(download.value.path().read_text(encoding="utf-8").splitlines())
    assert [dict(zip(head, row, strict=True))["question"] for row in rows] == ["my leg is numb"]
    page.get_by_label("From day").fill("yesterday")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("'yesterday' is not a day; write it as 2026-11-30.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("From day")).to_have_value("yesterday")


def test_by_keyboard_alone(page, records):
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Open 2", exact=True)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Case 3")).to_be_focused(timeout=PATIENCE)
    page.keyboard.press("n")
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.type("and 4 a reason")  # keys that would do something anywhere else
    expect(page.get_by_label("Note")).to_have_value("and 4 a reason")
    page.get_by_role("heading", name="Case 3").focus()
    page.keyboard.press("4")
    expect(page.get_by_label("wrong route")).to_be_checked()
    page.keyboard.press("d")
    says(page, "The case is decided: wrong route.")
    assert (inbox.read(records, 3).row.assignee, inbox.read(records, 3).row.note) == (None, "and 4 a reason")


def test_shortcuts_are_switched_off(page):
    page.get_by_text("Keyboard shortcuts").click()
    page.get_by_label("Use them on this device").uncheck()
    page.reload()
    expect(listed(page)).to_have_count(3, timeout=PATIENCE)
    page.get_by_text("Keyboard shortcuts").click()
    expect(page.get_by_label("Use them on this device")).not_to_be_checked()
    page.keyboard.press("j")
    expect(listed(page).first).not_to_be_focused()


def test_an_address_opens_a_case(page, console):
    page.goto(f"{console}/staff/inbox?case=3")
    expect(page.get_by_role("heading", name="Case 3")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("link", name="Open in Try")).to_have_attribute("href", "/staff/try?case=3")
    page.goto(f"{console}/staff/inbox?case=99")
    expect(page.get_by_text("There is no case 99; look for it in the inbox.")).to_be_visible(timeout=PATIENCE)


def test_the_file_is_not_for_everybody(records, tmp_path):
    with TestClient(staff.app(Settings.load(data=tmp_path), records)) as client:
        staff.log_in(client, "eva")
        assert client.get("/staff/inbox/cases.csv").status_code == 403
    with TestClient(staff.app(Settings.load(data=tmp_path), records)) as client:
        staff.log_in(client, "ana")
        assert client.get("/staff/inbox/cases.csv?kind=nonsense").json()["error"]["code"] == "bad_filter"
        assert client.get("/staff/inbox/cases.csv?kind=referral").text.count("\n") == 2
