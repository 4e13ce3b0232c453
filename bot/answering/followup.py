"""A follow-up question to one that stands alone, from what the visitor wrote before."""

import re
from collections.abc import Sequence

from bot.reply import Turn
from bot.retrieval.lexical import terms

TOPIC_WORDS = 40  # of the earlier question that are carried on
FEW_TERMS = 2  # content words below which a message cannot be a question of its own

_LEANS = re.compile(
    r"^\W*(and|but|or|so|then|also|what about|how about|why|how (long|often|hard|much|many|soon|come)|what (if|else)|"
    r"which one|is (that|it|this)|does (it|that|this)|can (it|that|this)|for how long|when|where|who|really|ok|okay|"
    r"yes|no|more|tell me more|the (first|second|third|last) one)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(r"\b(it|that|this|them|those|these|one|ones|there|he|she|him|her|they|same)\b", re.IGNORECASE)


def standalone(message: str, history: Sequence[Turn]) -> str:
    """The message itself, or behind the question that it follows up."""
    topic = next((turn.query for turn in reversed(history) if turn.query), "")
    if not topic or not leans(message):
        return message
    return " ".join([*topic.split()[-TOPIC_WORDS:], message])


def leans(message: str) -> bool:
    """True where the message cannot be understood alone: it points back, or names hardly anything."""
    content = len(terms(message))
    if content <= FEW_TERMS and (_LEANS.search(message) or _POINTS.search(message) or content <= 1):
        return True
    return content <= FEW_TERMS + 1 and bool(_LEANS.search(message)) and bool(_POINTS.search(message))
