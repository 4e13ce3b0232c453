"""Running conversations. What a visitor types stays in memory; only the guard's memory, without words, is kept."""

import datetime
import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cachetools import TTLCache

from bot.chat import Chatbot, Turn
from bot.errors import MessageError, RecordsError
from bot.guard.guard import Memory
from bot.records.database import Records
from bot.reply import Reply

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

    With `records` a conversation that was begun before a restart goes on: its flags stand, its words are forgotten.
    """

    def __init__(self, bot: Chatbot, records: Records | None = None) -> None:
        self.bot = bot
        self._records = records
        self._lock = threading.Lock()
        self._kept: TTLCache[str, _Conversation] = TTLCache(KEPT, IDLE.total_seconds())

    def say(self, message: str, conversation_id: str | None = None) -> Reply:
        """The reply to the next message of a conversation, or of a new one.

        Raises MessageError for a message that cannot be taken (the conversation stays as it was) and for an id that
        is unknown, or was dropped after a long silence.
        """
        with self._conversation(conversation_id) as (key, conversation), conversation.lock:
            turn = self.bot.reply(message, tuple(conversation.turns), conversation.memory)
            reply = replace(turn.reply, conversation_id=key)
            conversation.turns.append(replace(turn, reply=reply))
            conversation.memory = turn.memory
            self._remember(key, turn.memory)
        with self._lock:
            self._kept[key] = conversation  # also starts its idle time anew
        return reply

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
