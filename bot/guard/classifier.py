"""The trained classifier: a message to route probabilities, flags and the words that matter."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from bot.encoder import MINILM, Vectors, onnx_session

GUARD_MODEL = Path(__file__).parent.parent / "models" / "guard"  # made by `make train-guard`
ROUTES = ("answer", "caution", "professional", "emergency")
MAX_TOKENS = 256
KEPT = 2_000  # messages whose reading is kept: a conversation is read again with each turn


@dataclass(frozen=True)
class Reading:
    """What the classifier makes of one message. Probabilities are between 0 and 1."""

    routes: dict[str, float]
    flags: dict[str, float]
    start: int  # span of the words that matter most, as code points of the message; 0, 0 if there are none
    end: int

    @property
    def referral(self) -> float:
        """Probability that the message needs a professional or more."""
        return self.routes["professional"] + self.routes["emergency"]


class Reader(Protocol):
    """What the guard needs of a classifier."""

    def read(self, message: str) -> Reading:
        """The reading of one message."""
        ...


class NoClassifier:
    """Stands where the weights cannot be loaded: it fails at every message, and the guard refers."""

    def read(self, message: str) -> Reading:
        """Never returns. Raises RuntimeError."""
        raise RuntimeError("the guard's classifier was not loaded")


class Classifier:
    """int8 weights, one thread. Safe for threads."""

    def __init__(self, folder: Path = GUARD_MODEL, threads: int = 1) -> None:
        self._flags: list[str] = json.loads((folder / "about.json").read_text(encoding="utf-8"))["flags"]
        self._tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = onnx_session(folder / "model.int8.onnx", threads)
        self._kept = lru_cache(maxsize=KEPT)(self._read)

    def read(self, message: str) -> Reading:
        """The reading of one message, or of several put together by `joined`; past 256 tokens it is not read."""
        return self._kept(message)

    def _read(self, message: str) -> Reading:
        encoding = self._tokenizer.encode(message)
        ids = np.array([encoding.ids], dtype=np.int64)
        route, flags, words = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        start, end = _span(words[0], encoding.offsets)
        return Reading(
            routes=dict(zip(ROUTES, _softmax(route[0]).tolist(), strict=True)),
            flags=dict(zip(self._flags, (1 / (1 + np.exp(-flags[0]))).tolist(), strict=True)),
            start=start,
            end=end,
        )


def joined(turns: Sequence[str]) -> str:
    """Several messages of one conversation as the classifier reads them."""
    return "\n".join(turns)


def _softmax(logits: Vectors) -> Vectors:
    powers: Vectors = np.exp(logits - logits.max())
    shares: Vectors = powers / powers.sum()
    return shares


def _span(words: Vectors, offsets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The strongest run of tokens that matter, from its first to its last; one token between does not break it."""
    best, run = (0.0, 0, 0), (0.0, 0, 0)
    gap = 2
    for logit, (start, end) in zip(words, offsets, strict=True):
        if end <= start:
            continue
        if logit > 0:
            total, first, _ = run if gap < 2 else (0.0, start, end)
            run = (total + float(logit), first, end)
            gap = 0
            best = max(best, run)
        else:
            gap += 1
    return best[1], best[2]
