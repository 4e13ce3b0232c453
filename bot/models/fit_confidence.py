"""Fit the weights of bot/answering/confidence.py. Prints them; they are copied by hand. Run: make fit-confidence"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from bot.chat import load_bot
from bot.retrieval.formats import read_uncovered
from bot.retrieval.index import NEAREST
from bot.retrieval.retriever import HybridRetriever
from bot.settings import Settings

SAMPLE = 3  # every third question of either kind: more change nothing


def main() -> None:
    """Weights of the passage, the answered and the unanswered questions, and the bias, on standard output."""
    settings = Settings.load()
    retriever = load_bot(settings).retriever
    places = {question.text: place for place, question in enumerate(retriever.index.questions)}
    asked = [q for article in retriever.index.articles.values() for own in article.asked.values() for q in own]
    rows = [(question, 1) for question in asked[::SAMPLE]]
    rows += [(question, 0) for question in read_uncovered(settings.corpus)[::SAMPLE]]
    features = np.array([features_of(retriever, question, places[question]) for question, _ in tqdm(rows)])
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=2000)
    model.fit(features, [label for _, label in rows])
    names = ("PASSAGE_WEIGHT", "ANSWERED_WEIGHT", "UNANSWERED_WEIGHT")
    for name, weight in zip(names, model.coef_[0], strict=True):
        print(f"{name} = {weight:.1f}")
    print(f"BIAS = {model.intercept_[0]:.1f}")
    print(f"right on these questions: {model.score(features, [label for _, label in rows]):.3f}", file=sys.stderr)


def features_of(retriever: HybridRetriever, question: str, place: int) -> tuple[float, float, float]:
    """Best passage's cosine, and the nearness to answered and unanswered questions other than this one."""
    found = retriever.search(question, 12)
    index = retriever.index
    cosines = index.question_vectors @ found.asked.vector
    cosines[place] = -1
    unanswered = len(index.unanswered_vectors)
    near = [float(np.sort(own)[-NEAREST:].mean()) for own in (cosines[unanswered:], cosines[:unanswered])]
    return max(hit.dense for hit in found.hits), near[0], near[1]


if __name__ == "__main__":
    main()
