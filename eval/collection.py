"""The bot's own retriever over a public collection in the BEIR layout, beside its peers.

corpus.jsonl    {"_id", "title", "text"} a line
queries.jsonl   {"_id", "text"} a line
qrels.tsv       query-id, corpus-id, score; tab-separated, with a header
Source of the layout: Thakur et al. 2021 (BEIR).
"""

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from ir_measures import RR, Judged, R, Success, iter_calc, nDCG
from tqdm import tqdm

from bot.encoder import load_encoder
from bot.retrieval.articles import Article, Block, Kind
from bot.retrieval.index import Index, build
from bot.retrieval.retriever import HybridRetriever, Weights
from bot.settings import Settings
from eval.peers import RRF_K
from eval.questions import QuestionError
from eval.stats import compare_rankings, smallest_difference

MEASURES = [nDCG @ 10, R @ 10, RR @ 10, Success @ 4, Judged @ 10]
DEPTH = 100  # documents a ranking is kept to
LIMIT = 100_000  # documents

Qrels = dict[str, dict[str, int]]
Ranking = dict[str, float]  # of one query, by document its score


def measure(corpus: Path, queries: Path, qrels: Path, out: Path | None, settings: Settings) -> Iterator[str]:
    """Lines of Markdown: every measure for the bot and each peer. Raises QuestionError where a file is wrong."""
    documents = read_documents(corpus)
    judged = read_qrels(qrels)
    asked = {id: text for id, text in read_queries(queries).items() if id in judged}
    if not asked:
        raise QuestionError(f"{queries} and {qrels} have no query in common; check that they belong together.")
    encoder = load_encoder(settings.encoder, settings.threads)
    home = settings.data / "collections" / hashlib.sha256(corpus.read_bytes()).hexdigest()[:12]
    index = Index.open(build(home, documents, encoder, settings.chunk_chars))
    retriever = HybridRetriever(
        index=index,
        encoder=encoder,
        candidates=settings.candidates,
        weights=Weights.of(settings),
    )
    systems: dict[str, Callable[[str], list[tuple[int, float]]]] = {
        "bot": lambda text: [(hit.row, hit.score) for hit in retriever.search(text, DEPTH).hits],
        "dense": lambda text: index.dense(encoder.embed(text), DEPTH),
        "bm25": lambda text: index.lexical(text, DEPTH),
        "fusion": lambda text: _fused(index, encoder.embed(text), text),
    }
    runs: dict[str, dict[str, Ranking]] = {name: {} for name in systems}
    for id, text in tqdm(asked.items(), desc="Asking", unit=" queries", disable=None, file=sys.stderr):
        for name, search in systems.items():
            runs[name][id] = _by_document(index, search(text))
    kept = {id: judged[id] for id in asked}
    yield from _table(kept, runs)
    sample = [encoder.embed(text) for text in list(asked.values())[:200]]
    yield f"approximate search finds {_approximate_recall(index, sample):.4f} of the true ten nearest passages"
    if out:
        write_trec(out, kept, runs["bot"])


def read_documents(path: Path) -> list[Article]:
    """Each document as an article of one paragraph; its slug is the document's id."""
    articles = []
    for number, row in _rows(path):
        text = str(row.get("text") or row.get("title") or "").strip()
        if "_id" not in row or not text:
            raise QuestionError(f"{path}:{number}: expected _id and a text.")
        block = Block(Kind.PARAGRAPH, 0, len(text))
        articles.append(Article(str(row["_id"]), str(row.get("title") or row["_id"]), text, (block,)))
    if not 0 < len(articles) <= LIMIT:
        raise QuestionError(f"{path} holds {len(articles):,} documents; from 1 to {LIMIT:,} can be measured.")
    return articles


def read_queries(path: Path) -> dict[str, str]:
    """By id the text of each query."""
    queries = {}
    for number, row in _rows(path):
        if "_id" not in row or not str(row.get("text") or "").strip():
            raise QuestionError(f"{path}:{number}: expected _id and a text.")
        queries[str(row["_id"])] = str(row["text"])
    return queries


def read_qrels(path: Path) -> Qrels:
    """By query the grade of each judged document."""
    qrels: Qrels = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="\t"), start=1):
                if number == 1 and not row[-1].lstrip("-").isdigit():
                    continue  # the header
                query, document, grade = row
                qrels.setdefault(query, {})[document] = int(grade)
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path} cannot be read ({error}).") from error
    except ValueError as error:
        raise QuestionError(
            f"{path}:{number}: expected query-id, corpus-id and a whole number, tab-separated."
        ) from error
    return qrels


def write_trec(out: Path, qrels: Qrels, run: Mapping[str, Ranking]) -> None:
    """run.trec and qrels.trec, for trec_eval and its like."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "run.trec").open("w", encoding="utf-8") as file:
        for query, ranking in run.items():
            best = sorted(ranking.items(), key=lambda pair: (-pair[1], pair[0]))
            for rank, (document, score) in enumerate(best, start=1):
                file.write(f"{query} Q0 {document} {rank} {score:.6f} back-massage-bot\n")
    with (out / "qrels.trec").open("w", encoding="utf-8") as file:
        for query, judged in qrels.items():
            file.writelines(f"{query} 0 {document} {grade}\n" for document, grade in judged.items())


def _table(qrels: Qrels, runs: Mapping[str, Mapping[str, Ranking]]) -> Iterator[str]:
    values: dict[str, dict[str, dict[str, float]]] = {}  # system, measure, query
    for name, run in runs.items():
        table: dict[str, dict[str, float]] = {str(one): dict.fromkeys(qrels, 0.0) for one in MEASURES}
        for value in iter_calc(MEASURES, qrels, dict(run)):
            table[str(value.measure)][value.query_id] = value.value
        values[name] = table
    names = [str(one) for one in MEASURES]
    yield f"| {len(qrels)} queries | " + " | ".join(names) + " | nDCG@10 against the bot |"
    yield "|" + " --- |" * (len(names) + 2)
    own = list(values["bot"]["nDCG@10"].values())
    for system, table in values.items():
        means = [f"{np.mean(list(table[name].values())):.4f}" for name in names]
        theirs = list(table["nDCG@10"].values())
        against = "" if system == "bot" else str(compare_rankings(theirs, own))
        yield f"| {system} | " + " | ".join(means) + f" | {against} |"
    gains = [a - b for a, b in zip(own, values["dense"]["nDCG@10"].values(), strict=True)]
    least = smallest_difference(gains, len(gains))
    yield ""
    yield f"smallest difference in nDCG@10 that {len(gains)} queries can show (against dense): {least:.3f}"


def _fused(index: Index, vector: np.ndarray, text: str) -> list[tuple[int, float]]:
    scores: dict[int, float] = {}
    for ranked in (index.dense(vector, DEPTH), index.lexical(text, DEPTH)):
        for rank, (row, _) in enumerate(ranked, start=1):
            scores[row] = scores.get(row, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:DEPTH]


def _by_document(index: Index, rows: Sequence[tuple[int, float]]) -> Ranking:
    """A document is as good as its best passage."""
    best: Ranking = {}
    for row, score in rows:
        slug = index.chunks[row].article
        best[slug] = max(score, best.get(slug, -np.inf))
    return best


def _approximate_recall(index: Index, vectors: Sequence[np.ndarray]) -> float:
    k = min(10, len(index.chunks))
    shares = []
    for vector in vectors:
        true = {row for row, _ in index.exact(vector, k)}
        shares.append(len(true & {row for row, _ in index.approximate(vector, k)}) / k)
    return float(np.mean(shares))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise QuestionError(f"{path}:{number}: expected an object.")
                    yield number, row
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{path} cannot be read ({error}).") from error
    except json.JSONDecodeError as error:
        raise QuestionError(f"{path}: not JSON lines ({error}).") from error
