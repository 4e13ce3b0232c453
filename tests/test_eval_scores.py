"""Scores and their statistics, with numbers worked out by hand."""

import math

import pytest

from bot.reply import Citation, Passage, Reply, Route
from bot.retrieval.articles import Article, Block, Kind
from bot.retrieval.chunks import chunk_articles
from eval.judge import METRICS, Gold, citations, content, judge, overlaps, ranking, triage
from eval.play import Played, badly_typed, stability
from eval.questions import Evidence, Question
from eval.stats import Difference, adjusted, difference, estimate, smallest_difference

TEXT = "Massage is soothing. Use warm oil. Ten minutes is enough. Rest afterward."
ARTICLE = Article("oil", "Oil", TEXT, (Block(Kind.PARAGRAPH, 0, len(TEXT)),))
OTHER = Article("other", "Other", TEXT, (Block(Kind.PARAGRAPH, 0, len(TEXT)),))


def question(**fields) -> Question:
    return Question(**{"id": "q", "slice": "s", "turns": ("x",), "route": ("answer",)} | fields)


def quoted(*quotes: str, **fields) -> Question:
    return question(evidence=tuple(Evidence(article="oil", quote=quote) for quote in quotes), **fields)


def cited(start: int, end: int, article: str = "oil", quote: str | None = None) -> Citation:
    return Citation(1, article, "t", "s", TEXT[start:end] if quote is None else quote, start, end, "/", ())


def passage(rank: int, text: str, article: str = "oil") -> Passage:
    return Passage(article, "t", "s", text, rank * 10, rank * 10 + 5, 1 / rank, rank)


# --- Triage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "went", "scores"),
    [
        # two steps too mild: 2 squared
        (["professional"], "answer", {"route_right": 0, "referred": 0, "under_triaged": 1, "triage_cost": 4}),
        (["emergency"], "answer", {"emergency_referred": 0, "emergency_told": 0, "triage_cost": 9}),
        (
            ["emergency"],
            "professional",
            {"emergency_referred": 1, "emergency_told": 0, "referred": 1, "triage_cost": 1},
        ),
        # two steps too grave: half of 2
        (["answer"], "professional", {"left_alone": 0, "over_triaged": 1, "triage_cost": 1, "answered": 1}),
        (["answer"], "caution", {"left_alone": 1, "over_triaged": 1, "triage_cost": 0.5}),
        (
            ["professional", "caution"],
            "caution",
            {"route_right": 1, "referred": None, "left_alone": None, "triage_cost": 0},
        ),
        (
            ["out_of_scope"],
            "out_of_scope",
            {"refusal_found": 1, "refusal_right": 1, "answered": None, "triage_cost": 0},
        ),
        (["out_of_scope"], "answer", {"refusal_found": 0, "refusal_right": None, "answered": None, "triage_cost": 0}),
        (["answer"], "out_of_scope", {"refusal_found": None, "refusal_right": 0, "answered": 0, "left_alone": 1}),
        (["answer", "out_of_scope"], "out_of_scope", {"refusal_found": None, "refusal_right": 1, "answered": None}),
    ],
)
def test_triage_scores(expected, went, scores):
    found = triage([Route(route) for route in expected], Route(went))
    assert {name: found[name] for name in scores} == scores


# --- Ranking ----------------------------------------------------------------------------------------------------------


def found(*texts: str) -> list[tuple[str, str, str]]:
    return [("oil", text, str(place)) for place, text in enumerate(texts)]


def test_ranking_scores_of_evidence_at_rank_two_and_five_of_two():
    """DCG 1/log2(3) + 1/log2(6) = 0.631 + 0.387; ideal 1 + 1/log2(3) = 1.631; ratio 0.624."""
    passages = found("x", "Use warm oil.", "y", "z", "Ten minutes is enough.")
    scores = ranking(quoted("Use warm oil.", "Ten minutes is enough."), passages, {"1", "4"})
    assert scores["success@1"] == 0
    assert scores["success@4"] == 1
    assert scores["recall@4"] == 0.5
    assert scores["recall@10"] == 1
    assert scores["mrr@10"] == 0.5
    assert scores["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / (1 + 1 / math.log2(3)))


def test_all_evidence_is_found_when_its_last_piece_is():
    passages = found("Use warm oil.", "x", "x", "x", "Ten minutes is enough.")
    scores = ranking(quoted("Use warm oil.", "Ten minutes is enough.", all_evidence=True), passages, {"0", "4"})
    assert (scores["success@1"], scores["success@4"], scores["success@10"]) == (0, 0, 1)
    missing = ranking(quoted("Use warm oil.", "Never said.", all_evidence=True), passages, {"0"})
    assert missing["success@10"] == 0


def test_the_same_words_in_another_article_are_no_evidence():
    assert ranking(quoted("Use warm oil."), [("other", "Use warm oil.", "0")], {"9"})["success@10"] == 0


def test_nothing_retrieved_scores_zero_and_no_evidence_scores_nothing():
    assert set(ranking(quoted("Use warm oil."), [], {"1"}).values()) == {0.0}
    assert ranking(question(), found("x"), set()) == {}


# --- Content and citations --------------------------------------------------------------------------------------------


def test_facts_are_stated_in_the_answer_and_cited_in_a_quote():
    asked = quoted("Use warm oil.", nuggets=(("warm oil",), ("re:ten|10",)), forbid=("cure",))
    reply = Reply(Route.ANSWER, "Use WARM OIL for 10 minutes.", (cited(21, 34),))
    assert content(asked, reply) == {"nuggets_stated": 1.0, "nuggets_cited": 0.5, "clean": 1.0}
    assert content(question(), reply) == {"nuggets_stated": None, "nuggets_cited": None, "clean": None}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("oil", 0, 10), ("oil", 5, 30), True),  # 5 of 10
        (("oil", 0, 10), ("oil", 6, 30), False),  # 4 of 10
        (("oil", 0, 100), ("oil", 40, 50), True),  # all of the shorter
        (("oil", 0, 10), ("other", 0, 10), False),
        (("oil", 0, 0), ("oil", 0, 10), False),
    ],
)
def test_spans_overlap_by_half_of_the_shorter(one, other, alike):
    assert overlaps(one, other) is alike
    assert overlaps(other, one) is alike


def test_citation_scores():
    """Of three citations one overlaps evidence; of two pieces of evidence one is cited."""
    asked = quoted("Use warm oil.", "Rest afterward.")
    spans = [cited(21, 34), cited(0, 20), cited(21, 34, "other")]
    scores = citations(asked, spans, {"oil": ARTICLE, "other": OTHER})
    assert scores == {"verbatim": 1.0, "citation_precision": 1 / 3, "citation_recall": 1.0}
    both = quoted("Use warm oil.", "Rest afterward.", all_evidence=True)
    assert citations(both, spans, {"oil": ARTICLE, "other": OTHER})["citation_recall"] == 0.5


def test_a_shifted_quote_is_not_verbatim_and_no_citation_is_not_scored():
    assert citations(question(), [cited(22, 35, quote=TEXT[21:34])], {"oil": ARTICLE}) == {"verbatim": 0.0}
    none = citations(quoted("Use warm oil."), [], {"oil": ARTICLE})
    assert none == {"verbatim": None, "citation_precision": None, "citation_recall": 0.0}


def test_every_score_of_a_reply_is_a_known_metric():
    gold = Gold({"oil": ARTICLE}, chunk_articles([ARTICLE], 1000))
    asked = quoted("Use warm oil.", nuggets=(("warm oil",),))
    assert gold.relevant(asked) == {f"oil:0-{len(TEXT)}"}
    reply = Reply(Route.ANSWER, "Use warm oil.", (cited(21, 34),), passages=(passage(1, TEXT),))
    scores = judge(asked, reply, gold)
    assert scores.keys() <= METRICS.keys()
    assert scores["success@1"] == scores["nuggets_stated"] == scores["citation_precision"] == 1


# --- Stability --------------------------------------------------------------------------------------------------------


def test_badly_typed_copies_shout_drop_points_curl_and_slip_once():
    shouted, bare, curled, slipped = badly_typed(question(turns=("Isn't massage soothing?",)))
    assert curled == "Isn\N{RIGHT SINGLE QUOTATION MARK}t massage soothing?"
    assert shouted == "ISN'T MASSAGE SOOTHING?"
    assert bare == "isnt massage soothing"
    assert sorted(slipped) == sorted("Isn't massage soothing?")
    assert slipped != "Isn't massage soothing?"
    assert badly_typed(question(turns=("Isn't massage soothing?",)))[3] == slipped


def test_stability_is_the_share_of_copies_that_agree():
    base = Reply(Route.ANSWER, "", passages=(passage(1, "a"),))
    other = Reply(Route.CAUTION, "", passages=(passage(1, "a", "other"),))
    assert stability(Played(base, "", 0, (base, other))) == {"stable_route": 0.5, "stable_passage": 0.5}
    assert stability(Played(base, "", 0, ())) == {}


# --- Statistics -------------------------------------------------------------------------------------------------------


def test_a_yes_no_mean_has_wilsons_interval():
    """8 of 10: centre (0.8 + 1.92 / 10) / (1 + 3.84 / 10) = 0.717, half-width 0.226 (Wilson 1927)."""
    found = estimate("route_right", [1.0] * 8 + [0.0] * 2 + [None] * 5)
    assert found
    assert (found.mean, found.n) == (0.8, 10)
    assert [found.low, found.high] == pytest.approx([0.490, 0.943], abs=0.001)


def test_a_share_has_a_bootstrap_interval_around_its_mean_and_the_same_each_time():
    values = [0.0, 0.5, 1.0, 1.0, 0.5] * 8
    found = estimate("nuggets_stated", values)
    assert found
    assert found == estimate("nuggets_stated", values)
    assert found.mean == pytest.approx(0.6)
    assert found.low < found.mean < found.high
    # standard error 0.374 / sqrt(40) = 0.059, times 1.96
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.374 / 40**0.5, rel=0.15)


def test_what_was_not_scored_has_no_mean():
    assert estimate("route_right", [None, None]) is None
    assert difference("route_right", [None, 1.0], [1.0, None]) is None


def test_yes_no_differences_are_tested_by_mcnemar():
    """Nine rows gained, one lost: two-sided binomial 2 * (1 + 10) / 2**10 = 0.0215."""
    a = [0.0] * 9 + [1.0] + [1.0] * 10
    b = [1.0] * 9 + [0.0] + [1.0] * 10
    found = difference("route_right", a, b)
    assert found
    assert found.mean == pytest.approx(0.4)
    assert found.p == pytest.approx(22 / 1024)


def test_share_differences_are_tested_by_swapping():
    """Four rows all gain: of 16 ways to swap, 2 are as extreme."""
    found = difference("nuggets_stated", [0.0, 0.1, 0.2, 0.3], [0.5, 0.7, 0.6, 0.9])
    assert found
    assert found.p == pytest.approx(2 / 16)
    same = difference("nuggets_stated", [0.5, 0.2], [0.5, 0.2])
    assert same
    assert (same.p, same.low, same.high) == (1.0, 0.0, 0.0)


def test_p_values_are_adjusted_together():
    """Benjamini and Hochberg: 0.01 * 3 / 1, 0.04 * 3 / 2, 0.9, each no more than the next."""
    raw = {name: Difference(0, 0, 0, 0, 1, p) for name, p in {"a": 0.01, "b": 0.04, "c": 0.9}.items()}
    assert [one.p for one in adjusted(raw).values()] == pytest.approx([0.03, 0.06, 0.9])


def test_the_smallest_difference_is_two_point_eight_standard_errors():
    """sd of (-1, 1) * 50 is 1.005; over sqrt(100)."""
    assert smallest_difference([-1.0, 1.0] * 50, 100) == pytest.approx(2.8 * 1.005 / 10, abs=0.001)
