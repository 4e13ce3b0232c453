"""What of the curated answers may be shown right now, for the bot: read anew when one has changed, in any process."""

import logging
import threading
import time
from collections.abc import Mapping

from sqlalchemy import func, select

from bot.answering.curated import Approved, Quote
from bot.errors import RecordsError
from bot.records import audit, curated
from bot.records.curated import CuratedAnswer
from bot.records.database import Records
from bot.records.tables import Curated

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks at the database


class Served:
    """Call it for the answers. Safe for threads. Where the database cannot be read there are none, and the log says so.

    For up to EVERY seconds an answer is still given that was taken back; never one that has expired.
    """

    def __init__(self, records: Records, every: float = EVERY) -> None:
        self._records = records
        self._every = every
        self._lock = threading.Lock()
        self._looked = -every
        self._state: tuple[object, ...] | None = None
        self._answers: tuple[CuratedAnswer, ...] = ()
        self._approved: tuple[Approved, ...] = ()

    def __call__(self) -> tuple[Approved, ...]:
        """All that may be shown at this moment."""
        with self._lock:
            if time.monotonic() - self._looked >= self._every:
                self._look()
                self._looked = time.monotonic()
            now = self._records.now()
            return tuple(
                approved
                for answer, approved in zip(self._answers, self._approved, strict=True)
                if answer.expires_at is None or answer.expires_at > now
            )

    def _look(self) -> None:
        """Every change of an answer raises its revision; hits do not."""
        changed = select(func.count(Curated.id), func.max(Curated.updated), func.sum(Curated.revision))
        try:
            with self._records.reading() as session:
                state = tuple(session.execute(changed).one())
            if state != self._state:
                self._answers = curated.served(self._records)
                self._approved = tuple(_approved(answer) for answer in self._answers)
                self._state = state
        except RecordsError as error:
            log.error("%s No curated answer is served until it can be.", error)
            self._state, self._answers, self._approved = None, (), ()


def mark_stale_at_start(records: Records, texts: Mapping[str, str]) -> None:
    """Marks answers whose articles were changed while the program did not run; a failing database stops nothing."""
    try:
        curated.mark_stale(records, audit.COMMAND_LINE, texts)
    except RecordsError as error:
        log.error("%s Answers on changed articles are not served, but not marked as stale either.", error)


def _approved(answer: CuratedAnswer) -> Approved:
    lines = tuple(
        (line.text, tuple(Quote(cited.article, cited.start, cited.end, cited.quote) for cited in line.citations))
        for line in answer.lines
    )
    return Approved(answer.id, answer.question, lines, answer.digests)
