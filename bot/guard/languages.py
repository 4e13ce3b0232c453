"""Which messages are not in English. The guard knows English alone, so it must notice what it cannot read."""

import re
import unicodedata
from collections.abc import Collection
from functools import cache
from typing import Any

from bot.guard.words import dictionary_words

# Chosen on the written examples and the visitor questions (English, none may be called foreign) and on a few sentences
# of each language of languages.yaml.
KNOWN = 0.4  # share of words the guard knows, from which a message is English
ENGLISH = 0.8  # share of words of an English dictionary above which it is, whatever else they may be
UNMISTAKABLE = 0.4  # share of those at which it is foreign even if no language stands out
FEWEST = 3  # words in Latin letters; "thx bye" is no language
SURE = 0.3  # probability of the likeliest language that is needed short of that
CERTAIN = 0.8  # the same where most words are in an English dictionary, which holds many foreign names
# The fewer languages are told apart, the surer each is; these are what visitors of an English page are likely to write.
LANGUAGES = (
    "en zh hi es ar fr bn pt ru ur id de it nl pl tr ja ko vi uk fa ro el sv tl sw ta te mr pa he th hu cs da fi"
).split()


def foreign_language(message: str, known: Collection[str]) -> str | None:
    """ISO 639 code of the language where it is not English; None for English and for what is too short to tell.

    `known` are the words the guard knows.
    """
    letters = [c for c in message if c.isalpha()]
    if len(letters) < 2:
        return None
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    if latin <= len(letters) / 2:
        return _likeliest(message)[0]
    words = re.findall(r"[^\W\d_]+", message.lower().replace("'", "").replace("’", ""))
    if len(words) < FEWEST or _share(words, known) >= KNOWN:
        return None
    code, probability = _likeliest(message)
    english = _share(words, dictionary_words())
    needed = CERTAIN if english > ENGLISH else SURE if english > UNMISTAKABLE else 0
    return None if code == "en" or probability < needed else code


def _share(words: list[str], known: Collection[str]) -> float:
    return sum(word in known for word in words) / len(words)


def _likeliest(message: str) -> tuple[str, float]:
    code, probability = _identifier().classify(message)
    return str(code), float(probability)


@cache
def _identifier() -> Any:  # loaded at the first message that may be foreign: it takes a second
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
