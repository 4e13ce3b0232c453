"""Does somebody have this sign now? A match is dropped only when the message plainly says no.

Deliberately lopsided: in visitors' words a negation is often the sign itself ("can't feel my foot"), so only a cue that
stands before the match, in the same clause and with nothing that ends its reach, suppresses. Other people's symptoms count.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.guard.words import COMMA, Clause

Span = tuple[int, int]  # first and last word of a match in its clause

REACH_WORDS = 7  # how far before a match its negation may stand

_NEGATIONS = frozenset(
    "no not never without none neither nor nothing zero dont doesnt didnt havent hasnt hadnt isnt arent wasnt werent aint "
    "denies denied deny denying negative nobody".split()
)
_NOT_A_NEGATION = (  # "not sure if it is numb" denies nothing
    "not sure|not certain|not only|not just|not better|not getting|not going|not gone|not improving|not helping|not right|not normal|"
    "no idea|no clue|no matter|no improvement|no better|no relief|no reason|no change|no doubt|no longer|no joke|no wonder|no sleep|"
    "not to mention|dont know|dont understand|dont care|dont want|dont tell|dont say|dont judge|dont mind|didnt help|doesnt help|"
    "isnt helping|hasnt helped|havent slept|cant|not long|not able|not feeling|dont feel|doesnt feel|not much|not working|"
    "doesnt go|doesnt get|hasnt gone|wont go|never had|not had"
)
_PSEUDO = re.compile(rf" (?:{_NOT_A_NEGATION}) ")
_PAST_NEVER = re.compile(r" (?:never had|have not had|havent had|not had) (?:any |a )?$")
_TERMINATORS = frozenset("but except although though however yet besides instead because since then only just still now".split())
_CONJUNCTIONS = frozenset({"and", "or", "nor", COMMA, "plus"})
_LISTED = frozenset(  # ordinary complaints that stand beside flags in a list of denials
    "pain pains ache aches aching swelling stiffness fever problem problems issue issues symptom symptoms trouble sign signs "
    "injury injuries illness redness bruising tingle numb weak weird funny strange".split()
)
_SUBJECTS = frozenset(
    "i im ive my me he she his her it its they their we our the there is are was has have feel feels felt got this that".split()
)
_PERSON = frozenset(
    "i im ive id ill my me mine myself we our us he hes she shes his her him hers they theyre their them wife husband partner mum mom "
    "mother dad father son daughter kid child baby client patient friend boyfriend girlfriend brother sister gran grandma grandad "
    "grandpa nan mums moms dads wifes husbands uncle aunt colleague hubby".split()
)
_ASKS = frozenset(
    "can could does do did is are was what whats when why how should which who would will where whether tell explain may".split()
)
_ABOUT_OWN = re.compile(
    r" (?:is (?:that|this) (?:normal|ok|okay|bad|serious|dangerous|safe|fine)|since|after my|right now|today|yesterday|tonight|"
    r"(?:days?|weeks?|months?|hours?) (?:now|already|straight)|(?:dont|wont|doesnt) (?:stop|go away|go)) "
)
_CURIOUS = re.compile(
    r" (?:in general|generally|just curious|out of curiosity|hypothetical\w*|for (?:a |my )?(?:school|essay|course|homework|exam|class|study)|"
    r"no (?:symptoms|problem|problems|complaints) (?:myself|at all|here|of my own)|dont have (?:any|it|that|this|them|either) (?:myself|now)?) ?"
)
_PAST = re.compile(
    r" (?:ago|last (?:year|month|winter|summer|spring|autumn|fall|week|time)|used to|years back|back in|as a (?:kid|child|teen\w*)|"
    r"when i was|in (?:19|20)\d\d|once had|in the past|previously|had|was|were|went|got) "
)
_GONE = re.compile(
    r" (?:(?:gone|went) (?:now|completely|since|away|for good|ever since)|(?:all|fully|completely|totally|long) (?:gone|better|clear|fine|healed|recovered)|"
    r"went away|cleared(?: up)?|resolved|fine (?:now|since|again|ever since|today)|(?:is|was|am|im|been|its) (?:fine|ok|okay|good|alright|all right)(?: now| since| again)?|healed|"
    r"better (?:now|since)|recovered|no longer|not any ?more|any ?more|all clear|"
    r"turned out|it passed|passed (?:in|after|within)|has not come back|hasnt come back|never came back|never returned|hasnt returned|"
    r"(?:im|i am|now|is|its|hes|shes) (?:just|only) (?:stiff|tight|sore|tired|tense|achy)|nothing (?:now|since|today)|(?:completely|totally|perfectly) (?:fine|ok|okay|normal|healthy)|disappeared|stopped (?:on|by|after|as soon|when)) "
)
_PERSISTS = re.compile(
    r" (?:still|again|comes and goes|come and go|keeps?|keep|came back|is back|returned|ongoing|worse|worsening|now (?:it|its|my|the|i)|not gone|never went|"
    r"hasnt gone|wont go|every (?:day|night|time)|since then) "
)


@dataclass(frozen=True)
class Match:
    """A phrase of flag or sign `id` found in a clause."""

    id: str
    clause: Clause
    first: int
    last: int


def denied(match: Match, others: Sequence[Match]) -> bool:
    """True where the clause itself says that the sign is absent."""
    return _negated_before(match, others) or _negated_after(match)


def general(match: Match, message: Sequence[Clause]) -> bool:
    """True for a question about the sign by someone who writes of nobody who has it."""
    whole = "".join(clause.text for clause in message)
    if _CURIOUS.search(whole):
        return True
    words = [word.text for word in match.clause.words]
    opening = [word for word in words if word not in ("so", "hi", "hello", "and", "ok", COMMA, "but", "also", "please")][:1]
    asks = bool(opening) and opening[0] in _ASKS
    if not asks or _ABOUT_OWN.search(whole):
        return False
    return not any(word in _PERSON for clause in message for word in (w.text for w in clause.words))


def finished(match: Match, message: Sequence[Clause]) -> bool:
    """True where the sign is told as past and the message says that it is gone, and nothing says that it is back."""
    near = [c for c in message if abs(c.sentence - match.clause.sentence) <= 1]
    text = "".join(clause.text for clause in near).replace(f" {COMMA} ", " ")
    if not _GONE.search(text) or not _PAST.search(match.clause.text):
        return False
    rest = _GONE.sub(" ", " ".join(clause.text for clause in message))  # "never came back" must not read as "came back"
    return not _PERSISTS.search(rest)


def _negated_before(match: Match, others: Sequence[Match]) -> bool:
    """ "no numbness", "isn't tingling or weak", "denies pain, fever and night sweats"."""
    words = [word.text for word in match.clause.words]
    said = {i for other in others if other.clause is match.clause for i in range(other.first, other.last + 1)}
    # A negation inside another match is part of that sign ("no appetite"), not a denial of this one.
    cues = [i for i in range(match.first) if words[i] in _NEGATIONS and i not in said and not _pseudo(match.clause, i)]
    if not cues:
        return False
    between = range(cues[-1] + 1, match.first)
    if any(words[i] in _TERMINATORS for i in between):
        return False
    segments: list[list[int]] = [[]]
    for i in between:
        if words[i] in _CONJUNCTIONS:
            segments.append([])
        else:
            segments[-1].append(i)
    if len(segments) == 1:
        return len(between) <= REACH_WORDS
    # A list of complaints: its first entry is one, and none of its entries begins a statement of its own.
    opens_list = any(i in said or words[i] in _LISTED for i in segments[0])
    goes_on = any(words[i] in _SUBJECTS for segment in segments[1:] for i in segment[:2])
    return opens_list and not goes_on and max(map(len, segments)) <= REACH_WORDS


def _pseudo(clause: Clause, index: int) -> bool:
    """True where the word at that index opens a phrase that denies nothing."""
    start = sum(len(word.text) + 1 for word in clause.words[:index])
    return any(m.start() == start for m in _overlapping(_PSEUDO, clause.text)) and not _PAST_NEVER.search(
        " ".join(["", *(word.text for word in clause.words[: index + 2]), ""])
    )


def _overlapping(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found = []
    position = 0
    while match := pattern.search(text, position):
        found.append(match)
        position = match.start() + 1
    return found


def _negated_after(match: Match) -> bool:
    """ "numbness: none", "tingling no"; but not "tingling, no matter what I do"."""
    rest = [word.text for word in match.clause.words[match.last + 1 : match.last + 4]]
    if rest[:1] == [COMMA]:
        rest = rest[1:]
    if not rest or rest[0] not in ("no", "none", "nope", "negative", "never", "nil", "absent"):
        return False
    return len(rest) == 1 or rest[1] in (COMMA, "and", "or")
