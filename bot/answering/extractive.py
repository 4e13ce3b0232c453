"""The answer in the articles' own words: the few sentences, the list or the steps that answer the question."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.answering.draft import Form, Line, Span, quoted
from bot.retrieval.articles import Kind
from bot.retrieval.retriever import Found, Hit, HybridRetriever, ScoredUnit

READ_HITS = 5  # passages whose sentences are considered
LEAD_BONUS = 0.08  # a section's first sentence answers its heading more often than its cosine tells
RANK_COST = 0.08  # a sentence of a lower passage must be this much closer to the question, per rank
KEEP_WITHIN = 0.3  # sentences this much below the best one still belong to the answer
SAME = 0.88  # cosine at which two sentences say the same
MAX_STEPS = 14
MAX_ITEMS = 9

_HOW_TO = re.compile(
    r"\b(how (do|can|should|would|to|does one|must|might)\b(?! (you|i|we) (know|choose|tell))|steps?|step by step|teach|show me|instructions?|"
    r"guide me|walk me through|way to (do|give|use|massage)|technique for|what do i do to)",
    re.IGNORECASE,
)
_WANTS_LIST = re.compile(
    r"\b(what are|which|list|kinds|types|who should|who must|when should|when not|reasons|signs|examples|what should i (ask|check|avoid|tell)|"
    r"what (benefits|risks|side effects|questions|things)|precautions|warning)\b",
    re.IGNORECASE,
)
_HANGS = re.compile(
    r"(it|its|this|that|these|those|they|them|their|he|she|such|both|another|also|however|but|so|then|thus|therefore|moreover|furthermore|"
    r"additionally|in addition|instead|otherwise|for (this|these|that) reasons?|as a result|similarly|likewise|here|there|the (former|latter|following))\b",
    re.IGNORECASE,
)


def extract(found: Found, retriever: HybridRetriever, sentences: int) -> list[Line]:
    """Lines that answer, each a whole unit of an article; the best passage decides the shape. Empty only without hits."""
    units = retriever.units(found, READ_HITS)
    if not units:
        return []
    top = max(units, key=_rating)
    for hit in _enumerations(found, units, top):
        return _whole_list([unit for unit in units if unit.hit is hit])
    return _sentences(units, sentences)


def _rating(unit: ScoredUnit) -> float:
    """A section's first sentence answers what the section is found by: its heading, or a question written for it."""
    leads = unit.unit.start == unit.hit.chunk.start
    score = max(unit.score + LEAD_BONUS, unit.hit.sentence) if leads else unit.score
    return score - RANK_COST * (unit.hit.rank - 1)


def _enumerations(found: Found, units: Sequence[ScoredUnit], top: ScoredUnit) -> Iterator[Hit]:
    """Passages whose list or steps answer the question, best first."""
    for hit in found.hits[:READ_HITS]:
        its = [unit for unit in units if unit.hit is hit]
        steps = sum(unit.unit.kind is Kind.STEP for unit in its)
        items = sum(unit.unit.kind is Kind.ITEM for unit in its)
        close = hit is top.hit or hit.score > 0.85 * found.hits[0].score
        if steps > 1 and _HOW_TO.search(found.question) and close:
            yield hit
        elif hit is top.hit and steps + items > 1:
            in_list = top.unit.kind is not Kind.PARAGRAPH or _introduces(top)
            if in_list or _WANTS_LIST.search(found.question):
                yield hit


def _whole_list(units: Sequence[ScoredUnit]) -> list[Line]:
    """The passage's opening sentence, then its list with the sentence that introduces it."""
    position = next(i for i, unit in enumerate(units) if unit.unit.kind is not Kind.PARAGRAPH)
    opening = [unit for unit in units[:position] if unit is units[0] or unit is units[position - 1]]
    lines = [quoted(_span(unit)) for unit in opening]
    entries = [unit for unit in units if unit.unit.kind is not Kind.PARAGRAPH]
    limit = MAX_STEPS if entries[0].unit.kind is Kind.STEP else MAX_ITEMS
    if len(entries) > limit and entries[0].unit.kind is Kind.ITEM:  # steps are never thinned out
        best = sorted(entries, key=lambda unit: -unit.score)[:limit]
        entries = [unit for unit in entries if unit in best]
    for unit in entries:
        form = Form.STEP if unit.unit.kind is Kind.STEP else Form.ITEM
        lines.append(quoted(_span(unit), form, unit.unit.number))
    return lines


def _sentences(units: Sequence[ScoredUnit], limit: int) -> list[Line]:
    """The best sentences without repetition: the best passage's first, each passage's in their own order."""
    usable = [unit for i, unit in enumerate(units) if not _introduces(unit) and not _hangs(units, i)]
    ranked = sorted(usable or units, key=lambda unit: -_rating(unit))
    chosen: list[ScoredUnit] = []
    for unit in ranked:
        if len(chosen) == limit or _rating(unit) < _rating(ranked[0]) - KEEP_WITHIN:
            break
        if all(float(unit.vector @ other.vector) < SAME for other in chosen):
            chosen.append(unit)
    first_hit = chosen[0].hit.rank
    chosen.sort(key=lambda unit: (unit.hit.rank != first_hit, unit.hit.rank, unit is not ranked[0], unit.unit.start))
    lines: list[Line] = []
    for _, group in groupby(chosen, key=lambda unit: unit.hit.rank):
        for position, unit in enumerate(group):
            lines.append(quoted(_span(unit), Form.SENTENCE if position else Form.PARAGRAPH))
    return lines


def _introduces(unit: ScoredUnit) -> bool:
    return _span(unit).quote.rstrip().endswith(":")


def _hangs(units: Sequence[ScoredUnit], index: int) -> bool:
    """True for a sentence that leans on the one before it ("It also ...")."""
    return bool(_HANGS.match(_span(units[index]).quote))


def _span(unit: ScoredUnit) -> Span:
    return Span(unit.article, unit.unit.start, unit.unit.end)
