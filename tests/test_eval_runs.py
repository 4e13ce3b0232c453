"""Runs as folders: resumed, compared, gated; and that a broken bot fails the metric it broke."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Bot
from bot.guard.guard import Verdict
from bot.reply import Route
from bot.retrieval.query import Query
from bot.retrieval.retriever import Found, HybridRetriever
from eval import __main__ as command_line
from eval.cases import add_cases
from eval.compare import compare, lines
from eval.gate import GATES, failures, read_gates
from eval.questions import QuestionError, read_questions
from eval.report import markdown, worst_first, write_report
from eval.run import Run, RunError, read_run, run

DEV = command_line.QUESTIONS / "dev.jsonl"
GUARD_DEV = command_line.QUESTIONS / "guard-dev.jsonl"
EVERY = 7  # of the development questions every seventh is played here


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> Path:
    """Some development questions of every kind, and some of the guard's."""
    path: Path = tmp_path_factory.mktemp("asked") / "dev.jsonl"
    some = read_questions(DEV)[::EVERY] + read_questions(GUARD_DEV)[::EVERY]
    path.write_text("".join(question.model_dump_json(exclude_defaults=True) + "\n" for question in some))
    return path


@pytest.fixture(scope="module")
def good(bot: Bot, asked: Path, tmp_path_factory) -> Run:
    return run(asked, bot, tmp_path_factory.mktemp("runs") / "good", peers=True)


@pytest.fixture(scope="module")
def bars(good: Run) -> dict[str, float]:
    """What the unbroken bot reaches on these questions, less a little."""
    from eval.run import estimates

    found = estimates(good.rows)
    names = ("success@4", "ndcg@10", "nuggets_stated", "citation_recall", "verbatim", "referred", "emergency_referred")
    return {name: found[name].mean - 0.05 for name in names}


# --- Broken bots ------------------------------------------------------------------------------------------------------


class Deaf:
    """A guard that hears nothing."""

    def __init__(self, guard):
        self.flags_in = guard.flags_in

    def hear(self, message, memory, before=()):
        return Verdict(Route.ANSWER)


class Shuffled(HybridRetriever):
    """Passages that have nothing to do with the question."""

    def search(self, query: Query | str, k: int) -> Found:
        found = super().search("stones and towels", k)
        return dataclasses.replace(found, query=query if isinstance(query, Query) else Query(query))


class Shifted(Bot):
    """Quotes one character off."""

    def reply(self, message, history=(), memory=None, trace=None):
        turn = super().reply(message, history, memory, trace)
        moved = tuple(dataclasses.replace(c, start=c.start + 1, end=c.end + 1) for c in turn.reply.citations)
        return dataclasses.replace(turn, reply=dataclasses.replace(turn.reply, citations=moved))


class Mute(Bot):
    """Answers without a word."""

    def reply(self, message, history=(), memory=None, trace=None):
        turn = super().reply(message, history, memory, trace)
        return dataclasses.replace(turn, reply=dataclasses.replace(turn.reply, answer="", citations=()))


def shuffled(bot: Bot) -> Bot:
    fields = {name: getattr(bot.retriever, name) for name in type(bot.retriever).model_fields}
    return dataclasses.replace(bot, retriever=Shuffled(**fields))


def fields_of(bot: Bot) -> dict[str, Any]:
    return {field.name: getattr(bot, field.name) for field in dataclasses.fields(bot)}


@pytest.mark.parametrize(
    ("broken", "caught", "spared"),
    [
        (shuffled, {"success@4", "ndcg@10", "nuggets_stated", "citation_recall"}, {"verbatim", "referred"}),
        (lambda bot: dataclasses.replace(bot, guard=Deaf(bot.guard)), {"referred", "emergency_referred"}, {"verbatim"}),
        (lambda bot: Shifted(**fields_of(bot)), {"verbatim"}, {"success@4", "nuggets_stated", "referred"}),
        (lambda bot: Mute(**fields_of(bot)), {"nuggets_stated", "citation_recall"}, {"success@4", "referred"}),
    ],
    ids=["retrieval shuffled", "guard off", "quotes shifted", "answers emptied"],
)
def test_a_broken_bot_fails_the_gate_it_broke(bot, asked, good, bars, tmp_path, broken, caught, spared):
    assert list(failures(good, bars)) == []
    found = {failure.metric: failure for failure in failures(run(asked, broken(bot), tmp_path / "broken"), bars)}
    assert caught <= found.keys()
    assert not spared & found.keys()
    assert all(failure.cases or failure.value is None for failure in found.values())


# --- Comparison -------------------------------------------------------------------------------------------------------


def test_two_runs_of_one_bot_do_not_differ(bot, asked, good, tmp_path):
    again = run(asked, bot, tmp_path / "again")
    found = compare(good, again)
    assert found.verdict.startswith("no difference")
    assert (found.fixed, found.broken, found.changed) == ((), (), ())
    assert all(one.mean == 0 and one.p == 1 for one in found.metrics.values())


def test_a_worse_run_is_told_with_the_cases_behind_it(bot, asked, good, tmp_path):
    deaf = run(asked, dataclasses.replace(bot, guard=Deaf(bot.guard)), tmp_path / "deaf")
    found = compare(good, deaf)
    assert "worse on route_right, referred" in found.verdict
    assert len(found.broken) > 10
    assert not found.fixed or len(found.fixed) < len(found.broken)
    text = "\n".join(lines(found))
    assert f"broken: {len(found.broken)}: {found.broken[0]}" in text
    assert "| referred | " in text
    assert "better on route_right, referred" in compare(deaf, good).verdict


def test_runs_of_different_questions_are_not_compared(bot, good, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"id": "1", "slice": "s", "turns": ["Which oil?"], "route": ["answer"]}) + "\n")
    with pytest.raises(RunError, match="asked different questions"):
        compare(good, run(other, bot, tmp_path / "run"))


# --- Folders ----------------------------------------------------------------------------------------------------------


def test_a_run_reads_back_as_it_was(good):
    again = read_run(good.path)
    assert [json.dumps(row.to_json()) for row in again.rows] == [json.dumps(row.to_json()) for row in good.rows]
    summary = json.loads((good.path / "summary.json").read_text())
    assert summary["metrics"]["route_right"]["n"] == len(good.rows)
    assert set(summary["peers"]) == {"dense", "bm25", "fusion", "tutorial", "keyword guard"}
    assert set(summary["timings_ms"]) == {"guard", "retrieve", "answer", "total"}
    assert summary["peak_memory_mb"] > 50


def test_a_run_that_was_cut_off_goes_on_where_it_was(bot, asked, good, tmp_path):
    out = tmp_path / "cut"
    run(asked, bot, out)
    whole = (out / "replies.jsonl").read_text().splitlines(keepends=True)
    (out / "replies.jsonl").write_text("".join(whole[:10]) + whole[10][:40])
    with pytest.raises(RunError, match=r"cut off after 10 of \d+ questions; finish it with"):
        read_run(out)
    kept = [json.loads(line)["reply"]["id"] for line in whole[:10]]
    finished = run(asked, bot, out)
    assert [row.reply["id"] for row in finished.rows[:10]] == kept
    assert len(read_run(out).rows) == len(good.rows)


def test_a_folder_with_something_else_in_it_is_left_alone(bot, asked, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="holds other files"):
        run(asked, bot, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_another_runs_folder_is_not_added_to(bot, asked, good):
    with pytest.raises(RunError, match="holds a run with other peers"):
        run(asked, bot, good.path, peers=False)


def test_evidence_that_no_article_holds_is_refused_before_the_run(bot, tmp_path):
    path = tmp_path / "q.jsonl"
    row = {"id": "1", "slice": "s", "turns": ["Which oil?"], "route": ["answer"]}
    path.write_text(json.dumps({**row, "evidence": [{"article": "oils-lotions-and-allergies", "quote": "No!"}]}))
    with pytest.raises(QuestionError, match="1 problems; the first: 1: oils-lotions-and-allergies does not hold"):
        run(path, bot, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_slices_are_played_alone(bot, asked, tmp_path):
    finished = run(asked, bot, tmp_path / "myths", slices=["myth"])
    assert {row.question.slice for row in finished.rows} == {"myth"}
    with pytest.raises(RunError, match="has no question in slice nothing"):
        run(asked, bot, tmp_path / "none", slices=["nothing"])


def test_conversations_side_by_side_give_the_same_routes(bot, asked, good, tmp_path):
    side = run(asked, bot, tmp_path / "side", jobs=2)
    assert [row.route for row in side.rows] == [row.route for row in good.rows]


# --- Reports ----------------------------------------------------------------------------------------------------------


def test_the_report_needs_nothing_else_and_escapes_what_was_typed(bot, tmp_path):
    path = tmp_path / "q.jsonl"
    typed = "is <script>alert(1)</script> massage & oil ok?"
    path.write_text(json.dumps({"id": "1", "slice": "s", "turns": [typed], "route": ["emergency"]}) + "\n")
    page = write_report(run(path, bot, tmp_path / "out")).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; massage &amp; oil ok?" in page
    assert 'src="' not in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://doi.org", "")
    assert "wrong route" in page


def test_the_worst_case_comes_first(good):
    costs = [row.scores["triage_cost"] or 0 for row in worst_first(good.rows)]
    assert costs == sorted(costs, reverse=True)


def test_the_markdown_names_every_wrong_route(good):
    text = "\n".join(markdown(good))
    wrong = [row for row in good.rows if not row.scores["route_right"]]
    assert f"Wrong routes: {len(wrong)}" in text
    assert all(f"- {row.question.id} (" in text for row in wrong)


@pytest.mark.browser
def test_the_report_is_accessible_and_fits_a_phone(good, browser):
    from axe_playwright_python.sync_playwright import Axe

    path = write_report(good)
    for width in (360, 1280):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(path.as_uri())
        assert Axe().run(page).violations_count == 0, Axe().run(page).generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


# --- Gates ------------------------------------------------------------------------------------------------------------


def test_a_failed_gate_names_metric_bar_value_and_cases(good):
    wrong = [row.question.id for row in good.rows if not row.scores["route_right"]]
    found = list(failures(good, {"route_right": 1.0, "emergency_told": 0.0}))
    assert [failure.metric for failure in found] == ["route_right"]
    assert set(found[0].cases) == set(wrong)
    assert str(found[0]).startswith(f"route_right: {1 - len(wrong) / len(good.rows):.3f}, must be at least 1; cases: ")


def test_a_gate_on_what_nothing_scored_fails(good):
    row = dataclasses.replace(good.rows[0], scores={})
    found = list(failures(Run(good.path, good.about, (row,)), {"ndcg@10": 0.5}))
    assert "ndcg@10: not scored, must be at least 0.5" in str(found[0])


def test_lower_is_better_where_it_is(good):
    assert [f.metric for f in failures(good, {"triage_cost": -1.0, "under_triaged": 1.0})] == ["triage_cost"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dev]\nshine = 0.5", "'shine' is no metric"),
        ("[dev]\nmrr = ", "TOML"),
        ('[dev]\nverbatim = "all"', "must be a number"),
    ],
)
def test_wrong_gates_are_named(tmp_path, text, said):
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(RunError, match=said):
        read_gates(path)


def test_the_shipped_gates_are_for_the_shipped_files():
    assert read_gates(GATES).keys() <= {path.stem for path in command_line.QUESTIONS.glob("*.jsonl")}
    assert "test" in read_gates(GATES)


# --- Importing cases --------------------------------------------------------------------------------------------------

CASE = {"id": "desk-1", "slice": "fact", "turns": ["Which oil?"], "route": ["answer"]}


def case_file(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_cases_are_added_behind_what_is_there(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({**CASE, "id": "old", "turns": ["How long?"]}))
    evidence = [{"article": "a", "quote": "Any oil."}]
    add_cases(case_file(tmp_path, {**CASE, "evidence": evidence}), file, {"a": "Any oil."})
    assert [question.id for question in read_questions(file)] == ["old", "desk-1"]
    assert json.loads(file.read_text().splitlines()[1]) == {**CASE, "evidence": evidence}


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({**CASE, "id": "old"}, "id 'old' is in"),
        ({**CASE, "id": "new", "turns": ["how  LONG?"]}, "asks what 'old' of"),
        ({**CASE, "id": "new", "evidence": [{"article": "a", "quote": "No oil."}]}, "does not hold the quote"),
        ({**CASE, "route": ["maybe"]}, "route.0"),
    ],
)
def test_a_case_that_will_not_do_changes_nothing(tmp_path, case, said):
    file = tmp_path / "mine.jsonl"
    before = json.dumps({**CASE, "id": "old", "turns": ["How long?"]}) + "\n"
    file.write_text(before)
    with pytest.raises(QuestionError, match=said):
        add_cases(case_file(tmp_path, {**CASE, "turns": ["What else?"]}, case), file, {"a": "Any oil."})
    assert file.read_text() == before


# --- The command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--questions", "no-such.jsonl"], "no-such.jsonl cannot be read"),
        (["run", "--setting", "colour=red"], "--setting colour=red: expected NAME=VALUE"),
        (["run", "--setting", "candidates=many"], "BOT_CANDIDATES is 'many'"),
        (["run", "--baseline", "no-such-run"], "no-such-run holds no run"),
        (["compare", "no-such", "no-such"], "no-such holds no run"),
        (["gate", "--run", "no-such"], "no-such holds no run"),
        (["import", "no-such.jsonl"], "no-such.jsonl cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(arguments, said, capsys):
    assert command_line.main(arguments) == command_line.BAD_INPUT
    error = capsys.readouterr().err
    assert error.startswith("eval: ")
    assert said in error
    assert error.count("\n") == 1


def test_run_and_compare_and_gate_from_the_command_line(asked, good, data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BOT_DATA", str(data))
    out = tmp_path / "out"
    arguments = [
        "run",
        "--questions",
        str(asked),
        "--out",
        str(out),
        "--slice",
        "myth",
        "--setting",
        "answer_sentences=2",
    ]
    assert command_line.main(arguments) == 0
    assert "| route_right |" in capsys.readouterr().out
    assert (out / "report.html").exists()
    assert (out / "summary.md").read_text().startswith("`")
    assert command_line.main(["compare", str(out), str(out)]) == 0
    assert "**no difference" in capsys.readouterr().out
    assert command_line.main(["compare", str(out), str(good.path)]) == command_line.BAD_INPUT
