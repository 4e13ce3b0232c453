"""Yes, no, usually or it depends: what opens the answer to a yes-no question, where its first sentence says so."""

import re

from bot.retrieval.lexical import terms

LEAST_SHARED = 0.75  # of the question's content words in the sentence; below, it answers something else
FEWEST_SHARED = 2

_POLAR = re.compile(
    r"^\W*((hi|hello|hey|so|and|but|ok|okay|also|please|well)\W+)*"
    r"(is|are|was|were|does|do|did|can|could|should|will|would|may|must|has|have)\b(?!n['’]?t\b| not\b)",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\b(or|rather than|versus|vs|than)\b", re.IGNORECASE)
_DEPENDS = re.compile(r"\bdepends?\b", re.IGNORECASE)
_NOT = re.compile(r"\b(no|not|never|cannot|\w+n[’']t|unproven|neither|nobody|nothing)\b", re.IGNORECASE)
_MOSTLY = re.compile(r"\b(usually|mostly|generally|most)\b", re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(may|might|could|can(?! not)|some|sometimes|often|rarely|seldom|perhaps|possibly|hints?|weak|small|unclear|"
    r"unknown|if|unless|until|avoid|only|when|while|but|however|although|though|except|instead|rather|before|without)\b",
    re.IGNORECASE,
)
_SAID = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
_GOOD = re.compile(
    r"\b(good|safe|safely|fine|okay|ok|alright|allowed|right|healthy|useful|helpful|beneficial|harmless|welcome)\b",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"\b(bad|unsafe|dangerous|harmful|wrong|risky|unhealthy|useless|poor|poorly|unwise|unsuitable|worse|worst)\b",
    re.IGNORECASE,
)
_PERMISSION = re.compile(r"\b(can|could|may|should|must) (i|we|you|he|she|they|one|my|our|someone)\b", re.IGNORECASE)


def leading_word(question: str, sentence: str) -> str:
    """The word with its full stop; "" where the question asks for more, or the sentence does not decide it."""
    polar = _POLAR.match(question) and not _CHOICE.search(question)
    if not polar or _SAID.match(sentence) or not _on_the_same(question, sentence):
        return ""
    if _DEPENDS.search(sentence):
        return "It depends."
    wished, told, denials = _sign(question), _sign(sentence), len(_NOT.findall(sentence))
    # A judgment that is asked for must be given (to name risks is none); one that was not asked for decides nothing.
    sign = wished * told if wished else min(told, 0) + 1
    sign = {0: sign, 1: -sign}.get(denials, 0)  # what is denied twice is left to the reader
    unallowed = _PERMISSION.search(question) and not (told or denials)  # what is only spoken of is not yet allowed
    if unallowed or _HEDGED.search(sentence):
        return ""
    yes, no = ("Usually.", "Usually not.") if _MOSTLY.search(sentence) else ("Yes.", "No.")
    return {1: yes, -1: no}.get(sign, "")


def _on_the_same(question: str, sentence: str) -> bool:
    """True where the sentence takes up nearly all the question speaks of, judgments aside."""
    asked = set(terms(_BAD.sub(" ", _GOOD.sub(" ", question))))
    shared = asked & set(terms(sentence))
    return len(shared) >= max(FEWEST_SHARED, LEAST_SHARED * len(asked))


def _sign(text: str) -> int:
    """1 for words of approval, -1 for words of warning, 0 for neither or both."""
    return bool(_GOOD.search(text)) - bool(_BAD.search(text))
