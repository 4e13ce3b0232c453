"""Log-in and log-out: the pages, their forms and cookies, and what happens when something is wrong."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from bot.records import people, sessions
from bot.records.database import FILE, Records, open_records
from bot.settings import Settings
from bot.web.staff.desk import COOKIE
from bot.web.staff.login import inside
from tests import staff
from tests.databases import PASSWORD, Clock

MAKE_ONE = "python -m bot users add NAME --role admin"
WRONG = "The name or the password is wrong"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings.load(data=tmp_path, sign_in_attempts=3, lock_out_minutes=15, session_idle_minutes=30)


@pytest.fixture
def empty(settings, clock) -> Iterator[Records]:
    opened = open_records(settings, clock)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def ana(empty: Records) -> Records:
    people.add(empty, "tests", "ana", PASSWORD, ["support"])
    return empty


@pytest.fixture
def client(settings, empty) -> Iterator[TestClient]:
    with TestClient(staff.app(settings, empty), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def test_without_any_user_the_page_says_how_to_make_one(client, empty):
    page = client.get("/staff/login").text
    assert MAKE_ONE in page
    assert "<form" not in page
    people.add(empty, "tests", "ana", PASSWORD, ["support"])
    page = client.get("/staff/login").text
    assert MAKE_ONE not in page
    assert "<form" in page


def test_without_a_database_the_console_says_so(settings):
    with TestClient(staff.app(settings, None)) as client:
        for path in ("/staff", "/staff/", "/staff/people", "/staff/login"):
            response = client.get(path)
            assert response.status_code == 503
            assert "closed" in response.text
        assert client.get("/").status_code == 200


def test_log_in_and_out(client, ana):
    response = staff.log_in(client, "Ana", after="/staff/people")
    assert (response.status_code, response.headers["location"]) == (303, "/staff/people")
    cookie = response.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/staff"))
    assert "Secure" not in cookie, "a browser would not send it back over http"
    assert client.get("/staff/login").headers["location"] == "/staff/"
    assert client.post("/staff/logout", data={"csrf": client.cookies["staff_csrf"]}).status_code == 303
    assert client.get("/staff/").status_code == 401


def test_under_https_the_cookie_stays_there(settings, ana):
    with TestClient(staff.app(settings, ana), base_url="https://testserver", follow_redirects=False) as client:
        assert "Secure" in staff.log_in(client, "ana").headers["set-cookie"]


def test_every_log_in_is_a_new_session(client, ana, settings):
    client.cookies.set(COOKIE, "chosen by somebody else", path="/staff")
    assert "chosen" not in staff.log_in(client, "ana").headers["set-cookie"]
    assert sessions.whose(ana, settings, "chosen by somebody else") is None


def test_a_wrong_password_and_a_name_of_nobody_look_the_same(client, ana):
    answers = [staff.log_in(client, name, "not this one") for name in ("ana", "zoe")]
    assert [response.status_code for response in answers] == [401, 401]
    assert answers[0].text.replace('value="ana"', "") == answers[1].text.replace('value="zoe"', "")
    assert WRONG in answers[0].text
    assert "not this one" not in answers[0].text


def test_what_was_typed_is_no_html(client, ana):
    assert "<b>" not in staff.log_in(client, '"><b>x', "y").text


def test_after_too_many_wrong_passwords_the_right_one_has_to_wait(client, ana, clock: Clock):
    for _ in range(3):
        assert staff.log_in(client, "ana", "wrong").status_code == 401
    assert staff.log_in(client, "ana").status_code == 401
    clock.forward(minutes=15)
    assert staff.log_in(client, "ana").status_code == 303


def test_an_idle_session_ends(client, ana, clock: Clock):
    staff.log_in(client, "ana")
    clock.forward(minutes=29)
    assert client.get("/staff/").status_code == 200
    clock.forward(minutes=31)
    response = client.get("/staff/people?a=b", headers={"accept": "text/html"})
    assert response.headers["location"] == "/staff/login?next=%2Fstaff%2Fpeople%3Fa%3Db"


@pytest.mark.parametrize("csrf", [None, "", "guessed"])
def test_a_form_that_is_not_ours(client, ana, csrf):
    client.get("/staff/login")
    response = client.post(
        "/staff/login", data={"name": "ana", "password": PASSWORD} | ({"csrf": csrf} if csrf is not None else {})
    )
    assert response.status_code == 403
    assert "open for too long" in response.text
    assert COOKIE not in client.cookies


@pytest.mark.parametrize("csrf", ["", "\u00e4\u00f6"])
def test_without_our_cookie_no_form_is_ours(client, ana, csrf):
    assert client.post("/staff/login", data={"csrf": csrf, "name": "ana", "password": PASSWORD}).status_code == 403


def test_a_form_sent_by_another_site(client, ana):
    client.get("/staff/login")
    fields = {"csrf": client.cookies["staff_csrf"], "name": "ana", "password": PASSWORD}
    assert client.post("/staff/login", data=fields, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/staff/login", data=fields, headers={"origin": "http://testserver"}).status_code == 303


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"name=" + b"a" * 100_000], ids=["nothing", "bytes", "much"])
def test_a_body_that_is_no_form(client, ana, body):
    response = client.post("/staff/login", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert 400 <= response.status_code < 500


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/staff/people?page=2#audit", "/staff/people?page=2#audit"),
        ("https://elsewhere.example/staff/", "/staff/"),
        ("//elsewhere.example/staff/", "/staff/"),
        ("/\\elsewhere.example", "/staff/"),
        ("/staff/\\elsewhere.example", "/staff/"),
        ("javascript:alert(1)", "/staff/"),
        ("/staff/\r\nset-cookie: a=b", "/staff/"),
        ("/articles", "/staff/"),
        ("http://[", "/staff/"),
        ("", "/staff/"),
    ],
)
def test_after_the_log_in_only_pages_of_the_console(address, expected):
    assert inside(address) == expected


def test_a_database_that_fails_is_said_calmly_and_visitors_do_not_notice(client, ana, settings):
    staff.log_in(client, "ana")
    ana.engine.dispose()
    (settings.data / FILE).write_bytes(b"no database any more" * 1000)
    for response in (
        client.get("/staff/"),
        client.get("/staff/login"),
        client.post("/staff/logout", data={"csrf": client.cookies["staff_csrf"]}),
    ):
        assert response.status_code == 503
        assert "The database cannot be" in response.text
    assert client.get("/").status_code == 200
    assert client.post("/api/chat", json={"message": "How do I knead?"}).status_code == 200


@pytest.mark.browser
@pytest.mark.parametrize("size", [(360, 740), (1280, 800)], ids=["phone", "desk"])
def test_in_a_browser_by_keyboard_alone(browser: Browser, settings, ana, size):
    with (
        staff.served(staff.app(settings, ana)) as address,
        browser.new_context(viewport={"width": size[0], "height": size[1]}) as context,
    ):
        page = context.new_page()
        page.goto(f"{address}/staff/people")
        assert page.title() == "Log in · Staff console"
        check(page)
        page.keyboard.type("ana")
        page.keyboard.press("Tab")
        page.keyboard.type("not my password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(WRONG)
        expect(page.get_by_label("Password")).to_be_focused()
        check(page)
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("#bar")).to_contain_text("Logged in as ana (support)", timeout=20_000)
        page.get_by_role("button", name="Log out").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in to the staff console")
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in to the staff console")


def check(page) -> None:
    """Nothing that axe-core finds, and nothing that has to be scrolled sideways."""
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


ATTEMPTS = 50  # more than Starlette has threads


def test_many_at_once_do_not_hold_visitors_up(settings, ana):
    """Hashing is slow on purpose, and takes no thread that a visitor might wait for."""
    with staff.served(staff.app(settings, ana)) as address:
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            csrf = client.get("/staff/login").cookies["staff_csrf"]
        fields = {"name": "zoe", "password": "wrong", "csrf": csrf}
        cookies = {"cookie": f"staff_csrf={csrf}"}

        def attempt() -> None:
            httpx.post(f"{address}/staff/login", data=fields, headers=cookies, timeout=120, trust_env=False)

        with ThreadPoolExecutor(ATTEMPTS) as pool:
            attempts = [pool.submit(attempt) for _ in range(ATTEMPTS)]
            wait(attempts, return_when=FIRST_COMPLETED)
            asked = {"message": "How do I knead?"}
            assert httpx.post(f"{address}/api/chat", json=asked, timeout=60, trust_env=False).status_code == 200
            assert not all(attempt.done() for attempt in attempts), "the visitor has not waited for all of them"
