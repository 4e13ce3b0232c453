"""A small real encoder: texts that share words are near each other. It remembers what it was asked to encode."""

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from bot.encoder import Vectors


class WordEncoder:
    """Counts words into `dim` boxes by hash, scaled to unit length; a text without a word has box 0 to itself."""

    name = "word-counts"
    dim = 1024

    def __init__(self, fail_after: int | None = None) -> None:
        self.encoded: list[str] = []  # what embed_all was given, in order
        self.fail_after = fail_after  # texts until the power goes out

    def embed(self, text: str) -> Vectors:
        counts: Vectors = np.zeros(self.dim, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()) or [""]:
            counts[zlib.crc32(word.encode()) % self.dim] += 1
        unit: Vectors = counts / np.linalg.norm(counts)
        return unit

    def embed_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        for text in texts:
            if self.fail_after is not None and len(self.encoded) >= self.fail_after:
                raise RuntimeError("the power went out")
            self.encoded.append(text)
            yield self.embed(text)
