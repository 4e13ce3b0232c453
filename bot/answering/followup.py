"""A follow-up question to one that stands alone, from what the visitor wrote before."""

import re
from collections.abc import Sequence

from bot.retrieval.lexical import terms
from bot.retrieval.query import Query

TOPIC_WORDS = 40  # of the earlier messages that are carried on
OWN_TERMS = 3  # with more content words than this a message stands alone, whatever it points at
GOES_ON_TERMS = 6  # one that says itself that it goes on from before may have more
# What the message by itself counts in a search, beside topic and message together: the old topic outweighs the few new
# words otherwise, and "and how hard?" gets what "how long?" got. Chosen on questions for development.
LEANING_SHARE = 0.5
ECHO_SHARE = 0.2  # one that asks for more of the same: "are you sure?"
SHORT_WORDS = 5  # with no more words than this, and
SHORT_TERMS = 2  # no more of content, it may be an aspect of what was spoken of, or a new subject
SHORT_SHARE = 0.65  # "on the neck" after massage guns, and "tipping" too
CUED_SHARE = 0.8  # one that could stand alone, but for a word that may point back: "does it hurt to lie on it?"

_CONNECTS = re.compile(
    r"^\W*((ok|okay|k|kk|yes|yeah|yep|no|nope|well|hmm|ah|oh|right|sure|cool|nice|great|thanks|thx|ty|alright)\W+)*"
    r"(and|but|or|so|then|also|what about|how about|what if|what else|which one|why)\b",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ENTRIES = "(?:one|option|number|point|step|tip|type|kind)"
_ONE = re.compile(
    rf"\b(?:the|that|your)\s+(?P<nth>{'|'.join(_ORDINALS)}|[1-8](?:st|nd|rd|th)|last)(?:\s+{_ENTRIES}\b|\W*$)|"
    rf"\b{_ENTRIES}\s+(?P<number>[1-8])\b",
    re.IGNORECASE,
)
_TRAILS = re.compile(r"\b(then|too|as well|instead|the other one)\W*$", re.IGNORECASE)
_POINTS = re.compile(r"\b(it|that|this|them|those|these|he|she|him|her|they)\b", re.IGNORECASE)
# "is it good to massage ..." points at nothing
_DUMMY = re.compile(
    r"\b(is|would|was|be|will) (it|that|this) \w+ (to|if|for|when)\b|\bit (hurts?|helps?) (to|if|when)\b", re.IGNORECASE
)
_CUE = re.compile(
    r"\b(it|its|that|thats|this|them|those|these|he|she|him|her|hers|his|they|their|theirs|ones?|mine|there|thing|"
    r"though|tho|then|too|also|either|as well|instead|else|other|still|even|again|same|opposite)\b|"
    r"(?:^|[.?!,;:]\s*)(and|but|or|so|what about|how about|how come|why)\b",
    re.IGNORECASE,
)
# a question with its verb, however short: "what is draping"
_WHOLE = re.compile(r"\W*(what(['’]?s| is| are)|who(['’]?s| is| are)|is|are|do|does|can)\b", re.IGNORECASE)
_ASKS_WHY = re.compile(
    r"^\W*((ok|okay|but|and|so|oh|hmm|really|wait|sorry|please|no|yes)\W+)*"
    r"(why\b|how come\b|how so\b|what for\b|for what reason|what makes you (say|think)|says who|who says|"
    r"what('s| is) (the|your) (reason|source|evidence)|how do you know|on what (basis|grounds)|explain (why|that|this)|"
    r"(is|was) (it|that|this) (really )?(that )?(serious|bad|dangerous|necessary)|what('s| is) wrong with me)",
    re.IGNORECASE,
)
_ECHO = re.compile(
    r"^\W*((ok|okay|but|and|so|oh|hmm+|haha|wait|sorry|please|no|yes)\W+)*"
    r"((why|how come)( not| so| is that)?|how so|really|((are|r) )?((you|u) )?sure|go on|explain( (it|that))?|says who|"
    r"((tell|give) me )?more( about (it|that))?|what do (you|u) mean( by that)?|meaning)"
    r"(\W+(please|pls|info|then|though|tho))*\W*$",
    re.IGNORECASE,
)
WHY_WORDS = 14  # a longer message asks for more than the reason
_VAGUE = frozenset(terms("long often hard much many soon time times times more else one ones way thing yes no ok said"))
_ENTRY = re.compile(r"^(?:-|\d+\.)\s+(.+?)(?:\s*\[\d+\])*$", re.MULTILINE)  # of a list in a reply
_NAME = r"\w[\w'’-]*(?: \w[\w'’-]*){0,2}?"
_NAMED = r"(?!(?:or|and)\b)\w[\w'’-]*(?: (?!(?:or|and)\b)\w[\w'’-]*){0,2}"
_SERIES = re.compile(rf"(?:{_NAMED}, )+{_NAMED},? (?:or|and) {_NAMED}|(?:{_NAMED}, ){{2,}}{_NAMED}", re.IGNORECASE)
_OPENS_QUESTION = re.compile(r"(what|which|who|where|when|how|why|is|are|do|does|can|should)(s|'s)?\b", re.IGNORECASE)
_DIVIDES = re.compile(r",? (?:or|and) |, ", re.IGNORECASE)
_ALTERNATIVES = re.compile(
    rf"\bbetween (?P<one>{_NAME}) and (?P<other>{_NAME})(?=[^\w ]|$)|"
    rf"(?P<first>\w[\w'’-]*(?: \w[\w'’-]*)?),? (?:or|vs\.?|versus) (?P<second>\w[\w'’-]*(?: \w[\w'’-]*){{0,3}})",
    re.IGNORECASE,
)


def standalone(message: str, before: Sequence[str], answer: str = "") -> Query:
    """The message with as much of the topic as it needs.

    `before` are the visitor's earlier messages without small talk, `answer` is the last reply as Markdown.
    """
    if not before:
        return Query(message)
    if one := _pointed_at(message, before[-1], answer):
        return Query(message, one, LEANING_SHARE, leans=True)
    topic = " ".join(" ".join(before).split()[-TOPIC_WORDS:])
    if leans(message):
        return Query(message, topic, ECHO_SHARE if _ECHO.search(message) else LEANING_SHARE, leans=True)
    if _CUE.search(_DUMMY.sub(" ", message)):
        return Query(message, topic, CUED_SHARE)
    if _is_short(message):
        return Query(message, topic, SHORT_SHARE)
    return Query(message)


def leans(message: str) -> bool:
    """True where the message cannot be understood alone: it names nothing, goes on from before, or points back."""
    content = _content(message)
    if not content or _ECHO.search(message):
        return True
    if _CONNECTS.search(message) or _TRAILS.search(message) or _ONE.search(message):
        return len(content) <= GOES_ON_TERMS
    return len(content) <= OWN_TERMS and bool(_POINTS.search(_DUMMY.sub(" ", message)))


def _is_short(message: str) -> bool:
    few = len(message.split()) <= SHORT_WORDS and len(_content(message)) <= SHORT_TERMS
    return few and not _WHOLE.match(message)


def _content(message: str) -> list[str]:
    return [term for term in terms(message) if term not in _VAGUE]


def asks_why(message: str) -> bool:
    """True for a short message that asks for the reason of what was just said ("why?", "how do you know that")."""
    return len(message.split()) <= WHY_WORDS and bool(_ASKS_WHY.search(message))


def _pointed_at(message: str, before: str, answer: str) -> str:
    """What "the second one" means: of the list just shown, else of what was named one after the other just now."""
    found = _ONE.search(message)
    if not found:
        return ""
    entries = _ENTRY.findall(answer) or _series(before) or _alternatives(before) or _series(answer)
    if not entries:
        return ""
    place = _place((found["nth"] or found["number"]).lower())
    return entries[place] if place < len(entries) else ""


def _place(nth: str) -> int:
    """ "second", "2nd" and "2" are 1; "last" is -1."""
    if nth == "last":
        return -1
    return int(nth[0]) - 1 if nth[0].isdigit() else _ORDINALS.index(nth)


def _series(text: str) -> list[str]:
    """ "floor, bed or wall?" names three; words before the first of them may come along."""
    found = _SERIES.search(text)
    return [name for name in _DIVIDES.split(found[0]) if not _OPENS_QUESTION.match(name)] if found else []


def _alternatives(question: str) -> list[str]:
    """ "massage or physio, which is better" has two; only the words next to "or" are sure to belong to them."""
    found = _ALTERNATIVES.search(question)
    return [name for name in found.groups() if name] if found else []
