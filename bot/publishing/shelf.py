"""Versions of the library on disk, and which of them serves.

<data>/library/<corpus>/CURRENT     id of the version that serves; not there until somebody publishes
<data>/library/<corpus>/<version>/  every article with its questions, and uncovered.yaml; never changed once there
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.errors import CorpusError, PublishingError
from bot.publishing.content import Content
from bot.retrieval.formats import QUESTIONS, READERS, UNCOVERED, article_paths, read_file
from bot.settings import SHIPPED_ARTICLES, Settings

UNFINISHED = "building-"


@dataclass(frozen=True)
class Now:
    """The version that serves."""

    version: str
    folder: Path


@dataclass(frozen=True)
class Shelf:
    """The published library of one corpus. Everything is looked up on disk, so that all processes agree."""

    folder: Path
    original: Path  # what serves until somebody publishes

    @classmethod
    def of(cls, settings: Settings) -> "Shelf":
        """Where versions of `settings.corpus` are kept; those of other folders have a shelf of their own."""
        corpus = settings.corpus.resolve()
        key = hashlib.sha256(str(corpus).encode()).hexdigest()[:10]
        name = "shipped" if corpus == SHIPPED_ARTICLES else f"{corpus.name}-{key}"
        return cls(settings.data / "library" / name, corpus)

    def pointer(self) -> str:
        """Id of the version that serves, "" for the original; one small file is read."""
        try:
            version = (self.folder / "CURRENT").read_text(encoding="utf-8").strip()
        except OSError:
            return ""
        return version if version and self.path(version).is_dir() else ""

    def published(self) -> Path:
        """Folder of the articles that serve."""
        version = self.pointer()
        return self.path(version) if version else self.original

    def now(self) -> Now:
        """What serves at this moment. Raises CorpusError where its articles cannot be read."""
        version = self.pointer()
        return Now(version, self.path(version)) if version else Now(digest(self.original), self.original)

    def path(self, version: str) -> Path:
        """Folder of a version; it need not exist."""
        return self.folder / version

    def point(self, version: str) -> None:
        """Lets the version serve, "" the original, in one step that nobody sees half done. Raises OSError."""
        pointer = self.folder / "CURRENT"
        if not version:
            pointer.unlink(missing_ok=True)
            return
        draft = self.folder / f"CURRENT-{uuid.uuid4().hex}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(version)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(pointer)

    def keep(self, base: Path, changes: Collection[Content] = ()) -> str:
        """Id of the version that holds the articles of `base` with these changes. Raises CorpusError, PublishingError.

        The id is a digest of all files, so that the same articles are always the same version.
        """
        work = self.folder / f"{UNFINISHED}{uuid.uuid4().hex}"
        try:
            work.mkdir(parents=True)
            for path in sorted(files(base)):
                target = work / path.relative_to(base)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            for content in changes:
                _change(work, content)
            version = digest(work)
            if not self.path(version).is_dir():
                work.rename(self.path(version))
        except OSError as error:
            sentence = f"The new version could not be written ({error.strerror or error}); free some space, try again."
            raise PublishingError(sentence) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return version

    def drop_all_but(self, versions: Collection[str]) -> None:
        """Deletes other versions, and what interrupted builds left. The one that serves stays."""
        for path in self.folder.glob("*/"):
            if path.name not in {*versions, self.pointer()}:
                shutil.rmtree(path, ignore_errors=True)


def files(folder: Path) -> Iterator[Path]:
    """Every file of a library: articles, their questions, uncovered.yaml."""
    for path in folder.rglob("*"):
        counts = path.suffix.lower() in READERS or path.name.endswith(QUESTIONS) or path.name == UNCOVERED
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if counts and path.is_file() and not hidden:
            yield path


def digest(folder: Path) -> str:
    """Twelve hex digits over names and bytes of the library's files. Raises CorpusError where one cannot be read."""
    body = hashlib.sha256()
    for path in sorted(files(folder)):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CorpusError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
        body.update(f"{path.relative_to(folder).as_posix()}\n{len(content)}\n".encode() + content)
    return body.hexdigest()[:12]


def article_path(folder: Path, slug: str) -> Path | None:
    """The file of that article; None where there is none. Raises CorpusError for a file that cannot be read."""
    if slug == UNCOVERED:
        return folder / UNCOVERED if (folder / UNCOVERED).is_file() else None
    # The file is nearly always named after its article; only a front matter can say otherwise.
    paths = sorted(article_paths(folder), key=lambda path: (path.stem != slug, path))
    return next((path for path in paths if read_file(path, path.relative_to(folder)).slug == slug), None)


def article_digest(folder: Path, slug: str) -> str:
    """Identifies the article as it stands in that folder, with its questions; "" where it is not there."""
    path = article_path(folder, slug)
    return _digest(path) if path else ""


def article_digests(folder: Path) -> dict[str, str]:
    """`article_digest` of everything in the folder, uncovered.yaml included."""
    found = {read_file(path, path.relative_to(folder)).slug: _digest(path) for path in article_paths(folder)}
    if (folder / UNCOVERED).is_file():
        found[UNCOVERED] = _digest(folder / UNCOVERED)
    return found


def _digest(path: Path) -> str:
    beside = path.with_suffix(QUESTIONS)
    body = path.read_bytes() + b"\n" + (beside.read_bytes() if beside.is_file() else b"")
    return hashlib.sha256(body).hexdigest()


def _change(folder: Path, content: Content) -> None:
    old = article_path(folder, content.slug)
    if old:
        old.unlink()
        old.with_suffix(QUESTIONS).unlink(missing_ok=True)
    if content.removes:
        return
    if content.slug == UNCOVERED:
        (folder / UNCOVERED).write_text(content.text, encoding="utf-8", newline="\n")
        return
    (folder / f"{content.slug}.md").write_text(content.text, encoding="utf-8", newline="\n")
    if content.questions.strip():
        (folder / f"{content.slug}{QUESTIONS}").write_text(content.questions, encoding="utf-8", newline="\n")
