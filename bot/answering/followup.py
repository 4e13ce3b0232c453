"""A follow-up question to one that stands alone, from what the visitor wrote before."""

import re
from collections.abc import Sequence

from bot.retrieval.lexical import terms

TOPIC_WORDS = 40  # of the earlier question that are carried on
OWN_TERMS = 3  # with more content words than this a message stands alone, whatever it points at
GOES_ON_TERMS = 6  # one that says itself that it goes on from before may have more

_CONNECTS = re.compile(
    r"^\W*((ok|okay|k|kk|yes|yeah|yep|no|nope|well|hmm|ah|oh|right|sure|cool|nice|great|thanks|thx|ty|alright)\W+)*"
    r"(and|but|or|so|then|also|what about|how about|what if|what else|which one|why)\b",
    re.IGNORECASE,
)
_TRAILS = re.compile(r"\b(then|too|as well|instead|the other one|the (first|second|third|last) one)\W*$", re.IGNORECASE)
_POINTS = re.compile(r"\b(it|that|this|them|those|these|he|she|him|her|they)\b", re.IGNORECASE)
# "is it good to massage ..." points at nothing
_DUMMY = re.compile(
    r"\b(is|would|was|be|will) (it|that|this) \w+ (to|if|for|when)\b|\bit (hurts?|helps?) (to|if|when)\b", re.IGNORECASE
)
_ASKS_WHY = re.compile(
    r"^\W*((ok|okay|but|and|so|oh|hmm|really|wait|sorry|please|no|yes)\W+)*"
    r"(why\b|how come\b|how so\b|what for\b|for what reason|what makes you (say|think)|says who|who says|"
    r"what('s| is) (the|your) (reason|source|evidence)|how do you know|on what (basis|grounds)|explain (why|that|this)|"
    r"(is|was) (it|that|this) (really )?(that )?(serious|bad|dangerous|necessary)|what('s| is) wrong with me)",
    re.IGNORECASE,
)
WHY_WORDS = 14  # a longer message asks for more than the reason
_VAGUE = frozenset(terms("long often hard much many soon time times times more else one ones way thing yes no ok said"))


def standalone(message: str, queries: Sequence[str]) -> str:
    """The message itself, or behind the question that it follows up; `queries` are the earlier ones, "" for none."""
    topic = next((query for query in reversed(queries) if query), "")
    if not topic or not leans(message):
        return message
    return " ".join([*topic.split()[-TOPIC_WORDS:], message])


def leans(message: str) -> bool:
    """True where the message cannot be understood alone: it names nothing, goes on from before, or points back."""
    content = [term for term in terms(message) if term not in _VAGUE]
    if not content:
        return True
    if _CONNECTS.search(message) or _TRAILS.search(message):
        return len(content) <= GOES_ON_TERMS
    return len(content) <= OWN_TERMS and bool(_POINTS.search(_DUMMY.sub(" ", message)))


def asks_why(message: str) -> bool:
    """True for a short message that asks for the reason of what was just said ("why?", "how do you know that")."""
    return len(message.split()) <= WHY_WORDS and bool(_ASKS_WHY.search(message))
