"""How sure we are that what was retrieved answers the question: one number, one threshold."""

import math

from bot.retrieval.retriever import Found

# Logistic regressions, fitted by bot/models/fit_confidence.py on the visitor questions of the articles and on
# corpus/articles/uncovered.yaml; BIAS moves the border so that 0.5 refuses 1 % of the answerable development questions.
# At 2 % it would find one in thirty more of the others.
PASSAGE_WEIGHT = 7.6
ANSWERED_WEIGHT = 21.3
UNANSWERED_WEIGHT = -26.9
BIAS = 0.6
# Of a folder without such questions only the passages can be judged.
ALONE_PASSAGE_WEIGHT = 2.6
ALONE_PROBE_WEIGHT = 6.8
ALONE_BIAS = -3.4


def confidence(found: Found) -> float:
    """Between 0 and 1: from the best passage's cosine, and how near the question is to known ones of either kind."""
    if not found.hits:
        return 0.0
    passage = max(hit.dense for hit in found.hits)
    if found.familiarity:
        answered, unanswered = found.familiarity
        return _logistic(BIAS + PASSAGE_WEIGHT * passage + ANSWERED_WEIGHT * answered + UNANSWERED_WEIGHT * unanswered)
    probe = max(max(hit.sentence, hit.question) for hit in found.hits)
    return _logistic(ALONE_BIAS + ALONE_PASSAGE_WEIGHT * passage + ALONE_PROBE_WEIGHT * probe)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
