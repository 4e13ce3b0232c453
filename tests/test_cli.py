"""python -m bot as a user runs it: a process of its own, its output, its exit status."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF

from bot.chat import Bot
from bot.settings import ROOT, Settings
from tests.contract import REPLY, check_fields, check_reply

DAILY = "Is it good to massage your back daily?"
TINGLING = "my left foot has been tingling since the massage"
FRANCE = "What is the capital of France?"
BAD_INPUT = 2
SOME_REFUSED = 1


@pytest.fixture(scope="session")
def environment(bot: Bot) -> dict[str, str]:
    """As a user has it, but with the index (which `bot` has built) in a temporary folder and without network."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BOT_") and k != "PYTHONUNBUFFERED"}
    return {**inherited, "BOT_DATA": str(bot.settings.data), "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="session")
def ask(environment):
    """Runs python -m bot with these arguments."""

    def run(*arguments: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "bot", *map(str, arguments)],
            cwd=ROOT,
            env={**environment, **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


def check_one_sentence(result: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """A user's mistake: nothing on standard output, one sentence on standard error, status 2."""
    assert result.returncode == BAD_INPUT, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().split("\n")
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("bot: ")
    for word in words:
        assert word in lines[0], result.stderr


def write_cases(path: Path, cases: Sequence[Mapping[str, Any] | str]) -> Path:
    path.write_text("".join((c if isinstance(c, str) else json.dumps(c)) + "\n" for c in cases), encoding="utf-8")
    return path


# --- Help -------------------------------------------------------------------------------------------------------------


def test_help_names_both_commands(ask):
    result = ask("--help")
    assert result.returncode == 0
    assert "ask" in result.stdout and "index" in result.stdout
    assert result.stderr == ""


def test_help_of_ask_names_every_option(ask):
    result = ask("ask", "--help")
    assert result.returncode == 0
    assert all(option in result.stdout for option in ("--json", "--batch", "--corpus"))


@pytest.mark.parametrize("arguments", [["ask"], ["ask", DAILY, "--batch", "cases.jsonl"]])
def test_a_question_or_a_batch_but_not_none_and_not_both(ask, arguments):
    check_one_sentence(ask(*arguments), "question", "--batch")


# --- One question -----------------------------------------------------------------------------------------------------


def test_text_for_a_person(ask, bot):
    result = ask("ask", DAILY)
    citations = bot.reply(DAILY).reply.citations
    assert result.returncode == 0
    assert result.stdout.startswith("Yes, massaging your back daily is usually fine")
    for citation in citations:
        assert f"[{citation.number}] {citation.title}" in result.stdout
        assert f'"{" ".join(citation.quote.split())}"' in result.stdout
    assert result.stderr == ""


def test_text_of_a_referral_names_its_route_first(ask):
    result = ask("ask", TINGLING)
    assert result.returncode == 0
    assert result.stdout.startswith("(professional)\n\nPlease see a health professional")
    assert "**" not in result.stdout


def test_json_has_the_shape_of_the_contract(ask, bot):
    result = ask("ask", "--json", TINGLING)
    assert result.returncode == 0
    assert result.stdout.count("\n") == 1
    body = json.loads(result.stdout)
    check_reply(body)
    assert body["route"] == "professional"
    assert body["citations"] and body["flags"] and len(body["passages"]) >= 10
    assert TINGLING[body["flags"][0]["start"] : body["flags"][0]["end"]] == body["flags"][0]["text"]
    same = bot.reply(TINGLING).reply
    assert (body["answer"], body["corpus_version"]) == (same.answer, same.corpus_version)
    assert body["settings_hash"] == Settings.load().hash


@pytest.mark.parametrize("message", ["", "   ", "x" * 4001])
def test_a_message_that_cannot_be_taken(ask, message):
    check_one_sentence(ask("ask", message), "4,000" if message.strip() else "question")


def test_bytes_that_are_no_text_do_not_stop_it(environment):
    result = subprocess.run(
        [sys.executable.encode(), b"-m", b"bot", b"ask", b"--json", DAILY.encode() + b" \xff\xfe"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["route"] == "answer"


# --- A batch ----------------------------------------------------------------------------------------------------------


def test_a_batch_answers_in_order_with_the_ids_of_its_cases(ask, bot, tmp_path):
    cases: list[dict[str, Any] | str] = [
        {"id": "z-9", "turns": [TINGLING], "route": ["answer"], "note": "other fields are ignored", "slice": 3},
        "",
        {"turns": ["does massage work on back pain?", "For how long?"], "id": "a-1"},
        "   ",
        {"id": "a-1b", "turns": ["For how long?"]},
        {"id": "m-5", "turns": [TINGLING, "how do I massage it?"]},
        {"id": "m-6", "turns": ["how do I massage it?"]},
    ]
    result = ask("ask", "--batch", write_cases(tmp_path / "cases.jsonl", cases))
    assert result.returncode == 0, result.stderr
    bodies = [json.loads(line) for line in result.stdout.splitlines()]
    for body in bodies:
        check_reply(body)
    assert [body["id"] for body in bodies] == ["z-9", "a-1", "a-1b", "m-5", "m-6"]
    first, followed_up, alone, still_referred, fresh = bodies
    assert first["answer"] == bot.reply(TINGLING).reply.answer
    assert followed_up["citations"] != alone["citations"], "the turns of a case are one conversation"
    assert still_referred["route"] == "professional"
    assert still_referred["flags"][0]["turn"] == 0
    assert fresh["flags"] == [], "each case is a conversation of its own"


def test_a_refused_case_keeps_its_place(ask, tmp_path):
    cases = [
        {"id": "1", "turns": [DAILY]},
        {"id": "2", "turns": [DAILY, "x" * 4001]},
        {"id": "3", "turns": [" "]},
        {"id": "4", "turns": [TINGLING]},
    ]
    result = ask("ask", "--batch", write_cases(tmp_path / "cases.jsonl", cases))
    assert result.returncode == SOME_REFUSED
    bodies = [json.loads(line) for line in result.stdout.splitlines()]
    for body in bodies:
        check_fields(body, REPLY)
    assert [body["id"] for body in bodies] == ["1", "2", "3", "4"]
    assert [body.get("error", {}).get("code") for body in bodies] == [None, "too_long", "empty", None]
    assert "4,000" in bodies[1]["error"]["message"]
    assert [body["route"] for body in (bodies[0], bodies[3])] == ["answer", "professional"]
    assert "2 of 4" in result.stderr
    assert "Traceback" not in result.stderr


GOOD = json.dumps({"id": "ok", "turns": [DAILY]})


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ([GOOD, "{broken"], 2),
        ([GOOD, "", '{"turns": ["no id"]}'], 3),
        (['{"id": "x"}'], 1),
        (['{"id": "x", "turns": []}'], 1),
        (['{"id": "x", "turns": "one message"}'], 1),
        (['{"id": "x", "turns": [1]}'], 1),
        ([GOOD, GOOD, '["x"]'], 3),
    ],
)
def test_a_bad_line_names_file_and_line(ask, tmp_path, lines, number):
    path = write_cases(tmp_path / "cases.jsonl", lines)
    check_one_sentence(ask("ask", "--batch", path), f"{path}:{number}:")


def test_a_batch_file_that_is_not_there(ask, tmp_path):
    check_one_sentence(ask("ask", "--batch", tmp_path / "none.jsonl"), str(tmp_path / "none.jsonl"))


def test_a_batch_file_that_is_not_text(ask, tmp_path):
    (tmp_path / "cases.jsonl").write_bytes(b"\xff\xfe\x00")
    check_one_sentence(ask("ask", "--batch", tmp_path / "cases.jsonl"), str(tmp_path / "cases.jsonl"))


# --- Other folders of articles ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Articles of all four kinds, without metadata."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "basalt.txt").write_text(
        "Hot basalt stones\n\nFor a back massage with hot basalt stones, heat the stones to fifty degrees.\n"
    )
    (folder / "bamboo.md").write_text("# Bamboo\n\nIn a bamboo back massage, the canes roll over the back.\n")
    (folder / "shells.html").write_text(
        "<html><head><title>Shells</title></head><body><h1>Shells</h1>"
        "<p>In a sea shell back massage, warm tiger clam shells glide over the back.</p></body></html>"
    )
    (folder / "price.txt").write_text("A spiky ball back massage costs $20 to $40 [*per hour*], or ~30 with a card_.\n")
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, text="In a herbal pouch back massage, steamed pouches with lemongrass are pressed on the back.")
    pdf.output(str(folder / "pouch.pdf"))
    return folder


def test_a_folder_of_other_articles_without_metadata(ask, environment, own, tmp_path):
    """txt, md, html and pdf; and the index of the shipped articles stays as it is."""
    shipped = Path(environment["BOT_DATA"])
    before = {path: path.stat().st_mtime_ns for path in shipped.rglob("*") if path.is_file()}
    questions = {
        "basalt": ("How hot are the basalt stones in a back massage?", "fifty degrees"),
        "bamboo": ("What do the bamboo canes do in a back massage?", "roll over the back"),
        "shells": ("What are the shells in a sea shell back massage?", "tiger clam"),
        "pouch": ("What is in the pouches of a herbal pouch back massage?", "lemongrass"),
    }
    cases = [{"id": slug, "turns": [question]} for slug, (question, _) in questions.items()]
    result = ask("ask", "--corpus", own, "--batch", write_cases(tmp_path / "cases.jsonl", cases))
    assert result.returncode == 0, result.stderr
    for line in result.stdout.splitlines():
        body = json.loads(line)
        check_reply(body)
        assert body["passages"][0]["article"] == body["id"]
        assert [c["article"] for c in body["citations"]][:1] == [body["id"]], body["answer"]
        assert questions[body["id"]][1] in " ".join(body["answer"].split())
        assert {p["article"] for p in body["passages"]} <= {*questions, "price"}, "a shipped article is among them"
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_text_for_a_person_shows_the_articles_own_signs(ask, own):
    result = ask("ask", "--corpus", own, "How much does a spiky ball back massage cost?")
    assert result.returncode == 0, result.stderr
    sentence = "A spiky ball back massage costs $20 to $40 [*per hour*], or ~30 with a card_."
    assert result.stdout.split("\n\n")[0] == f"{sentence} [1]"


def test_a_folder_that_is_not_there(ask, tmp_path):
    check_one_sentence(ask("ask", "--corpus", tmp_path / "none", DAILY), str(tmp_path / "none"), "folder")


def test_an_empty_folder(ask, tmp_path):
    (tmp_path / "empty").mkdir()
    check_one_sentence(ask("ask", "--corpus", tmp_path / "empty", DAILY), str(tmp_path / "empty"), "no article")


@pytest.mark.parametrize("content", [b"not a pdf at all", b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog", b""])
def test_an_unreadable_pdf(ask, tmp_path, content):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "scan.pdf").write_bytes(content)
    check_one_sentence(ask("ask", "--corpus", tmp_path / "broken", DAILY), str(tmp_path / "broken" / "scan.pdf"))


# --- Settings ---------------------------------------------------------------------------------------------------------


def test_an_unknown_setting_is_named(ask):
    check_one_sentence(ask("ask", DAILY, BOT_FOO="1"), "BOT_FOO")


def test_a_setting_with_a_bad_value_is_named(ask):
    check_one_sentence(ask("ask", DAILY, BOT_PASSAGES="many"), "BOT_PASSAGES", "many")


def test_an_unknown_encoder_is_named(ask):
    check_one_sentence(ask("ask", DAILY, BOT_ENCODER="no-such-encoder"), "no-such-encoder", "BOT_ENCODER")


def test_index_says_what_it_holds(ask, bot):
    result = ask("index")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(
        f"Index {bot.retriever.index.version}: {len(bot.retriever.index.articles)} articles"
    )


# --- A reader that goes away ------------------------------------------------------------------------------------------


def test_a_reader_that_has_seen_enough_of_a_batch(environment, tmp_path):
    """As in `... | head -1`: far more replies than a pipe holds, and the reader goes after the first."""
    batch = write_cases(tmp_path / "cases.jsonl", [{"id": n, "turns": [DAILY]} for n in range(60)])
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "ask", "--batch", str(batch)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout and process.stderr
    assert json.loads(process.stdout.readline())["id"] == 0
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0, error
    assert "Traceback" not in error and "BrokenPipe" not in error, error


@pytest.mark.parametrize("arguments", [["ask", "hello"], ["ask", "--json", "hello"], ["index"]])
def test_a_reader_that_went_before_anything_came(environment, arguments):
    """As in `... | true`: what is printed waits in a buffer, and only the last flush meets the closed pipe."""
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=writer,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    os.close(writer)
    assert result.returncode == 0, result.stderr
    assert "Exception" not in result.stderr and "BrokenPipe" not in result.stderr, result.stderr
