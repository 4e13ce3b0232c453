"""Train the question adapter on the visitor questions of the shipped articles. Two minutes on two cores.

For each question the passage of its own section should score above all others, by the parts of the retriever's score.
The question itself is hidden from the written questions of its section. Needs the extra `[encoders]`. Run: make
train-adapter
"""

import json
import sys
from collections.abc import Iterable

import numpy as np
import torch
from torch.nn import functional

from bot.encoder import Vectors, load_encoder
from bot.retrieval.adapter import ADAPTER, questions_digest
from bot.retrieval.chunks import chunk_articles
from bot.retrieval.formats import read_folder
from bot.settings import SHIPPED_ARTICLES, Settings

SEED = 20261120
RANK = 32  # this, the noise and the steps chosen on eval/questions/dev.jsonl
STEPS = 350
BATCH = 192
RATE = 2e-3
DECAY = 0.1
NOISE = 0.03  # of each dimension of a question's vector
SHARPNESS = 12.0  # of the softmax over passages: a cosine is multiplied by it


def main() -> None:
    """Write adapter.npz and about.json into bot/models/adapter."""
    settings = Settings.load()
    encoder = load_encoder(settings.encoder, 2)
    articles = read_folder(SHIPPED_ARTICLES)
    chunks = chunk_articles(articles, settings.chunk_chars)
    by_slug = {article.slug: article for article in articles}
    units = [
        (row, by_slug[chunk.article].text[unit.start : unit.end])
        for row, chunk in enumerate(chunks)
        for unit in by_slug[chunk.article].units[chunk.first_unit : chunk.first_unit + chunk.units]
    ]
    passages = _embedded(encoder.embed_all([chunk.embedded for chunk in chunks]))
    headings = _embedded(encoder.embed_all([chunk.section for chunk in chunks]))
    sentences = _embedded(encoder.embed_all([text for _, text in units]))
    asked = [(a.slug, anchor, question) for a in articles for anchor, own in a.asked.items() for question in own]
    questions = _embedded(encoder.embed_all([question for _, _, question in asked]))
    rows: dict[tuple[str, str], list[int]] = {}
    for row, chunk in enumerate(chunks):
        rows.setdefault((chunk.article, chunk.anchor), []).append(row)
    nearness = questions @ (passages + headings).T
    wanted = []
    for (slug, anchor, _), near in zip(asked, nearness, strict=True):
        own = rows[slug, anchor]
        wanted.append(own[int(near[own].argmax())])
    down, up = fit(questions, torch.tensor(wanted), (passages, headings, sentences), [row for row, _ in units])
    ADAPTER.mkdir(parents=True, exist_ok=True)
    np.savez(ADAPTER / "adapter.npz", down=down.numpy(), up=up.numpy())
    about = {"data": questions_digest(articles), "encoder": encoder.name, "questions": len(asked)}
    (ADAPTER / "about.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def fit(
    questions: torch.Tensor,
    wanted: torch.Tensor,
    found_by: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    sentence_rows: list[int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """(down, up). All vectors are of unit length; `wanted` is the passage of each question.

    `found_by` are the vectors of passages, headings and sentences; a sentence belongs to the passage of its row.
    """
    passages, headings, sentences = found_by
    rows = torch.tensor(sentence_rows)
    torch.manual_seed(SEED)
    down = torch.nn.Parameter(torch.randn(questions.shape[1], RANK) * 0.01)
    up = torch.nn.Parameter(torch.zeros(RANK, questions.shape[1]))
    shares = torch.nn.Parameter(torch.tensor([1.0, 0.5, 1.2, 1.0]))
    optimizer = torch.optim.AdamW(
        [{"params": [down, up], "lr": RATE, "weight_decay": DECAY}, {"params": [shares], "lr": 0.005}]
    )
    for step in range(1, STEPS + 1):
        batch = torch.randperm(len(questions))[:BATCH]
        noisy = questions[batch] + torch.randn(len(batch), questions.shape[1]) * NOISE
        vectors = functional.normalize(noisy, dim=-1)
        vectors = functional.normalize(vectors + vectors @ down @ up, dim=-1)
        to_questions = (vectors @ questions.T).scatter(1, batch[:, None], -1.0)
        parts = (
            vectors @ passages.T,
            vectors @ headings.T,
            _best(vectors @ sentences.T, rows, len(passages)),
            _best(to_questions, wanted, len(passages)),
        )
        scores = sum(share * part for share, part in zip(shares, parts, strict=True))
        loss = functional.cross_entropy(SHARPNESS * scores, wanted[batch])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}/{STEPS}  loss {float(loss.detach()):.3f}", file=sys.stderr)
    return down.detach(), up.detach()


def _best(cosines: torch.Tensor, rows: torch.Tensor, passages: int) -> torch.Tensor:
    """For each passage the highest of the cosines that belong to it, -1 where none does."""
    empty = torch.full((len(cosines), passages), -1.0)
    return empty.scatter_reduce(1, rows.expand(len(cosines), -1), cosines, "amax")


def _embedded(vectors: Iterable[Vectors]) -> torch.Tensor:
    return torch.from_numpy(np.stack(list(vectors)).astype(np.float32))


if __name__ == "__main__":
    main()
