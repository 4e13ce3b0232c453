"""The answer in the articles' own words: the few sentences, the list or the steps that answer the question."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from bot.answering.draft import Form, Line, Span, quoted, unescape
from bot.answering.trace import Trace
from bot.answering.yesno import leading_word
from bot.retrieval.articles import Kind
from bot.retrieval.query import Query
from bot.retrieval.retriever import Found, Hit, HybridRetriever, ScoredUnit

READ_HITS = 5  # passages whose sentences are considered
BEHIND_COST = 0.6  # a sentence must be nearer to the question by this share of what its passage is behind the first
KEEP_BESIDE = 0.25  # a sentence this much below the best one, in the same passage, still belongs to the answer
KEEP_ELSEWHERE = 0.18  # in another passage
AHEAD = 0.05  # a sentence this much nearer to the question than its section's first one opens the answer
SAME = 0.88  # cosine at which two sentences say the same
STEPS_NEAR = 0.6  # steps answer a how-to question from this share of the best score on, within the best article
STEPS_FAR = 0.85  # and elsewhere
USUAL_WORDS = 20  # of a sentence; of shorter ones an answer may hold more
STEPS_WITHIN = 0.2  # and only if one of their sentences comes this near to the best one
MOST_TOGETHER = 3  # sentences of a statement: "It ..." with the two before it, if each leans on the one before
BEST = 5  # units, of which
MOSTLY = 4  # in one list make the whole list the answer to who did not ask for one
SOME = 3  # of the best, steps of one list: a few of them without the others would mislead
MAX_STEPS = 14
MAX_ITEMS = 9

_HOW_TO = re.compile(
    r"\b(how (do|can|should|would|to|does one|must|might)\b(?! (you|i|we) (know|choose|tell))|steps?|step by step|"
    r"teach|show me|instructions?|guide me|walk me through|way to (do|give|use|massage)|technique for|what do i do to|"
    r"(in )?(what|which) order|day by day|what do i do first|procedure|routine|plan for)\b",
    re.IGNORECASE,
)
_WANTS_LIST = re.compile(
    r"\b(what are|which|list|kinds|types|who should|who must|when should|when not|reasons|signs|examples|precautions|"
    r"what should i (ask|check|avoid|tell)|what (benefits|risks|side effects|questions|things)|warning)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(why|what(?! about)|when|where|who|which|how(?! about)|is|are|was|does|do|did|can|could|"
    r"should|would|will|may)\b",
    re.IGNORECASE,
)
_HANGS = re.compile(
    r"(it|its|this|that|these|those|they|them|their|he|she|such|both|another|also|however|but|so|then|thus|therefore|"
    r"moreover|furthermore|additionally|in addition|instead|otherwise|for (this|these|that) reasons?|as a result|"
    r"similarly|likewise|here|there|the (former|latter|following))\b",
    re.IGNORECASE,
)
_ABOUT_ITSELF = re.compile(
    r"\b(in this (article|post|guide|section|blog)|let[’']?s (explore|take|look|dive|find|see|discuss)|keep reading|"
    r"read on|follow along|ever wondered|look no further|we (will|[’']ll) (explore|discuss|look|cover|answer|delve)|"
    r"right place|see also|click|subscribe)\b",
    re.IGNORECASE,
)


def extract(found: Found, retriever: HybridRetriever, sentences: int, trace: Trace) -> list[Line]:
    """Lines that answer, each a whole unit of an article; the best passage decides the shape. None without hits."""
    units = trace.considered = retriever.units(found, READ_HITS)
    if not units:
        return []
    top = max((unit for unit in units if not _introduces(unit)), key=_rating, default=units[0])
    for hit in _enumerations(found, units, top):
        for unit in units:
            if unit.hit is not hit:
                trace.leave_out_unit(unit, "a whole list answers")
        return _whole_list([unit for unit in units if unit.hit is hit], trace)
    return _answered(found.query.message, _sentences(units, sentences, trace))


def _answered(question: str, lines: Sequence[Line]) -> list[Line]:
    """The lines, the first one opened by a yes or no where the question asks for one and the sentence carries it."""
    first, *rest = lines
    word = leading_word(question, unescape(first.text))
    return [replace(first, lead=word), *rest]


def _form(query: Query) -> str:
    """The words that say whether a list or steps are asked for: "and for her?" asks what was asked before."""
    return query.message if _ASKS.search(query.message) else query.question


def _rating(unit: ScoredUnit) -> float:
    """How well a unit answers. A section's first sentence answers the questions that were written for the section."""
    leads = unit.unit.start == unit.hit.chunk.start
    score = max(unit.score, unit.hit.question) if leads else unit.score
    return score - BEHIND_COST * unit.behind


def _enumerations(found: Found, units: Sequence[ScoredUnit], top: ScoredUnit) -> Iterator[Hit]:
    """Passages whose list or steps answer the question, best first: steps only for who asks how."""
    how_to = bool(_HOW_TO.search(_form(found.query)))
    nearest = max(unit.score for unit in units)
    best = sorted((unit for unit in units if not _introduces(unit)), key=_rating, reverse=True)[:BEST]
    for hit in found.hits[:READ_HITS]:
        its = [unit for unit in units if unit.hit is hit]
        steps = sum(unit.unit.kind is Kind.STEP for unit in its)
        items = sum(unit.unit.kind is Kind.ITEM for unit in its)
        same_article = hit.chunk.article == top.hit.chunk.article
        close = hit is top.hit or hit.score > (STEPS_NEAR if same_article else STEPS_FAR) * found.hits[0].score
        fits = max((unit.score for unit in its), default=0.0) > nearest - STEPS_WITHIN
        if steps > 1 and how_to and close and fits:
            yield hit
        elif hit is top.hit and items + steps > 1:
            listed = sum(unit.hit is hit and unit.unit.kind is not Kind.PARAGRAPH for unit in best)
            most = SOME if steps else MOSTLY
            if listed >= most or (items and listed and _WANTS_LIST.search(_form(found.query))):
                yield hit


def _whole_list(units: Sequence[ScoredUnit], trace: Trace) -> list[Line]:
    """The passage's opening sentence, then its list with the sentence that introduces it."""
    position = next(i for i, unit in enumerate(units) if unit.unit.kind is not Kind.PARAGRAPH)
    opening = [unit for unit in units[:position] if unit is units[0] or unit is units[position - 1]]
    lines = [quoted(_span(unit)) for unit in opening]
    entries = [unit for unit in units if unit.unit.kind is not Kind.PARAGRAPH]
    limit = MAX_STEPS if entries[0].unit.kind is Kind.STEP else MAX_ITEMS
    if len(entries) > limit and entries[0].unit.kind is Kind.ITEM:  # steps are never thinned out
        best = sorted(entries, key=lambda unit: -unit.score)[:limit]
        for unit in entries:
            if unit not in best:
                trace.leave_out_unit(unit, f"the list is longer than {limit} items, and others are nearer")
        entries = [unit for unit in entries if unit in best]
    for unit in entries:
        form = Form.STEP if unit.unit.kind is Kind.STEP else Form.ITEM
        lines.append(quoted(_span(unit), form, unit.unit.number))
    return lines


def _sentences(units: Sequence[ScoredUnit], limit: int, trace: Trace) -> list[Line]:
    """The best sentences without repetition: the best passage's first, each passage's in their own order."""
    statements = dict(_statements(units)) or {unit: (unit,) for unit in units}
    for unit in units:
        if unit not in statements:
            trace.leave_out_unit(unit, "it introduces, asks, or cannot be understood alone")
    ranked = sorted(statements, key=lambda unit: -_rating(unit))
    # A section is found by questions about any of its sentences: the one that is nearest to this question comes along.
    nearest = max((unit for unit in ranked if unit.hit is ranked[0].hit), key=lambda unit: unit.score)
    chosen: dict[ScoredUnit, tuple[ScoredUnit, ...]] = {}
    said: list[ScoredUnit] = []
    for unit in dict.fromkeys([ranked[0], nearest, *ranked]):
        within = KEEP_BESIDE if unit.hit is ranked[0].hit else KEEP_ELSEWHERE
        least = _rating(ranked[0]) - within
        new = [part for part in statements[unit] if part not in said]
        if unit is not nearest and _rating(unit) < least:
            trace.leave_out_unit(unit, f"it is rated {_rating(unit):.2f}, and the best here asks for {least:.2f}")
            continue
        twin = next((other for other in said if float(unit.vector @ other.vector) >= SAME), None)
        if twin:
            if twin is not unit:  # else it is in the answer already, for one that leans on it
                trace.leave_out_unit(unit, f"it says the same as “{twin.quote}”")
        elif said and len(said) + len(new) > limit and _words(said) + _words(new) > limit * USUAL_WORDS:
            trace.leave_out_unit(unit, f"the answer is as long as {limit} usual sentences already, or would be")
        else:
            chosen[unit] = statements[unit]
            said += new
    opening = nearest if nearest.score >= ranked[0].score + AHEAD and nearest in chosen else ranked[0]
    order = sorted(
        chosen,
        key=lambda unit: (unit.hit is not opening.hit, unit.hit.rank, unit is not opening, unit.unit.start),
    )
    lines: list[Line] = []
    shown: set[ScoredUnit] = set()
    for _, group in groupby(order, key=lambda unit: unit.hit.rank):
        parts = [part for unit in group for part in chosen[unit]]
        for position, part in enumerate(dict.fromkeys(part for part in parts if part not in shown)):
            shown.add(part)
            lines.append(quoted(_span(part), Form.SENTENCE if position else Form.PARAGRAPH))
    return lines


def _statements(units: Sequence[ScoredUnit]) -> Iterator[tuple[ScoredUnit, tuple[ScoredUnit, ...]]]:
    """Each sentence that may be quoted, with those before it in its paragraph that it cannot be understood without."""
    before: tuple[ScoredUnit, ...] = ()
    for unit in units:
        follows = before and before[-1].hit is unit.hit and before[-1].unit.block == unit.unit.block
        if _introduces(unit) or _asks_or_is_about_itself(unit):
            before = ()
        elif _HANGS.match(unit.quote.strip()):
            before = (*before, unit) if follows else ()
        else:
            before = (unit,)
        if 0 < len(before) <= MOST_TOGETHER:
            yield unit, before


def _introduces(unit: ScoredUnit) -> bool:
    return unit.quote.rstrip().endswith(":")


def _asks_or_is_about_itself(unit: ScoredUnit) -> bool:
    """A sentence that asks, or is about the article and not its subject."""
    quote = unit.quote.strip()
    return quote.endswith("?") or bool(_ABOUT_ITSELF.search(quote))


def _words(units: Sequence[ScoredUnit]) -> int:
    return sum(len(unit.quote.split()) for unit in units)


def _span(unit: ScoredUnit) -> Span:
    return Span(unit.article, unit.unit.start, unit.unit.end)
