"""Writes down what visitors did, one thing after another behind their backs: nobody waits for the database."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from bot.errors import RecordsError
from bot.records import curated, exchanges, feedback
from bot.records.database import Records
from bot.records.feedback import Words
from bot.records.tables import Reason, Thumb
from bot.reply import Reply
from bot.settings import Settings

log = logging.getLogger(__name__)

MOST_WAITING = 1000  # rows that wait for a database which is slow; further ones are lost rather than fill the memory
PATIENCE = 10  # seconds that a visitor's thumb waits for its turn


class Recorder:
    """The only one who writes exchanges and thumbs. Safe for threads; their order is that of the calls."""

    def __init__(self, records: Records, settings: Settings) -> None:
        self._records = records
        self._settings = settings
        self._writer = ThreadPoolExecutor(1, "recorder")
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    def exchange(self, reply: Reply, position: int, question: str, *, consented: bool, failed: bool = False) -> None:
        """Will be written; where it cannot be, the log says so and nobody else hears of it."""

        def write() -> None:
            exchanges.record(
                self._records,
                self._settings,
                reply,
                position,
                question=question if consented else "",
                consented=consented,
                failed=failed,
            )

        self._soon(write, f"The exchange {reply.id} is not recorded.")

    def hit(self, answer_id: int) -> None:
        """One more visitor got this curated answer; as `exchange`."""
        self._soon(lambda: curated.count_hit(self._records, answer_id), "A curated answer's hit is not counted.")

    def feedback(self, reply_id: str, thumb: Thumb, reason: Reason | None, words: Words | None) -> None:
        """Writes it, behind the exchange that it is about.

        Raises UnknownRecord for a reply that was not recorded, and RecordsError, also where the database takes too
        long: then it may be written later.
        """
        given = self._writer.submit(
            feedback.give, self._records, self._settings, reply_id, thumb, reason=reason, words=words
        )
        try:
            given.result(PATIENCE)
        except TimeoutError as error:
            raise RecordsError(f"The database took longer than {PATIENCE} seconds.") from error

    def settle(self) -> None:
        """Returns when everything that was asked for before is written or has failed."""
        self._writer.submit(lambda: None).result()

    def _soon(self, write: Callable[[], None], lost: str) -> None:
        if not self._room.acquire(blocking=False):
            log.error("The database is too slow. %s", lost)
            return

        def done(future: "Future[None]") -> None:
            self._room.release()
            if error := future.exception():
                log.error("%s %s", error, lost, exc_info=None if isinstance(error, RecordsError) else error)

        self._writer.submit(write).add_done_callback(done)
