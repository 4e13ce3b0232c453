"""Text to unit vectors. MiniLM runs as int8 ONNX without torch; any sentence-transformers model is a setting."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
PROJECTION = MINILM / "projection.npy"  # made by `make fit-projection`
WINDOW = 512  # texts encoded ahead of what is asked for


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as one vector, and as one for each of its tokens in their context. All are float32 and of unit length."""

    vector: Vectors  # shape (dim,)
    tokens: Vectors  # shape (tokens, token_dim)
    spans: tuple[tuple[int, int], ...]  # of each token in the text; empty for the model's own marks


class Encoder(ABC):
    """What retrieval needs of a model."""

    name: str
    dim: int
    token_dim: int

    @abstractmethod
    def encode(self, text: str) -> Encoded:
        """One pass over one text; the empty text has a vector too."""

    @abstractmethod
    def encode_all(self, texts: Sequence[str]) -> Iterator[Encoded]:
        """`encode` of each text, in order, as they are ready."""

    def embed(self, text: str) -> Vectors:
        """Only the vector, shape (dim,)."""
        return self.encode(text).vector

    def embed_all(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """Only the vectors, in order, as they are ready."""
        return (encoded.vector for encoded in self.encode_all(texts))


class MiniLM(Encoder):
    """all-MiniLM-L6-v2, int8 weights, mean pooling as in the original."""

    name = DEFAULT_ENCODER + "/int8"
    dim = 384
    max_tokens = 256  # the sentence-transformers default for this model; longer texts are cut

    def __init__(self, threads: int = 1, projected: bool = True) -> None:
        self._tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.no_padding()
        self._session = onnx_session(MODEL, threads)
        self._projection: Vectors = np.load(PROJECTION) if projected else np.eye(self.dim, dtype=np.float32)
        self.token_dim = self._projection.shape[1]

    def encode(self, text: str) -> Encoded:
        """See Encoder. The vectors of tokens are cut down to the directions in which they differ most."""
        hidden, spans = self._hidden(text)
        return Encoded(unit(hidden.mean(axis=0)), unit(hidden @ self._projection), tuple(spans))

    def encode_all(self, texts: Sequence[str]) -> Iterator[Encoded]:
        """See Encoder. One text a pass, on every core: int8 scales depend on the other texts of a batch."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for first in range(0, len(texts), WINDOW):
                yield from pool.map(self.encode, texts[first : first + WINDOW])

    def _hidden(self, text: str) -> tuple[Vectors, list[tuple[int, int]]]:
        """The model's last layer, shape (tokens, dim), and the span of each token."""
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        hidden: Vectors = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        return hidden, encoding.offsets


class SentenceTransformerEncoder(Encoder):
    """Any model that sentence-transformers can load; needs the extra `[encoders]`."""

    def __init__(self, name: str, threads: int = 1) -> None:
        try:
            import torch
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(threads)
            self._model = SentenceTransformer(name, device="cpu")
            self.name = name
            self.dim = int(self._model.get_embedding_dimension() or 0)
            self.token_dim = self.encode("massage").tokens.shape[1]  # fails here where a tokenizer knows no spans
        except Exception as error:  # missing extra, unknown name, no network, broken folder: all mean "cannot use it"
            raise SettingsError(
                f"Encoder {name!r} cannot be loaded; set BOT_ENCODER to {DEFAULT_ENCODER!r}, or to a model name or "
                f"folder that sentence-transformers can load (pip install '.[encoders]')."
            ) from error

    def encode(self, text: str) -> Encoded:
        """See Encoder."""
        return next(self.encode_all([text]))

    def encode_all(self, texts: Sequence[str]) -> Iterator[Encoded]:
        """See Encoder."""
        for first in range(0, len(texts), WINDOW):
            window = list(texts[first : first + WINDOW])
            # Both in one pass; of unit length afterwards, as this output skips `normalize_embeddings`.
            outputs: Any = self._model.encode(window, output_value=None, show_progress_bar=False)
            for text, output in zip(window, outputs, strict=True):
                tokens = np.asarray(output["token_embeddings"].cpu(), dtype=np.float32)
                spans = self._model.tokenizer(
                    text, return_offsets_mapping=True, truncation=True, max_length=self._model.max_seq_length
                )["offset_mapping"]
                length = min(len(tokens), len(spans))
                vector = unit(np.asarray(output["sentence_embedding"].cpu(), dtype=np.float32))
                yield Encoded(vector, unit(tokens[:length]), tuple(spans[:length]))


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


def unit(vectors: Vectors) -> Vectors:
    """Each row scaled to length 1."""
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True).clip(1e-12)).astype(np.float32)
    return unit
