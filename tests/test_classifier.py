"""The shipped classifier: it belongs to the shipped examples, and it has learnt them."""

import dataclasses
import json
import shutil

import pytest

from bot.guard.classifier import GUARD_MODEL, Classifier, NoClassifier, Reading, joined
from bot.guard.examples import EXAMPLES, data_digest
from bot.guard.guard import CLEAR_BELOW, FALLBACK, MODEL, NAMED_FROM, Guard
from bot.reply import Route


@pytest.fixture(scope="module")
def classifier():
    return Classifier()


@pytest.fixture(scope="module")
def examples():
    lines = [line for path in sorted(EXAMPLES.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def test_the_weights_were_trained_on_the_examples_beside_them():
    about = json.loads((GUARD_MODEL / "about.json").read_text("utf-8"))
    assert about["data"] == data_digest(), "the examples changed: run make train-guard"
    assert about["left_out"] == []


def test_every_flag_it_can_name_is_defined(red_flags):
    about = json.loads((GUARD_MODEL / "about.json").read_text("utf-8"))
    assert set(about["flags"]) <= set(red_flags.flags)


def test_the_examples_are_well_formed(examples, red_flags):
    seen = set()
    for row in examples:
        text = joined(row["turns"])
        assert text.casefold() not in seen, f"written twice: {text!r}"
        seen.add(text.casefold())
        assert set(row["flags"]) <= set(red_flags.flags), row
        assert all(words in text for words in row["words"]), row
        routes = [red_flags.flags[flag].route for flag in row["flags"]]
        assert row["route"] == max(routes, key=lambda route: route.severity, default=Route.ANSWER), row


def test_it_has_learnt_what_it_was_shown(classifier, examples):
    """A sanity check, not a measure: other weights, or a broken export, would fall far below this."""
    sample = examples[::40]
    right = 0
    for row in sample:
        routes = classifier.read(joined(row["turns"])).routes
        right += max(routes, key=routes.get) == row["route"]
    assert right / len(sample) > 0.9


def test_the_words_that_matter_are_in_the_message(classifier):
    message = "hello, since tuesday my left foot feels like it is wrapped in cotton wool. which oil should I use?"
    reading = classifier.read(message)
    assert reading.referral > 0.5
    assert "cotton wool" in message[reading.start : reading.end]


def test_without_weights_nothing_is_answered(red_flags):
    guard = Guard(red_flags, NoClassifier())
    verdict = guard.check(["How often should I get a back massage?"])
    assert verdict.route is Route.PROFESSIONAL
    assert verdict.flags[0].found_by == FALLBACK


def test_without_weights_an_emergency_that_the_rules_find_stays_one(red_flags):
    verdict = Guard(red_flags, NoClassifier()).check(["I am numb between my legs and cannot pee"])
    assert verdict.route is Route.EMERGENCY


def test_damaged_weights_do_not_load(tmp_path):
    shutil.copytree(GUARD_MODEL, tmp_path / "guard")
    (tmp_path / "guard" / "model.int8.onnx").write_bytes(b"not a model")
    with pytest.raises(Exception, match=r"(?i)protobuf|model|invalid"):
        Classifier(tmp_path / "guard")


class Certain:
    """A reader that always gives the same probability of a referral."""

    def __init__(self, referral):
        self.referral = referral

    def read(self, message):
        routes = {"answer": 1 - self.referral, "caution": 0.0, "professional": self.referral, "emergency": 0.0}
        return Reading(routes, {"weakness": 0.9, "saddle-numbness": 0.1}, 0, 0)


NUMB = "my left foot is numb"


@pytest.mark.parametrize(
    ("referral", "route"),
    [(CLEAR_BELOW / 2, Route.ANSWER), (CLEAR_BELOW, Route.PROFESSIONAL), (0.4, Route.PROFESSIONAL)],
)
def test_a_rule_is_cleared_only_where_the_classifier_is_all_but_certain(red_flags, referral, route):
    assert Guard(red_flags, Certain(referral)).check([NUMB]).route is route


def test_a_condition_and_a_flag_that_always_counts_are_never_cleared(red_flags):
    guard = Guard(red_flags, Certain(0.0))
    assert guard.check(["I am pregnant and my left foot is numb"]).route is Route.CAUTION
    assert guard.check(["I want to kill myself"]).route is Route.EMERGENCY


def test_what_was_said_before_is_not_cleared_by_a_harmless_message(red_flags):
    unsure, certain = Guard(red_flags, Certain(0.4)), Guard(red_flags, Certain(0.0))
    before = unsure.check([NUMB]).memory
    assert certain.hear("my foot is numb with cold, how much is a massage?", before).route is Route.PROFESSIONAL


class Vague(Certain):
    """Sure that somebody should look, and not of what."""

    def read(self, message):
        reading = super().read(message)
        return dataclasses.replace(reading, flags={"weakness": NAMED_FROM - 0.01, "morning-stiffness": 0.1})


def test_a_sign_that_cannot_be_named_is_not_given_a_wrong_name(red_flags):
    (flag,) = Guard(red_flags, Vague(0.9)).check(["nothing is right since then"]).flags
    assert (flag.id, flag.route, flag.found_by) == ("unclear", Route.PROFESSIONAL, MODEL)
    assert flag.text == "nothing is right since then"
    (named,) = Guard(red_flags, Certain(0.9)).check(["nothing is right since then"]).flags
    assert named.id == "weakness"
