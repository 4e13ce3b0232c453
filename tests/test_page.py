"""The visitor page in a real Chromium, served by the real program."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page, expect

pytestmark = pytest.mark.browser

DAILY = "Is it good to massage your back daily?"
TINGLING = "my left foot has been tingling since the massage"
SADDLE = "I've gone numb between my legs since the massage"
PREGNANT = "I am 20 weeks pregnant. Can I have a back massage?"
FRANCE = "What is the capital of France?"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
PATIENCE = 20_000  # milliseconds; two cores may be busy with other things

expect.set_options(timeout=PATIENCE)


class Visit:
    """A page that remembers what must not happen: errors, dialogs, requests to other hosts."""

    def __init__(self, context: BrowserContext, server: str) -> None:
        self.server = server
        self.problems: list[str] = []
        self._twin: str | None = None  # the same conversation, held with the API
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("dialog", self._opened)

    def open(self, path: str = "/") -> Page:
        self.page.goto(self.server + path)
        if path == "/":
            expect(self.box).to_be_visible()
            self._twin = None
        return self.page

    @property
    def box(self) -> Any:
        return self.page.get_by_label("Your question")

    @property
    def replies(self) -> Any:
        return self.page.locator("#chat .reply")

    @property
    def offers(self) -> Any:
        return self.page.locator(".offers button:visible")

    def ask(self, message: str) -> dict[str, Any]:
        """Types the message, presses Enter and waits until the whole reply is there; gives the reply of the API."""
        before = self.replies.count()
        self.box.fill(message)
        for _ in range(3):  # while the reply before is still being sent, Enter does nothing: a visitor presses it again
            self.box.press("Enter")
            try:
                expect(self.box).to_have_value("", timeout=PATIENCE / 4)
                break
            except AssertionError:
                continue
        return self.wait(message, before)

    def wait(self, message: str, before: int = 0) -> dict[str, Any]:
        """Waits for the reply behind `before` others, which must be the one the API gives."""
        expected = reply_of(self.server, message, self._twin)
        self._twin = expected["conversation_id"]
        last = self.replies.nth(before)
        expect(last).to_have_class(f"reply {expected['route']}")
        marks = [str(number) for number in marks_of(expected["answer"])]
        expect(last.locator("a.cite")).to_have_text(marks)
        expect(self.offers).to_have_text(expected["suggestions"][:3])
        expect(self.box).to_have_value("")
        return expected

    def clear(self) -> None:
        """Presses the chat's own button for a new conversation."""
        self.page.get_by_role("button", name="Clear").click()
        expect(self.replies).to_have_count(0)
        self._twin = None

    def open_citation(self, number: int = 0) -> Frame:
        """Clicks a citation of the last reply; gives the article inside the panel."""
        self.replies.last.locator("a.cite").nth(number).click()
        return self.panel()

    def panel(self) -> Frame:
        expect(self.page.locator("#source")).to_be_visible()
        self.page.frame_locator("#source iframe").locator("mark").first.wait_for()
        frame = self.page.locator("#source iframe").element_handle().content_frame()
        assert frame is not None
        return frame

    def _asked(self, url: str) -> None:
        if not url.startswith((self.server + "/", "data:", "blob:")):
            self.problems.append(f"request to another host: {url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text}")

    def _opened(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def marks_of(answer: str) -> list[int]:
    """Numbers of the citation marks, in order. No question used here is answered with a bracket from an article."""
    return [int(part.partition("]")[0]) for part in answer.split(" [")[1:]]


def reply_of(server: str, message: str, conversation_id: str | None = None) -> dict[str, Any]:
    """What the API says to the next message of a conversation, or to the first of a new one."""
    body = json.dumps({"message": message, "conversation_id": conversation_id}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{server}/api/chat", body), timeout=60) as response:
        reply: dict[str, Any] = json.load(response)
        return reply


@pytest.fixture(params=[DESK], ids=["desk"])
def visit(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """At the end of every test: nothing happened that must not."""
    context = browser.new_context(viewport=request.param)
    visit = Visit(context, server)
    yield visit
    context.close()
    assert visit.problems == []


on_both = pytest.mark.parametrize("visit", [DESK, PHONE], ids=["desk", "phone"], indirect=True)


def has_focus(locator: Any) -> None:
    expect(locator).to_be_focused()


# --- Asking and checking ----------------------------------------------------------------------------------------------


@on_both
def test_a_citation_opens_its_sentence_beside_the_answer(visit):
    page = visit.open()
    reply = visit.ask(DAILY)
    assert reply["route"] == "answer"
    expect(visit.replies.last).to_contain_text("Yes, massaging your back daily is usually fine")
    for number, citation in enumerate(reply["citations"]):
        article = visit.open_citation(number)
        expect(article.locator("mark")).to_have_text(citation["quote"])
        expect(article.locator("mark")).to_be_in_viewport()
        expect(page.locator("#source h2")).to_have_text(f"Source {citation['number']}")
        expect(page.locator("#source").get_by_role("link", name="Open page")).to_have_attribute("href", citation["url"])
        page.keyboard.press("Escape")
        expect(page.locator("#source")).to_be_hidden()
        has_focus(visit.replies.last.locator("a.cite").nth(number))


@on_both
def test_the_close_button_gives_the_focus_back(visit):
    page = visit.open()
    visit.ask(DAILY)
    visit.open_citation(1)
    has_focus(page.get_by_role("button", name="Close"))
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#source")).to_be_hidden()
    has_focus(visit.replies.last.locator("a.cite").nth(1))


@on_both
def test_escape_closes_the_panel_also_from_inside_the_article(visit):
    """A reader who has clicked into the article to scroll it is still a reader who presses Escape."""
    page = visit.open()
    visit.ask(DAILY)
    article = visit.open_citation()
    article.locator("mark").click()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden(timeout=3_000)
    has_focus(visit.replies.last.locator("a.cite").first)


def test_a_second_citation_moves_the_mark(visit):
    visit.open()
    citations = visit.ask(DAILY)["citations"]
    article = visit.open_citation(0)
    visit.open_citation(2)
    expect(article.locator("mark")).to_have_text(citations[2]["quote"])
    expect(visit.page.locator("#chat a.cite[aria-expanded]")).to_have_count(1)


def test_a_citation_opens_in_a_new_tab_where_the_reader_wants_it(visit):
    visit.open()
    citation = visit.ask(DAILY)["citations"][0]
    with visit.page.context.expect_page() as opened:
        visit.replies.last.locator("a.cite").first.click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("mark")).to_have_text(citation["quote"])
    expect(visit.page.locator("#source")).to_be_hidden()


def test_without_script_the_link_opens_the_article_at_the_span(browser, server):
    citations = [c for message in (DAILY, TINGLING) for c in reply_of(server, message)["citations"]]
    with browser.new_context(java_script_enabled=False) as context:
        visit = Visit(context, server)
        for citation in citations:
            page = visit.open(citation["url"])
            expect(page.locator(":target")).to_have_text(citation["quote"])
            expect(page.locator(":target")).to_be_in_viewport()
            assert page.locator(":target").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 231, 154)"
        assert visit.problems == []


def test_an_offer_is_asked_by_a_click(visit):
    visit.open()
    question = visit.offers.first.inner_text()
    visit.offers.first.click()
    visit.wait(question)
    expect(visit.page.locator('#chat [data-testid="user"]')).to_have_text(question)


def test_a_follow_up_stays_in_the_conversation(visit):
    visit.open()
    visit.ask(TINGLING)
    assert visit.ask("how do I massage it?")["route"] == "professional"
    assert visit.ask(DAILY)["route"] == "professional"


def test_clearing_begins_a_new_conversation(visit):
    visit.open()
    visit.ask(TINGLING)
    visit.clear()
    assert visit.ask(DAILY)["route"] == "answer"


# --- Referrals look like referrals ------------------------------------------------------------------------------------


@on_both
def test_a_professional_reply_looks_like_one_and_offers_nothing(visit):
    visit.open()
    visit.ask(TINGLING)
    expect(visit.replies.last.locator(".kind")).to_have_text("See a professional first")
    assert style(visit.replies.last, "backgroundColor") == "rgb(255, 246, 230)"
    assert style(visit.replies.last, "borderTopWidth") == "2px"
    expect(visit.offers).to_have_count(0)


@on_both
def test_an_emergency_reply_looks_like_one_and_offers_nothing(visit):
    visit.open()
    visit.ask(SADDLE)
    expect(visit.replies.last.locator(".kind")).to_have_text("Emergency: get help now")
    expect(visit.replies.last.locator(".kind")).to_be_in_viewport()
    assert style(visit.replies.last, "backgroundColor") == "rgb(255, 240, 238)"
    assert style(visit.replies.last, "borderTopColor") == "rgb(160, 19, 19)"
    assert style(visit.replies.last.locator(".kind"), "backgroundColor") == "rgb(160, 19, 19)"
    expect(visit.replies.last).to_contain_text("911, 999 or 112")
    expect(visit.offers).to_have_count(0)


def test_a_caution_looks_like_one(visit):
    visit.open()
    visit.ask(PREGNANT)
    expect(visit.replies.last.locator(".kind")).to_have_text("Take care")


def test_out_of_scope_offers_topics(visit):
    visit.open()
    visit.ask(FRANCE)
    expect(visit.offers).to_have_count(3)
    expect(visit.replies.last.locator(".kind")).to_have_count(0)


def style(locator: Any, name: str) -> str:
    value: str = locator.evaluate("(element, name) => getComputedStyle(element)[name]", name)
    return value


# --- Hostile and awkward input ----------------------------------------------------------------------------------------


HTML = [
    f"<script>alert('x')</script> {DAILY}",
    f"<img src=x onerror=alert(1)> {DAILY}",
    f"<b>{DAILY}</b> &lt;i&gt; &amp;",
    f'</div><iframe src="javascript:alert(1)"></iframe> {DAILY}',
    f"<svg onload=alert(1)> <style>body {{ display: none }}</style> {DAILY}",
]
MARKDOWN = [
    f"[back](https://links.example/) {DAILY}",
    f"**{DAILY}** _now_ `code` $x^2$ ~~no~~",
    f"# {DAILY}",
    f"![x](https://pictures.example/x.png) {DAILY}",
]


def test_html_in_a_question_is_shown_as_typed_and_not_run(visit):
    page = visit.open()
    for question in HTML:
        visit.ask(question)
    asked = page.locator('#chat [data-testid="user"]')
    expect(asked).to_have_text(HTML)
    expect(asked.locator("script, img, b, iframe, svg, style")).to_have_count(0)


def test_markdown_in_a_question_is_shown_as_typed_and_fetches_nothing(visit):
    page = visit.open()
    for question in MARKDOWN:
        visit.ask(question)
    asked = page.locator('#chat [data-testid="user"]')
    expect(asked).to_have_text(MARKDOWN, timeout=3_000)
    expect(asked.locator("img, a, strong, em, code, h1, del")).to_have_count(0)


def test_too_long_a_message_gets_one_sentence_and_stays_in_the_box(visit):
    visit.open()
    visit.box.fill("x" * 4001)
    visit.box.press("Enter")
    expect(visit.replies.last).to_have_class("reply problem")
    expect(visit.replies.last).to_contain_text("4,000")
    assert visit.replies.last.inner_text().strip().count("\n") == 0
    expect(visit.box).to_have_value("x" * 4001)
    visit.ask(DAILY)  # and the conversation goes on


def test_an_empty_message_asks_nothing(visit):
    visit.open()
    for message in ("", "   "):
        visit.box.fill(message)
        visit.page.get_by_role("button", name="Ask", exact=True).click()
    visit.ask(DAILY)
    expect(visit.replies).to_have_count(1)
    expect(visit.page.locator('#chat [data-testid="user"]')).to_have_count(1)


# --- Small screens, keyboard ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visit", [PHONE], ids=["phone"], indirect=True)
def test_nothing_scrolls_sideways_on_a_phone(visit):
    def check(where: Any) -> None:
        width, room = where.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= room, f"{where.url}: {width} > {room}"

    page = visit.open()
    check(page)
    visit.ask(DAILY)
    check(page)
    check(visit.open_citation())
    page.keyboard.press("Escape")
    for path in ("/articles", "/articles/how-often-and-how-long"):
        check(visit.open(path))
    visit.open()
    visit.ask(SADDLE)
    check(page)


@pytest.mark.parametrize("visit", [PHONE], ids=["phone"], indirect=True)
def test_the_box_is_in_view_on_a_phone(visit):
    visit.open()
    expect(visit.box).to_be_in_viewport()
    visit.ask(DAILY)
    expect(visit.box).to_be_in_viewport()


@on_both
def test_the_whole_job_by_keyboard_alone(visit):
    """Ask, walk to the first citation, open it, read on inside, close it, walk back, ask again. No mouse, no script."""
    page = visit.open()
    tab_to(visit, visit.box)
    page.keyboard.type(DAILY)
    page.keyboard.press("Enter")
    visit.wait(DAILY)
    first = visit.replies.last.locator("a.cite").first
    tab_to(visit, first)
    assert first.evaluate("e => e.matches(':focus-visible') && getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    visit.panel()
    has_focus(page.get_by_role("button", name="Close"))
    page.keyboard.press("Tab")
    has_focus(page.locator("#source iframe"))
    page.keyboard.press("Shift+Tab")
    has_focus(page.get_by_role("button", name="Close"))
    page.keyboard.press("Enter")
    expect(page.locator("#source")).to_be_hidden()
    has_focus(first)
    tab_to(visit, visit.box)
    page.keyboard.type(TINGLING)
    tab_to(visit, page.get_by_role("button", name="Ask", exact=True))
    page.keyboard.press("Enter")
    visit.wait(TINGLING, before=1)


def tab_to(visit: Visit, wanted: Any) -> None:
    """Presses Tab until the element has the focus."""
    for _ in range(60):
        if wanted.evaluate("e => e === document.activeElement"):
            return
        visit.page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} cannot be reached with Tab")


# --- Accessibility ----------------------------------------------------------------------------------------------------


def check_axe(where: Page | Frame) -> None:
    """No violation of any of axe-core's rules; a failure lists rule, element and what to do."""
    found = [
        f"{violation['id']} ({violation['impact']}) {node['target']}: {node['failureSummary']}"
        for violation in Axe().run(where).response["violations"]
        for node in violation["nodes"]
    ]
    assert not found, "\n".join(found)


@on_both
def test_axe_on_the_new_page(visit):
    check_axe(visit.open())


@on_both
def test_axe_after_a_reply_of_each_route(visit):
    page = visit.open()
    for message in (FRANCE, DAILY, PREGNANT, TINGLING, SADDLE):
        visit.ask(message)
        check_axe(page)


@on_both
def test_axe_with_the_panel_open(visit):
    page = visit.open()
    visit.ask(DAILY)
    article = visit.open_citation()
    expect(page.locator("#source")).to_have_css("opacity", "1")  # it fades in
    check_axe(page)
    check_axe(article)


@on_both
def test_axe_on_the_article_pages(visit):
    for path in ("", "/how-often-and-how-long", "/give-a-back-massage", "/back-pain-red-flags"):
        check_axe(visit.open(f"/articles{path}"))


def test_axe_at_a_cited_span(visit, server):
    page = visit.open(reply_of(server, DAILY)["citations"][0]["url"])
    expect(page.locator("mark")).to_be_visible()
    check_axe(page)


def test_axe_after_a_refusal(visit):
    page = visit.open()
    visit.box.fill("x" * 4001)
    visit.box.press("Enter")
    expect(visit.replies.last).to_have_class("reply problem")
    check_axe(page)


def test_replies_are_announced(visit):
    """A screen reader is told of a new reply, and by a short label, not by the reply's source."""
    page = visit.open()
    visit.ask(DAILY)
    log = page.get_by_role("log")
    expect(log).to_contain_text("Yes, massaging your back daily")
    expect(page.locator('#chat [data-testid="bot"]')).to_have_attribute("aria-label", "Reply")
    expect(page.locator('#chat [data-testid="user"]')).to_have_attribute("aria-label", "You")
