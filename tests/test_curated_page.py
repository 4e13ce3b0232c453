"""The page of curated answers in a real Chromium: from the first word to the visitor, and what comes between."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from bot.chat import Bot
from bot.records import curated, people
from bot.records.curated import CuratedAnswer, Line, Quote
from bot.records.database import Records, open_records
from bot.records.served import Served
from bot.records.tables import State
from bot.retrieval.articles import squash
from bot.settings import Settings
from tests import staff
from tests.console import PHONE, check, choose, logged_in
from tests.databases import PASSWORD

pytestmark = pytest.mark.browser

QUESTION = "Is it good to massage your back daily?"
ARTICLE = "how-often-and-how-long"
NUMB = "My legs went numb after the massage, is it good to massage daily?"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = open_records(Settings.load(data=tmp_path))
    for name, roles in (("ana", ["editor"]), ("ben", ["admin"]), ("eva", ["evaluator"])):
        people.add(opened, "tests", name, PASSWORD, roles)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def address(bot: Bot, records: Records, tmp_path: Path) -> Iterator[str]:
    settings = bot.settings.model_copy(update={"data": tmp_path})
    serving = replace(bot, settings=settings, curated=Served(records, every=0))
    with staff.served(staff.app(settings, records, serving)) as address:
        yield address


def texts(bot: Bot) -> dict[str, str]:
    return {slug: article.text for slug, article in bot.articles.items()}


def quote(bot: Bot, unit: int = 0) -> Quote:
    """A sentence of the article."""
    article = bot.articles[ARTICLE]
    start, end = article.units[unit].start, article.units[unit].end
    return Quote(ARTICLE, start, end, article.text[start:end])


def draft(records: Records, bot: Bot, *words: str) -> CuratedAnswer:
    lines = [Line(each, (quote(bot),)) for each in words or ("Once a day is plenty.",)]
    return curated.draft(records, "ana", QUESTION, lines, texts(bot))


def opened(page: Page, address: str, answer: CuratedAnswer) -> None:
    page.goto(f"{address}/staff/curated?answer={answer.id}")
    expect(page.get_by_label("Question", exact=True)).to_have_value(answer.question)


def press(page: Page, button: str, said: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".said").get_by_role("status")).to_contain_text(said)


def ask(address: str, message: str) -> dict[str, Any]:
    reply: dict[str, Any] = httpx.post(f"{address}/api/chat", json={"message": message}, trust_env=False).json()
    return reply


def test_written_tried_submitted_approved_by_another_and_served(browser: Browser, address: str, records, bot) -> None:
    first, second = (squash(quote(bot, unit).quote) for unit in (0, 1))
    before = ask(address, QUESTION)["answer"]
    with logged_in(browser, address, "ana") as page:
        page.goto(f"{address}/staff/curated?question={QUESTION}")
        expect(page.get_by_label("Question", exact=True)).to_have_value(QUESTION)
        choose(page, "Article", bot.articles[ARTICLE].title)
        page.get_by_role("group", name="Sentences of the section").get_by_label(first).check()
        expect(page.get_by_label("Words of the line")).to_have_value(first)  # filled in where there was nothing
        page.get_by_label("Words of the line").fill("Once a day is plenty.")
        page.get_by_role("button", name="Add a line").click()
        expect(page.get_by_label("Words of the line")).to_have_value("")
        choose(page, "Article", bot.articles[ARTICLE].title)
        page.get_by_role("group", name="Sentences of the section").get_by_label(second).check()
        expect(page.get_by_label("Words of the line")).to_have_value(second)
        page.get_by_role("button", name="Try it out").click()
        expect(page.locator(".as-seen")).to_contain_text("Once a day is plenty.")
        page.get_by_role("button", name="Move it up").click()
        expect(page.get_by_label(f"1. {second[:20]}")).to_be_checked()
        press(page, "Submit for approval", "awaits approval")
        expect(page.get_by_text("somebody else has to approve it")).to_be_visible()
        expect(page.get_by_role("button", name="Approve")).to_be_disabled()
        assert ask(address, QUESTION)["answer"] == before
    with logged_in(browser, address, "ben") as page:
        opened(page, address, curated.read(records, 1))
        press(page, "Approve", "visitors get it from now on")
        reply = ask(address, QUESTION)
        assert [citation["quote"] for citation in reply["citations"]] == [quote(bot, 1).quote, quote(bot, 0).quote]
        assert reply["mode"] == "curated"
        for citation in reply["citations"]:
            assert bot.articles[citation["article"]].text[citation["start"] : citation["end"]] == citation["quote"]
        press(page, "Retire", "no visitor gets it any more")
        assert ask(address, QUESTION)["answer"] == before


def test_the_second_of_two_editors_is_told_and_loses_nothing(browser: Browser, address: str, records, bot) -> None:
    answer = draft(records, bot)
    with logged_in(browser, address, "ben") as page:
        opened(page, address, answer)
        page.get_by_label("Words of the line").fill("Mine.")
        curated.edit(records, "ana", replace(answer, question="Theirs?"), texts(bot))
        page.get_by_role("button", name="Save as draft").click()
        expect(page.locator(".conflict")).to_contain_text("Somebody else has changed this since you opened it")
        expect(page.locator(".conflict")).to_contain_text("Theirs?")
        expect(page.get_by_label("Words of the line")).to_have_value("Mine.")
        check(page)
        page.get_by_role("button", name="Open theirs").click()
        expect(page.get_by_label("Question", exact=True)).to_have_value("Theirs?")
        expect(page.locator(".conflict")).to_contain_text("Mine.")
        page.get_by_label("Words of the line").fill("Mine again.")
        curated.edit(records, "ana", curated.read(records, answer.id), texts(bot))
        page.get_by_role("button", name="Save as draft").click()
        press(page, "Save mine over theirs", "saved over the other version")
    saved = curated.read(records, answer.id)
    assert (saved.question, saved.lines[0].text, saved.author) == ("Theirs?", "Mine again.", "ben")


def test_what_changed_under_a_stale_answer_is_shown(browser: Browser, address: str, records, bot, tmp_path) -> None:
    before = texts(bot)
    cited = quote(bot)
    old = before[ARTICLE].replace(cited.quote, cited.quote.replace(" is ", " can be ", 1), 1)
    was = old[cited.start : old.index("\n", cited.start)].split(". ")[0] + "."
    lines = [Line("Yes.", (Quote(ARTICLE, cited.start, cited.start + len(was), was),))]
    answer = curated.draft(records, "ana", QUESTION, lines, {**before, ARTICLE: old})
    answer = curated.submit(records, "ana", answer.id, answer.revision, {**before, ARTICLE: old})
    assert curated.mark_stale(records, "tests", before) == (answer.id,)
    with logged_in(browser, address, "ben") as page:
        opened(page, address, answer)
        expect(page.locator(".changes")).to_contain_text(f"The article {ARTICLE} has changed")
        expect(page.locator(".changes del").first).to_be_visible()
        expect(page.get_by_text(f"Answer {answer.id}: not served: an article has changed")).to_be_visible()
        check(page)


def test_what_would_match_and_what_the_guard_refers(browser: Browser, address: str, records, bot) -> None:
    with logged_in(browser, address, "ana") as page:
        opened(page, address, draft(records, bot))
        rows = page.locator("table", has_text="Known questions of visitors").locator("tbody tr")
        expect(rows.first).to_contain_text("yes")
        page.get_by_label("Question", exact=True).fill(NUMB)
        page.get_by_role("button", name="Try it out").click()
        expect(page.get_by_text("The guard refers whoever asks this")).to_be_visible()
        expect(page.locator(".as-seen .emergency")).to_be_visible()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Last day (UTC), or empty": "soon"}, "is not a day"),
        ({"Question": " "}, "has no question"),
        ({"Words of the line": " "}, "has an empty line"),
    ],
)
def test_a_slip_is_told_and_nothing_is_saved(browser: Browser, address: str, records, bot, fields, said) -> None:
    answer = draft(records, bot)
    with logged_in(browser, address, "ben") as page:
        opened(page, address, answer)
        for label, text in fields.items():
            page.get_by_label(label, exact=True).fill(text)
        page.get_by_role("button", name="Save as draft").click()
        expect(page.get_by_text(said)).to_be_visible()
        for label, text in fields.items():
            expect(page.get_by_label(label, exact=True)).to_have_value(text)
    assert curated.read(records, answer.id) == answer


def test_an_approval_takes_what_is_stored_alone(browser: Browser, address: str, records, bot) -> None:
    answer = draft(records, bot)
    answer = curated.submit(records, "ana", answer.id, answer.revision, texts(bot))
    with logged_in(browser, address, "ben") as page:
        opened(page, address, answer)
        page.get_by_label("Words of the line").fill("Never seen by the author.")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("changes that are not saved")).to_be_visible()
    assert curated.read(records, answer.id).state is State.AWAITING


def test_only_editors_and_admins(browser: Browser, address: str, records, bot) -> None:
    draft(records, bot, "Nobody else reads this.")
    with logged_in(browser, address, "eva") as page:
        page.goto(f"{address}/staff/curated?answer=1")
        expect(page.get_by_text("This needs the role editor or admin").first).to_be_visible()
        expect(page.get_by_text("Nobody else reads this.")).to_have_count(0)


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
def test_accessible_and_narrow_enough(browser: Browser, address: str, records, bot, viewport) -> None:
    answer = draft(records, bot, "Once a day is plenty.", "- Ten minutes", "- or twenty.")
    with logged_in(browser, address, "ben", viewport) as page:
        opened(page, address, answer)
        expect(page.locator(".as-seen")).to_be_visible()
        check(page)
