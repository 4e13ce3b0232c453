"""Words to the terms BM25 counts: lower case, no stop words, stems."""

import re
from functools import cache, lru_cache

import Stemmer
from bm25s.stopwords import STOPWORDS_EN

_WORD = re.compile(r"[^\W_]+")
# Question words and politeness carry no topic; bm25s's own list keeps them.
_STOP = frozenset(STOPWORDS_EN) | frozenset(
    """
    i me my we you your he she him her his they them our us am do does did can could should would may might shall will
    what when where which who why how whom have has had been being please thanks hi hello ok okay just so some any get
    got go let tell know want need like really very much many too about from than then there here im ive id dont cant
    doesnt isnt didnt wont don t s m ve re ll d isn doesn didn good
    """.split()
)


def terms(text: str) -> list[str]:
    """Stems of the content words, in order, repeated as often as they occur."""
    words = (word for word in _WORD.findall(text.lower()) if word not in _STOP)
    return [_stem(word) for word in words]


def is_topical(word: str) -> bool:
    """False for punctuation and for words that tell nothing of the subject."""
    return word.isalnum() and word.lower() not in _STOP


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    stem: str = _stemmer().stemWord(word)
    return stem


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")
