"""How well the check of written sentences tells what the cited text carries from what it does not.

The pairs are written by hand over the shipped articles: faithful sentences, and others with a changed figure, a turned
meaning, a stronger claim, another part of the body, group or condition, something added, or the wrong citation. The
rules and thresholds were chosen on dev.jsonl; held-out.jsonl is over other articles, and its figures are those of the
state in which it was first run, but for one word that was added since ("go").
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from scipy.stats import binomtest

from bot.answering.support import Support
from bot.chat import Bot
from bot.settings import ROOT

PAIRS = ROOT / "tests" / "support"
# A little below what was measured: share of the faithful that are kept, and of the others that are dropped.
BARS = {"dev": (0.68, 1.0), "held-out": (0.62, 0.97)}


def read(name: str) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in (PAIRS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def support(bot: Bot) -> Support:
    return Support(bot.retriever.encoder)


@pytest.mark.parametrize("name", BARS)
def test_the_bars(support: Support, name: str) -> None:
    pairs = read(name)
    kept = [(pair, not support.objection(pair["written"], " ".join(pair["cited"]))) for pair in pairs]
    faithful = [stays for pair, stays in kept if pair["supported"]]
    others = [not stays for pair, stays in kept if not pair["supported"]]
    for what, right, bar in (("faithful kept", faithful, BARS[name][0]), ("others dropped", others, BARS[name][1])):
        low, high = binomtest(sum(right), len(right)).proportion_ci(method="wilson")
        print(f"{name}: {what} {sum(right) / len(right):.3f} [{low:.3f}, {high:.3f}] n={len(right)}")
        assert sum(right) / len(right) >= bar, [p["written"] for p, stays in kept if stays != p["supported"]]


@pytest.mark.parametrize("name", BARS)
def test_the_pairs_cite_sentences_of_our_articles(bot: Bot, name: str) -> None:
    pairs = read(name)
    assert len({pair["written"] for pair in pairs}) == len(pairs)
    for pair in pairs:
        article = bot.articles[pair["article"]]
        sentences = {article.text[unit.start : unit.end] for unit in article.units}
        assert sentences.issuperset(pair["cited"]), pair


def test_no_article_is_in_two_files() -> None:
    seen: set[str] = set()
    for name in BARS:
        articles = {pair["article"] for pair in read(name)}
        assert seen.isdisjoint(articles)
        seen |= articles


def test_a_sentence_of_an_article_carries_itself(support: Support, bot: Bot) -> None:
    article = bot.articles["how-often-and-how-long"]
    for unit in article.units:
        sentence = article.text[unit.start : unit.end]
        assert not support.objection(sentence, sentence)


@pytest.mark.parametrize(
    ("written", "carried"),
    [
        ("Rest for 15 to 20 minutes.", True),
        ("Rest for 15 to 20 hours.", False),
        ("Rest for fifteen to twenty minutes.", True),
        ("Rest for 25 minutes.", False),
        ("Do not rest for 15 to 20 minutes.", False),
        ("Always rest for 15 to 20 minutes.", False),
        ("Rest for 15 to 20 minutes because it heals.", False),
    ],
)
def test_a_word_makes_the_difference(support: Support, written: str, carried: bool) -> None:
    assert (not support.objection(written, "Rest for 15 to 20 minutes after that.")) is carried


@pytest.mark.parametrize(
    ("written", "cited"),
    [
        ("Oil eases pain.", "Oil may ease pain."),
        ("Drive home.", "Drive home once you are awake."),
        ("Massage the throat and the neck.", "Leave the throat and the neck out of a massage."),
    ],
)
def test_a_limit_left_out_is_noticed(support: Support, written: str, cited: str) -> None:
    assert support.objection(written, cited)
    assert not support.objection(cited, cited)
