"""A small real encoder: texts that share words are near each other. It remembers what it was asked to encode."""

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from bot.encoder import Encoded, Encoder, Vectors


class WordEncoder(Encoder):
    """Counts words into `dim` boxes by hash, scaled to unit length; a text without a word has box 0 to itself.

    A token is a word, in a box of its own whatever stands around it.
    """

    name = "word-counts"
    dim = 1024
    token_dim = 1024

    def __init__(self, fail_after: int | None = None) -> None:
        self.encoded: list[str] = []  # what encode_all was given, in order
        self.fail_after = fail_after  # texts until the power goes out

    def encode(self, text: str) -> Encoded:
        words = list(re.finditer(r"\w+", text.lower()))
        tokens: Vectors = np.zeros((len(words) or 1, self.dim), dtype=np.float32)
        for token, word in zip(tokens, [word.group() for word in words] or [""], strict=True):
            token[zlib.crc32(word.encode()) % self.dim] = 1
        counts = tokens.sum(axis=0)
        return Encoded(counts / np.linalg.norm(counts), tokens, tuple(word.span() for word in words) or ((0, 0),))

    def encode_all(self, texts: Sequence[str]) -> Iterator[Encoded]:
        for text in texts:
            if self.fail_after is not None and len(self.encoded) >= self.fail_after:
                raise RuntimeError("the power went out")
            self.encoded.append(text)
            yield self.encode(text)
