"""The HTTP interface: every row of contract.md's table, and every kind of request that cannot be taken."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import lxml.html
import pytest
from fastapi.testclient import TestClient

from bot.answering.trace import Trace
from bot.chat import Bot, Turn
from bot.guard.guard import Memory
from bot.records import inbox
from bot.records.database import Records
from bot.records.inbox import Filters
from bot.retrieval.articles import Article, Block, Kind
from bot.retrieval.query import Query
from bot.retrieval.retriever import Found, HybridRetriever
from bot.web.server import make_app
from tests.contract import check_reply

DAILY = "Is it good to massage your back daily?"
TINGLING = "my left foot has been tingling since the massage"
SADDLE = "I've gone numb between my legs since the massage"
PREGNANT = "I am 20 weeks pregnant. Can I have a back massage?"
FRANCE = "What is the capital of France?"
MESSAGES = [DAILY, "How do I give a back massage?", TINGLING, SADDLE, PREGNANT, FRANCE, "hello"]


class ExplodingBot(Bot):
    def reply(
        self,
        message: str,
        history: Sequence[Turn] = (),
        memory: Memory | None = None,
        trace: Trace | None = None,
    ) -> Turn:
        raise RuntimeError("the secret of the trace")


class BrokenRetriever(HybridRetriever):
    def search(self, query: Query | str, k: int) -> Found:
        raise RuntimeError("the secret of the trace")


@pytest.fixture(scope="module")
def client(bot: Bot) -> TestClient:
    return TestClient(make_app(bot), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def exploding(bot: Bot) -> TestClient:
    parts = {field.name: getattr(bot, field.name) for field in dataclasses.fields(bot)}
    return TestClient(make_app(ExplodingBot(**parts)), raise_server_exceptions=False)


def check_error(response: Any, status: int, code: str | None = None) -> str:
    """The one shape of every error; returns its sentence."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error"], body
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["code"] == (code or body["error"]["code"])
    message: str = body["error"]["message"]
    assert message.endswith((".", "}.")) and "\n" not in message
    return message


def page_of(content: bytes) -> Any:
    """A parsed page; `Any`, since the type of an XPath's result hangs on the XPath."""
    return lxml.html.fromstring(content)


def events(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each server-sent event."""
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        assert name.startswith("event: ") and data.startswith("data: ")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


# --- POST /api/chat ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", MESSAGES)
def test_chat_gives_a_reply(client, bot, message):
    response = client.post("/api/chat", json={"message": message})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    check_reply(body)
    same = bot.reply(message).reply
    assert (body["route"], body["answer"], body["suggestions"]) == (same.route, same.answer, [*same.suggestions])
    assert body["id"] and body["conversation_id"]
    assert len(body["passages"]) >= 10


def test_each_message_without_an_id_begins_a_conversation(client):
    one, two = (client.post("/api/chat", json={"message": "hello"}).json() for _ in range(2))
    assert one["conversation_id"] != two["conversation_id"]
    assert one["id"] != two["id"]


def test_an_id_that_is_null_counts_as_absent(client):
    assert client.post("/api/chat", json={"message": "hello", "conversation_id": None}).status_code == 200


def test_two_turns_of_one_conversation(client):
    first = client.post("/api/chat", json={"message": TINGLING}).json()
    asked = {"message": "how do I massage it?", "conversation_id": first["conversation_id"]}
    second = client.post("/api/chat", json=asked).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert second["id"] != first["id"]
    assert second["route"] == "professional"
    flag = second["flags"][0]
    assert (flag["turn"], TINGLING[flag["start"] : flag["end"]]) == (0, flag["text"])
    alone = client.post("/api/chat", json={"message": "how do I massage it?"}).json()
    assert alone["flags"] == []


def test_a_follow_up_uses_the_turn_before(client):
    first = client.post("/api/chat", json={"message": "does massage work on back pain?"}).json()
    asked = {"message": "For how long?", "conversation_id": first["conversation_id"]}
    second = client.post("/api/chat", json=asked).json()
    alone = client.post("/api/chat", json={"message": "For how long?"}).json()
    assert second["citations"] and second["citations"] != alone["citations"]


def test_a_refused_message_leaves_the_conversation_as_it_was(client):
    first = client.post("/api/chat", json={"message": TINGLING}).json()
    key = first["conversation_id"]
    check_error(client.post("/api/chat", json={"message": "x" * 4001, "conversation_id": key}), 400, "too_long")
    third = client.post("/api/chat", json={"message": "my hand is numb", "conversation_id": key}).json()
    assert {flag["turn"] for flag in third["flags"]} == {0, 1}


def test_a_message_at_the_limit_fits_however_it_is_escaped(client):
    """4,000 characters outside the basic plane are 48,000 bytes of JSON escapes."""
    body = json.dumps({"message": "\N{GRINNING FACE}" * 4000}).encode("ascii")
    assert len(body) > 48_000
    assert client.post("/api/chat", content=body).status_code == 200


@pytest.mark.parametrize("text", ['"\\ud800 hello"', '"hel\\u0000lo there"', '"\\u202ehello"'])
def test_odd_characters_get_a_reply(client, text):
    response = client.post("/api/chat", content=f'{{"message": {text}}}'.encode())
    assert response.status_code == 200
    check_reply(response.json())


# --- Bad input, on both addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"message=hello", 400, "not_json"),
        (b'{"message": "hello"', 400, "not_json"),
        (b"\xff\xfe\x00", 400, "not_json"),
        (b"[" * 60_000, 400, "not_json"),
        (b"1" * 60_000, 400, "not_json"),
        (b"{}", 400, "no_message"),
        (b"null", 400, "no_message"),
        (b'["hello"]', 400, "no_message"),
        (b'"hello"', 400, "no_message"),
        (b'{"message": null}', 400, "no_message"),
        (b'{"message": 7}', 400, "no_message"),
        (b'{"message": ["hello"]}', 400, "no_message"),
        (b'{"text": "hello"}', 400, "no_message"),
        (b'{"message": ""}', 400, "empty"),
        (b'{"message": " \\n "}', 400, "empty"),
        (b'{"message": "\\u0000"}', 400, "empty"),
        (json.dumps({"message": "x" * 4001}).encode(), 400, "too_long"),
        (json.dumps({"message": "x" * 100_000}).encode(), 413, "body_too_large"),
        (b'{"message": "hello", "conversation_id": "none of ours"}', 404, "unknown_conversation"),
        (b'{"message": "hello", "conversation_id": ""}', 404, "unknown_conversation"),
        (b'{"message": "hello", "conversation_id": "\\ud800"}', 404, "unknown_conversation"),
        (b'{"message": "hello", "conversation_id": 7}', 400, "bad_conversation"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_input_gets_an_error_of_the_one_shape(client, path, body, status, code):
    message = check_error(client.post(path, content=body), status, code)
    if code in ("too_long", "body_too_large"):
        assert "4,000" in message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/chat"),
        ("PUT", "/api/chat"),
        ("GET", "/api/chat/stream"),
        ("GET", "/api/none"),
        ("POST", "/healthz"),
    ],
)
def test_a_wrong_method_or_address_gets_an_error_of_the_one_shape(client, method, path):
    response = client.request(method, path)
    assert response.status_code in (404, 405)
    check_error(response, response.status_code)


# --- POST /api/chat/stream --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", MESSAGES)
def test_a_stream_is_route_then_tokens_then_reply(client, message):
    response = client.post("/api/chat/stream", json={"message": message})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    first, *tokens, last = events(response.text)
    assert first[0] == "route"
    assert {name for name, _ in tokens} == {"token"}
    assert last[0] == "reply"
    check_reply(last[1])
    assert first[1] == {"route": last[1]["route"]}
    assert len(tokens) > 1
    assert "".join(data["text"] for _, data in tokens) == last[1]["answer"]


def test_a_stream_goes_on_with_a_conversation(client):
    first = events(client.post("/api/chat/stream", json={"message": TINGLING}).text)[-1][1]
    asked = {"message": "how do I massage it?", "conversation_id": first["conversation_id"]}
    second = events(client.post("/api/chat/stream", json=asked).text)[-1][1]
    assert second["conversation_id"] == first["conversation_id"]
    assert second["route"] == "professional"
    third = client.post("/api/chat", json={**asked, "message": "and now?"}).json()
    assert third["route"] == "professional"


# --- GET /articles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", MESSAGES)
def test_offsets_point_into_the_text_that_is_served(client, message):
    body = client.post("/api/chat", json={"message": message}).json()
    for cited in [*body["citations"], *body["passages"]]:
        response = client.get(f"/articles/{cited['article']}.txt")
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        quote = response.content.decode("utf-8")[cited["start"] : cited["end"]]
        assert quote == cited.get("quote", cited.get("text"))


@pytest.mark.parametrize("message", [DAILY, "How do I give a back massage?", TINGLING, SADDLE, PREGNANT])
def test_a_citation_link_names_an_element_with_the_quote(client, message):
    citations = client.post("/api/chat", json={"message": message}).json()["citations"]
    assert citations
    for citation in citations:
        path, _, fragment = citation["url"].partition("#")
        page = page_of(client.get(path).content)
        (span,) = page.xpath("//*[@id=$id]", id=fragment)
        assert " ".join(span.text_content().split()) == " ".join(citation["quote"].split())


def test_every_article_page_shows_every_unit_once_and_uses_no_id_twice(client, bot):
    for slug, article in bot.articles.items():
        page = page_of(client.get(f"/articles/{slug}").content)
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), slug
        assert [f"c{unit.start}-{unit.end}" for unit in article.units] == page.xpath("//*[@class='unit']/@id"), slug
        assert page.xpath("string(//h1)") == article.title


def test_the_overview_links_every_article(client, bot):
    page = page_of(client.get("/articles").content)
    links = page.xpath("//main//a/@href")
    assert sorted(links) == sorted(f"/articles/{slug}" for slug in bot.articles)
    assert all(client.get(link).status_code == 200 for link in links)


def test_an_article_that_is_not_there(client):
    check_error(client.get("/articles/none.txt"), 404)
    page = client.get("/articles/none")
    assert page.status_code == 404
    assert "There is no such article" in page.text
    assert client.get("/articles/..%2f..%2fpyproject.toml").status_code == 404


def test_text_of_an_article_is_never_markup(bot):
    evil = "<script>alert(1)</script> & <img src=x onerror=alert(1)> {{ 7 * 7 }}"
    article = Article("evil", f"Title {evil}", evil, (Block(Kind.PARAGRAPH, 0, len(evil)),), meta={"summary": evil})
    client = TestClient(make_app(dataclasses.replace(bot, articles={**bot.articles, "evil": article})))
    for path in ("/articles/evil", "/articles"):
        page = page_of(client.get(path).content)
        assert page.xpath("//script/@src") == ["/site/article.js"]
        assert page.xpath("//script[not(@src)]") == [] and page.xpath("//img") == []
        assert evil in page.xpath("string(//main)")
    assert client.get("/articles/evil.txt").text == evil


# --- Feedback ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def recording(bot: Bot, records: Records) -> TestClient:
    return TestClient(make_app(bot, records), raise_server_exceptions=False)


def thumb(client: TestClient, **more: Any) -> Any:
    """Asks something, and sends a thumb about the reply."""
    reply = client.post("/api/chat", json={"message": DAILY}).json()
    about = {"id": reply["id"], "conversation_id": reply["conversation_id"]}
    return client.post("/api/feedback", json={**about, "thumb": "down", **more})


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reason": None, "comment": None, "send_along": None},
        {"reason": "wrong"},
        {"send_along": True},
        {"thumb": "up", "reason": "helpful", "comment": "x" * 1000, "send_along": True},
    ],
)
def test_a_thumb_is_kept(recording, records, more):
    response = thumb(recording, **more)
    assert (response.status_code, response.json()) == (200, {"kept": True})
    [case] = inbox.search(records, Filters()).rows
    assert (case.thumb, case.reason) == (more.get("thumb", "down"), more.get("reason"))
    words = (DAILY, more.get("comment", "")) if more.get("send_along") else (None, None)
    assert (case.question, case.comment) == words


@pytest.mark.parametrize(
    ("more", "status", "code", "said"),
    [
        ({"thumb": None}, 400, "no_thumb", '"thumb": "up"'),
        ({"thumb": "sideways"}, 400, "bad_feedback", "thumb must be one of up, down"),
        ({"thumb": ["up"]}, 400, "bad_feedback", "thumb must be one of"),
        ({"reason": "none"}, 400, "bad_feedback", "reason must be one of wrong, incomplete"),
        ({"id": 7}, 400, "no_reply", "names no reply"),
        ({"conversation_id": None}, 400, "no_reply", "names no reply"),
        ({"comment": 7}, 400, "bad_feedback", "comment must be a string"),
        ({"send_along": "yes"}, 400, "bad_feedback", "true or false"),
        ({"comment": "x" * 1001, "send_along": True}, 400, "too_long", "1,001 characters"),
        ({"comment": "wrong"}, 400, "no_consent", '"send_along": true'),
        ({"id": "none"}, 404, "unknown_reply", "not known here"),
        ({"conversation_id": "none", "send_along": True}, 404, "unknown_reply", "not known here"),
        ({"comment": "x" * 70_000}, 413, "body_too_large", "64 KB"),
    ],
)
def test_feedback_that_cannot_be_taken(recording, records, more, status, code, said):
    assert said in check_error(thumb(recording, **more), status, code)
    assert inbox.search(records, Filters()).rows == ()


@pytest.mark.parametrize("body", [b"", b"x", b"[" * 50_000])
def test_feedback_that_is_not_json(recording, body):
    check_error(recording.post("/api/feedback", content=body), 400, "not_json")
    check_error(recording.post("/api/feedback", content=b"[]"), 400, "no_reply")


def test_feedback_where_nothing_is_kept(client):
    check_error(thumb(client), 404, "no_feedback")


def test_feedback_while_the_database_fails(recording, records):
    with records.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE feedback RENAME TO lost")
    assert "try again" in check_error(thumb(recording), 503, "not_kept")


# --- Health -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_alive_and_ready(client, path):
    assert client.get(path).status_code == 200


def test_not_ready_when_it_cannot_answer(bot):
    parts = {name: getattr(bot.retriever, name) for name in HybridRetriever.__annotations__}
    broken = dataclasses.replace(bot, retriever=BrokenRetriever(**parts))
    client = TestClient(make_app(broken), raise_server_exceptions=False)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code >= 500
    assert client.post("/api/chat", json={"message": SADDLE}).json()["route"] == "emergency"


# --- Failures and headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
def test_a_failure_keeps_its_cause_to_itself(exploding, path):
    response = exploding.post(path, json={"message": DAILY})
    message = check_error(response, 500, "internal")
    assert "professional" in message
    for word in ("secret", "Traceback", "RuntimeError", ".py"):
        assert word not in response.text


def check_headers(headers: Any) -> None:
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] in ("same-origin", "no-referrer", "strict-origin-when-cross-origin")
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "object-src 'none'" in policy and "frame-ancestors 'self'" in policy
    assert "http:" not in policy and "https:" not in policy and "*" not in policy, "another host is let in"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/articles",
        "/articles/how-often-and-how-long",
        "/articles/how-often-and-how-long.txt",
        "/articles/none",
        "/site/page.css",
        "/site/page.js",
        "/healthz",
        "/none",
    ],
)
def test_every_answer_has_the_security_headers(client, path):
    check_headers(client.get(path).headers)


def test_an_api_reply_has_the_security_headers(client):
    check_headers(client.post("/api/chat", json={"message": "hello"}).headers)
    check_headers(client.post("/api/chat", content=b"x").headers)
    check_headers(client.post("/api/chat/stream", json={"message": "hello"}).headers)


def test_a_failure_has_the_security_headers(exploding):
    check_headers(exploding.post("/api/chat", json={"message": DAILY}).headers)
