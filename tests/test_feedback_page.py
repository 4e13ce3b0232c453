"""Thumbs and the tick on the visitor page, in a real Chromium, down to what the database then holds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bot.chat import Bot
from bot.records import exchanges, inbox
from bot.records.database import Records, open_records
from bot.records.inbox import Filters, Row
from bot.records.tables import Kind, Reason, Thumb
from tests import staff
from tests.databases import settings
from tests.test_page import DAILY, DESK, PHONE, SADDLE, Visit, check_axe, has_focus, tab_to

pytestmark = pytest.mark.browser

NAMED = "My name is Balthazar Miller. Is it good to massage your back daily?"


@dataclass
class Guest:
    """A visitor of a program with a database of its own."""

    visit: Visit
    records: Records

    @property
    def bar(self) -> Any:
        return self.visit.page.locator("#chat .feedback")

    @property
    def up(self) -> Any:
        return self.visit.page.get_by_role("button", name="Thumb up: helpful")

    @property
    def down(self) -> Any:
        return self.visit.page.get_by_role("button", name="Thumb down: not helpful")

    @property
    def along(self) -> Any:
        return self.visit.page.get_by_label("Send my question and this reply along")

    @property
    def comment(self) -> Any:
        return self.visit.page.get_by_label("Comment")

    @property
    def reason(self) -> Any:
        return self.bar.locator("label:visible select")

    @property
    def send(self) -> Any:
        return self.bar.get_by_role("button", name="Send")

    @property
    def status(self) -> Any:
        return self.bar.get_by_role("status")

    def case(self) -> Row:
        """The only one that has a thumb."""
        rows = [row for row in inbox.search(self.records, Filters()).rows if row.thumb]
        assert len(rows) == 1
        return rows[0]


Arrive = Callable[..., Guest]


@pytest.fixture(params=[DESK], ids=["desk"])
def arrive(bot: Bot, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Arrive]:
    """Opens the page of a program with these settings; at the end nothing has happened that must not."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def start(**changed: object) -> Guest:
            chosen = settings(data=tmp_path, **changed)
            records = open_records(chosen)
            stack.callback(records.engine.dispose)
            address = stack.enter_context(staff.served(staff.app(chosen, records, replace(bot, settings=chosen))))
            context = browser.new_context(viewport=request.param, has_touch=request.param == PHONE)
            stack.callback(context.close)
            visits.append(Visit(context, address))
            visits[-1].open()
            return Guest(visits[-1], records)

        yield start
        assert [problem for visit in visits for problem in visit.problems] == []


on_both = pytest.mark.parametrize("arrive", [DESK, PHONE], ids=["desk", "phone"], indirect=True)


# --- Thumbs -----------------------------------------------------------------------------------------------------------


@on_both
def test_a_thumb_down_with_a_reason_a_comment_and_the_words(arrive: Arrive) -> None:
    guest = arrive()
    expect(guest.bar).to_have_count(0)
    reply = guest.visit.ask(NAMED)
    guest.down.click()
    expect(guest.status).to_have_text("Thank you. You can tell us more below.")
    expect(guest.down).to_have_attribute("aria-pressed", "true")
    expect(guest.up).to_have_attribute("aria-pressed", "false")
    assert (guest.case().thumb, guest.case().reason, guest.case().question) == (Thumb.DOWN, None, None)
    guest.reason.select_option("It is wrong")
    expect(guest.comment).to_be_hidden()  # nobody writes what is not kept
    guest.along.check()
    guest.comment.fill("Not daily. Ask me@example.org")
    guest.send.click()
    expect(guest.status).to_have_text("Thank you.")
    has_focus(guest.status)
    expect(guest.bar.locator("form")).to_be_hidden()
    case = guest.case()
    assert (case.kinds, case.thumb, case.reason) == ((Kind.THUMB_DOWN,), Thumb.DOWN, Reason.WRONG)
    assert case.question == "My name is [name]. Is it good to massage your back daily?"
    assert (case.answer, case.comment) == (reply["answer"], "Not daily. Ask [e-mail]")


def test_without_the_tick_no_word_is_kept(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask(NAMED)
    guest.up.click()
    expect(guest.reason.locator("option")).to_have_text(
        ["No reason chosen", "It answered my question", "Something else"]
    )
    guest.along.check()
    guest.comment.fill("I changed my mind")
    guest.along.uncheck()
    guest.send.click()
    expect(guest.status).to_have_text("Thank you.")
    case = guest.case()
    assert (case.thumb, case.comment, case.question, case.answer) == (Thumb.UP, None, None, None)
    for path in Path(str(guest.records.engine.url.database)).parent.glob("records.sqlite*"):
        assert b"Balthazar" not in path.read_bytes()


def test_the_other_thumb_takes_its_place(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask(DAILY)
    guest.up.click()
    expect(guest.reason).to_be_visible()
    guest.down.click()
    expect(guest.down).to_have_attribute("aria-pressed", "true")
    expect(guest.up).to_have_attribute("aria-pressed", "false")
    guest.bar.get_by_role("button", name="No, thanks").click()
    expect(guest.status).to_have_text("Thank you.")
    assert (guest.case().thumb, guest.case().kinds) == (Thumb.DOWN, (Kind.THUMB_DOWN,))


def test_only_the_latest_reply_has_thumbs_and_a_new_one_fresh_ones(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask(DAILY)
    first = guest.bar.get_attribute("data-reply")
    guest.down.click()
    expect(guest.reason).to_be_visible()
    guest.visit.ask(SADDLE)
    expect(guest.down).to_have_attribute("aria-pressed", "false")
    expect(guest.bar).to_have_count(1)
    assert guest.bar.get_attribute("data-reply") != first
    expect(guest.bar.locator("form")).to_be_hidden()
    guest.visit.clear()
    expect(guest.bar).to_have_count(0)


def test_a_reply_that_comes_in_has_no_thumbs_until_it_is_whole(arrive: Arrive) -> None:
    """While it grows there is nothing to judge; asking and reading on are not disturbed either."""
    guest = arrive()
    page = guest.visit.page
    page.evaluate("""() => {
        window.early = 0;
        new MutationObserver(() => {
            const whole = document.querySelector('#chat [id^="reply-"]');
            if (document.querySelector('#chat .feedback') && !whole) window.early += 1;
        }).observe(document.body, { childList: true, subtree: true });
    }""")
    guest.visit.ask("How do I give a back massage?")
    expect(guest.bar).to_have_count(1)
    assert page.evaluate("window.early") == 0
    has_focus(guest.visit.box)
    expect(page.locator('#chat [data-testid="user"]').last).to_be_in_viewport()


@on_both
def test_a_thumb_moves_neither_focus_nor_the_words_being_read(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask("What is effleurage?")
    guest.down.scroll_into_view_if_needed()
    log = guest.visit.page.get_by_role("log")
    before = log.evaluate("e => e.scrollTop")
    guest.down.focus()
    guest.down.press("Enter")
    expect(guest.send).to_be_visible()
    has_focus(guest.down)
    expect(guest.down).to_be_in_viewport()
    room = log.evaluate("e => e.scrollHeight - e.clientHeight")
    assert before <= log.evaluate("e => e.scrollTop") <= room  # at most down to the form that has opened


@on_both
def test_all_of_it_by_keyboard(arrive: Arrive) -> None:
    guest = arrive()
    page = guest.visit.page
    guest.visit.ask(DAILY)
    tab_to(guest.visit, guest.down)
    assert guest.down.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Space")
    expect(guest.reason).to_be_visible()
    tab_to(guest.visit, guest.reason)
    page.keyboard.press("ArrowDown")
    tab_to(guest.visit, guest.along)
    page.keyboard.press("Space")
    tab_to(guest.visit, guest.comment)
    page.keyboard.type("Too short")
    tab_to(guest.visit, guest.send)
    page.keyboard.press("Enter")
    expect(guest.status).to_have_text("Thank you.")
    assert (guest.case().reason, guest.case().comment) == (Reason.WRONG, "Too short")
    tab_to(guest.visit, guest.visit.box)


@pytest.mark.parametrize("arrive", [PHONE], ids=["phone"], indirect=True)
def test_by_touch_every_target_is_large_enough(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask(DAILY)
    guest.down.tap()
    guest.along.tap()
    for target in (guest.up, guest.down, guest.reason, guest.comment, guest.send, guest.bar.locator(".tick")):
        box = target.bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    width, room = guest.visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room
    guest.send.tap()
    expect(guest.status).to_have_text("Thank you.")


def test_a_comment_ends_at_its_limit(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask(DAILY)
    guest.down.click()
    guest.along.check()
    guest.comment.fill("x" * 999)
    guest.comment.press_sequentially("yyy")
    expect(guest.comment).to_have_value("x" * 999 + "y")


def test_a_thumb_that_cannot_be_kept_says_so(arrive: Arrive) -> None:
    guest = arrive()
    guest.visit.ask(DAILY)
    with guest.records.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE feedback RENAME TO lost")
    guest.down.click()
    expect(guest.status).to_have_text("Your feedback could not be kept just now; please try again in a minute.")
    expect(guest.bar.locator("form")).to_be_hidden()
    with guest.records.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE lost RENAME TO feedback")
    guest.down.click()
    expect(guest.status).to_have_text("Thank you. You can tell us more below.")
    [told] = [problem for problem in guest.visit.problems if "503" in problem]  # the browser's own line about it
    guest.visit.problems.remove(told)


@on_both
def test_axe_with_the_thumbs_and_with_the_form(arrive: Arrive) -> None:
    guest = arrive(keep_conversations=30)
    for message in (DAILY, SADDLE):
        guest.visit.ask(message)
        check_axe(guest.visit.page)
        guest.down.click()
        guest.along.check()
        expect(guest.comment).to_be_visible()
        check_axe(guest.visit.page)
    guest.send.click()
    expect(guest.status).to_have_text("Thank you.")
    check_axe(guest.visit.page)


# --- What is kept, and the tick ---------------------------------------------------------------------------------------

TICK = "Keep this conversation, without names and contact details, for 30 days to improve the answers"


@pytest.mark.parametrize(
    ("changed", "tick", "said"),
    [
        ({}, 0, "Your words are stored only when you send them along with a thumb;"),
        (
            {"keep_conversations": 30},
            1,
            "Your words are stored only while you tick \u201cKeep this conversation\u201d or when you send them along "
            "with a thumb;",
        ),
        ({"keep_feedback": 0}, 0, "Of what you type no words are stored, only which kind of reply it got."),
        (
            {"keep_feedback": 0, "keep_conversations": 30},
            1,
            "Your words are stored only while you tick \u201cKeep this conversation\u201d; otherwise",
        ),
    ],
    ids=["feedback", "both", "nothing", "conversations"],
)
def test_the_page_says_what_is_stored(arrive: Arrive, changed: dict[str, int], tick: int, said: str) -> None:
    guest = arrive(**changed)
    expect(guest.visit.page.locator("#standing")).to_contain_text(said)
    expect(guest.visit.page.get_by_role("checkbox")).to_have_count(tick)
    if tick:
        expect(guest.visit.page.get_by_label(TICK)).not_to_be_checked()
    guest.visit.ask(DAILY)
    guest.down.click()
    expect(guest.along).to_have_count(changed.get("keep_feedback", 1))
    expect(guest.bar.locator(".small")).to_contain_text(
        "for 180 days" if changed.get("keep_feedback", 1) else "none of your words"
    )


@on_both
def test_a_conversation_is_kept_only_with_the_tick(arrive: Arrive) -> None:
    guest = arrive(keep_conversations=30)
    tick = guest.visit.page.get_by_label(TICK)

    def kept() -> list[str | None]:
        _, _, conversation = str(guest.bar.get_attribute("data-reply")).split("-")
        guest.up.click()  # a thumb is written behind all exchanges
        expect(guest.status).to_contain_text("Thank you.")
        return [row.question for row in exchanges.conversation(guest.records, conversation)]

    guest.visit.ask(NAMED)
    assert kept() == [None]
    tick.check()
    guest.visit.ask(NAMED)
    assert kept() == [None, "My name is [name]. Is it good to massage your back daily?"]
    guest.visit.clear()
    expect(tick).not_to_be_checked()  # another conversation, another consent
    guest.visit.ask(NAMED)
    assert kept() == [None]


def test_without_a_database_there_is_nothing_to_press(bot: Bot, browser: Browser) -> None:
    with staff.served(staff.app(bot.settings, None, bot)) as address, browser.new_context() as context:
        visit = Visit(context, address)
        visit.open()
        visit.ask(DAILY)
        expect(visit.page.locator("#standing")).to_contain_text("What you type is not stored.")
        expect(visit.page.locator(".feedback")).to_have_count(0)
        assert visit.problems == []
