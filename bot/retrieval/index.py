"""The index: immutable versions on disk, built beside the one that serves, checked, then swapped in.

<data>/<corpus>/CURRENT              name of the version that serves
<data>/<corpus>/<version>/manifest.json, articles.jsonl, chunks.jsonl
                          chroma/    passage vectors (cosine)
                          passages.npy   the same vectors
                          units.npy      by chunk: its sentences and list items
                          unit_starts.npy
                          words.npy      by chunk: the words of its heading, and of each unit
                          word_starts.npy
                          questions.jsonl  those that the articles answer, by chunk, and some that none answers
                          questions.npy  their vectors
                          bm25/      lexical index
"""

import errno
import hashlib
import json
import math
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bm25s
import numpy as np
from filelock import FileLock
from tqdm import tqdm

from bot.encoder import Encoded, Encoder, HalfVectors, Vectors
from bot.errors import IndexUnavailable
from bot.retrieval.articles import Article, Kind, squash
from bot.retrieval.chunks import Chunk, chunk_articles
from bot.retrieval.formats import QUESTIONS, READERS, UNCOVERED, read_folder, read_uncovered
from bot.retrieval.interaction import Positions, SmallVectors, Words, positions, segment
from bot.retrieval.lexical import terms
from bot.settings import Settings

if TYPE_CHECKING:
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from langchain_chroma import Chroma

FORMAT = 12  # raise when articles, chunks or the files of a version change their meaning
NEAREST = 3  # known questions that a new one is compared with; from 2 to 6 they did equally well
NOWHERE = -1  # row of a question that is answered, by no chunk in particular
UNANSWERED = -2  # row of a question that no article answers
KEPT_VERSIONS = 3
COLLECTION = "passages"
# Chroma's default loses live rows after updates and some true neighbours; with these none were lost (design.md).
HNSW: "CreateHNSWConfiguration" = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
ADD_ROWS = 1000  # rows handed to Chroma at once
# An exact product over this many rows takes as long as Chroma's query and never misses; beyond it Chroma is faster.
EXACT_UP_TO = 50_000

Progress = Callable[[int, int], None]  # told passages encoded so far, and all that must be


@dataclass(frozen=True)
class Question:
    """A written question, and the chunk it was written for."""

    text: str
    row: int  # NOWHERE, or UNANSWERED


@dataclass(frozen=True, eq=False)
class Index:
    """One version, opened for reading. Safe to share between threads; nothing in it changes."""

    version: str
    path: Path
    articles: dict[str, Article]
    chunks: tuple[Chunk, ...]
    passage_vectors: Vectors  # shape (len(chunks), dim)
    unit_vectors: HalfVectors  # memory-mapped
    unit_starts: Positions  # units of chunk i are unit_starts[i]:unit_starts[i + 1]
    words: Words
    bm25: bm25s.BM25
    questions: tuple[Question, ...]  # in ascending order of rows; may be none
    question_vectors: Vectors

    @classmethod
    def open(cls, path: Path) -> "Index":
        """Raises IndexUnavailable where a file of the version is missing or damaged."""
        try:
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
            articles = [Article.from_json(row) for row in _read_lines(path / "articles.jsonl")]
            chunks = tuple(Chunk(**row) for row in _read_lines(path / "chunks.jsonl"))
            index = cls(
                version=manifest["version"],
                path=path,
                articles={article.slug: article for article in articles},
                chunks=chunks,
                passage_vectors=np.load(path / "passages.npy", mmap_mode="r"),
                unit_vectors=np.load(path / "units.npy", mmap_mode="r"),
                unit_starts=(unit_starts := np.load(path / "unit_starts.npy")),
                words=Words(
                    vectors=np.load(path / "words.npy", mmap_mode="r"),
                    starts=np.load(path / "word_starts.npy"),
                    firsts=unit_starts + np.arange(len(unit_starts)),  # each chunk's units and its heading
                ),
                bm25=bm25s.BM25.load(path / "bm25", load_corpus=False),
                questions=tuple(Question(**row) for row in _read_lines(path / "questions.jsonl")),
                question_vectors=np.load(path / "questions.npy"),
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise IndexUnavailable(
                f"The index in {path} is incomplete or damaged; delete that folder and run: python -m bot index"
            ) from error
        words = index.words
        sizes = (
            (len(index.passage_vectors), len(chunks)),
            (len(index.unit_starts), len(chunks) + 1),
            (len(index.unit_vectors), index.unit_starts[-1]),
            (len(words.starts), words.firsts[-1] + 1),
            (len(words.vectors), words.starts[-1]),
            (len(index.question_vectors), len(index.questions)),
        )
        complete = index.articles.keys() >= {chunk.article for chunk in chunks} and bool(chunks)
        if not complete or any(found != expected for found, expected in sizes):
            raise IndexUnavailable(f"The index in {path} is damaged; delete that folder and run: python -m bot index")
        return index

    def dense(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """(chunk number, cosine) of the k nearest chunks, best first; ties by chunk number."""
        return self.exact(vector, k) if len(self.chunks) <= EXACT_UP_TO else self.approximate(vector, k)

    def exact(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """`dense` by a product over all passages."""
        scores = self.passage_vectors @ vector
        return [(int(i), float(scores[i])) for i in _largest(scores, k)]

    def approximate(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """`dense` by Chroma, which may miss a near passage."""
        found = self._chroma.similarity_search_by_vector_with_relevance_scores(vector.tolist(), k=k)
        hits = [(int(document.metadata["row"]), 1 - distance) for document, distance in found]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def lexical(self, query: str, k: int) -> list[tuple[int, float]]:
        """(chunk number, BM25 score) of the k best chunks with any query term, best first; ties by chunk number."""
        known = [term for term in terms(query) if term in self.bm25.vocab_dict]
        if not known:
            return []
        scores = self.bm25.get_scores(known)
        return [(int(i), float(scores[i])) for i in _largest(scores, k) if scores[i] > 0]

    def units_of(self, row: int) -> Vectors:
        """Vectors of the sentences and list items of one chunk, float32, shape (units, dim)."""
        return np.asarray(self.unit_vectors[self.unit_starts[row] : self.unit_starts[row + 1]], dtype=np.float32)

    def best_unit(self, rows: Sequence[int], vector: Vectors) -> Vectors:
        """For each of these chunks the highest cosine of a sentence or list item."""
        if len(self.unit_vectors) <= EXACT_UP_TO:  # all at once is quicker than picking rows out
            return np.maximum.reduceat(self._units @ vector, self.unit_starts[:-1])[list(rows)]
        units, groups = positions(self.unit_starts[list(rows)], self.unit_starts[[row + 1 for row in rows]])
        best: Vectors = np.maximum.reduceat(self.unit_vectors[units].astype(np.float32) @ vector, groups)
        return best

    def answered(self, vector: Vectors) -> Vectors:
        """The cosine of each question that the articles answer."""
        cosines: Vectors = self.answered_vectors @ vector
        return cosines

    def best_question(self, rows: Sequence[int], answered: Vectors) -> Vectors:
        """For each of these chunks the highest cosine of a question written for it; as the worst where none is.

        `answered` is what the method of that name gave. All 0 where none of the chunks has questions.
        """
        chunks, starts = self._asked_starts
        best = np.full(len(self.chunks), np.inf, dtype=np.float32)
        if len(chunks):
            best[chunks] = np.maximum.reduceat(answered, starts)
        best = best[list(rows)]
        lowest = best.min(initial=np.inf)
        return np.where(np.isinf(best), lowest if np.isfinite(lowest) else 0, best).astype(np.float32)

    def familiarity(self, answered: Vectors, vector: Vectors) -> tuple[float, float] | None:
        """How near a question is to those that are answered and to those that are not; None without such questions.

        Each is the mean cosine of the nearest few; `answered` is what the method of that name gave.
        """
        if min(len(answered), len(self.unanswered_vectors)) < NEAREST:
            return None
        return _nearness(answered), _nearness(self.unanswered_vectors @ vector)

    def rarity(self, term: str) -> float:
        """How much a word tells: the more, the fewer chunks hold it."""
        number = self.bm25.vocab_dict.get(term)
        columns = self.bm25.scores["indptr"]
        chunks = 0 if number is None else int(columns[number + 1] - columns[number])
        return math.log(1 + len(self.chunks) / (1 + chunks))

    @cached_property
    def answered_vectors(self) -> Vectors:
        """Of the questions that the articles answer; may be none."""
        return self.question_vectors[len(self.unanswered_vectors) :]

    @cached_property
    def unanswered_vectors(self) -> Vectors:
        """Of the questions that no article answers; may be none."""
        return self.question_vectors[: sum(question.row == UNANSWERED for question in self.questions)]

    @cached_property
    def _asked_starts(self) -> tuple[Positions, Positions]:
        """The chunks that have written questions, and where each one's begin among the answered ones."""
        rows = [question.row for question in self.questions if question.row != UNANSWERED]
        chunks, starts = np.unique(np.array(rows, dtype=np.int64), return_index=True)
        return chunks[chunks != NOWHERE], starts[chunks != NOWHERE]

    @cached_property
    def _units(self) -> Vectors:
        return np.asarray(self.unit_vectors, dtype=np.float32)

    @cached_property
    def _chroma(self) -> "Chroma":
        return _chroma(self.path / "chroma")


def current(settings: Settings) -> Path | None:
    """Folder of the version that serves this corpus; None before the first build."""
    pointer = index_home(settings) / "CURRENT"
    try:
        path = pointer.parent / pointer.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return path if (path / "manifest.json").is_file() else None


def refresh(
    settings: Settings,
    encoder: Encoder,
    quiet: bool = False,
    *,
    like: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """The folder of an index that matches the corpus as it is now; built where there is none.

    A build goes to a folder of its own and is swapped in at the end, so that an interrupted one changes nothing.
    Chunks whose text did not change keep their vectors; so do those of `like`, the folder of an index over other
    articles, where this corpus has none yet. Raises CorpusError or IndexUnavailable.
    """
    home = index_home(settings)
    files = _fingerprint(settings)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "build.lock"):
            old = current(settings)
            if old and _manifest(old).get("files") == files and _manifest(old).get("encoder") == encoder.name:
                return old
            articles = read_folder(settings.corpus)
            uncovered = read_uncovered(settings.corpus)
            return build(
                home,
                articles,
                encoder,
                settings.chunk_chars,
                uncovered,
                files=files,
                old=old or like,
                quiet=quiet,
                progress=progress,
            )
    except OSError as error:
        raise IndexUnavailable(_disk_sentence(error, home)) from error


def build(
    home: Path,
    articles: Sequence[Article],
    encoder: Encoder,
    chunk_chars: int,
    uncovered: Sequence[str] = (),
    *,
    files: str = "",
    old: Path | None = None,
    quiet: bool = False,
    progress: Progress | None = None,
) -> Path:
    """The folder of a version below `home` that holds these articles, made the current one.

    `uncovered` are questions that none of the articles answers.
    """
    chunks = chunk_articles(articles, chunk_chars)
    version = _version(articles, chunks, uncovered, encoder)
    if (home / version / "manifest.json").is_file():  # same articles as an earlier version: swap back to it
        _write_manifest(home / version, _manifest(home / version) | {"files": files})
        _swap(home, version)
        return home / version
    for left_over in home.glob("building-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    work = home / f"building-{uuid.uuid4().hex}"
    work.mkdir(parents=True)
    try:
        vectors = _vectors(articles, chunks, encoder, old, quiet=quiet, progress=progress)
        questions = _questions(articles, uncovered, chunks, vectors, encoder=encoder, old=old)
        asked = np.stack([vector for _, vector in questions]) if questions else np.zeros((0, encoder.dim))
        _write_lines(work / "articles.jsonl", (article.to_json() for article in articles))
        _write_lines(work / "chunks.jsonl", (chunk.to_json() for chunk in chunks))
        passages = np.stack([own.passage for own in vectors]).astype(np.float32)
        np.save(work / "passages.npy", passages)
        np.save(work / "units.npy", np.concatenate([own.units for own in vectors]).astype(np.float16))
        np.save(work / "unit_starts.npy", np.cumsum([0, *(len(own.units) for own in vectors)]))
        segments = [words for own in vectors for words in own.words]
        np.save(work / "words.npy", np.concatenate(segments))
        np.save(work / "word_starts.npy", np.cumsum([0, *map(len, segments)]))
        _write_lines(work / "questions.jsonl", (asdict(question) for question, _ in questions))
        np.save(work / "questions.npy", asked.astype(np.float32))
        _write_chroma(work / "chroma", chunks, passages)
        bm25 = bm25s.BM25()
        bm25.index([terms(chunk.embedded) or [""] for chunk in chunks], show_progress=False)
        bm25.save(work / "bm25")
        _write_manifest(
            work,
            {
                "version": version,
                "format": FORMAT,
                "files": files,
                "encoder": encoder.name,
                "articles": len(articles),
                "chunks": len(chunks),
                "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            },
        )
        shutil.rmtree(home / version, ignore_errors=True)
        work.rename(home / version)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _swap(home, version)
    _prune(home, keep=version)
    return home / version


@dataclass(frozen=True, eq=False)
class _Vectors:
    """What the encoder makes of one chunk."""

    passage: Vectors
    units: Vectors
    words: Sequence[SmallVectors]  # of title and heading, then of each unit


def _vectors(
    articles: Sequence[Article],
    chunks: Sequence[Chunk],
    encoder: Encoder,
    old: Path | None,
    *,
    quiet: bool,
    progress: Progress | None,
) -> list[_Vectors]:
    """Vectors of all chunks; those of unchanged text come from the old version."""
    known = _known_vectors(old, encoder)
    by_slug = {article.slug: article for article in articles}
    own_texts = [(chunk.embedded, *_unit_texts(chunk, by_slug[chunk.article])) for chunk in chunks]
    missing = {texts: chunk for texts, chunk in zip(own_texts, chunks, strict=True) if texts not in known}
    bar = tqdm(
        total=len(missing),
        desc="Indexing",
        unit=" passages",
        disable=True if quiet or not missing else None,
        file=sys.stderr,
    )
    with bar:
        encodings = encoder.encode_all([text for texts in missing for text in texts])
        for done, (texts, chunk) in enumerate(missing.items()):
            if progress:
                progress(done, len(missing))
            whole, *units = (next(encodings) for _ in texts)
            known[texts] = _encoded(chunk, by_slug[chunk.article], whole, units)
            bar.update()
    return [known[texts] for texts in own_texts]


def _encoded(chunk: Chunk, article: Article, whole: Encoded, units: Sequence[Encoded]) -> _Vectors:
    spans = [(0, chunk.text_at)]
    for unit in article.units[chunk.first_unit : chunk.first_unit + chunk.units]:
        spans.append((unit.start - chunk.start + chunk.text_at, unit.end - chunk.start + chunk.text_at))
    words = segment(chunk.embedded, whole, spans, [whole, *units])
    return _Vectors(whole.vector, np.stack([unit.vector for unit in units]), words)


def _questions(
    articles: Sequence[Article],
    uncovered: Sequence[str],
    chunks: Sequence[Chunk],
    vectors: Sequence[_Vectors],
    *,
    encoder: Encoder,
    old: Path | None,
) -> list[tuple[Question, Vectors]]:
    """The written questions, each with its vector, in order of the rows of their chunks.

    A question goes to the chunk of its section, or of its article where it names none, that is nearest to it by text
    and heading together. One that the articles put themselves, as a heading, stands in its chunk's text already.
    """
    rows: dict[tuple[str, str], list[int]] = {}  # by article and anchor; all of an article under the anchor ""
    for row, chunk in enumerate(chunks):
        for anchor in {chunk.anchor, ""}:
            rows.setdefault((chunk.article, anchor), []).append(row)
    asked = [
        (question, rows.get((article.slug, anchor), []))
        for article in articles
        for anchor, own in [("", article.questions), *article.asked.items()]
        for question in own
    ]
    titled = [heading for article in articles for heading in _headings_that_ask(article)]
    headings = [chunk.section for chunk in chunks] if asked else []
    texts = list(dict.fromkeys([*(text for text, _ in asked), *titled, *uncovered, *headings]))
    known = _known_questions(old, encoder)
    known |= zip(missing := [text for text in texts if text not in known], encoder.embed_all(missing), strict=True)

    def nearness(row: int, text: str) -> float:
        return float((vectors[row].passage + known[chunks[row].section]) @ known[text])

    questions = [Question(text, UNANSWERED) for text in uncovered]
    questions += [Question(text, NOWHERE) for text in titled]
    for text, candidates in asked:
        questions.append(Question(text, max(candidates, key=lambda row: nearness(row, text), default=NOWHERE)))
    return [(question, known[question.text]) for question in sorted(questions, key=lambda question: question.row)]


def _headings_that_ask(article: Article) -> Iterator[str]:
    for block in article.blocks:
        heading = squash(article.text[block.start : block.end]) if block.kind is Kind.HEADING else ""
        if heading.endswith("?"):
            yield heading


def _unit_texts(chunk: Chunk, article: Article) -> list[str]:
    units = article.units[chunk.first_unit : chunk.first_unit + chunk.units]
    return [article.text[unit.start : unit.end] for unit in units]


def _known_questions(old: Path | None, encoder: Encoder) -> dict[str, Vectors]:
    """The vectors that the old version holds of written questions."""
    index = _reusable(old, encoder)
    if index is None:
        return {}
    return {question.text: vector for question, vector in zip(index.questions, index.question_vectors, strict=True)}


def _known_vectors(old: Path | None, encoder: Encoder) -> dict[tuple[str, ...], _Vectors]:
    """What the old version holds, by what was encoded: the chunk's text and then each unit's."""
    index = _reusable(old, encoder)
    if index is None:
        return {}
    return {
        (chunk.embedded, *_unit_texts(chunk, index.articles[chunk.article])): _Vectors(
            index.passage_vectors[i], index.units_of(i), index.words.segments(i)
        )
        for i, chunk in enumerate(index.chunks)
    }


def _reusable(old: Path | None, encoder: Encoder) -> Index | None:
    """The old version, where what it holds of unchanged text can be taken over."""
    if old is None or _manifest(old).get("encoder") != encoder.name or _manifest(old).get("format") != FORMAT:
        return None
    try:
        return Index.open(old)
    except IndexUnavailable:
        return None


def _write_chroma(path: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Fill a new collection and check that every row finds itself. Raises IndexUnavailable where one does not."""
    store = _chroma(path, create=True)
    for first in range(0, len(chunks), ADD_ROWS):
        rows = range(first, min(first + ADD_ROWS, len(chunks)))
        store._collection.add(  # langchain-chroma has no way to add vectors that are already there
            ids=[chunks[i].id for i in rows],
            embeddings=vectors[first : rows.stop],
            documents=[chunks[i].embedded[chunks[i].text_at :] for i in rows],
            metadatas=[{"row": i, "article": chunks[i].article, "section": chunks[i].section} for i in rows],
        )
    try:
        _check_rows(store, chunks, vectors)
    finally:
        store._client.close()  # Chroma keeps a client for each path, and its files open


def _check_rows(store: "Chroma", chunks: Sequence[Chunk], vectors: Vectors) -> None:
    for first in range(0, len(chunks), ADD_ROWS):
        batch = vectors[first : first + ADD_ROWS]
        found = store._collection.query(query_embeddings=batch, n_results=min(10, len(chunks)), include=["distances"])
        for chunk, ids, distances in zip(chunks[first:], found["ids"], found["distances"] or [], strict=False):
            same_text_everywhere = max(distances) < 1e-5
            if chunk.id not in ids and not same_text_everywhere:
                raise IndexUnavailable(
                    f"Passage {chunk.id} cannot be found in the new index; the old one stays. Run: python -m bot index"
                )


def _chroma(path: Path, create: bool = False) -> "Chroma":
    import chromadb
    from chromadb.config import Settings as ChromaSettings
    from langchain_chroma import Chroma

    client = chromadb.PersistentClient(str(path), settings=ChromaSettings(anonymized_telemetry=False))
    if create:
        client.create_collection(COLLECTION, embedding_function=None, configuration={"hnsw": HNSW})
    return Chroma(client=client, collection_name=COLLECTION, create_collection_if_not_exists=False)


def _nearness(cosines: Vectors) -> float:
    return float(np.partition(cosines, -NEAREST)[-NEAREST:].mean())


def _largest(scores: Vectors, k: int) -> list[int]:
    """Positions of the k largest values, best first, equal ones in order of position."""
    if k < len(scores):
        border = np.partition(scores, len(scores) - k)[len(scores) - k]
        candidates = np.flatnonzero(scores >= border)
    else:
        candidates = np.arange(len(scores))
    ranked = candidates[np.argsort(-scores[candidates], kind="stable")]
    return [int(i) for i in ranked[:k]]


def index_home(settings: Settings) -> Path:
    """Where versions of the index over `settings.corpus` are kept."""
    folder = settings.corpus.resolve()
    key = hashlib.sha256(f"{folder}\n{settings.encoder}\n{settings.chunk_chars}".encode()).hexdigest()[:10]
    return settings.data / "index" / f"{folder.name}-{key}"


def _fingerprint(settings: Settings) -> str:
    """Changes when any article file does: names, sizes and times, so that nothing need be read to find out."""
    digest = hashlib.sha256(f"{FORMAT}".encode())
    if settings.corpus.is_dir():
        for path in sorted(settings.corpus.rglob("*")):
            counts = path.suffix.lower() in READERS or path.name.endswith(QUESTIONS) or path.name == UNCOVERED
            if counts and path.is_file():
                stat = path.stat()
                digest.update(f"{path.relative_to(settings.corpus)}\n{stat.st_size}\n{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _version(articles: Sequence[Article], chunks: Sequence[Chunk], uncovered: Sequence[str], encoder: Encoder) -> str:
    parts = [FORMAT, encoder.name, [a.to_json() for a in articles], [c.id for c in chunks], list(uncovered)]
    body = json.dumps(parts, default=str)
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    draft = folder / "manifest.json.new"
    draft.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    draft.replace(folder / "manifest.json")


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest


def _swap(home: Path, version: str) -> None:
    draft = home / "CURRENT.new"
    draft.write_text(version, encoding="utf-8")
    draft.replace(home / "CURRENT")


def _prune(home: Path, keep: str) -> None:
    """Delete all but the newest versions; a process that still reads an old one keeps its open files."""
    versions = sorted((p.parent for p in home.glob("*/manifest.json")), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in versions[KEPT_VERSIONS:]:
        if path.name != keep:
            shutil.rmtree(path, ignore_errors=True)


def _write_lines(path: Path, rows: Any) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, default=str) + "\n" for row in rows)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _disk_sentence(error: OSError, home: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk is full, so the index in {home} could not be written; free some space and try again."
    return (
        f"The index in {home} could not be written ({error.strerror or error}); check the folder and its permissions."
    )
