"""The benchmark page in a real Chromium: runs in processes of their own, reports, and questions that staff add."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from bot.chat import Bot
from bot.errors import BenchmarkError, UserError
from bot.records import audit, people
from bot.records.curated import Quote
from bot.records.database import Records, open_records
from bot.reply import Route
from bot.settings import Settings
from bot.web.staff.benchmark import facts_of, proposed
from bot.web.staff.workbench import NewQuestion, Stage
from eval.questions import read_questions
from eval.workbench import Bench
from tests import staff
from tests.console import PHONE, check, choose, logged_in
from tests.databases import PASSWORD, reply

pytestmark = pytest.mark.browser

DAILY = "Is it good to massage your back daily?"
SECRET = "how frequently may somebody rub my shoulders"
RUN_MS = 240_000  # a run loads a bot of its own, on two cores that may be busy


def line(id: str, question: str, **more: object) -> str:
    return json.dumps({"id": id, "slice": "daily", "turns": [question], "route": ["answer"], **more}) + "\n"


@pytest.fixture
def settings(bot: Bot, data: Path, tmp_path: Path) -> Settings:
    """A data folder of its own, with the index that is built already."""
    for folder in data.iterdir():
        if folder.is_dir() and not (tmp_path / folder.name).exists():
            shutil.copytree(folder, tmp_path / folder.name)
    return Settings.load(data=tmp_path)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "dev.jsonl").write_text(line("a", DAILY) + line("b", "How long should a back massage last?"))
    (folder / "daily-test.jsonl").write_text(line("hidden", SECRET))
    return folder


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    opened = open_records(settings)
    for name, roles in (("eva", ["evaluator"]), ("ana", ["support"])):
        people.add(opened, "tests", name, PASSWORD, roles)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def bench(settings: Settings, questions: Path) -> Bench:
    return Bench(settings, questions)


@pytest.fixture
def address(bot: Bot, settings: Settings, records: Records, bench: Bench) -> Iterator[str]:
    with staff.served(staff.app(settings, records, replace(bot, settings=settings), bench)) as address:
        yield address


def opened(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/staff/benchmark{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Benchmark")
    expect(page.get_by_text("No run is under way.").or_(page.get_by_text("The run of"))).to_be_visible()


def run(page: Page, file: str) -> None:
    choose(page, "Question file", file)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text(f"The run of {file} is done")).to_be_visible(timeout=RUN_MS)


def test_run_add_run_again_and_compare(browser: Browser, address: str, records, bench: Bench) -> None:
    with logged_in(browser, address, "eva") as page:
        opened(page, address)
        expect(page.get_by_text("There is no finished run yet.")).to_be_visible()
        page.get_by_label("Messages of the visitor").fill(DAILY.upper())
        page.get_by_role("button", name="Ask the bot and fill in").click()
        expect(page.locator(".as-seen")).to_contain_text("Yes, massaging your back daily")
        page.get_by_role("button", name="Add the question").click()
        expect(page.get_by_text("dev.jsonl asks this already, as 'a'")).to_be_visible()
        page.get_by_label("Messages of the visitor").fill("may i have my back rubbed every day?")
        page.get_by_role("button", name="Ask the bot and fill in").click()
        expect(page.get_by_label("answer", exact=True)).to_be_checked()
        expect(page.get_by_label("Facts that a good answer holds")).not_to_have_value("")
        page.get_by_role("button", name="Add the question").click()
        expect(page.get_by_text("The question is added as staff-")).to_be_visible()
        run(page, "staff.jsonl")
        expect(page.get_by_text("There is no earlier run of this file.")).to_be_visible()
        with page.context.expect_page() as report:
            page.get_by_role("link", name="Open the report").click()
        expect(report.value.get_by_role("heading", level=1)).to_contain_text("staff.jsonl")
        report.value.close()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download staff.jsonl").click()
        [added] = read_questions(Path(download.value.path()))
        page.get_by_label("Messages of the visitor").fill("should i knead my own back each evening?")
        page.get_by_role("button", name="Ask the bot and fill in").click()
        expect(page.locator(".as-seen")).to_be_visible()
        page.get_by_role("button", name="Add the question").click()
        expect(page.get_by_text("The question is added as staff-")).to_be_visible()
        expect(page.get_by_text("2 questions added here")).to_be_visible()
        run(page, "staff.jsonl")
        expect(page.get_by_text("1 question that both runs asked")).to_be_visible()
        check(page)
    assert added.turns == ("may i have my back rubbed every day?",)
    assert bench.runs()[0].metrics["route_right"].n == 2
    done = [entry.what for entry in audit.entries(records) if entry.who == "eva"]
    assert done == ["run started", "question added", "run started", "question added"]


def test_a_held_out_test_is_run_and_never_shown(browser: Browser, address: str, bench: Bench) -> None:
    with logged_in(browser, address, "eva") as page:
        opened(page, address)
        run(page, "daily-test.jsonl")
        expect(page.get_by_text("would show the questions of a held-out test")).to_be_visible()
        assert SECRET not in page.content()
        assert "hidden" not in page.inner_text("body").split()
        [found] = bench.runs()
        response = page.request.get(f"{address}/staff/benchmark/runs/{found.name}/report.html")
        assert response.status == 404
    with pytest.raises(BenchmarkError):
        bench.report(found.name)


def test_a_run_is_stopped_and_another_one_waits(browser: Browser, address: str, bench: Bench, questions: Path) -> None:
    (questions / "long.jsonl").write_text("".join(line(str(n), f"Is oil number {n} good?") for n in range(5_000)))
    with logged_in(browser, address, "eva") as page:
        opened(page, address)
        choose(page, "Question file", "long.jsonl")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("button", name="Start")).to_be_disabled()
        with pytest.raises(BenchmarkError, match=r"eva is running long\.jsonl"):
            bench.start("ana", "dev.jsonl")
        with pytest.raises(BenchmarkError, match="Another process"):
            Bench(bench._settings, questions).start("ana", "dev.jsonl")
        expect(page.get_by_role("progressbar")).to_be_visible(timeout=RUN_MS)
        check(page)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("was stopped after")).to_be_visible()
        expect(page.get_by_role("button", name="Start")).to_be_enabled()
    assert bench.progress.stage is Stage.STOPPED
    assert bench.runs() == ()
    assert [path.name for path in (bench.own.parent.parent / "runs").iterdir() if path.is_dir()] == []


def test_a_run_that_fails_says_why(bench: Bench, questions: Path) -> None:
    (questions / "dev.jsonl").write_text(line("a", DAILY, evidence=[{"article": "gone", "quote": "Never written."}]))
    bench.start("eva", "dev.jsonl")
    assert bench._waiting
    bench._waiting.join(RUN_MS / 1000)
    assert bench.progress.stage is Stage.FAILED
    assert "there is no article 'gone'" in bench.progress.message


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (NewQuestion((), (Route.ANSWER,)), "Write the question first"),
        (NewQuestion(("Why?",), ()), "at least one route"),
        (NewQuestion((f"  {DAILY.lower()}",), (Route.ANSWER,)), r"dev\.jsonl asks this already"),
        (NewQuestion(("Why?",), (Route.ANSWER,), (("oil", "Not there."),)), "does not hold the quote"),
        (NewQuestion(("Why?",), (Route.ANSWER,), (("oil", "Use oil."),), nuggets=(("water",),)), "no quote states"),
        (NewQuestion(("Why?",), (Route.ANSWER,), forbid=("re:(",)), "is no pattern"),
    ],
)
def test_a_question_that_will_not_do(bench: Bench, question: NewQuestion, said: str) -> None:
    with pytest.raises(UserError, match=said):
        bench.add(question, {"oil": "Use oil."})
    assert not bench.own.exists()


def test_the_same_question_twice(bench: Bench) -> None:
    bench.add(NewQuestion(("Which oil?",), (Route.ANSWER,)), {})
    with pytest.raises(UserError, match=r"staff\.jsonl asks this already"):
        bench.add(NewQuestion(("which  OIL?",), (Route.CAUTION,)), {})
    assert len(read_questions(bench.own)) == 1


def test_a_proposed_fact_is_a_clause_of_the_sentence() -> None:
    assert proposed("Yes, ten minutes a day will do; more is no better.") == "ten minutes a day will do"
    assert proposed("Use oil.") == "use oil"


def test_facts_of_a_curated_answer_are_in_its_own_words_too() -> None:
    told = replace(reply(text="Do this: [1]\n\n1. Warm the oil first. [1] [2]\n2. Stop."), mode="curated")
    quotes = [Quote("knead", 0, 20, "Ten minutes will do."), Quote("oil", 0, 17, "Oil is best warm.")]
    assert list(facts_of(told, quotes)) == [
        "do this: | ten minutes will do",
        "warm the oil first | ten minutes will do | oil is best warm",
    ]
    assert list(facts_of(replace(told, mode="extractive"), quotes)) == ["ten minutes will do", "oil is best warm"]
    assert list(facts_of(told, [])) == []


def test_downloads_need_the_role(address: str, bench: Bench) -> None:
    bench.add(NewQuestion(("Which oil?",), (Route.ANSWER,)), {})
    with httpx.Client(base_url=address, follow_redirects=True, trust_env=False) as client:
        for path in ("/staff/benchmark/staff.jsonl", "/staff/benchmark/runs/x/report.html"):
            assert client.get(path).status_code == 401
        staff.log_in(client, "ana")
        for path in ("/staff/benchmark/staff.jsonl", "/staff/benchmark/runs/x/report.html"):
            assert client.get(path).status_code == 403


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
def test_accessible_and_narrow_enough(browser: Browser, address: str, viewport) -> None:
    with logged_in(browser, address, "eva", viewport) as page:
        opened(page, address, f"?question={DAILY}")
        expect(page.locator(".as-seen")).to_be_visible()
        check(page)
