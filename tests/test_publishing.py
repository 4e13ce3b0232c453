"""From draft to published version: nothing half done, nothing lost, no visitor interrupted."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bot.answering.draft import Line
from bot.answering.extractive import extract
from bot.answering.trace import Trace
from bot.chat import Bot, over
from bot.encoder import Encoded, Encoder, MiniLM
from bot.errors import CuratedError, DraftError, PublishingError, RecordsError, StaleRevision
from bot.publishing import editing
from bot.publishing.content import Content
from bot.publishing.publisher import Publisher, Stage
from bot.publishing.shelf import Shelf, digest
from bot.records import audit, curated, drafts, people, publications
from bot.records.database import Records, open_records
from bot.records.served import Served
from bot.records.tables import State, Step
from bot.retrieval.formats import UNCOVERED
from bot.retrieval.retriever import Found, HybridRetriever
from bot.settings import Settings
from bot.web.conversations import Conversations
from tests import library
from tests.databases import PASSWORD
from tests.library import MUCH, build, edit, publish, save

DAILY = "how-often-and-how-long"
ONE, TWO = "One teaspoon", "Two tablespoons"


@pytest.fixture
def small(bot: Bot, tmp_path: Path) -> Bot:
    return library.small_bot(bot, library.small_library(tmp_path / "articles"), tmp_path / "data")


@pytest.fixture
def process(small: Bot, staff: Records) -> tuple[Publisher, Conversations]:
    return library.publisher(small, staff)


# --- Publishing and going back ----------------------------------------------------------------------------------------


def test_a_published_draft_answers_and_rolling_back_brings_the_old_answer(process, staff) -> None:
    publisher, conversations = process
    original = publisher.shelf.now()
    edit(publisher, staff, ONE, TWO)
    build(publisher)
    assert ONE in conversations.say(MUCH).answer  # nothing has changed for visitors
    before, after = publisher.compare(MUCH)
    assert (ONE in before.reply.answer, TWO in after.reply.answer) == (True, True)
    publisher.publish("ben")
    reply = conversations.say(MUCH)
    citation = reply.citations[0]
    assert TWO in reply.answer
    assert conversations.bot.articles["oils"].text[citation.start : citation.end] == citation.quote
    assert drafts.waiting(staff) == ()
    publisher.roll_back("ben", original.version)
    assert publisher.wait(120).stage is Stage.DONE
    assert ONE in conversations.say(MUCH).answer
    what = [(entry.what, entry.who, entry.to_version, entry.articles) for entry in publications.listed(staff)]
    published = publications.listed(staff)[1].to_version
    assert what == [
        (Step.ROLLED_BACK, "ben", original.version, ("oils",)),
        (Step.PUBLISHED, "ben", published, ("oils",)),
    ]
    steps = [entry.what for kind in ("article", "corpus") for entry in audit.entries(staff, subject_kind=kind)]
    assert steps == ["article drafted", "library rolled back", "library published"]


def test_the_published_version_serves_after_a_restart_and_in_another_process(process, small, staff) -> None:
    publisher, _ = process
    other, elsewhere = library.publisher(small, staff)
    edit(publisher, staff, ONE, TWO)
    publish(publisher)
    stop = threading.Event()
    follower = threading.Thread(target=other.follow, args=[stop])
    follower.start()
    deadline = time.monotonic() + 30
    while TWO not in elsewhere.say(MUCH).answer:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    stop.set()
    follower.join()
    restarted = over(small, Shelf.of(small.settings).published())
    assert TWO in restarted.reply(MUCH).reply.answer
    assert restarted.retriever.index.version == elsewhere.bot.reply(MUCH).reply.corpus_version


def test_a_version_that_is_kept_does_not_change(process, staff, small) -> None:
    publisher, _ = process
    edit(publisher, staff, ONE, TWO)
    publish(publisher)
    now = publisher.shelf.now()
    assert now.version == digest(now.folder)
    assert {path.name for path in now.folder.iterdir()} == {"oils.md", "oils.questions.yaml", "rest.txt", UNCOVERED}
    assert ONE in (small.settings.corpus / "oils.md").read_text()  # what was installed is never written


def test_a_reply_that_is_being_made_is_finished_and_its_conversation_goes_on(small, staff) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slowly(found: Found, retriever: HybridRetriever, most: int, trace: Trace) -> list[Line]:
        asked.set()
        assert go_on.wait(60)
        return extract(found, retriever, most, trace)

    publisher, conversations = library.publisher(small, staff)
    edit(publisher, staff, ONE, TWO)
    build(publisher)
    conversations.bot = replace(small, write=slowly)
    replies = []
    visitor = threading.Thread(target=lambda: replies.append(conversations.say(MUCH)))
    visitor.start()
    assert asked.wait(60)
    publisher.publish("ben")
    go_on.set()
    visitor.join()
    assert ONE in replies[0].answer
    again = conversations.say(MUCH, replies[0].conversation_id)
    assert (TWO in again.answer, again.corpus_version == replies[0].corpus_version) == (True, False)


def test_an_article_can_be_taken_out_and_a_new_one_put_in(process, staff) -> None:
    publisher, conversations = process
    save(publisher, staff, Content("rest", "", removes=True))
    save(publisher, staff, Content("towels", "# Towels\n\nA warm towel keeps the back warm during a massage.\n"))
    save(publisher, staff, Content(UNCOVERED, "- where can i buy a massage table\n"))
    publish(publisher)
    assert sorted(publisher.articles) == ["oils", "towels"]
    assert "warm towel" in conversations.say("Does a warm towel keep the back warm?").answer
    texts = [question.text for question in conversations.bot.retriever.index.questions]
    assert ("where can i buy a massage table" in texts, "what does a massage table cost" in texts) == (True, False)


def test_visitors_get_a_curated_answer_until_its_article_is_published_anew(small, staff) -> None:
    publisher, conversations = library.publisher(replace(small, curated=Served(staff, every=0)), staff)
    texts = {slug: article.text for slug, article in small.articles.items()}
    quote = "One teaspoon of oil is enough for a back massage."
    start = texts["oils"].index(quote)
    lines = [curated.Line("A spoon.", (curated.Quote("oils", start, start + len(quote), quote),))]
    answer = curated.draft(staff, "ben", MUCH, lines, texts)
    answer = curated.submit(staff, "ben", answer.id, answer.revision, texts)
    curated.approve(staff, small.settings, "ana", answer.id, answer.revision, texts=texts)
    assert conversations.say(MUCH).answer == "A spoon. [1]"
    edit(publisher, staff, "Almond oil", "Rape oil")  # another sentence of the article
    publish(publisher)
    assert conversations.say(MUCH).mode == "extractive"
    answer = curated.read(staff, answer.id)
    changed = {slug: article.text for slug, article in conversations.bot.articles.items()}
    with pytest.raises(CuratedError):  # "oils" reads the quote elsewhere now
        curated.submit(staff, "ben", answer.id, answer.revision, changed)
    start = changed["oils"].index(quote)
    lines = [curated.Line("A spoon.", (curated.Quote("oils", start, start + len(quote), quote),))]
    answer = curated.edit(staff, "ben", replace(answer, lines=tuple(lines)), changed)
    answer = curated.submit(staff, "ben", answer.id, answer.revision, changed)
    curated.approve(staff, small.settings, "ana", answer.id, answer.revision, texts=changed)
    assert conversations.say(MUCH).mode == "curated"  # the bot over the new version has the same answers


def test_curated_answers_that_cite_what_changed_are_no_longer_served(process, staff, small) -> None:
    publisher, _ = process
    texts = {slug: article.text for slug, article in publisher.articles.items()}

    def approved(article: str, quote: str) -> int:
        start = texts[article].index(quote)
        lines = [curated.Line(quote, (curated.Quote(article, start, start + len(quote), quote),))]
        answer = curated.draft(staff, "ben", "How?", lines, texts)
        answer = curated.submit(staff, "ben", answer.id, answer.revision, texts)
        return curated.approve(staff, small.settings, "ana", answer.id, answer.revision, texts=texts).id

    changed, untouched = approved("oils", ONE), approved("rest", "Lie down")
    edit(publisher, staff, ONE, TWO)
    publish(publisher)
    assert curated.read(staff, changed).state is State.STALE
    assert curated.read(staff, untouched).state is State.APPROVED


# --- Two editors ------------------------------------------------------------------------------------------------------


def test_the_second_of_two_editors_is_told_and_no_text_is_lost(process, staff) -> None:
    now = process[0].shelf.now()
    opened, content, _ = editing.begin(staff, now, "oils")
    assert content is not None
    editing.save(staff, "ben", opened, replace(content, text=content.text + "\nBen was here.\n"), now)
    mine = replace(content, text=content.text + "\nAna was here.\n")
    with pytest.raises(StaleRevision):
        editing.save(staff, "ana", opened, mine, now)
    fresh, they = editing.theirs(staff, opened, now)
    assert (they.who, "Ben was here" in they.content.text) == ("ben", True)
    editing.save(staff, "ana", fresh, mine, now)  # having seen it
    kept = [(draft.author, draft.closed) for draft in drafts.history(staff, "oils")]
    assert kept == [("ana", None), ("ben", drafts.REPLACED)]


def test_two_who_save_at_the_same_moment_do_not_both_succeed(process, staff) -> None:
    now = process[0].shelf.now()
    opened, content, _ = editing.begin(staff, now, "oils")
    assert content is not None
    start, told = threading.Barrier(2), []

    def saving(who: str) -> None:
        start.wait()
        try:
            editing.save(staff, who, opened, content, now)
        except (StaleRevision, RecordsError) as error:  # a database in use says so, and nothing is written
            told.append(error)

    threads = [threading.Thread(target=saving, args=[who]) for who in ("ana", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(told), len(drafts.history(staff, "oils"))) == (1, 1)


def test_whoever_edits_what_is_published_meanwhile_is_told(process, staff) -> None:
    publisher, _ = process
    old = publisher.shelf.now()
    opened, content, _ = editing.begin(staff, old, "oils")
    assert content is not None
    edit(publisher, staff, ONE, TWO)
    publish(publisher)
    now = publisher.shelf.now()
    with pytest.raises(StaleRevision, match="published anew"):
        editing.save(staff, "ana", opened, content, now)
    _, they = editing.theirs(staff, opened, now)
    assert TWO in they.content.text


def test_what_is_saved_during_a_build_stays_a_draft_of_the_new_version(process, staff) -> None:
    publisher, conversations = process
    edit(publisher, staff, ONE, TWO)
    build(publisher)
    first = drafts.waiting(staff)[0].content
    save(publisher, staff, replace(first, text=first.text.replace(TWO, "Three cups")))
    publisher.publish("ben")
    assert [draft.revision for draft in drafts.waiting(staff)] == [2]
    assert TWO in conversations.say(MUCH).answer
    publish(publisher)  # it does not count as begun from an older text
    assert "Three cups" in conversations.say(MUCH).answer


def test_a_discarded_draft_is_not_built_and_not_forgotten(process, staff) -> None:
    publisher, _ = process
    edit(publisher, staff, ONE, TWO)
    drafts.discard(staff, "ana", "oils", 1)
    with pytest.raises(PublishingError, match="nothing to build"):
        publisher.build("ben")
    assert TWO in drafts.history(staff, "oils")[0].content.text


@pytest.mark.parametrize("slug", ["../oils", "a/b", "", "x" * 65, "CURRENT.md"])
def test_a_name_that_is_no_file_of_the_library_is_refused(staff, slug) -> None:
    with pytest.raises(DraftError, match="no name for an article"):
        drafts.save(staff, "ben", Content(slug, "x"), seen=0, base="b", base_digest="")


# --- Failure ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failing(Encoder):
    """The real encoder, until the power goes out at a certain word."""

    encoder: Encoder
    word: str

    name = MiniLM.name

    def encode(self, text: str) -> Encoded:
        return self.encoder.encode(text)

    def encode_all(self, texts: Sequence[str]) -> Iterator[Encoded]:
        for text in texts:
            if self.word in text:
                raise RuntimeError("the power went out")
            yield self.encoder.encode(text)


def test_a_build_that_fails_half_way_leaves_everything_as_it_was(small, staff) -> None:
    encoder = Failing(small.retriever.encoder, TWO)
    failing = replace(small, retriever=small.retriever.model_copy(update={"encoder": encoder}))
    publisher, conversations = library.publisher(failing, staff)
    before = publisher.shelf.now()
    edit(publisher, staff, ONE, TWO)
    publisher.build("ben")
    progress = publisher.wait(60)
    assert progress.stage is Stage.FAILED
    assert "Nothing has changed for visitors, and no draft is lost" in progress.message
    assert (conversations.bot, publisher.shelf.now(), publisher.candidate) == (failing, before, None)
    assert len(drafts.waiting(staff)) == 1
    assert not [path for path in publisher.shelf.folder.iterdir() if path.is_dir()]
    with pytest.raises(PublishingError, match="no new version"):
        publisher.publish("ben")


def test_a_locked_database_publishes_nothing(small, tmp_path, clock) -> None:
    settings = Settings.load(data=tmp_path / "records")
    records = open_records(settings, clock)
    people.add(records, "tests", "ben", PASSWORD, ["editor"])
    publisher, conversations = library.publisher(small, records)
    edit(publisher, records, ONE, TWO)
    build(publisher)
    with create_engine(records.engine.url).connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(RecordsError, match="cannot be written"):
            publisher.publish("ben")
        assert (publisher.shelf.pointer(), conversations.bot) == ("", small)
    publisher.publish("ben")
    assert TWO in conversations.say(MUCH).answer
    records.engine.dispose()


def test_an_unreadable_draft_is_named_and_not_built(process, staff) -> None:
    publisher, _ = process
    save(publisher, staff, Content("oils", "---\ntitle: [\n---\nOil.\n"))
    with pytest.raises(PublishingError, match=r"The draft of oils cannot be read: oils\.md"):
        publisher.build("ben")


def test_one_build_at_a_time(process, staff) -> None:
    publisher, _ = process
    edit(publisher, staff, ONE, TWO)
    publisher.build("ben")
    with pytest.raises(PublishingError, match="ben is building"):
        publisher.build("ana")
    publisher.wait(60)


def test_of_two_processes_that_publish_the_second_is_told(process, small, staff) -> None:
    publisher, _ = process
    other, elsewhere = library.publisher(small, staff)
    edit(publisher, staff, ONE, TWO)
    build(publisher)
    build(other)
    publisher.publish("ben")
    with pytest.raises(PublishingError, match="Somebody has published"):
        other.publish("ana")
    assert elsewhere.bot is small
    assert len(publications.listed(staff)) == 1


# --- The shipped corpus -----------------------------------------------------------------------------------------------


def test_a_changed_article_of_the_shipped_corpus_is_published_in_ten_seconds(bot, tmp_path, staff) -> None:
    large = replace(bot, settings=Settings.load(data=tmp_path / "data"))
    publisher, conversations = library.publisher(large, staff)
    edit(publisher, staff, "Yes, massaging your back daily", "Yes, kneading your back each day", slug=DAILY)
    start = time.perf_counter()
    publish(publisher)
    taken = time.perf_counter() - start
    after = conversations.bot
    assert isinstance(after, Bot)
    assert "kneading your back each day" in after.reply("Is it good to massage your back daily?").reply.answer
    assert after.retriever.adapter is not None  # trained for these articles, of which one was edited
    assert len(after.retriever.index.questions) == len(bot.retriever.index.questions)
    assert after.guard is bot.guard
    assert taken < 10
