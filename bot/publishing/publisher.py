"""Builds the next version of the library beside the one that serves, lets it be tried, and swaps it in."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from bot.chat import Bot, Chatbot, Turn, over
from bot.errors import PublishingError, UserError
from bot.publishing.findings import unreadable
from bot.publishing.shelf import Now, Shelf, article_digest, article_digests
from bot.records import drafts, publications
from bot.records.database import Records
from bot.records.publications import Change
from bot.records.tables import Step
from bot.retrieval.articles import Article
from bot.retrieval.index import index_home
from bot.settings import Settings

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0  # for another process that publishes
FOLLOWED_SECONDS = 2.0  # between looks at the pointer, which another process may have moved
AGAIN_SECONDS = 60.0  # after a version that could not be loaded
KEPT_VERSIONS = 20  # of those that served, to go back to
KEPT_INDEXES = 3  # of those; the index of an older one is built again


class Serving(Protocol):
    """Whoever holds the bot that visitors talk to."""

    bot: Chatbot


class Stage(StrEnum):
    """How far a build has come."""

    IDLE = "idle"
    RUNNING = "running"
    READY = "ready"  # to be tried and published
    DONE = "done"  # published, or rolled back
    FAILED = "failed"


@dataclass(frozen=True)
class Progress:
    """The build that runs, or the last one."""

    stage: Stage = Stage.IDLE
    who: str = ""
    done: int = 0  # passages encoded
    total: int = 0
    message: str = ""  # one sentence


@dataclass(frozen=True)
class Candidate:
    """A version that is built and loaded, and serves nobody yet."""

    version: str
    before: str  # the version that served when it was built
    bot: Bot
    articles: tuple[str, ...]  # slugs of those that differ between the two
    digests: Mapping[str, str]  # by slug
    drafts: Mapping[str, int] = field(default_factory=dict)  # slug -> revision that it holds


class Publisher:
    """One a process, beside the bot that serves. Safe for threads; one build at a time, over all processes."""

    def __init__(self, settings: Settings, serving: Serving, records: Records) -> None:
        self.shelf = Shelf.of(settings)
        self._settings = settings
        self._serving = serving
        self._records = records
        self._loaded = self.shelf.pointer()  # what `serving.bot` answers from
        self._swapping = threading.RLock()
        self._starting = threading.Lock()
        self._worker: threading.Thread | None = None
        self.progress = Progress()
        self.candidate: Candidate | None = None

    def build(self, who: str) -> None:
        """Begins to build a version with all open drafts, in the background; `progress` tells how it goes.

        Raises PublishingError where there is nothing to build, a draft does not fit, or another build runs.
        """
        before = self.shelf.now()
        waiting = self._fitting(drafts.waiting(self._records), before.folder)

        def work() -> None:
            version = self.shelf.keep(before.folder, [draft.content for draft in waiting])
            held = {draft.content.slug: draft.revision for draft in waiting}
            self.candidate = self._load(version, before, held)
            if not self.candidate.articles:
                sentence = "The drafts say what the articles say already; there is nothing to publish."
            else:
                sentence = "The new version is built. Try it, then publish it."
            self._tell(Stage.READY, sentence)

        self._begin(who, work)

    def roll_back(self, who: str, version: str) -> None:
        """Goes back to a version that served before; in the background, since its index may have to be built again.

        Raises PublishingError where there is no such version, it serves now, or a build runs.
        """
        before = self.shelf.now()
        if version not in self.kept():
            raise PublishingError("That version is no longer kept; choose another one.")
        if version == before.version:
            raise PublishingError("That version serves already.")

        def work() -> None:
            self._swap(who, Step.ROLLED_BACK, self._load(version, before))
            self._tell(Stage.DONE, "The earlier version serves again. Drafts are as they were.")

        self._begin(who, work)

    def kept(self) -> tuple[str, ...]:
        """Versions that have served and can be gone back to, the latest first. Raises RecordsError."""
        served = dict.fromkeys(v for entry in publications.listed(self._records) for v in _versions(entry))
        return tuple(version for version in served if self.shelf.path(version).is_dir())

    @property
    def articles(self) -> Mapping[str, Article]:
        """Those of the version that serves; none where the bot could not be loaded."""
        bot = self._serving.bot
        return bot.retriever.index.articles if isinstance(bot, Bot) else {}

    def publish(self, who: str) -> None:
        """The candidate serves from now on; replies that are being made are finished by the bot before.

        Raises PublishingError where nothing is built, or somebody has published since; RecordsError. Then everything
        is as it was.
        """
        with self._swapping:
            candidate = self.candidate
            if candidate is None:
                raise PublishingError("There is no new version yet; build one first.")
            if not candidate.articles:
                raise PublishingError("The new version is the one that serves; edit an article first.")
            self._swap(who, Step.PUBLISHED, candidate)
            self.candidate = None
            self._tell(Stage.DONE, "Published: visitors get answers from the new version.")

    def compare(self, question: str) -> tuple[Turn, Turn]:
        """The question as its own conversation: what visitors get now, and what the candidate says.

        Raises PublishingError where nothing is built, MessageError.
        """
        candidate = self.candidate
        if candidate is None:
            raise PublishingError("There is no new version to try yet; build one first.")
        return self._serving.bot.reply(question), candidate.bot.reply(question)

    def look(self) -> None:
        """Follows the pointer where another process has moved it. Raises CorpusError, IndexUnavailable."""
        if self.shelf.pointer() == self._loaded:
            return
        with self._swapping:
            pointer = self.shelf.pointer()
            if pointer != self._loaded:
                self._serving.bot = over(self._bot(), self.shelf.published())
                self._loaded = pointer
                log.info("version %s serves", pointer or "of the original articles")

    def follow(self, stop: threading.Event) -> None:
        """`look` every few seconds until `stop` is set; whatever fails, the bot before goes on."""
        pause = FOLLOWED_SECONDS
        while not stop.wait(pause):
            try:
                self.look()
                pause = FOLLOWED_SECONDS
            except Exception:
                log.exception("the published version cannot be loaded; the one before goes on")
                pause = AGAIN_SECONDS

    def wait(self, seconds: float) -> Progress:
        """`progress` when the build that runs has ended, or so many seconds have gone."""
        if self._worker:
            self._worker.join(seconds)
        return self.progress

    def _begin(self, who: str, work: Callable[[], None]) -> None:
        """Runs `work` in a thread. Its failure becomes one sentence, and nothing else is changed by it."""
        bot = self._bot()
        with self._starting:
            if self.progress.stage is Stage.RUNNING:
                raise PublishingError(f"{self.progress.who} is building a version already; wait until it is done.")
            self.candidate = None
            self.progress = Progress(Stage.RUNNING, who, message="Preparing the articles.")

        def run() -> None:
            try:
                with self._alone("build.lock", 0):
                    try:
                        work()
                    finally:
                        self._tidy(bot)
            except UserError as error:
                self._tell(Stage.FAILED, f"{error} Nothing has changed for visitors, and no draft is lost.")
            except Exception:
                log.exception("a version of the library could not be built")
                self._tell(
                    Stage.FAILED,
                    "The version could not be built; the server's log says why. Nothing has changed for visitors, and "
                    "no draft is lost.",
                )

        self._worker = threading.Thread(target=run, name="library build", daemon=True)
        self._worker.start()

    def _load(self, version: str, before: Now, held: Mapping[str, int] | None = None) -> Candidate:
        old, new = article_digests(before.folder), article_digests(self.shelf.path(version))
        changed = tuple(slug for slug in sorted(old.keys() | new.keys()) if old.get(slug) != new.get(slug))
        bot = over(self._bot(), self.shelf.path(version), self._encoded)
        if not bot.ready():
            raise PublishingError("The new version finds nothing, so it cannot answer.")
        return Candidate(version, before.version, bot, changed, new, held or {})

    def _swap(self, who: str, what: Step, candidate: Candidate) -> None:
        """Writes it down, moves the pointer and lets the candidate's bot serve; all of it or nothing."""
        change = Change(
            what=what,
            from_version=candidate.before,
            to_version=candidate.version,
            articles=candidate.articles,
            drafts=candidate.drafts,
            digests=candidate.digests,
            texts={slug: article.text for slug, article in candidate.bot.articles.items()},
        )
        with self._swapping, self._alone("publish.lock", PATIENCE_SECONDS):
            before, pointer = self.shelf.now(), self.shelf.pointer()
            if candidate.before != before.version:
                raise PublishingError("Somebody has published since this version was built; build it again.")
            self.shelf.keep(before.folder)  # the original too, so that one can go back to it
            try:
                publications.record(self._records, who, change, lambda: self.shelf.point(candidate.version))
            except OSError as error:
                raise PublishingError(f"The version could not be published ({error.strerror or error}).") from error
            except Exception:
                self.shelf.point(pointer)
                raise
            self._serving.bot = candidate.bot
            self._loaded = candidate.version

    @contextmanager
    def _alone(self, name: str, patience: float) -> Iterator[None]:
        """While no other process does the same. Raises PublishingError where one does."""
        with ExitStack() as held:
            try:
                self.shelf.folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(FileLock(self.shelf.folder / name, patience, thread_local=False))
            except Timeout as error:
                raise PublishingError("Another process is building or publishing; wait until it is done.") from error
            except OSError as error:
                sentence = f"{self.shelf.folder} cannot be written ({error.strerror or error}); check the disk."
                raise PublishingError(sentence) from error
            yield

    def _fitting(self, waiting: Iterable[drafts.Draft], published: Path) -> list[drafts.Draft]:
        """The drafts, each of them readable and made from the article as it is published now."""
        found = list(waiting)
        if not found:
            raise PublishingError("There is no draft, so there is nothing to build; edit or upload an article first.")
        for draft in found:
            slug = draft.content.slug
            if draft.base_digest != article_digest(published, slug):
                raise PublishingError(
                    f"The article {slug} has been published anew since {draft.author} began this draft of it; open "
                    "it, compare the two and save it again."
                )
            if sentence := unreadable(draft.content):
                raise PublishingError(f"The draft of {slug} cannot be read: {sentence}")
        return found

    def _bot(self) -> Bot:
        bot = self._serving.bot
        if not isinstance(bot, Bot):
            raise PublishingError("The bot could not be loaded when the program began; the server's log says why.")
        return bot

    def _encoded(self, done: int, total: int) -> None:
        self.progress = replace(self.progress, done=done, total=total, message="Reading the changed passages.")

    def _tell(self, stage: Stage, message: str) -> None:
        self.progress = replace(self.progress, stage=stage, message=message)

    def _tidy(self, bot: Bot) -> None:
        """Deletes what nobody will go back to: unpublished builds, old versions, and the indexes of most of them."""
        try:
            served = self.kept()
            tried = [self.candidate.version] if self.candidate else []
            kept = {*served[:KEPT_VERSIONS], *tried, self.shelf.pointer()}
            indexed = {*served[:KEPT_INDEXES], *tried, self.shelf.pointer()}
            for path in self.shelf.folder.glob("*/"):
                if path.name not in indexed:
                    its_index = index_home(bot.settings.model_copy(update={"corpus": path}))
                    shutil.rmtree(its_index, ignore_errors=True)
            self.shelf.drop_all_but(kept)
        except Exception:  # only disk space is at stake
            log.exception("old versions of the library cannot be deleted")


def _versions(entry: publications.Published) -> tuple[str, str]:
    return entry.to_version, entry.from_version
