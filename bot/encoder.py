"""Text to unit vectors. MiniLM runs as int8 ONNX without torch; any sentence-transformers model is a setting."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from tokenizers import Encoding, Tokenizer

from bot.errors import SettingsError
from bot.settings import DEFAULT_ENCODER

Vectors = npt.NDArray[np.float32]
HalfVectors = npt.NDArray[np.float16]  # as stored

MINILM = Path(__file__).parent / "models" / "minilm"  # made by `make export-encoder`, see its README
MODEL = MINILM / "model.int8.onnx"
BATCH = 32  # texts a forward pass when indexing; larger batches only pad more on two cores
WINDOW = 512  # texts sorted by length together


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

    @cached_property
    def _bulk_session(self) -> ort.InferenceSession:
        return onnx_session(MODEL, len(os.sched_getaffinity(0)))

    def embed(self, text: str) -> Vectors:
        """One vector, shape (dim,); the empty text has one too (of its two marker tokens)."""
        tokens = self._run(self._session, [self._tokenizer.encode(text)])[0]
        return _unit(tokens.mean(axis=0))

    def embed_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """See Encoder. Texts of like length go together, within a window so that the first come early."""
        for first in range(0, len(texts), WINDOW):
            encodings = self._tokenizer.encode_batch(list(texts[first : first + WINDOW]))
            by_length = sorted(range(len(encodings)), key=lambda i: len(encodings[i]))
            vectors: Vectors = np.empty((len(encodings), self.dim), dtype=np.float32)
            for start in range(0, len(by_length), BATCH):
                rows = by_length[start : start + BATCH]
                hidden = self._run(self._bulk_session, [encodings[i] for i in rows])
                for i, tokens in zip(rows, hidden, strict=True):
                    vectors[i] = _unit(tokens[: len(encodings[i])].mean(axis=0))
            yield from vectors

    @staticmethod
    def _run(session: ort.InferenceSession, encodings: Sequence[Encoding]) -> Vectors:
        longest = max(len(e) for e in encodings)
        ids = np.zeros((len(encodings), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding)] = encoding.ids
            mask[row, : len(encoding)] = 1
        hidden: Vectors = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return hidden


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
