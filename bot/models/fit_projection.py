"""Make bot/models/minilm/projection.npy from the shipped articles. Run: make fit-projection"""

import sys

import numpy as np

from bot.encoder import PROJECTION, MiniLM, Vectors
from bot.retrieval.chunks import chunk_articles
from bot.retrieval.formats import read_folder
from bot.settings import SHIPPED_ARTICLES, Settings

DIMENSIONS = 128  # with 64 the right passage was found a little less often, with all 384 no more often


def main() -> None:
    """The directions in which tokens differ most (principal components, not centred), by how much they differ."""
    encoder = MiniLM(projected=False)
    chunks = chunk_articles(read_folder(SHIPPED_ARTICLES), Settings.load().chunk_chars)
    tokens: Vectors = np.concatenate([e.tokens for e in encoder.encode_all([chunk.embedded for chunk in chunks])])
    shares, directions = np.linalg.eigh(tokens.T @ tokens / len(tokens))  # in ascending order
    np.save(PROJECTION, np.ascontiguousarray(directions[:, ::-1][:, :DIMENSIONS], dtype=np.float32))
    kept = shares[::-1][:DIMENSIONS].sum() / shares.sum()
    print(f"{len(tokens)} tokens; {DIMENSIONS} of {encoder.dim} directions hold {kept:.3f} of them.", file=sys.stderr)


if __name__ == "__main__":
    main()
