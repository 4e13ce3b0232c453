"""Running conversations. A visitor's words stay in memory; what the database gets of them: bot/web/recorder.py."""

import datetime
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cachetools import TTLCache

from bot.chat import Chatbot, Turn
from bot.errors import MessageError, RecordsError, UnknownRecord
from bot.guard.guard import Memory
from bot.records.database import Records
from bot.records.feedback import Words
from bot.records.tables import Reason, Thumb
from bot.reply import Reply, Route
from bot.web.recorder import Recorder

log = logging.getLogger(__name__)

KEPT = 10_000  # conversations; the ones longest unused go first
IDLE = datetime.timedelta(hours=12)


@dataclass
class _Conversation:
    turns: list[Turn] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    lock: threading.Lock = field(default_factory=threading.Lock)  # one message at a time, in order


class Conversations:
    """Plays messages into conversations, one bot behind all of them. Safe for threads.

    `bot` may be replaced at any time, as by a new version of the articles: a reply that is being made is finished by
    the one before, and every conversation goes on with the new one.

    With `records` every exchange is written down, and a conversation that was begun before a restart goes on: its flags
    stand, its words are forgotten.
    """

    def __init__(self, bot: Chatbot, records: Records | None = None) -> None:
        self.bot = bot
        self.recorder = Recorder(records, bot.settings) if records else None
        self._records = records
        self._lock = threading.Lock()
        self._kept: TTLCache[str, _Conversation] = TTLCache(KEPT, IDLE.total_seconds())

    def say(self, message: str, conversation_id: str | None = None, *, consented: bool = False) -> Reply:
        """The reply to the next message of a conversation, or of a new one.

        `consented` is the visitor's own tick that the words may be kept. Raises MessageError for a message that cannot
        be taken (the conversation stays as it was) and for an id that is unknown, or was dropped after a long silence.
        """
        with self._conversation(conversation_id) as (key, conversation), conversation.lock:
            position, start = conversation.memory.turns, time.perf_counter()
            try:
                turn = self.bot.reply(message, tuple(conversation.turns), conversation.memory)
            except MessageError:
                raise
            except Exception:
                spent = {"total": 1000 * (time.perf_counter() - start)}
                nothing = Reply(Route.PROFESSIONAL, "", mode="failed", timings_ms=spent, conversation_id=key)
                self._record(nothing, position, message, consented=consented, failed=True)
                raise
            reply = replace(turn.reply, conversation_id=key)
            conversation.turns.append(replace(turn, reply=reply))
            conversation.memory = turn.memory
            self._remember(key, turn.memory)
            self._record(reply, position, message, consented=consented)
        if self.recorder and turn.curated is not None:
            self.recorder.hit(turn.curated)
        with self._lock:
            self._kept[key] = conversation  # also starts its idle time anew
        return reply

    def feedback(
        self,
        conversation_id: str,
        reply_id: str,
        thumb: Thumb,
        reason: Reason | None = None,
        comment: str = "",
        *,
        send_along: bool = False,
    ) -> None:
        """Keeps a visitor's thumb, and the words of the exchange with the comment where they were sent along.

        Raises MessageError for a reply that is not known here, RecordsError where nothing could be written.
        """
        if self.recorder is None:
            raise MessageError("no_feedback", "Feedback is not kept here, as the program runs without a database.")
        words = self._words(conversation_id, reply_id, comment) if send_along else None
        try:
            self.recorder.feedback(reply_id, thumb, reason, words)
        except UnknownRecord as error:
            raise _unknown_reply() from error

    def _words(self, conversation_id: str, reply_id: str, comment: str) -> Words:
        """What was said in an exchange, as it is in memory; nobody can send other words along. Raises MessageError."""
        with self._lock:
            known = self._kept.get(conversation_id)
        for turn in known.turns if known else ():
            if turn.reply.id == reply_id:
                return Words(comment, turn.message, turn.reply.answer)
        raise _unknown_reply()

    def _record(self, reply: Reply, position: int, message: str, *, consented: bool, failed: bool = False) -> None:
        if self.recorder:
            self.recorder.exchange(reply, position, message, consented=consented, failed=failed)

    @contextmanager
    def _conversation(self, conversation_id: str | None) -> Iterator[tuple[str, _Conversation]]:
        if conversation_id is None:
            yield uuid.uuid4().hex, _Conversation()
            return
        with self._lock:
            known = self._kept.get(conversation_id)
        if known is None and (recalled := self._recalled(conversation_id)):
            with self._lock:  # of two messages at once the first one wins
                known = self._kept.setdefault(conversation_id, recalled)
        if known is None:
            raise MessageError(
                "unknown_conversation",
                "This conversation is not known here; leave out conversation_id to begin a new one.",
            )
        yield conversation_id, known

    def _remember(self, conversation_id: str, memory: Memory) -> None:
        """Writes the guard's memory down; a database that fails holds nobody up."""
        if self._records is None:
            return
        try:
            self._records.remember(conversation_id, memory)
        except RecordsError as error:
            log.error("%s The conversation goes on in memory alone.", error)

    def _recalled(self, conversation_id: str) -> _Conversation | None:
        """A conversation from before a restart; where the database fails, with a doubt about what was said in it."""
        if self._records is None:
            return None
        try:
            memory = self._records.recall(conversation_id)
        except RecordsError as error:
            log.error("%s An earlier conversation cannot be known; referring.", error)
            return _Conversation(memory=Memory().unchecked())
        return _Conversation(memory=memory) if memory else None


def _unknown_reply() -> MessageError:
    return MessageError("unknown_reply", "This reply is not known here any more, so nothing about it could be kept.")
