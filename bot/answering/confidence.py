"""How sure we are that what was retrieved answers the question: one number, one threshold."""

import math

from bot.retrieval.retriever import Found

# Logistic regression on the answerable and out-of-scope questions of eval/questions (dev.jsonl and guard-dev.jsonl, the
# test files unseen). Setting min_confidence is where fewer answerable ones were refused at no loss of the others.
PASSAGE_WEIGHT = 2.6
PROBE_WEIGHT = 6.8
BIAS = -4.0


def confidence(found: Found) -> float:
    """Between 0 and 1, from the best cosine of a whole passage and of a sentence, heading or written question."""
    if not found.hits:
        return 0.0
    passage = max(hit.dense for hit in found.hits)
    probe = max(hit.sentence for hit in found.hits)
    return 1 / (1 + math.exp(-(BIAS + PASSAGE_WEIGHT * passage + PROBE_WEIGHT * probe)))
