"""Rules for the messages that the guard learns from: each fires on the fault it is there for."""

from pathlib import Path

import pytest

from bot.corpus.messages import LEAST_EACH, findings, near_duplicates, variety
from bot.errors import CorpusError
from bot.guard.examples import Example, data_digest, read_examples

ROUTES = {"numbness": "professional"}
NUMB = '{"turns": ["%s"], "route": "professional", "flags": ["numbness"], "words": ["%s"], "kind": "plain"}'
FINE = '{"turns": ["%s"], "route": "answer", "flags": [], "words": [], "kind": "harmless"}'


def write(folder: Path, *lines: str) -> list[Example]:
    (folder / "a.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return read_examples(folder)


def said(folder: Path, *lines: str, held_out: Path | None = None) -> list[str]:
    """What is wrong with these lines themselves."""
    found = findings(write(folder, *lines), ROUTES, held_out or folder / "none")
    return [str(finding) for finding in found if finding.path.suffix == ".jsonl"]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("no json", "a.jsonl:1: the line"),
        ('{"turns": [], "route": "answer", "flags": [], "words": [], "kind": "plain"}', "a.jsonl:1: turns"),
        (FINE.replace("answer", "maybe") % "hello", "a.jsonl:1: route"),
        (FINE.replace("harmless", "odd") % "hello", "a.jsonl:1: kind"),
        (FINE.replace('"kind"', '"author": "x", "kind"') % "hello", "a.jsonl:1: author"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str, where: str) -> None:
    with pytest.raises(CorpusError) as error:
        write(tmp_path, line)
    assert where in str(error.value)


def test_sound_messages_have_no_finding(tmp_path: Path) -> None:
    assert said(tmp_path, NUMB % ("my foot has died", "foot has died"), FINE % "which oil is best") == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (NUMB.replace("numbness", "numnbess") % ("dead foot", "dead foot"), "is defined nowhere"),
        (NUMB.replace("professional", "answer") % ("dead foot", "dead foot"), "its flags say professional"),
        (NUMB % ("dead foot", "dead leg"), "in none of its turns"),
    ],
)
def test_a_label_that_does_not_hold_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (finding,) = said(tmp_path, line)
    assert problem in finding


def test_the_same_message_twice_is_named(tmp_path: Path) -> None:
    (finding,) = said(tmp_path, FINE % "Which oil is best", FINE % "which  oil is BEST")
    assert "a.jsonl:2" in finding
    assert "said already in a.jsonl:1" in finding


def test_a_held_out_message_is_named(tmp_path: Path) -> None:
    held_out = tmp_path / "held"
    held_out.mkdir()
    (held_out / "t.jsonl").write_text('{"turns": ["my foot has been dead since sunday lunch"]}\n')
    folder = tmp_path / "mine"
    folder.mkdir()
    line = NUMB % ("my foot has been dead since Sunday lunch!", "foot has been dead")
    (finding,) = said(folder, line, held_out=held_out)
    assert "nearly a held-out message" in finding


def test_too_few_messages_for_a_flag_and_too_like_openings_are_named(tmp_path: Path) -> None:
    lines = [FINE % f"can you tell me about number {number} of the oils" for number in ("one", "two", "six", "ten")]
    found = [str(finding) for finding in findings(write(tmp_path, *lines), ROUTES, tmp_path / "none")]
    assert any(f"'numbness' has 0 messages; write {LEAST_EACH['professional']}" in finding for finding in found)
    assert any("open differently" in finding for finding in found)


def test_near_duplicates_are_counted_but_not_the_twins_of_a_pair(tmp_path: Path) -> None:
    first = "since the long drive my left foot goes to sleep at every red light"
    twin = "since the long drive my left indicator goes to sleep at every red light"
    others = [FINE % f"{word} is a fine thing to ask about here" for word in ("oil", "time", "cost")]
    unlike = [FINE % "what does a towel cost", FINE % "who holds the door", FINE % "where do my glasses go"]
    pair = write(tmp_path, NUMB % (first, "foot goes to sleep"), FINE % twin)
    assert near_duplicates(pair) == []
    far = write(tmp_path, NUMB % (first, "foot goes to sleep"), *unlike, FINE % twin)
    assert [example.line for example in near_duplicates(far)] == [5]
    assert len(near_duplicates(write(tmp_path, *others))) == 0  # neighbours again


def test_variety_is_measured(tmp_path: Path) -> None:
    measured = variety(write(tmp_path, NUMB % ("my foot died", "foot died"), FINE % "which oil is best for my back"))
    assert (measured.messages, measured.openings, measured.near_duplicates) == (2, 1.0, 0.0)
    assert measured.by_flag == {"numbness": 1}
    assert measured.lengths[0] <= measured.lengths[1] <= measured.lengths[2]


def test_the_digest_changes_with_every_letter(tmp_path: Path) -> None:
    write(tmp_path, FINE % "hello")
    before = data_digest(tmp_path)
    write(tmp_path, FINE % "hallo")
    assert data_digest(tmp_path) != before
