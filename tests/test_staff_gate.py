"""Nothing of the console can be reached or read without a log-in: every route of the served application is tried."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bot.records import people
from bot.records.database import Records, open_records
from bot.settings import Settings
from bot.web.staff.app import PAGES, staff_app
from bot.web.staff.desk import COOKIE
from tests import staff
from tests.databases import PASSWORD

OPEN = {"/staff", "/staff/login", "/staff/logout", "/staff/oidc/start", "/staff/oidc/callback"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
SECRETS = ("ana", "ben", "Logged in", "dependencies", "components")  # words of a page or its configuration


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load(
        data=tmp_path_factory.mktemp("console"),
        oidc_issuer="https://id.example.org",
        oidc_client_id="console",
        oidc_roles="helpdesk=support",
    )


@pytest.fixture(scope="module")
def records(settings: Settings) -> Iterator[Records]:
    opened = open_records(settings)
    people.add(opened, "tests", "ana", PASSWORD, ["support"])
    people.add(opened, "tests", "ben", PASSWORD, ["editor", "admin"])
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def app(settings: Settings, records: Records) -> FastAPI:
    return staff.app(settings, records)


@pytest.fixture
def stranger(app) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def console(app: FastAPI) -> Iterator[str]:
    with staff.served(app) as address:
        yield address


def walk(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, BaseRoute]]:
    """Every path below, with its mounts in front and a word in place of every parameter."""
    for context in iter_route_contexts(routes):
        path = prefix + re.sub(r"\{[^}]*\}", "x", context.path or "")
        yield path, context.original_route
        if isinstance(context.original_route, Mount):
            yield from walk(context.original_route.routes, path)


def of_staff(app: FastAPI) -> dict[str, BaseRoute]:
    return {path: route for path, route in walk(app.routes) if path == "/staff" or path.startswith("/staff/")}


def test_the_walk_finds_the_console(app):
    """Or else the tests below would prove nothing."""
    paths = of_staff(app)
    assert len(paths) > 60, "Gradio's own routes are among them"
    assert OPEN | {"/staff/people", "/staff/config", "/staff/people/audit.csv"} <= paths.keys()
    assert {f"/staff/gradio_api/{name}" for name in ("queue/join", "queue/data", "upload", "file=x")} <= paths.keys()
    assert all(isinstance(route, Route | Mount | WebSocketRoute) for route in paths.values())


@pytest.mark.parametrize("headers", [{}, {"accept": "text/html"}, {"cookie": f"{COOKIE}=guessed"}], ids=str)
def test_every_route_by_every_method_needs_a_log_in(app, stranger, headers):
    for path, method in itertools.product(sorted(of_staff(app).keys() - OPEN), METHODS):
        response = stranger.request(method, path, headers=headers)
        refused = response.status_code == 401 or (
            response.status_code == 303 and response.headers["location"].startswith("/staff/login?next=")
        )
        assert refused, f"{method} {path} answers {response.status_code}"
        assert not any(word in response.text for word in SECRETS), f"{method} {path}: {response.text}"


@pytest.mark.parametrize(
    "path",
    [
        "/staff/", "/staff/anything", "/staff//people", "/staff/people/", "/staff/login/", "/staff/login/../people",
        "/staff/%70eople", "/staff/gradio_api/file=/etc/passwd", "/staff/gradio_api/queue/join?login",
        "/staff/assets/../config", "/staff/oidc/../people", "/staff/logout/x", "/staff/x.css",
    ],
)  # fmt: skip
def test_paths_written_in_other_ways(console, path):
    with httpx.Client(trust_env=False) as client:
        for method in METHODS:
            # httpx would tidy the path up: the bytes are sent as they are
            request = client.build_request(method, console)
            request.url = request.url.copy_with(raw_path=path.encode())
            response = client.send(request)
            assert response.status_code == 401, f"{method} {path} answers {response.status_code}"


@pytest.mark.parametrize("path", ["/staff/", "/staff/gradio_api/queue/join", "/staff/anything"])
def test_a_websocket_is_closed_at_once(stranger, path):
    with pytest.raises(WebSocketDisconnect) as refusal, stranger.websocket_connect(path):
        pass
    assert refusal.value.code == 1008


def test_the_open_pages_tell_nothing(stranger):
    assert stranger.get("/staff").headers["location"] == "/staff/"
    for path in ("/staff/login", "/staff/oidc/callback"):
        page = stranger.get(path).text
        assert "Log in to the staff console" in page
        assert not any(word in page for word in SECRETS)
    assert stranger.post("/staff/logout").status_code == 403


@pytest.mark.parametrize("name", [path for _, path, *_ in PAGES])
def test_a_slash_at_the_end_leads_to_the_page(stranger, name):
    asked = stranger.get(f"/staff/{name}/?case=1", headers={"accept": "text/html"})
    assert asked.headers["location"].startswith("/staff/login?next=")
    assert staff.log_in(stranger, "ben", after=f"/staff/{name}/").headers["location"] == f"/staff/{name}/"
    assert stranger.get(f"/staff/{name}/?case=1").headers["location"] == f"/staff/{name}?case=1"
    assert stranger.get(f"/staff/{name}/", follow_redirects=True).status_code == 200


def test_other_addresses_with_and_without_a_slash(stranger):
    assert stranger.get("/articles/").headers["location"] == "/articles"
    assert stranger.get("/articles/oils/").headers["location"] == "/articles/oils"
    assert stranger.get("/").status_code == 200
    assert stranger.get("http://testserver//example.org/").status_code == 404
    assert staff.log_in(stranger, "ben").status_code == 303
    assert stranger.get("/staff").headers["location"] == "/staff/"
    assert stranger.get("/staff/login/").headers["location"] == "/staff/login"
    assert stranger.get("/staff//example.org/").headers["location"] == "/staff//example.org"


def test_logged_in_the_same_routes_answer(app, stranger):
    """The refusals above come from the missing log-in and from nothing else."""
    assert staff.log_in(stranger, "ben").status_code == 303
    for path in ("/staff/", "/staff/people", "/staff/config", "/staff/people/audit.csv", "/staff/gradio_api/info"):
        response = stranger.get(path)
        assert response.status_code == 200, path
        assert response.headers["cache-control"] == "no-store", path
        assert response.headers["content-security-policy"]


@pytest.mark.parametrize("ending", ["log-out", "disabled", "new password"])
def test_a_session_that_has_ended_opens_nothing(app, stranger, records, ending):
    people.add(records, "tests", ending.replace(" ", "-"), PASSWORD, ["admin"])
    staff.log_in(stranger, ending.replace(" ", "-"))
    assert stranger.get("/staff/config").status_code == 200
    token = stranger.cookies[COOKIE]
    if ending == "log-out":
        form = stranger.get("/staff/login", follow_redirects=False)
        assert form.headers["location"] == "/staff/", "who is logged in needs no form"
        stranger.post("/staff/logout", data={"csrf": stranger.cookies["staff_csrf"]})
        assert COOKIE not in stranger.cookies
    elif ending == "disabled":
        people.disable(records, "tests", ending)
    else:
        people.set_password(records, "tests", "new-password", "another good one")
    for path in sorted(of_staff(app).keys() - OPEN):
        assert stranger.get(path, headers={"cookie": f"{COOKIE}={token}"}).status_code == 401, path


# --- The visitor page -------------------------------------------------------------------------------------------------


def test_the_visitor_page_knows_nothing_of_the_console(stranger):
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json"):
        text = stranger.get(path).text
        assert not any(word in text for word in ("Logged in", "audit", "Save roles", "/staff")), path
    for path in ("/people", "/gradio_api/people/audit.csv", "/people/audit.csv"):
        assert stranger.get(path).status_code == 404


def test_no_event_of_the_console_can_be_sent_through_the_visitor_page(stranger):
    """By any number that an event might have there: the visitor's application has only its own."""
    staff.log_in(stranger, "ben")  # even with the cookie of an admin
    events = [event["id"] for event in stranger.get("/staff/config").json()["dependencies"]]
    own = [event["id"] for event in stranger.get("/config").json()["dependencies"]]
    for number in {*events, *range(max(*events, *own) + 5)} - {*own}:
        body = {"data": [None] * 6, "fn_index": number, "session_hash": "abc"}
        for address in ("/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/api/predict"):
            response = stranger.post(address, json=body)
            assert response.status_code in (404, 422, 500), f"{address} {number}: {response.text}"
            assert not any(name in response.text for name in ("ana", "ben"))


@pytest.mark.parametrize("door", ["file=", "file/", "upload", "deep_link", "stream/x", "proxy=https://example.org"])
def test_files_of_the_console_have_no_door_for_visitors(stranger, door):
    for method in ("GET", "POST"):
        assert stranger.request(method, f"/gradio_api/{door}").status_code == 404


# --- Other sites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://elsewhere.example"}],
    ids=str,
)
def test_another_site_can_change_nothing(stranger, headers):
    staff.log_in(stranger, "ben")
    body = {"data": [], "fn_index": 0, "session_hash": "abc"}
    join = "/staff/gradio_api/queue/join"
    assert stranger.post(join, json=body, headers=headers).status_code == 403
    csrf = {"csrf": stranger.cookies["staff_csrf"]}
    assert stranger.post("/staff/logout", data=csrf, headers=headers).status_code == 403
    assert stranger.get("/staff/config").status_code == 200, "still logged in"
    assert stranger.post(join, json=body, headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_every_event_asks_who_is_there(settings, records):
    """Not only the gate: an event may run after its sender was disabled. So here the pages stand without their gate."""
    bare = gr.mount_gradio_app(FastAPI(), staff_app(staff.desk(settings, records)), path="/staff")
    with staff.served(bare) as console, httpx.Client(base_url=console, trust_env=False) as client:
        config = client.get("/staff/config").json()
        shown = {component["id"]: component["props"].get("value") for component in config["components"]}
        events = [event for event in config["dependencies"] if event["backend_fn"]]
        assert len(events) > 8
        for event in events:
            said = send(client, event["id"], [shown[component] for component in event["inputs"]])
            assert said["success"] is False
            assert said["output"]["error"].startswith("Your session has ended"), f"{event}: {said}"


def send(client: httpx.Client, event: int, values: list[object]) -> Any:
    """What comes back from an event of the console."""
    body = {"data": values, "fn_index": event, "session_hash": "abcdef"}
    assert client.post("/staff/gradio_api/queue/join", json=body).status_code == 200
    with client.stream("GET", "/staff/gradio_api/queue/data", params={"session_hash": "abcdef"}, timeout=20) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:") and '"process_completed"' in line:
                return json.loads(line.removeprefix("data:"))
    raise AssertionError("the event was not finished")
