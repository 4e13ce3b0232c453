"""Which curated answers the running program may use: kept in memory, seen anew when one changes, in any process."""

import datetime
from dataclasses import replace

import pytest

from bot.answering.curated import Quote, nothing
from bot.chat import Bot
from bot.records import curated
from bot.records.curated import CuratedAnswer
from bot.records.curated import Line as Said
from bot.records.curated import Quote as Cited
from bot.records.database import Records
from bot.records.served import Served, mark_stale_at_start
from bot.records.tables import State
from tests.approved import DAILY, quote
from tests.databases import START, Clock, settings

TEXTS = {"knead": "Knead for ten minutes. Stop if it hurts."}
LINES = (Said("Ten minutes.", (Cited("knead", 0, 22, "Knead for ten minutes."),)),)


def approve(records: Records, question: str = "How long?", **more: datetime.datetime) -> CuratedAnswer:
    answer = curated.draft(records, "ana", question, LINES, TEXTS, **more)
    answer = curated.submit(records, "ana", answer.id, answer.revision, TEXTS)
    return curated.approve(records, settings(), "ben", answer.id, answer.revision, texts=TEXTS)


def ids(served: Served) -> list[int]:
    return [answer.id for answer in served()]


def test_what_is_approved_is_there_as_the_bot_needs_it(staff: Records) -> None:
    curated.draft(staff, "ana", "Not yet?", LINES, TEXTS)
    answer = approve(staff)
    [found] = Served(staff)()
    assert (found.id, found.question, found.digests) == (answer.id, "How long?", answer.digests)
    assert found.lines == (("Ten minutes.", (Quote("knead", 0, 22, "Knead for ten minutes."),)),)


def test_every_change_is_seen_whichever_process_made_it(staff: Records) -> None:
    """The source has no part in the changes: they might as well come from elsewhere."""
    served = Served(staff, every=0)
    assert served() == ()
    answer, other = approve(staff), approve(staff, "How often?")
    assert ids(served) == [answer.id, other.id]
    curated.retire(staff, "ben", answer.id, answer.revision)
    assert ids(served) == [other.id]
    edited = curated.edit(staff, "ben", replace(other, question="How often, then?"), TEXTS)
    assert ids(served) == []
    edited = curated.submit(staff, "ben", edited.id, edited.revision, TEXTS)
    curated.approve(staff, settings(), "ana", edited.id, edited.revision, texts=TEXTS)
    assert [found.question for found in served()] == ["How often, then?"]
    curated.mark_stale(staff, "ben", {"knead": "Do not knead."})
    assert ids(served) == []


def test_a_hit_changes_nothing(staff: Records) -> None:
    answer = approve(staff)
    served = Served(staff, every=0)
    before = served()
    curated.count_hit(staff, answer.id)
    assert served()[0] is before[0]


def test_between_two_looks_memory_answers_but_nothing_expired(staff: Records, clock: Clock) -> None:
    approve(staff, expires_at=START + datetime.timedelta(minutes=5))
    served = Served(staff, every=3600)
    assert len(served()) == 1
    approve(staff, "How often?")
    assert len(served()) == 1
    clock.forward(minutes=5)
    assert served() == ()


def test_a_database_that_cannot_be_read_serves_none_and_then_again(
    staff: Records, caplog: pytest.LogCaptureFixture
) -> None:
    approve(staff)
    served = Served(staff, every=0)
    assert len(served()) == 1
    with staff.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE curated RENAME TO lost")
    assert served() == ()
    assert "No curated answer is served" in caplog.text
    with staff.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE lost RENAME TO curated")
    assert len(served()) == 1


def test_articles_changed_while_the_program_stood_still(staff: Records, caplog: pytest.LogCaptureFixture) -> None:
    answer = approve(staff)
    mark_stale_at_start(staff, TEXTS)
    assert curated.read(staff, answer.id).state is State.APPROVED
    mark_stale_at_start(staff, {"knead": "Knead for five minutes."})
    assert curated.read(staff, answer.id).state is State.STALE
    with staff.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE curated RENAME TO lost")
    mark_stale_at_start(staff, TEXTS)
    assert "not marked as stale" in caplog.text


def test_from_the_database_to_the_visitor(staff: Records, bot: Bot) -> None:
    texts = {slug: article.text for slug, article in bot.articles.items()}
    cited = quote(bot)
    line = Said("Once a day.", (Cited(cited.article, cited.start, cited.end, cited.text),))
    answer = curated.draft(staff, "ana", DAILY, [line], texts)
    serving = replace(bot, curated=Served(staff, every=0))
    assert bot.curated is nothing
    assert serving.reply(DAILY).curated is None
    answer = curated.submit(staff, "ana", answer.id, answer.revision, texts)
    curated.approve(staff, settings(), "ben", answer.id, answer.revision, texts=texts)
    assert serving.reply(DAILY).reply.answer == "Once a day. [1]"
