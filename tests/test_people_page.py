"""People and audit in a real browser, and the audit as a file."""

import csv
import datetime
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.testclient import TestClient

from bot.records import audit, people, sessions
from bot.records.database import Records, open_records
from bot.settings import Settings
from tests import staff
from tests.databases import PASSWORD

pytestmark = pytest.mark.browser

PATIENCE = 20_000  # milliseconds; two cores may be busy with other things
PHONE, DESK = (360, 740), (1280, 800)


@pytest.fixture
def records(tmp_path) -> Iterator[Records]:
    opened = open_records(Settings.load(data=tmp_path))
    people.add(opened, "tests", "ana", PASSWORD, ["support"])
    people.add(opened, "tests", "ben", PASSWORD, ["admin"])
    yield opened
    opened.engine.dispose()


@pytest.fixture
def console(records, tmp_path) -> Iterator[str]:
    with staff.served(staff.app(Settings.load(data=tmp_path), records)) as address:
        yield address


@pytest.fixture(params=[DESK], ids=["desk"])
def page(browser: Browser, console, request) -> Iterator[Page]:
    """Ben at the page; at the end nothing has gone wrong in it."""
    width, height = request.param
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request", lambda asked: None if asked.url.startswith((console, "data:")) else problems.append(asked.url)
        )
        page.goto(f"{console}/staff/people")
        page.get_by_label("Name").fill("ben")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(users(page)).to_contain_text("ana", timeout=PATIENCE)
        yield page
    assert problems == []


def users(page: Page) -> Locator:
    return page.get_by_role("table", name="Users")


def row(page: Page, name: str) -> Locator:
    return users(page).get_by_role("row").filter(has_text=name)


def choose(page: Page, name: str) -> None:
    page.get_by_label("User", exact=True).click()
    page.get_by_role("option", name=name).click()


def says(page: Page, words: str) -> None:
    expect(page.get_by_text(words)).to_be_visible(timeout=PATIENCE)


def check(page: Page) -> None:
    """Nothing that axe-core finds, one main heading, and nothing that has to be scrolled sideways."""
    found = Axe().run(page).response["violations"]
    assert found == [], [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found]
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("page", [PHONE, DESK], ids=["phone", "desk"], indirect=True)
def test_roles_are_changed_and_the_audit_says_so(page, records):
    expect(page).to_have_title("People and audit · Staff console")
    check(page)
    choose(page, "ana")
    expect(page.get_by_label("support")).to_be_checked()
    page.get_by_label("editor").check()
    page.get_by_role("button", name="Save roles").click()
    says(page, "ana has these roles from now on: support, editor.")
    expect(row(page, "ana")).to_contain_text("editor, support")
    [ana] = [user for user in people.everybody(records) if user.name == "ana"]
    assert ana.roles == {"support", "editor"}
    page.get_by_role("button", name="Show").click()
    expect(page.locator("table").last).to_contain_text("roles changed", timeout=PATIENCE)
    check(page)


def test_a_user_is_shut_out_and_let_in(page, records, tmp_path):
    token = sessions.start(records, Settings.load(data=tmp_path), "ana")
    choose(page, "ana")
    page.get_by_role("button", name="Disable").click()
    says(page, "ana can no longer log in, and every session has ended.")
    expect(row(page, "ana")).to_contain_text("disabled")
    assert sessions.whose(records, Settings.load(data=tmp_path), token) is None
    page.get_by_role("button", name="Enable").click()
    says(page, "ana may log in.")
    expect(row(page, "ana")).to_contain_text("active")
    assert [(entry.who, entry.what) for entry in audit.entries(records, limit=2)] == [
        ("ben", "user enabled"),
        ("ben", "user disabled"),
    ]


def test_an_admin_cannot_shut_themselves_out(page, records):
    choose(page, "ben")
    page.get_by_role("button", name="Disable").click()
    says(page, "You cannot disable yourself; ask another admin.")
    page.get_by_label("admin", exact=True).uncheck()
    page.get_by_label("support").check()
    page.get_by_role("button", name="Save roles").click()
    says(page, "You cannot take the role admin from yourself; ask another admin.")
    [ben] = [user for user in people.everybody(records) if user.name == "ben"]
    assert ben.roles == {"admin"}
    assert not ben.disabled


def test_the_audit_is_filtered_and_leafed_through(page, records):
    for number in range(60):
        people.set_roles(records, "cleo", "ana", ["editor"] if number % 2 else ["support"])
    page.get_by_label("Who").fill("cleo")
    page.get_by_role("button", name="Show").click()
    says(page, "Entries 1 to 50, times in UTC")
    page.get_by_role("button", name="Older").click()
    says(page, "Entries 51 to 60, times in UTC")
    expect(page.get_by_role("button", name="Older")).to_be_disabled()
    page.get_by_role("button", name="Newer").click()
    says(page, "Entries 1 to 50, times in UTC")
    page.get_by_label("From day").fill("yesterday")
    page.get_by_label("From day").press("Enter")
    says(page, "'yesterday' is not a day; write it as 2026-11-30.")
    page.get_by_label("From day").fill("2001-01-01")
    page.get_by_label("To day").fill("2001-01-31")
    page.get_by_label("To day").press("Enter")
    says(page, "There is no such entry.")
    page.get_by_label("From day").fill("")
    page.get_by_label("To day").fill(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}")
    page.get_by_label("To day").press("Enter")
    says(page, "Entries 1 to 50, times in UTC")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these as CSV").click()
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 60
    assert {line["who"] for line in lines} == {"cleo"}
    assert lines[0]["details"] == '{"before": ["support"], "after": ["editor"]}'


def test_a_session_that_ends_is_said_and_what_was_typed_stays(page, records, console):
    page.get_by_label("Which one").fill("ana")
    people.set_password(records, "tests", "ben", "another good one")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#ended")).to_contain_text("Your session has ended.", timeout=PATIENCE)
    check(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Log in in a new tab").click()
    opened.value.get_by_label("Name").fill("ben")
    opened.value.get_by_label("Password").fill("another good one")
    opened.value.keyboard.press("Enter")
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Staff console", timeout=PATIENCE)
    check(opened.value)
    expect(page.get_by_label("Which one")).to_have_value("ana")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("table").last).to_contain_text("user added", timeout=PATIENCE)
    expect(page.locator("#ended")).to_have_count(0)


def test_only_for_admins(browser, records, console, tmp_path):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{console}/staff/people")
        page.get_by_label("Name").fill("ana")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_text("This needs the role admin").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("table")).to_have_count(0)
        assert page.request.get(f"{console}/staff/people/audit.csv").status == 403


def test_no_cell_of_the_file_is_a_formula(tmp_path, records):
    with TestClient(staff.app(Settings.load(data=tmp_path), records)) as client:
        staff.log_in(client, "ben")
        with records.writing() as session:
            audit.note(session, records.now(), "=cmd()", "-1+1", ("user", "@x"), note='"quoted", and a\nline')
        lines = list(csv.reader(client.get("/staff/people/audit.csv").text.splitlines(keepends=True)))
        assert lines[1][1:5] == ["'=cmd()", "'-1+1", "user", "'@x"]
        assert lines[1][5] == '{"note": "\\"quoted\\", and a\\nline"}'
        assert client.get("/staff/people/audit.csv", params={"since": "soon"}).status_code == 400
