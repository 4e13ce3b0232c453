"""Text to unit vectors. MiniLM runs as int8 ONNX without torch; any sentence-transformers model is a setting."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from tokenizers import Tokenizer

from bot.errors import SettingsError
from bot.settings import DEFAULT_ENCODER

Vectors = npt.NDArray[np.float32]
HalfVectors = npt.NDArray[np.float16]  # as stored

MINILM = Path(__file__).parent / "models" / "minilm"  # made by `make export-encoder`, see its README
MODEL = MINILM / "model.int8.onnx"
WINDOW = 512  # texts encoded ahead of what is asked for


class Encoder(Protocol):
    """What retrieval needs of a model. Vectors are float32 and of unit length."""

    name: str
    dim: int

    def embed(self, text: str) -> Vectors:
        """One vector, shape (dim,)."""
        ...

    def embed_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """One vector for each text, in order, as they are ready."""
        ...


class MiniLM:
    """all-MiniLM-L6-v2, int8 weights, mean pooling as in the original."""

    name = DEFAULT_ENCODER + "/int8"
    dim = 384
    max_tokens = 256  # the sentence-transformers default for this model; longer texts are cut

    def __init__(self, threads: int = 1) -> None:
        self._tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.no_padding()
        self._session = onnx_session(MODEL, threads)

    def embed(self, text: str) -> Vectors:
        """One vector, shape (dim,); the empty text has one too (of its two marker tokens)."""
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        hidden = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
        return _unit(hidden[0].mean(axis=0))

    def embed_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """See Encoder. One text a pass, on every core: int8 scales depend on the other texts of a batch."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for first in range(0, len(texts), WINDOW):
                yield from pool.map(self.embed, texts[first : first + WINDOW])


class SentenceTransformerEncoder:
    """Any model that sentence-transformers can load; needs the extra `[encoders]`."""

    def __init__(self, name: str, threads: int = 1) -> None:
        try:
            import torch
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(threads)
            self._model = SentenceTransformer(name, device="cpu")
        except Exception as error:  # missing extra, unknown name, no network, broken folder: all mean "cannot use it"
            raise SettingsError(
                f"Encoder {name!r} cannot be loaded; set BOT_ENCODER to {DEFAULT_ENCODER!r}, or to a model name or "
                f"folder that sentence-transformers can load (pip install '.[encoders]')."
            ) from error
        self.name = name
        self.dim = int(self._model.get_embedding_dimension() or 0)

    def embed(self, text: str) -> Vectors:
        """One vector, shape (dim,)."""
        vector: Vectors = self._encode([text])[0]
        return vector

    def embed_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """See Encoder."""
        for first in range(0, len(texts), WINDOW):
            yield from self._encode(list(texts[first : first + WINDOW]))

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        unit: Vectors = np.asarray(vectors, dtype=np.float32)
        return unit


def load_encoder(name: str, threads: int = 1) -> Encoder:
    """The encoder of that name. Raises SettingsError where it cannot be loaded."""
    if name == DEFAULT_ENCODER:
        return MiniLM(threads)
    return SentenceTransformerEncoder(name, threads)


def onnx_session(path: Path, threads: int) -> ort.InferenceSession:
    """A session bound to that many threads; unbounded ones stall when another job has a core."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _unit(vector: Vectors) -> Vectors:
    unit: Vectors = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
    return unit
