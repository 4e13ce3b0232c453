"""Log-in with an OpenID Connect provider that runs on this machine, over real connections."""

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bot.errors import SettingsError
from bot.records import audit, people
from bot.records.database import Records, open_records
from bot.settings import Settings
from bot.web.staff.desk import COOKIE
from tests import staff
from tests.databases import PASSWORD
from tests.provider import CLIENT, SECRET, Provider

ROLES = "helpdesk=support, desk leads=editor, desk leads=admin"


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    with staff.served(provider.app()) as provider.address:
        yield provider


@pytest.fixture
def settings(provider, tmp_path) -> Settings:
    return Settings.load(
        data=tmp_path,
        oidc_issuer=provider.address,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles=ROLES,
    )


@pytest.fixture
def records(settings) -> Iterator[Records]:
    opened = open_records(settings)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def console(settings, records) -> Iterator[str]:
    with staff.served(staff.app(settings, records)) as address:
        yield address


@pytest.fixture
def client(console) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console, follow_redirects=True, trust_env=False) as client:
        yield client


def log_in(client: httpx.Client, after: str = "/staff/") -> httpx.Response:
    return client.get("/staff/oidc/start", params={"next": after})


def roles(records: Records) -> dict[str, list[str]]:
    return {user.name: sorted(user.roles) for user in people.everybody(records)}


def test_a_group_lets_in_and_gives_the_role(client, provider, records):
    provider.account["groups"] = ["helpdesk", "cyclists"]
    response = log_in(client, "/staff/config")
    assert (response.status_code, response.url.path) == (200, "/staff/config")
    assert roles(records) == {"dora": ["support"]}
    [entry] = audit.entries(records)
    assert (entry.who, entry.what, entry.details) == ("dora", "user added", {"roles": ["support"], "by": "provider"})


def test_the_roles_follow_the_groups(client, provider, records):
    for groups, expected in (("helpdesk", ["support"]), (["desk leads"], ["admin", "editor"])):
        provider.account["groups"] = groups
        assert log_in(client).status_code == 200
        assert roles(records) == {"dora": expected}
    assert [entry.what for entry in audit.entries(records)] == ["roles changed", "user added"]


def test_without_a_group_nobody_comes_in(client, provider, records):
    nothing: tuple[object, ...] = ([], "visitors", None, {"helpdesk": True})
    for groups in nothing:
        provider.account["groups"] = groups
        response = log_in(client)
        assert response.status_code == 403
        assert "none of its groups" in response.text
    assert roles(records) == {}
    assert COOKIE not in client.cookies


def test_a_name_at_the_provider_opens_nobody_elses_account(client, provider, records):
    """Names there may be chosen freely; only the subject says who somebody is."""
    people.add(records, "tests", "dora", PASSWORD, ["admin"])
    provider.account["groups"] = ["helpdesk"]
    assert log_in(client).status_code == 200
    provider.account |= {"sub": "u-2", "preferred_username": "D Ora/../"}
    client.cookies.clear()
    assert log_in(client).status_code == 200
    provider.account |= {"preferred_username": "somebody else"}
    client.cookies.clear()
    assert log_in(client).status_code == 200
    assert roles(records) == {"d-ora-..-": ["support"], "dora": ["admin"], "dora-2": ["support"]}


def test_a_disabled_user_stays_out(client, provider, records):
    provider.account["groups"] = ["helpdesk"]
    log_in(client)
    people.disable(records, "tests", "dora")
    assert client.get("/staff/config").status_code == 401
    assert "disabled" in log_in(client).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another client"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of another log-in"},
        {"exp": int(time.time()) - 3600},
        {"sub": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_token_that_lies(client, provider, records, wrong):
    provider.account["groups"] = ["helpdesk"]
    provider.wrong = wrong
    response = log_in(client)
    assert response.status_code == 401
    assert "did not work" in response.text
    assert roles(records) == {}


def test_a_token_signed_by_a_stranger(client, provider, records):
    provider.account["groups"] = ["helpdesk"]
    provider.stranger = True
    assert log_in(client).status_code == 401
    assert roles(records) == {}


def test_a_callback_that_this_browser_did_not_begin(client, console, provider, records):
    provider.account["groups"] = ["helpdesk"]
    with httpx.Client(base_url=console, trust_env=False) as attacker:
        to_provider = attacker.get("/staff/oidc/start").headers["location"]
    callback = httpx.get(to_provider, trust_env=False).headers["location"]
    assert client.get(callback).status_code == 401
    assert client.get(f"{console}/staff/oidc/callback?error=access_denied").status_code == 401
    assert roles(records) == {}


def test_after_the_log_in_nobody_is_sent_elsewhere(client, provider):
    provider.account["groups"] = ["helpdesk"]
    for after in ("https://elsewhere.example/staff/", "//elsewhere.example/staff/", "/\\elsewhere", "/staff/../"):
        response = client.get("/staff/oidc/start", params={"next": after})
        assert str(response.url).startswith(str(client.base_url))


def test_a_provider_that_is_down(tmp_path, records, free_port):
    gone = Settings.load(
        data=tmp_path, oidc_issuer=f"http://127.0.0.1:{free_port}", oidc_client_id=CLIENT, oidc_roles=ROLES
    )
    people.add(records, "tests", "ana", PASSWORD, ["support"])
    with (
        staff.served(staff.app(gone, records)) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        response = client.get("/staff/oidc/start")
        assert response.status_code == 502
        assert "did not work" in response.text
        assert staff.log_in(client, "ana").status_code == 303, "passwords still work"


@pytest.mark.browser
def test_in_a_browser(browser: Browser, console, provider):
    provider.account["groups"] = ["desk leads"]
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{console}/staff/people")
        page.get_by_role("link", name="Log in with 127.0.0.1").click()
        expect(page.get_by_role("heading", name="People and audit")).to_be_visible(timeout=20_000)
        expect(page.locator("#bar")).to_contain_text("Logged in as dora (admin, editor)")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"oidc_issuer": "http://id.example.org"}, "BOT_OIDC_ISSUER.*https://"),
        ({"oidc_issuer": "https://id.example.org", "oidc_roles": ROLES}, "BOT_OIDC_ISSUER.*client_id"),
        ({"oidc_roles": "helpdesk=boss"}, "BOT_OIDC_ROLES.*support, editor, evaluator, admin"),
        ({"oidc_roles": "support"}, "BOT_OIDC_ROLES"),
    ],
)
def test_settings_that_cannot_be_used(changed, said):
    with pytest.raises(SettingsError, match=said):
        Settings.load(**changed)


def test_the_secret_is_shown_nowhere():
    assert SECRET not in repr(Settings.load(oidc_client_secret=SECRET))
