"""Fit the weights of bot/answering/confidence.py. Prints them; they are copied by hand. Run: make fit-confidence"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from tqdm import tqdm

from bot.chat import load_bot
from bot.models.train_adapter import listener
from bot.retrieval.formats import read_uncovered
from bot.retrieval.index import NEAREST
from bot.retrieval.retriever import HybridRetriever
from bot.settings import Settings

SAMPLE = 3  # every third question of either kind: more change nothing


def main() -> None:
    """The weights and the bias on standard output, one a line."""
    settings = Settings.load()
    retriever = load_bot(settings).retriever
    index = retriever.index
    places = {question.text: place for place, question in enumerate(index.questions)}
    uncovered = read_uncovered(settings.corpus)
    answered = [q for article in index.articles.values() for own in article.asked.values() for q in own]
    labels = dict.fromkeys(map(places.__getitem__, uncovered), 0) | {places[q]: 1 for q in answered}
    everything = sorted(labels)
    # What a question sounds like must come from weights that were not fitted on it.
    sounds = cross_val_predict(
        listener(),
        retriever.adapter(index.question_vectors[everything]),
        [labels[place] for place in everything],
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="decision_function",
    )
    heard = dict(zip(everything, sounds, strict=True))
    sample = [places[question] for question in (*answered[::SAMPLE], *uncovered[::SAMPLE])]
    features = np.array([(*features_of(retriever, place), heard[place]) for place in tqdm(sample)])
    wanted = [labels[place] for place in sample]
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=2000)
    model.fit(features, wanted)
    names = ("PASSAGE_WEIGHT", "WORDS_WEIGHT", "ANSWERED_WEIGHT", "UNANSWERED_WEIGHT", "SOUNDS_WEIGHT")
    for name, weight in zip(names, model.coef_[0], strict=True):
        print(f"{name} = {weight:.2f}")
    print(f"BIAS = {model.intercept_[0]:.2f}")
    print(f"right on these questions: {model.score(features, wanted):.3f}", file=sys.stderr)


def features_of(retriever: HybridRetriever, place: int) -> tuple[float, float, float, float]:
    """Best passage's cosine and words, and the nearness to answered and unanswered questions other than this one."""
    index = retriever.index
    found = retriever.search(index.questions[place].text, 12)
    cosines = index.question_vectors @ found.asked.vector
    cosines[place] = -1
    unanswered = len(index.unanswered_vectors)
    near = [float(np.sort(own)[-NEAREST:].mean()) for own in (cosines[unanswered:], cosines[:unanswered])]
    return max(hit.dense for hit in found.hits), max(hit.words for hit in found.hits), near[0], near[1]


if __name__ == "__main__":
    main()
