"""corpus/red_flags: what the shipped files promise, and what is said about files that are wrong."""

import re
from pathlib import Path

import pytest
import yaml

from bot.errors import CorpusError
from bot.guard.flags import FLAG_FILES, FlagDefinition, RedFlags, load_red_flags
from bot.guard.words import clauses
from bot.reply import Route
from bot.retrieval.articles import Article
from bot.retrieval.formats import read_folder
from bot.settings import RED_FLAGS, SHIPPED_ARTICLES

SOURCES = set(yaml.safe_load((RED_FLAGS.parent / "sources.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    return {article.slug: article for article in read_folder(SHIPPED_ARTICLES)}


def of(red_flags: RedFlags, *routes: Route) -> list[FlagDefinition]:
    return [flag for flag in red_flags.flags.values() if flag.route in routes]


def test_the_reason_of_every_flag_is_the_first_sentence_of_a_section(
    red_flags: RedFlags, articles: dict[str, Article]
) -> None:
    for flag in red_flags.flags.values():
        assert flag.article in articles, flag.id
        article = articles[flag.article]
        unit = article.first_unit(flag.section)
        assert unit is not None, flag.id
        sentence = article.text[unit.start : unit.end]
        assert article.section_at(unit.start)[1] == flag.section, flag.id
        assert len(sentence.split()) >= 5, flag.id
        assert sentence.endswith("."), flag.id


def test_every_source_is_known(red_flags: RedFlags) -> None:
    named = {(flag.id, flag.source) for flag in red_flags.flags.values()}
    assert {(flag, source) for flag, source in named if source not in SOURCES | {"convention"}} == set()


def test_every_flag_has_a_way_to_be_found(red_flags: RedFlags) -> None:
    assert [flag.id for flag in red_flags.flags.values() if not flag.phrases and not flag.together] == []


def test_every_flag_lies_in_the_file_of_its_route() -> None:
    for file in FLAG_FILES:
        rows = yaml.load((RED_FLAGS / f"{file}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        assert {row["route"] for row in rows} == {file}


def test_every_flag_is_as_urgent_as_its_route(red_flags: RedFlags) -> None:
    for route, urgencies in [
        (Route.EMERGENCY, {"now"}),
        (Route.PROFESSIONAL, {"today", "soon"}),
        (Route.CAUTION, {"before-massage"}),
    ]:
        assert {flag.urgency for flag in of(red_flags, route)} == urgencies


def test_the_flags_of_the_contract_are_there(red_flags: RedFlags) -> None:
    assert {flag.id for flag in of(red_flags, Route.EMERGENCY)} >= {
        *("saddle-numbness", "bladder-or-bowel-change", "chest-pain", "stroke-signs", "major-trauma"),
        *("clot-in-lung", "anaphylaxis", "suicidal-thoughts"),
    }
    assert {flag.id for flag in of(red_flags, Route.PROFESSIONAL)} >= {
        *("numbness", "tingling", "weakness", "severe-pain", "persistent-pain", "worsening-pain", "night-pain")
    }
    assert {flag.id for flag in of(red_flags, Route.CAUTION)} >= {
        *("pregnancy", "blood-thinners", "osteoporosis", "cancer", "fever-or-infection", "skin-trouble"),
        *("recent-surgery", "recent-injury", "disc-problem", "heart-disease", "child", "great-age"),
    }


def test_an_emergency_says_whom_to_call_and_that_it_is_now(red_flags: RedFlags) -> None:
    for flag in of(red_flags, Route.EMERGENCY):
        assert "{emergency_number}" in flag.reply or "{crisis_line}" in flag.reply, flag.id
        assert re.search(r"\bnow\b", flag.reply) or "{crisis_line}" in flag.reply, flag.id


def test_what_is_for_today_says_today(red_flags: RedFlags) -> None:
    assert [flag.id for flag in red_flags.flags.values() if flag.urgency == "today" and "today" not in flag.reply] == []


@pytest.mark.parametrize("flag_id", ["suicidal-thoughts", "violence"])
def test_who_is_in_danger_gets_a_crisis_line_and_the_emergency_number(red_flags: RedFlags, flag_id: str) -> None:
    reply = red_flags.flags[flag_id].reply
    assert "{crisis_line}" in reply
    assert "{emergency_number}" in reply


def test_the_texts_hold_no_braces_but_those_of_the_two_placeholders(red_flags: RedFlags) -> None:
    for flag in red_flags.flags.values():
        text = flag.reply + flag.avoid + flag.tell
        assert not re.search(r"[{}]", re.sub(r"\{(emergency_number|crisis_line)\}", "", text)), flag.id


# Verbs and things of massage. A referral may name them only to forbid them.
TECHNIQUE = re.compile(
    r"\b(press(es|ed|ing|ure)?|rub(s|bed|bing)?|knead\w*|strok(e|es|ed|ing)|roll(s|ed|ing|er)?|squeez\w*|stretch\w*|"
    r"tap(s|ping)?|glide|thumbs?|knuckles?|elbows?|palms?|trigger point\w*|(tennis|massage) ball|massage gun|oil|"
    r"lotion|massage (it|the|your|gently|lightly|softly)|firm(ly)?|gentl[ey]|circles|heat|ice)\b",
    re.IGNORECASE,
)
FORBIDS = re.compile(r"^(please )?(do not|never|you do not have to)\b", re.IGNORECASE)
BUT_DO = re.compile(r"\b(instead|you can always|you may|but|rather)\b", re.IGNORECASE)


def test_no_referral_text_holds_a_technique(red_flags: RedFlags) -> None:
    for flag in of(red_flags, Route.EMERGENCY, Route.PROFESSIONAL):
        assert not TECHNIQUE.search(flag.reply), flag.id
        assert not TECHNIQUE.search(flag.tell), flag.id
        assert FORBIDS.search(flag.avoid), flag.id
        assert not BUT_DO.search(flag.avoid), flag.id


@pytest.mark.parametrize(
    "text", ["Gently rub the calf.", "Press beside the spine.", "Use a massage gun on low.", "Then knead it."]
)
def test_a_technique_would_be_noticed(text: str) -> None:
    assert TECHNIQUE.search(text)
    assert not FORBIDS.search(text)


def test_every_word_of_a_phrase_is_written_as_the_guard_sees_words(red_flags: RedFlags) -> None:
    """A phrase whose word normalisation changes ("Fever", "naïve", "l4" to "la") can never match, and says nothing."""
    required = {
        (owner, anchor.removesuffix("*"))
        for owner, phrase in red_flags.book._entries
        for anchors in phrase.requires
        for anchor in anchors
    }
    changed = {
        (owner, word)
        for owner, word in required
        if [seen.text for clause in clauses(word) for seen in clause.words] != [word]
    }
    assert changed == set()


def test_every_region_names_numbers_that_can_be_dialled(red_flags: RedFlags) -> None:
    for code, region in red_flags.regions.items():
        assert re.fullmatch(r"([a-z]{2})?", code), code
        assert len(re.findall(r"\d", region.emergency)) >= 3, code
        assert len(re.findall(r"\d", region.crisis)) >= 3, code
        assert not region.emergency.endswith("."), code  # they stand inside sentences


@pytest.mark.parametrize(
    ("code", "number"), [("us", "911"), ("ca", "911"), ("gb", "999"), ("de", "112"), ("au", "000"), ("nz", "111")]
)
def test_emergency_numbers(red_flags: RedFlags, code: str, number: str) -> None:
    assert red_flags.regions[code].emergency == number


def test_without_a_region_several_numbers_are_named(red_flags: RedFlags) -> None:
    for number in ("911", "999", "112"):
        assert number in red_flags.regions[""].emergency


# A small set of files that loads, to be spoilt one file at a time.
FLAG = """
- id: numbness
  label: Numbness
  route: professional
  urgency: soon
  phrases: ["{numb} foot"]
  article: back-pain-red-flags
  section: numbness-tingling-weakness
  source: convention
  reply: See a doctor.
  reviewed: 2026-11-20
"""
FILES = {
    "lexicon.yaml": "numb: [numb, dead]",
    "signs.yaml": "- {id: leg-mentioned, phrases: [my leg]}",
    "emergency.yaml": "[]",
    "professional.yaml": FLAG,
    "caution.yaml": "[]",
    "regions.yaml": '"": {emergency: "112", crisis: "116 123"}',
    "languages.yaml": "other: {name: x, reply: x, urgent: x, otherwise: x, reviewed: 2026-01-01}",
    "cues.yaml": (RED_FLAGS / "cues.yaml").read_text(encoding="utf-8"),
}


def load(folder: Path, **changes: str) -> RedFlags:
    """The small set with some files replaced; keywords are file names without their ending."""
    for file, content in {**FILES, **{f"{file}.yaml": content for file, content in changes.items()}}.items():
        (folder / file).write_text(content, encoding="utf-8")
    return load_red_flags(folder)


def test_the_small_set_loads(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert list(loaded.flags) == ["numbness"]
    (clause,) = clauses("my leg and a dead foot")
    assert list(loaded.book.matches(clause)) == [("numbness", 4, 5), ("leg-mentioned", 0, 1)]
    assert loaded.regions[""].crisis == "116 123"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("professional", FLAG + "  colour: red\n"),
        ("professional", FLAG.replace("  reply:", "  replies:")),
        ("signs", "- {id: leg-mentioned, phrases: [my leg], label: Leg}"),
        ("regions", '"": {emergency: "112", crisis: "116 123", police: "110"}'),
        ("cues", FILES["cues.yaml"] + "\nmoods: [sad]\n"),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_file(tmp_path: Path, file: str, content: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(str(tmp_path / f"{file}.yaml"))):
        load(tmp_path, **{file: content})


def test_an_unknown_key_is_an_error_that_names_the_entry_and_the_key(tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as error:
        load(tmp_path, professional=FLAG + "  colour: red\n")
    assert "'numbness'" in str(error.value)
    assert "colour" in str(error.value)


@pytest.mark.parametrize("missing", ["label", "route", "urgency", "article", "section", "source", "reply", "reviewed"])
def test_a_flag_without_one_of_its_fields_is_an_error_that_names_it(tmp_path: Path, missing: str) -> None:
    without = "".join(line for line in FLAG.splitlines(keepends=True) if not line.startswith(f"  {missing}:"))
    with pytest.raises(CorpusError, match=f"professional.yaml.*'numbness'.*{missing}"):
        load(tmp_path, professional=without)


def test_a_flag_that_names_an_unknown_sign_is_an_error(tmp_path: Path) -> None:
    load(tmp_path, professional=FLAG + "  together: [[leg-mentioned, numbness]]\n")
    with pytest.raises(CorpusError, match=r"professional\.yaml.*'numbness' combines 'arm-mentioned'"):
        load(tmp_path, professional=FLAG + "  together: [[leg-mentioned, arm-mentioned]]\n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"professional": FLAG + FLAG}, "professional.yaml: flag 'numbness' is defined twice"),
        ({"caution": FLAG}, "caution.yaml: flag 'numbness' is defined twice"),
        ({"professional": FLAG.replace("route: professional", "route: answer")}, "professional.yaml"),
        ({"professional": FLAG.replace("route: professional", "route: hospital")}, "professional.yaml"),
        ({"professional": FLAG.replace("urgency: soon", "urgency: later")}, "urgency"),
        ({"professional": FLAG.replace("2026-11-20", "last week")}, "reviewed"),
        ({"professional": FLAG.replace("{numb} foot", "{cold} foot")}, "'{cold} foot'"),
        ({"professional": FLAG.replace("{numb} foot", "can't feel")}, '"can\'t feel"'),
        ({"lexicon": "numb: [numb, isn't]"}, '"isn\'t"'),
        ({"signs": "{}"}, "signs.yaml must hold a list"),
        ({"lexicon": "[]"}, "lexicon.yaml must hold a dict"),
        ({"regions": '"": {emergency: "112"}'}, "crisis"),
        ({"cues": "words: {}"}, "cues.yaml"),
        ({"caution": "- id: [unclosed"}, "caution.yaml is not valid YAML"),
    ],
)
def test_a_file_that_is_wrong_is_an_error_that_says_where(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(CorpusError) as error:
        load(tmp_path, **changes)
    assert words in str(error.value)


@pytest.mark.parametrize("file", list(FILES))
def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path, file: str) -> None:
    load(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(CorpusError, match=re.escape(str(tmp_path / file))):
        load_red_flags(tmp_path)
