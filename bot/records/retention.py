"""The daily job: words go when their days are over."""

import datetime
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from bot.records import sessions
from bot.records.cases import index_words
from bot.records.database import Records
from bot.records.tables import Case, Exchange, Feedback
from bot.settings import Settings

log = logging.getLogger(__name__)

DAY = datetime.timedelta(days=1)
BATCH = 500  # rows in one transaction: a visitor's own must not wait for all


@dataclass(frozen=True)
class Swept:
    """How many rows lost their words, and how many sessions are gone."""

    exchanges: int
    feedback: int
    sessions: int


def sweep(records: Records, settings: Settings) -> Swept:
    """Deletes every word older than the settings allow, and sessions that ran out. Raises RecordsError.

    With `keep_conversations` 0 all words of conversations go. What staff wrote in a note stays.
    """
    swept = Swept(
        exchanges=sum(_forget_exchanges(records, settings.keep_conversations)),
        feedback=sum(_forget_feedback(records, settings.keep_feedback)),
        sessions=sessions.delete_ended(records, settings),
    )
    if swept.exchanges + swept.feedback and records.engine.dialect.name == "sqlite":
        _wipe(records)
    return swept


def sweep_daily(
    records: Records, settings: Settings, idle: datetime.timedelta, pause: Callable[[float], object] = time.sleep
) -> threading.Thread:
    """Starts the job in the background, now and once a day; it also forgets conversations silent for `idle`.

    It stops nothing: whatever goes wrong is logged and tried again the next day.
    """

    def work() -> None:
        while True:
            try:
                records.forget(idle)
                sweep(records, settings)
            except Exception:  # broad on purpose: a thread that has ended would never delete anything again
                log.exception("old words could not be deleted; trying again in a day")
            pause(DAY.total_seconds())

    thread = threading.Thread(target=work, name="retention", daemon=True)
    thread.start()
    return thread


def _forget_exchanges(records: Records, days: int) -> Iterator[int]:
    before = records.now() - datetime.timedelta(days=days)
    old = select(Exchange.id).where(Exchange.question.is_not(None), Exchange.at <= before).limit(BATCH)
    while True:
        with records.writing() as session:
            ids = list(session.scalars(old))
            gone = update(Exchange).where(Exchange.id.in_(ids))
            session.execute(gone.values(question=None, answer=None, citations=None))
            _index_anew(session, ids)
        if not ids:
            return
        yield len(ids)


def _forget_feedback(records: Records, days: int) -> Iterator[int]:
    before = records.now() - datetime.timedelta(days=days)
    old = select(Feedback.exchange_id).where(Feedback.question.is_not(None), Feedback.at <= before).limit(BATCH)
    while True:
        with records.writing() as session:
            ids = list(session.scalars(old))
            gone = update(Feedback).where(Feedback.exchange_id.in_(ids))
            session.execute(gone.values(question=None, answer=None, comment=None))
            _index_anew(session, ids)
        if not ids:
            return
        yield len(ids)


def _index_anew(session: Session, exchange_ids: list[str]) -> None:
    for case in session.scalars(select(Case).where(Case.exchange_id.in_(exchange_ids))):
        index_words(session, case)


def _wipe(records: Records) -> None:
    """Makes SQLite drop what it still holds of deleted words: in its full-text index and in the write-ahead log."""
    with records.writing() as session:
        session.execute(text("INSERT INTO cases_search(cases_search) VALUES ('optimize')"))
    with records.reading() as session:
        session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
