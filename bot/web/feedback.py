"""Visitors' thumbs: the reasons that the page offers, and what a program may send to /api/feedback."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from bot.errors import MessageError
from bot.records.tables import Reason, Thumb

COMMENT_LIMIT = 1000  # characters
REASONS = {  # as the form offers them, under either thumb
    Thumb.UP: {Reason.HELPFUL: "It answered my question", Reason.OTHER: "Something else"},
    Thumb.DOWN: {
        Reason.WRONG: "It is wrong",
        Reason.INCOMPLETE: "Something is missing",
        Reason.OFF_TOPIC: "It is not what I asked",
        Reason.UNCLEAR: "It is hard to understand",
        Reason.UNSAFE: "It could hurt somebody",
        Reason.OTHER: "Something else",
    },
}
EXAMPLE = 'send {"id": "...", "conversation_id": "...", "thumb": "up"}, with the ids of the reply'

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Given:
    """What a visitor says about one reply."""

    reply_id: str
    conversation_id: str
    thumb: Thumb
    reason: Reason | None
    comment: str
    send_along: bool


def read_feedback(body: bytes) -> Given:
    """What a request says. Raises MessageError with one sentence on what is wrong with it."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError("not_json", f"The request is not JSON; {EXAMPLE}.") from error
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in ("id", "conversation_id")):
        raise MessageError("no_reply", f"The request names no reply; {EXAMPLE}.")
    thumb = _one_of(Thumb, said, "thumb")
    if thumb is None:
        raise MessageError("no_thumb", f"The request has no thumb; {EXAMPLE}.")
    comment, send_along = said.get("comment") or "", said.get("send_along") or False
    if not isinstance(comment, str) or not isinstance(send_along, bool):
        raise MessageError("bad_feedback", "comment must be a string and send_along true or false.")
    comment = comment.strip()
    if len(comment) > COMMENT_LIMIT:
        raise MessageError(
            "too_long",
            f"Your comment has {len(comment):,} characters; please shorten it to {COMMENT_LIMIT:,} or fewer.",
        )
    if comment and not send_along:
        raise MessageError("no_consent", 'A comment is kept only with the question and the reply: "send_along": true.')
    reason = _one_of(Reason, said, "reason")
    return Given(said["id"], said["conversation_id"], thumb, reason, comment, send_along)


def _one_of(words: type[Word], said: dict[str, Any], name: str) -> Word | None:
    """The word under that name; None where there is none."""
    value = said.get(name)
    if value is None or value in list(words):
        return None if value is None else words(value)
    raise MessageError("bad_feedback", f"{name} must be one of {', '.join(words)}.")
