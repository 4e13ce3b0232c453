"""How long the console takes until it can be used with 100,000 stored conversations, and how long publishing takes.

python -m tests.console_speed [--postgresql]: the real program over the shipped articles in a real browser; prints the
median of several times in milliseconds. No test: a machine that is busy may take longer.
"""

import argparse
import datetime
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page, sync_playwright

from bot.chat import load_bot
from bot.records import inbox, people
from bot.records.database import Records, open_records, utc_now
from bot.records.inbox import Filters, Order
from bot.records.tables import Kind
from bot.settings import Settings
from tests import postgres
from tests.conftest import chromium, program
from tests.console import choose, log_in
from tests.databases import PASSWORD
from tests.many import fill, fill_audit

CONVERSATIONS, MESSAGES, ENTRIES = 100_000, 2, 100_000
EVERY = 77.0  # seconds from one exchange, and one entry of the audit, to the next
ROUNDS = 5
SHOWN = 25  # cases on a page of the inbox
DAILY = "Is it good to massage your back daily?"
ARTICLE, OLD, NEW = "How often and how long", "massaging your back daily", "kneading your back each day"
FILLED = "() => [...document.querySelectorAll('input[type=number]')].some((field) => field.value)"


def main() -> None:
    """Fills, serves, measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.console_speed", description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server instead of SQLite")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="console-")))
        address = ""
        if parser.parse_args().postgresql:
            address = stack.enter_context(postgres.server()).format("postgres")
        settings = Settings.load(data=folder, database_url=address, keep_conversations=3650)
        records = open_records(settings)
        stack.callback(records.engine.dispose)
        load_bot(settings, quiet=True)  # builds the index, which is no part of what is measured
        _fill(records)
        served = program(folder / "output", BOT_DATA=str(folder), DATABASE_URL=address, BOT_KEEP_CONVERSATIONS="3650")
        base = stack.enter_context(served)
        measure(base, records)


def measure(base: str, records: Records) -> None:
    """Prints a line as soon as it is known."""
    with sync_playwright() as playwright, chromium(playwright) as browser, browser.new_page() as page:
        log_in(page, base, "ada")
        for what, times in chain(_opened(page, base), _searched(page, base), _last_page(records)):
            median, most = statistics.median(times), max(times)
            print(f"{what:34} {median:6.0f} ms   (slowest of {len(times)}: {most:.0f})", flush=True)
        print(f"{'Publishing one changed article':34} {_published(page, base):6.0f} ms")


def _fill(records: Records) -> None:
    """Up to this moment, so that the counts of the last days have something to count."""
    people.add(records, "speed", "ana", PASSWORD, ["support"])
    people.add(records, "speed", "ada", PASSWORD, ["admin"])
    exchanges = CONVERSATIONS * MESSAGES
    begin = utc_now() - datetime.timedelta(seconds=EVERY * exchanges)
    fill(records, exchanges, messages=MESSAGES, one_case_in=3, begin=begin, every=EVERY)
    fill_audit(records, ENTRIES, begin=begin, every=EVERY)


def _opened(page: Page, base: str) -> Iterator[tuple[str, list[float]]]:
    for name, (path, ready) in PAGES.items():
        times = []
        for _ in range(ROUNDS):
            page.wait_for_timeout(500)  # what the page before has under way
            start = time.perf_counter()
            page.goto(f"{base}/staff/{path}", wait_until="commit")
            ready(page)
            times.append(1000 * (time.perf_counter() - start))
        yield name, times


def _searched(page: Page, base: str) -> Iterator[tuple[str, list[float]]]:
    """From the click to the table."""
    choices = {"Kind": ("Why it is here", "thumb down"), "Slowest": ("Sorted by", "slowest"), "Words": ("Words", "")}
    for name, (label, choice) in choices.items():
        times = []
        for number in range(ROUNDS):
            page.goto(f"{base}/staff/inbox")
            _inbox(page)
            if choice:
                choose(page, label, choice)
            else:
                page.get_by_label(label).fill(f"knead shoulder only1999{number}")
            times.append(_until_another_table(page, "Show"))
            if name == "Slowest" and number == 0:
                yield "Inbox, next page", [_until_another_table(page, "Next page") for _ in range(ROUNDS)]
        yield f"Inbox, {name.lower()}", times


def _until_another_table(page: Page, button: str) -> float:
    before = page.locator("#cases table").text_content()
    start = time.perf_counter()
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_function("(before) => document.querySelector('#cases table')?.textContent !== before", arg=before)
    return 1000 * (time.perf_counter() - start)


def _last_page(records: Records) -> Iterator[tuple[str, list[float]]]:
    """Which nobody comes to by clicking: the search alone."""
    for filters, order in ((Filters(), Order.NEWEST), (Filters(kind=Kind.REFUSAL), Order.SLOWEST)):
        total, times = inbox.search(records, filters, order, limit=SHOWN).total, []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            inbox.search(records, filters, order, limit=SHOWN, offset=total - SHOWN)
            times.append(1000 * (time.perf_counter() - start))
        yield f"Last of {total:,} cases, {order}", times


def _published(page: Page, base: str) -> float:
    """From the click that builds to the visitor's new answer."""
    page.goto(f"{base}/staff/articles")
    page.get_by_text("Visitors get").first.wait_for()
    choose(page, "Article", ARTICLE)
    page.get_by_text("is open, as it is published").wait_for()
    text = page.get_by_label("Text, in Markdown")
    text.fill(text.input_value().replace(OLD, NEW))
    page.get_by_role("button", name="Save draft").click()
    page.get_by_text("The draft is saved.").wait_for()
    page.get_by_text("The corpus check finds nothing wrong.").wait_for()
    start = time.perf_counter()
    page.get_by_role("button", name="Build the next version").click()
    page.get_by_text("The new version is built.").wait_for()
    page.get_by_role("button", name="Publish it").click()
    while NEW not in httpx.post(f"{base}/api/chat", json={"message": DAILY}, timeout=30).json()["answer"]:
        time.sleep(0.05)
    return 1000 * (time.perf_counter() - start)


def _inbox(page: Page) -> None:
    page.locator("#cases table").wait_for()
    page.get_by_role("img", name="Cases by day").wait_for()


# What has to be there before somebody can work with the page.
PAGES: dict[str, tuple[str, Callable[[Page], object]]] = {
    "Try": ("try", lambda page: page.wait_for_function(FILLED)),
    "Inbox": ("inbox", _inbox),
    "A case": ("inbox?case=9", lambda page: page.get_by_role("heading", name="Case 9", exact=True).wait_for()),
    "Curated answers": ("curated", lambda page: page.get_by_text("A new answer, not saved yet.").wait_for()),
    "Articles": ("articles", lambda page: page.get_by_text("Visitors get").first.wait_for()),
    "Benchmark": ("benchmark", lambda page: page.get_by_text("No run is under way.").wait_for()),
    "People and audit": ("people", lambda page: page.get_by_role("table", name="Entries").wait_for()),
}


if __name__ == "__main__":
    main()
