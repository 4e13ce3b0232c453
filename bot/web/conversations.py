"""Running conversations, in memory only: nothing a visitor types is written to disk."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cachetools import TTLCache

from bot.chat import Bot
from bot.errors import MessageError
from bot.reply import Reply, Turn

KEPT = 10_000  # conversations; the ones longest unused go first
IDLE_SECONDS = 12 * 3600


@dataclass
class _Conversation:
    turns: list[Turn] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)  # one message at a time, in order


class Conversations:
    """Plays messages into conversations, one bot behind all of them. Safe for threads."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self._lock = threading.Lock()
        self._kept: TTLCache[str, _Conversation] = TTLCache(KEPT, IDLE_SECONDS)

    def say(self, message: str, conversation_id: str | None = None) -> Reply:
        """The reply to the next message of a conversation, or of a new one.

        Raises MessageError for a message that cannot be taken (the conversation stays as it was) and for an id that
        is unknown, or was dropped after a long silence.
        """
        with self._conversation(conversation_id) as (key, conversation), conversation.lock:
            turn = self.bot.reply(message, tuple(conversation.turns))
            reply = replace(turn.reply, conversation_id=key)
            conversation.turns.append(replace(turn, reply=reply))
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
        if known is None:
            raise MessageError(
                "unknown_conversation",
                "This conversation is not known here; leave out conversation_id to begin a new one.",
            )
        yield conversation_id, known
