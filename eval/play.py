"""Questions through the bot: the reply to the last turn, how long it took, and copies of it badly typed."""

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat import Bot, Turn
from bot.errors import MessageError
from bot.reply import Reply
from eval.questions import Question

_CURLED = str.maketrans("'’", "’'")


@dataclass(frozen=True)
class Played:
    """The judged reply of one question, and those to copies of its last message that are typed badly."""

    reply: Reply
    query: str  # the standalone question that was searched for
    seconds: float
    copies: tuple[Reply, ...]


def play(bot: Bot, question: Question) -> Played:
    """Raises MessageError naming the question where a turn cannot be taken."""
    history: list[Turn] = []
    try:
        for message in question.turns[:-1]:
            history.append(bot.reply(message, history))
        started = time.perf_counter()
        last = bot.reply(question.turns[-1], history)
        seconds = time.perf_counter() - started
        copies = tuple(bot.reply(copy, history).reply for copy in badly_typed(question))
    except MessageError as error:
        raise MessageError(error.code, f"question {question.id!r}: {error}") from error
    return Played(last.reply, last.query.question if last.query else "", seconds, copies)


def badly_typed(question: Question) -> list[str]:
    """The last message shouted, without signs, with curly apostrophes and with one slip; only those that differ."""
    message = question.turns[-1]
    bare = re.sub(r"\s+", " ", re.sub(r"[^\w\s]|_", "", message)).lower()
    curly = message.translate(_CURLED)
    copies = (message.upper(), bare, curly, _slip(message, question.id))
    return [copy for copy in copies if copy not in (message, "", " ")]


def stability(played: Played) -> dict[str, float | None]:
    """How often the copies get what the message got."""
    if not played.copies:
        return {}
    first = _first(played.reply)
    return {
        "stable_route": _share([copy.route is played.reply.route for copy in played.copies]),
        "stable_passage": _share([_first(copy) == first for copy in played.copies]) if first else None,
    }


def _slip(message: str, seed: str) -> str:
    """Two neighboring letters inside one longer word, swapped; which one depends on the seed alone."""
    spots = [
        spot.start() + inside
        for spot in re.finditer(r"[^\W\d_]{5,}", message)
        for inside in range(1, len(spot.group()) - 2)
        if spot.group()[inside] != spot.group()[inside + 1]
    ]
    if not spots:
        return message
    at = random.Random(seed).choice(spots)
    return message[:at] + message[at + 1] + message[at] + message[at + 2 :]


def _first(reply: Reply) -> tuple[str, str] | None:
    return (reply.passages[0].article, reply.passages[0].section) if reply.passages else None


def _share(marks: Sequence[bool]) -> float:
    return sum(marks) / len(marks)
