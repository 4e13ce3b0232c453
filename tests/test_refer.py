"""Referrals and precautions: what is said, on what it rests, and whom it tells the visitor to call."""

import dataclasses

import pytest

from bot.answering.draft import Line, render
from bot.answering.refer import GENERAL, HEADLINES, MAX_FURTHER, Referrals
from bot.guard.flags import FlagDefinition, RedFlags
from bot.guard.guard import PHRASE, Memory, failed
from bot.reply import Flag, Route
from bot.retrieval.articles import Article
from bot.retrieval.formats import read_folder
from bot.settings import SHIPPED_ARTICLES

DEFAULT_NUMBERS = ("911", "999", "112")


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    return {article.slug: article for article in read_folder(SHIPPED_ARTICLES)}


@pytest.fixture(scope="module")
def referrals(red_flags: RedFlags, articles: dict[str, Article]) -> Referrals:
    return Referrals(red_flags, articles, region="")


@pytest.fixture(scope="module")
def referring(red_flags: RedFlags) -> list[FlagDefinition]:
    return [flag for flag in red_flags.flags.values() if flag.route.refers]


def raised(definition: FlagDefinition) -> Flag:
    """The flag as the guard would report it."""
    return Flag(definition.id, definition.label, definition.route, "said", 0, 4, 0, PHRASE, definition.source)


def said(lines: list[Line]) -> str:
    return render(lines)[0]


@pytest.mark.parametrize(
    ("region", "number"),
    [("us", "911"), ("gb", "999"), ("GB", "999"), ("de", "112"), ("au", "000"), ("fr", "15 or 112")],
)
def test_the_emergency_number_is_that_of_the_region(
    red_flags: RedFlags, articles: dict[str, Article], region: str, number: str
) -> None:
    referrals = Referrals(red_flags, articles, region)
    assert referrals.emergency_number == number
    assert f"Call {number} now, sit down" in said(referrals.refer([raised(red_flags.flags["chest-pain"])]))


@pytest.mark.parametrize("region", ["", "zz", "nowhere"])
def test_without_a_known_region_several_numbers_are_named(
    red_flags: RedFlags, articles: dict[str, Article], region: str
) -> None:
    reply = said(Referrals(red_flags, articles, region).refer([raised(red_flags.flags["chest-pain"])]))
    for number in DEFAULT_NUMBERS:
        assert number in reply


@pytest.mark.parametrize(
    ("region", "numbers"), [("us", ("911", "988")), ("gb", ("999", "116 123")), ("au", ("000", "13 11 14"))]
)
def test_the_crisis_line_is_that_of_the_region(
    red_flags: RedFlags, articles: dict[str, Article], region: str, numbers: tuple[str, str]
) -> None:
    for flag_id in ("suicidal-thoughts", "violence"):
        reply = said(Referrals(red_flags, articles, region).refer([raised(red_flags.flags[flag_id])]))
        assert all(number in reply for number in numbers), flag_id


@pytest.mark.parametrize("region", ["", "us", "za", "nl"])
def test_no_placeholder_is_left_in_any_reply(red_flags: RedFlags, articles: dict[str, Article], region: str) -> None:
    referrals = Referrals(red_flags, articles, region)
    for definition in red_flags.flags.values():
        flag = raised(definition)
        reply = said(referrals.refer([flag]) + referrals.caution([flag]))
        assert "{" not in reply, definition.id
        assert "}" not in reply, definition.id


def test_every_line_of_a_referral_is_cited(
    articles: dict[str, Article], referrals: Referrals, referring: list[FlagDefinition]
) -> None:
    for definition in referring:
        lines = referrals.refer([raised(definition)])
        article = articles[definition.article]
        unit = article.first_unit(definition.section)
        assert unit is not None
        for line in lines:
            assert line.span is not None
            assert (line.span.article.slug, line.span.start, line.span.end) == (article.slug, unit.start, unit.end)
        answer, (citation,) = render(lines)
        assert citation.quote == article.text[unit.start : unit.end]
        assert answer.count("[1]") == len(lines)


def test_a_referral_says_how_urgent_it_is_then_why_what_to_do_what_not_and_what_to_tell(
    referrals: Referrals, referring: list[FlagDefinition]
) -> None:
    for definition in referring:
        headline, reason, reply, avoid, tell = referrals.refer([raised(definition)])
        assert headline.text == HEADLINES[definition.route]
        assert reason.span is not None
        assert reason.text.split()[:3] == reason.span.quote.split()[:3]
        assert reply.text.startswith(definition.reply.split("{")[0].strip())
        assert (avoid.text, tell.text) == (definition.avoid, definition.tell)


def test_the_headlines_differ_by_route() -> None:
    assert set(HEADLINES) == {Route.EMERGENCY, Route.PROFESSIONAL}
    assert "emergency" in HEADLINES[Route.EMERGENCY]
    assert "professional" in HEADLINES[Route.PROFESSIONAL]
    assert "before any massage" in HEADLINES[Route.PROFESSIONAL]


def test_the_severest_flag_is_told_in_full_and_others_by_their_reason(
    red_flags: RedFlags, articles: dict[str, Article], referrals: Referrals
) -> None:
    order = ["chest-pain", "numbness", "night-pain", "dark-urine"]
    definitions = [red_flags.flags[flag_id] for flag_id in order]
    lines = referrals.refer([raised(definition) for definition in definitions])
    assert len(lines) == 5 + MAX_FURTHER == 7  # dark-urine is one too many
    for line, definition in zip(lines[5:], definitions[1:3], strict=True):
        unit = articles[definition.article].first_unit(definition.section)
        assert unit is not None
        assert line.span is not None
        assert (line.span.start, line.span.end) == (unit.start, unit.end)
    assert red_flags.flags["numbness"].reply not in said(lines)
    assert [citation.number for citation in render(lines)[1]] == [1, 2, 3]


def test_a_section_is_quoted_once_however_many_flags_rest_on_it(red_flags: RedFlags, referrals: Referrals) -> None:
    same = [raised(red_flags.flags[flag_id]) for flag_id in ("numbness", "tingling", "weakness", "radiating-pain")]
    assert len({red_flags.flags[flag.id].section for flag in same}) == 1
    assert referrals.refer(same) == referrals.refer(same[:1])


def test_conditions_do_not_speak_in_a_referral(red_flags: RedFlags, referrals: Referrals) -> None:
    numbness, pregnancy = (raised(red_flags.flags[flag_id]) for flag_id in ("numbness", "pregnancy"))
    assert referrals.refer([numbness, pregnancy]) == referrals.refer([numbness])


def is_general(lines: list[Line]) -> bool:
    """The general safety text: a professional, why, and the signs for which to call an ambulance."""
    reply = said(lines)
    return (
        lines[0].text == HEADLINES[Route.PROFESSIONAL]
        and len(lines) == 1 + len(GENERAL)
        and "numbness between the legs" in reply
        and all(number in reply for number in DEFAULT_NUMBERS)
        and "{" not in reply
    )


UNKNOWN = Flag("never-heard-of", "?", Route.EMERGENCY, "said", 0, 4, 0, PHRASE, "convention")


def test_an_unknown_flag_gives_the_general_safety_text(red_flags: RedFlags, referrals: Referrals) -> None:
    assert is_general(referrals.refer([UNKNOWN]))
    assert is_general(referrals.refer(failed(Memory()).flags))
    assert is_general(referrals.refer([]))
    assert is_general(referrals.refer([raised(red_flags.flags["pregnancy"])]))  # nothing that refers


def test_an_unknown_flag_does_not_hide_a_known_one(red_flags: RedFlags, referrals: Referrals) -> None:
    numbness = raised(red_flags.flags["numbness"])
    assert referrals.refer([UNKNOWN, numbness]) == referrals.refer([numbness])


def test_without_its_article_a_referral_says_the_same_uncited(
    red_flags: RedFlags, referrals: Referrals, referring: list[FlagDefinition]
) -> None:
    """The flag's own text, not the general one: an emergency must not be told to ask a doctor."""
    for definition in referring:
        headline, _, *rest = referrals.refer([raised(definition)])
        for found in ({}, {definition.article: Article(definition.article, "Empty", "", ())}):
            lines = Referrals(red_flags, found, region="").refer([raised(definition)])
            assert [line.text for line in lines] == [line.text for line in (headline, *rest)]
            assert render(lines)[1] == ()


def test_without_its_article_a_further_flag_is_left_out(red_flags: RedFlags, articles: dict[str, Article]) -> None:
    only_skin = {"when-not-to-have-a-massage": articles["when-not-to-have-a-massage"]}
    lines = Referrals(red_flags, only_skin, region="").refer(
        [raised(red_flags.flags[flag_id]) for flag_id in ("numbness", "night-pain", "shingles-like-rash")]
    )
    cited = [line.span.article.slug for line in lines if line.span]
    assert cited == ["when-not-to-have-a-massage"]


def test_a_precaution_says_whom_to_ask_and_what_to_leave_out_both_cited(
    red_flags: RedFlags, referrals: Referrals
) -> None:
    for definition in red_flags.flags.values():
        if definition.route is Route.CAUTION:
            ask, avoid = referrals.caution([raised(definition)])
            assert ask.text == f"**{definition.reply}**"
            assert avoid.text == definition.avoid
            assert ask.span is not None
            assert ask.span == avoid.span


def test_precautions_from_one_section_are_given_once_and_no_more_than_a_few(
    red_flags: RedFlags, referrals: Referrals
) -> None:
    def lines(*flag_ids: str) -> list[Line]:
        return referrals.caution([raised(red_flags.flags[flag_id]) for flag_id in flag_ids])

    assert lines("pregnancy", "recent-birth") == lines("pregnancy")  # both rest on the section on pregnancy
    assert lines("numbness", "pregnancy") == lines("pregnancy")
    assert lines("numbness") == []
    places = ["pregnancy", "osteoporosis", "diabetes", "allergy", "vaccination"]
    assert len(lines(*places)) == 2 * (1 + MAX_FURTHER)


def test_a_precaution_without_its_article_is_given_uncited(red_flags: RedFlags) -> None:
    lines = Referrals(red_flags, {}, region="").caution([raised(red_flags.flags["pregnancy"])])
    assert [line.span for line in lines] == [None, None]
    assert "midwife or doctor" in lines[0].text


def test_more_about_a_condition_is_quoted_from_its_section(
    red_flags: RedFlags, articles: dict[str, Article], referrals: Referrals
) -> None:
    flag = raised(red_flags.flags["osteoporosis"])
    lines = referrals.more(flag)
    assert 1 <= len(lines) <= 3
    for line in lines:
        assert line.span is not None
        article = line.span.article
        assert article is articles["massage-with-a-health-condition"]
        assert article.section_at(line.span.start)[1] == "bones"
    assert Referrals(red_flags, {}, region="").more(flag) == []


def test_markup_in_a_number_is_shown_as_text(red_flags: RedFlags) -> None:
    starred = red_flags.regions["us"].model_copy(update={"emergency": "*911* [now]"})
    changed = dataclasses.replace(red_flags, regions={**red_flags.regions, "us": starred})
    reply = said(Referrals(changed, {}, "us").refer([raised(red_flags.flags["chest-pain"])]))
    assert r"\*911\* \[now\]" in reply
