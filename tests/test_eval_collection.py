"""Public collections in the BEIR layout, and the peers, on a handful of documents."""

import json
from pathlib import Path

import pytest

from bot.settings import Settings
from eval.__main__ import BAD_INPUT, main
from eval.collection import measure, read_documents, read_qrels, read_queries
from eval.peers import keyword_guard
from eval.questions import QuestionError

DOCUMENTS = {
    "d1": ("Oil", "Warm a little oil between the palms before the massage begins."),
    "d2": ("Tides", "The moon pulls the sea and makes the tides rise and fall."),
    "d3": ("Bread", "Knead the dough for ten minutes and let it rest under a cloth."),
    "d4": ("", "Bees dance to tell each other where the flowers are."),
}
QUERIES = {"q1": "what makes the sea rise", "q2": "how do bees talk", "q3": "never judged"}


@pytest.fixture
def collection(tmp_path: Path) -> dict[str, Path]:
    rows = [{"_id": id, "title": title, "text": text} for id, (title, text) in DOCUMENTS.items()]
    paths = {
        "corpus": tmp_path / "corpus.jsonl",
        "queries": tmp_path / "queries.jsonl",
        "qrels": tmp_path / "qrels.tsv",
    }
    paths["corpus"].write_text("".join(json.dumps(row) + "\n" for row in rows))
    paths["queries"].write_text("".join(json.dumps({"_id": id, "text": text}) + "\n" for id, text in QUERIES.items()))
    paths["qrels"].write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td4\t2\nq2\td1\t0\n")
    return paths


def test_the_files_are_read_as_beir_writes_them(collection):
    assert [(a.slug, a.title, a.text) for a in read_documents(collection["corpus"])][3] == (
        "d4",
        "d4",
        DOCUMENTS["d4"][1],
    )
    assert read_queries(collection["queries"]) == QUERIES
    assert read_qrels(collection["qrels"]) == {"q1": {"d2": 1}, "q2": {"d4": 2, "d1": 0}}


def test_the_retriever_and_its_peers_are_measured_over_judged_queries(collection, tmp_path):
    out = tmp_path / "trec"
    lines = list(measure(**collection, out=out, settings=Settings.load(data=tmp_path / "data")))
    assert lines[0].startswith("| 2 queries | nDCG@10 | R@10 | RR@10 | Success@4 | Judged@10 |")
    rows = {line.split(" | ")[0].strip("| "): line for line in lines[2:6]}
    assert set(rows) == {"bot", "dense", "bm25", "fusion"}
    assert rows["bot"].startswith("| bot | 1.0000 | 1.0000 | 1.0000 | 1.0000 |")
    assert "approximate search finds 1.0000 of the true ten" in lines[-1]
    run = (out / "run.trec").read_text().splitlines()
    assert run[0].split()[:4] == ["q1", "Q0", "d2", "1"]
    assert (out / "qrels.trec").read_text() == "q1 0 d2 1\nq2 0 d4 2\nq2 0 d1 0\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("corpus", "not json\n", "not JSON lines"),
        ("corpus", '{"title": "x"}\n', "corpus.jsonl:1: expected _id and a text"),
        ("corpus", "", "holds 0 documents"),
        ("corpus", "[1]\n", "corpus.jsonl:1: expected an object"),
        ("queries", '{"_id": "q1"}\n', "queries.jsonl:1: expected _id and a text"),
        ("queries", '{"_id": "other", "text": "x"}\n', "have no query in common"),
        ("qrels", "query-id\tcorpus-id\tscore\nq1 d2 1\n", "qrels.tsv:2: expected query-id"),
        ("qrels", "query-id\tcorpus-id\tscore\nq1\td2\thigh\n", "qrels.tsv:2: expected query-id"),
    ],
)
def test_a_wrong_file_is_named(collection, tmp_path, name, text, said):
    collection[name].write_text(text)
    with pytest.raises(QuestionError, match=said):
        list(measure(**collection, out=None, settings=Settings.load(data=tmp_path / "data")))


def test_a_missing_file_is_one_sentence(collection, tmp_path, capsys):
    arguments = [f"--{name}={path}" for name, path in collection.items()]
    assert main(["retrieval", *arguments[:2], "--qrels=no-such.tsv"]) == BAD_INPUT
    assert capsys.readouterr().err.startswith("eval: no-such.tsv cannot be read")


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ("my leg is numb", "professional"),
        ("chest pain while lying down", "emergency"),
        ("I am pregnant", "caution"),
        ("my foot has fallen asleep", "answer"),  # what a list of words does not hear
    ],
)
def test_the_keyword_guard_knows_its_words_only(message, route):
    assert keyword_guard(["hello", message]) == route
