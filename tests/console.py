"""Pages of the staff console in a real browser: somebody who is logged in, and what must not happen meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from tests.databases import PASSWORD

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
# What Gradio itself says where a page is left that still listens for an event.
LEFT = ("AbortError: signal is aborted without reason", "Unexpected error Connection errored out.")
PATIENCE = 30_000  # milliseconds; two cores may be busy with other things

expect.set_options(timeout=PATIENCE)


@contextmanager
def logged_in(browser: Browser, address: str, name: str, viewport: ViewportSize | None = None) -> Iterator[Page]:
    """The console's first page. At the end: no error was logged, and nothing was asked of another host."""
    problems: list[str] = []
    context = browser.new_context(viewport=viewport or DESK)
    context.set_default_timeout(PATIENCE)
    context.on("console", lambda said: problems.append(said.text) if is_problem(said) else None)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on(
        "request", lambda asked: problems.append(asked.url) if not asked.url.startswith((address, "data:")) else None
    )
    page = context.new_page()
    log_in(page, address, name)
    yield page
    context.close()
    assert not problems, "\n".join(problems)


def log_in(page: Page, address: str, name: str) -> None:
    """To the console's first page."""
    page.goto(f"{address}/staff/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Staff console", timeout=PATIENCE)
    expect(page.get_by_text("Logged in as")).to_be_visible()


def is_problem(said: ConsoleMessage) -> bool:
    """Whether a page has logged something that it should not."""
    return said.type in ("error", "warning") and not said.text.startswith(LEFT)


def choose(page: Page, label: str, choice: str) -> None:
    """An entry of one of Gradio's lists, by its first words."""
    page.get_by_role("listbox", name=label).or_(page.get_by_label(label, exact=True)).first.click()
    page.get_by_role("option", name=choice).first.click()


def check(page: Page, shot: Path | None = None) -> None:
    """One h1, nothing that axe-core finds, nothing that scrolls sideways. A picture of it all, where one is wanted."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    at_rest(page)
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    told = [f"{rule['id']}: {node['target']}: {node['failureSummary']}" for rule in found for node in rule["nodes"]]
    if shot:
        page.screenshot(path=shot, full_page=True)
    assert not told, "\n".join(told)
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room


def at_rest(page: Page) -> None:
    """Ends what fades in or out, now and from now on: halfway its colors are none that anybody chose."""
    page.evaluate("""() => {
        const still = new CSSStyleSheet();
        still.replaceSync("*, *::before, *::after { transition: none !important }");
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
        document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish());
    }""")
