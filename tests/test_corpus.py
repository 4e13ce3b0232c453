"""The corpus check: the shipped corpus passes it, and every rule fires on the fault it is there for."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.chat import Bot
from bot.corpus import author, references, repetition, writing
from bot.corpus.check import check
from bot.corpus.language import fingerprints, hanging, misspelled, reading_grade
from bot.corpus.library import CORRECTED, Finding, Library, Page, read_library
from bot.corpus.report import report, unplaced
from bot.settings import CORPUS, HELD_OUT

ARTICLE = """\
---
slug: warm-hands
title: Warm hands
summary: Why warm hands matter.
questions:
  - Should my hands be warm?
  - How do I warm my hands?
  - What if my hands stay cold?
ask_first: People with numb skin should ask a clinician first.
sources: [guide-2020]
claims: [warm-is-nice]
reviewed: 2026-11-20
---

Warm hands make a back massage more comfortable for most people.

## Should my hands be warm? {#warm evidence=some}

Warm hands are more comfortable than cold ones [@guide-2020].

## How do I warm my hands? {#how evidence=practice}

To warm the hands before a massage, follow these steps:

1. Rub both palms together for half a minute.
2. Hold them round a warm cup.

## Who should ask a clinician first about warm hands? {#ask-first evidence=practice}

People with numb skin should ask a clinician before any heat.
"""
SOURCES = """\
guide-2020: {title: A guide, by: Nobody, year: 2020, ref: "doi:10.1/x", url: "https://doi.org/10.1/x", kind: guide}
"""
CLAIMS = """\
- id: warm-is-nice
  topic: care
  statement: Warm hands are nice.
  evidence: supported
  sources: [guide-2020]

- id: cold-cures
  topic: care
  statement: Cold hands cure pain.
  evidence: 'false'
  hold: Cold hands cure nothing.
  asked: do cold hands cure pain?
"""
CONFLICTS = """\
- question: Warm or cold hands?
  claims: [warm-is-nice, cold-cures]
  hold: Warm ones.
  told_in: [warm-hands#warm]
"""
FLAGS = """\
- id: cold-shock
  article: warm-hands
  section: warm
  source: guide-2020
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A small corpus in which only what is too short or missing its questions is wrong."""
    (tmp_path / "articles").mkdir()
    (tmp_path / "red_flags").mkdir()
    (tmp_path / "articles" / "warm-hands.md").write_text(
        ARTICLE.replace("[warm-is-nice]", "[warm-is-nice, cold-cures]")
    )
    (tmp_path / "sources.yaml").write_text(SOURCES)
    (tmp_path / "claims.yaml").write_text(CLAIMS)
    (tmp_path / "conflicts.yaml").write_text(CONFLICTS)
    (tmp_path / "red_flags" / "caution.yaml").write_text(FLAGS)
    return tmp_path


def change(corpus: Path, name: str, before: str, after: str) -> None:
    path = corpus / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def said(findings: Iterator[Finding] | list[Finding]) -> list[str]:
    return [f"{finding.path.name}:{finding.line}: {finding.problem}" for finding in findings]


def of_page(rule: Callable[[Page], Iterator[Finding]], library: Library) -> list[str]:
    return said([finding for page in library.pages for finding in rule(page)])


# --- The shipped corpus -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Library:
    return read_library(CORPUS)


def test_the_shipped_corpus_passes(shipped):
    assert said(check(shipped, HELD_OUT)) == []


def test_nothing_is_unplaced(shipped):
    assert unplaced(shipped) == {"claims": [], "sources": [], "conflicts": []}


def test_the_report_counts_what_is_there(shipped):
    table = report(shipped)
    claims, sources = len(shipped.claims), len(shipped.sources)
    assert f"| {len(shipped.pages)} articles |" in table
    assert f"| {claims} of {claims} | {sources} of {sources} |" in table
    assert all(f"| {page.article.slug} |" in table for page in shipped.pages)


def test_a_question_about_a_myth_finds_its_correction(shipped, bot: Bot):
    """For each claim that must be corrected, a passage of an article that carries it is among the first four."""
    corrected = [claim for claim in shipped.claims.values() if claim.evidence in CORRECTED]
    missed = []
    for claim in corrected:
        carriers = {page.article.slug for page in shipped.pages if claim.id in page.front.claims}
        found = {passage.article for passage in bot.reply(claim.asked).reply.passages[:4]}
        if not carriers & found:
            missed.append((claim.asked, sorted(carriers), sorted(found)))
    assert missed == []
    assert len(corrected) > 40


def test_an_article_is_found_by_the_questions_it_says_it_answers(shipped, bot: Bot):
    asked = [(question, page.article.slug) for page in shipped.pages for question in page.front.questions]
    first = [bot.retriever.search(question, 1).hits[0].chunk.article == slug for question, slug in asked]
    assert sum(first) / len(first) >= 0.95


# --- Reading ----------------------------------------------------------------------------------------------------------


def test_the_small_corpus_is_read_whole(corpus):
    library = read_library(corpus)
    assert library.faults == ()
    assert list(library.by_slug) == ["warm-hands"]
    assert library.pages[0].cited == {"guide-2020"}
    assert library.claims["cold-cures"].evidence == "false"


@pytest.mark.parametrize(
    ("name", "before", "after", "expected"),
    [
        (
            "articles/warm-hands.md",
            "summary: Why warm hands matter.\n",
            "",
            "warm-hands.md:1: front matter, summary: is missing",
        ),
        (
            "articles/warm-hands.md",
            "reviewed: 2026-11-20",
            "reviewed: soon",
            "warm-hands.md:12: front matter, reviewed:",
        ),
        ("articles/warm-hands.md", "title: Warm", "colour: red\ntitle: Warm", "warm-hands.md:3: front matter, colour:"),
        ("articles/warm-hands.md", "title: Warm hands", "title: 'Warm hands", "warm-hands.md:1: "),
        ("sources.yaml", "year: 2020", "year: long ago", "sources.yaml:1: guide-2020.year:"),
        ("sources.yaml", "kind: guide", "kind: guide, shelf: 3", "sources.yaml:1: guide-2020.shelf:"),
        ("sources.yaml", "doi:10.1/x", "somewhere", "sources.yaml:1: guide-2020.ref:"),
        ("claims.yaml", "evidence: supported", "evidence: sure", "claims.yaml:1: 0.evidence:"),
        ("claims.yaml", "  statement: Cold hands cure pain.\n", "", "claims.yaml:7: 1.statement: is missing"),
        ("claims.yaml", "- id: cold-cures", "- id: [cold", "claims.yaml:8: is not valid YAML"),
        ("conflicts.yaml", "[warm-hands#warm]", "[]", "conflicts.yaml:1: 0.told_in:"),
    ],
)
def test_what_does_not_fit_its_schema_is_named_with_file_and_line(corpus, name, before, after, expected):
    change(corpus, name, before, after)
    faults = said(list(read_library(corpus).faults))
    assert [fault for fault in faults if fault.startswith(expected)], faults


def test_a_missing_file_is_a_finding(corpus):
    (corpus / "claims.yaml").unlink()
    assert [fault.split(" ")[0] for fault in said(list(read_library(corpus).faults))] == ["claims.yaml:1:"]


def test_questions_that_are_no_mapping_are_a_finding(corpus):
    (corpus / "articles" / "warm-hands.questions.yaml").write_text("- one\n")
    faults = said(list(read_library(corpus).faults))
    assert faults[0].startswith("warm-hands.questions.yaml:1: ")
    assert "must map the anchor" in faults[0]


# --- One article ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("slug: warm-hands", "slug: hot-hands", "warm-hands.md:2: slug is 'hot-hands'"),
        ("{#warm evidence=some}", "{#warm evidence=sure}", "warm-hands.md:17: evidence is 'sure'"),
        ("{#warm evidence=some}", "", "warm-hands.md:17: the heading has no {#anchor"),
        ("{#how ", "{#warm ", "warm-hands.md:21: its anchor is used twice"),
        ("## How", "# How", "warm-hands.md:21: a heading of this level"),
        ("{#ask-first ", "{#who-asks ", "warm-hands.md:28: the last section is not {#ask-first}"),
        ("Warm hands make a back massage more comfortable for most people.\n\n", "", "warm-hands.md:15: no lead"),
        ("follow these steps:", "follow these steps.", "warm-hands.md:25: the list is not introduced"),
        (
            "Warm hands are more comfortable than cold ones [@guide-2020].\n\n",
            "",
            "warm-hands.md:17: the section is empty",
        ),
        ("both palms", "**both** palms", "warm-hands.md:25: '**' cannot be shown"),
        ("both palms", "<b>both</b> palms", "warm-hands.md:25: '<b>' cannot be shown"),
    ],
)
def test_a_fault_of_structure_is_named(corpus, before, after, expected):
    change(corpus, "articles/warm-hands.md", before, after)
    found = of_page(writing.structure, read_library(corpus))
    assert [finding for finding in found if finding.startswith(expected)], found


def test_a_sound_structure_has_no_finding(corpus):
    assert of_page(writing.structure, read_library(corpus)) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Warm hands are more", "They are more", "warm-hands.md:19: 'They' points at another sentence"),
        ("Warm hands are more", "However, warm hands are more", "warm-hands.md:19: 'However' points"),
        ("Warm hands are more", "Warm hands, as said above, are more", "warm-hands.md:19: 'as said above' points"),
        ("Warm hands are more", "Warm-coloured hands are more", "warm-hands.md:19: 'coloured' is not American"),
        ("more comfortable than", "more neccessary than", "warm-hands.md:19: 'neccessary' is not American"),
        ("than cold ones", "than cold ones" + " and warm ones" * 9, "warm-hands.md:19: 35 words in one sentence"),
        (
            "than cold ones",
            "than unfamiliarly disagreeable refrigerated alternatives" * 20,
            "warm-hands.md:1: reading grade",
        ),
    ],
)
def test_a_fault_of_language_is_named(corpus, before, after, expected):
    change(corpus, "articles/warm-hands.md", before, after)
    found = of_page(writing.language, read_library(corpus))
    assert [finding for finding in found if finding.startswith(expected)], found


@pytest.mark.parametrize(("times", "advice"), [(1, "merge it"), (20, ""), (200, "cut")])
def test_an_article_is_neither_short_nor_long(corpus, times, advice):
    sentence = "Warm hands are more comfortable than cold ones [@guide-2020]."
    change(corpus, "articles/warm-hands.md", sentence, " ".join([sentence] * times * 2))
    found = [f for f in of_page(writing.language, read_library(corpus)) if " words; " in f]
    assert (advice in found[0]) if advice else found == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("both palms", "both\u200b palms", "warm-hands.md:25: invisible character U+200B"),
        ("both palms", "both\u00a0palms", "warm-hands.md:25: invisible character U+00A0"),
        ("a warm cup", "a café cup".replace("é", "e\u0301"), "warm-hands.md:26: a letter is written in two parts"),
    ],
)
def test_characters_that_shift_offsets_are_named(corpus, before, after, expected):
    assert of_page(writing.offsets, read_library(corpus)) == []
    change(corpus, "articles/warm-hands.md", before, after)
    found = of_page(writing.offsets, read_library(corpus))
    assert [finding for finding in found if finding.startswith(expected)], found


# --- Sources, claims, links -------------------------------------------------------------------------------------------


PAGE, FLAG = "articles/warm-hands.md", "red_flags/caution.yaml"
SOURCE, CLAIM, CONFLICT = "sources.yaml", "claims.yaml", "conflicts.yaml"


@pytest.mark.parametrize(
    ("rule", "name", "before", "after", "expected"),
    [
        (references.sources, PAGE, "[@guide-2020]", "[@new-2021]", "warm-hands.md:19: source 'new-2021' is unknown"),
        (references.sources, PAGE, "s: [guide-2020]", "s: []", "warm-hands.md:10: source 'guide-2020' is cited but"),
        (references.sources, PAGE, " [@guide-2020]", "", "warm-hands.md:10: source 'guide-2020' is listed but"),
        (references.sources, PAGE, " [@guide-2020]", "", "warm-hands.md:17: evidence=some, yet no source"),
        (references.sources, PAGE, "a warm cup", "a cup for $5", "warm-hands.md:26: a price without its year"),
        (
            references.sources,
            SOURCE,
            ": guide}",
            ": g, uncertain: true}",
            "warm-hands.md:19: 'guide-2020' was not",
        ),
        (references.sources, SOURCE, "guide-2020:", "new-2021:", "sources.yaml:1: 'new-2021' is used nowhere"),
        (references.sources, FLAG, "guide-2020", "hearsay", "caution.yaml:1: 'cold-shock' rests on unknown source"),
        (references.claims, PAGE, ", cold-cures]", "]", "claims.yaml:7: 'cold-cures' is in no article"),
        (references.claims, PAGE, "cold-cures]", "cold-kills]", "warm-hands.md:11: claim 'cold-kills' is unknown"),
        (references.claims, CLAIM, "  asked: do cold hands cure pain?\n", "", "claims.yaml:7: 'cold-cures' is false"),
        (references.claims, CLAIM, "[guide-2020]", "[hearsay]", "claims.yaml:1: 'warm-is-nice' rests on unknown"),
        (references.claims, CONFLICT, "cold-cures", "cold-kills", "conflicts.yaml:1: claim 'cold-kills' is unknown"),
        (references.links, CONFLICT, "#warm", "#cold", "conflicts.yaml:1: warm-hands#cold is not there"),
        (references.links, FLAG, "section: warm", "section: cold", "caution.yaml:1: 'cold-shock' quotes warm-hands#"),
        (
            references.links,
            PAGE,
            "a warm cup",
            "a [cup](/articles/cups)",
            "warm-hands.md:26: the link to /articles/cups",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(corpus, rule, name, before, after, expected):
    assert said(rule(read_library(corpus))) == []
    change(corpus, name, before, after)
    found = said(rule(read_library(corpus)))
    assert [finding for finding in found if finding.startswith(expected)], found


def test_a_dated_price_and_a_hedged_source_pass(corpus):
    change(corpus, "sources.yaml", "kind: guide", "kind: guide, uncertain: true")
    change(corpus, "articles/warm-hands.md", "Warm hands are more", "Warm hands are reportedly more")
    change(corpus, "articles/warm-hands.md", "a warm cup", "a cup for $5 in 2026")
    assert said(references.sources(read_library(corpus))) == []


# --- Repetition, copying, questions -----------------------------------------------------------------------------------


def test_nearly_the_same_sentence_is_named_once(corpus):
    twice = "People with numb skin should really ask a clinician before any heat."
    change(
        corpus, "articles/warm-hands.md", "Warm hands make a back massage", f"{twice} Warm hands make a back massage"
    )
    found = said(repetition.duplicates(read_library(corpus)))
    assert len(found) == 1
    assert found[0].startswith("warm-hands.md:30: nearly the sentence of warm-hands.md:15")


def test_a_run_of_words_from_a_forbidden_text_is_named(corpus, tmp_path, monkeypatch):
    library = read_library(corpus)
    assert said(repetition.copied(library))[0].startswith("forbidden_runs.npy:1: is missing")
    forbidden = tmp_path / "forbidden"
    forbidden.mkdir()
    (forbidden / "other.txt").write_text(
        "We say that RUB both palms together, for half a minute is best.\n\nNothing else."
    )
    monkeypatch.setattr(author, "CORPUS", corpus)
    monkeypatch.setattr(author, "ROOT", corpus)
    assert author.forbid(forbidden) == 0
    assert said(repetition.copied(library)) == [
        "warm-hands.md:25: copied from another text; write it anew: rub both palms together for half a minute"
    ]


def test_seven_words_in_common_are_no_copy():
    forbidden = set(fingerprints(["one two three four five six seven eight"]).tolist())
    assert len(forbidden) == 1
    assert not forbidden & set(fingerprints(["one two three four five six seven nine ten"]).tolist())


def test_questions_are_enough_known_and_asked_once(corpus):
    path = corpus / "articles" / "warm-hands.questions.yaml"
    rows = {
        "warm": [f"question {word}" for word in "a b c d e f g h".split()],
        "how": ["Question B?", "another"],
        "cold": ["is it?"],
    }
    path.write_text(json.dumps(rows, indent=0))
    found = said(repetition.questions(read_library(corpus)))
    assert [finding.split(": ", 1)[1] for finding in found] == [
        "section 'how' has 2 visitor questions; write 8 or more.",
        "section 'ask-first' has 0 visitor questions; write 8 or more.",
        "'cold' is no section of the article; mend the anchor.",
        "asked already in warm-hands#warm; word it differently.",
    ]
    assert found[3].startswith("warm-hands.questions.yaml:13:")


@pytest.mark.parametrize(
    ("held", "refused"),
    [("How do I warm my hands?", True), ("so how do i warm my hands", True), ("how long should a massage last", False)],
)
def test_a_held_out_question_is_refused(corpus, tmp_path, held, refused):
    folder = tmp_path / "held-out"
    folder.mkdir()
    (folder / "test.jsonl").write_text(json.dumps({"id": "1", "turns": ["Hello", held]}) + "\n")
    found = said(repetition.held_out(read_library(corpus), folder))
    assert [finding.startswith("warm-hands.md:7: nearly a held-out question") for finding in found] == [True] * refused


# --- Language ---------------------------------------------------------------------------------------------------------


def test_the_reading_grade_is_that_of_kincaid():
    """10 words and 11 syllables in 2 sentences: 0.39 x 5 + 11.8 x 1.1 - 15.59."""
    assert reading_grade(["The cat sat on it.", "The dog ran over there."]) == pytest.approx(-0.66, abs=0.01)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("It does not.", "It"),
        ("This hurts.", "This"),
        ("Also drink water.", "Also"),
        ("For example, rest.", "For example"),
        ("See below for steps.", "See below"),
        ("Italy has massage.", ""),
        ("Sore muscles are common.", ""),
        ("Theory says so.", ""),
    ],
)
def test_a_sentence_that_hangs_is_known_by_its_words(sentence, words):
    assert hanging(sentence) == words


def test_acronyms_are_not_misspellings():
    assert list(misspelled("HSA money pays for physiotherapy.")) == []


# --- The command line -------------------------------------------------------------------------------------------------


def test_a_new_article_is_begun_and_its_gaps_are_named(corpus, monkeypatch, capsys):
    monkeypatch.setattr(author, "CORPUS", corpus)
    monkeypatch.setattr(author, "ROOT", corpus)
    (corpus / "forbidden_runs.npy").write_bytes((CORPUS / "forbidden_runs.npy").read_bytes())
    assert main(["article", "new", "cold-hands", "--title", "Cold hands: what now?"]) == 0
    assert main(["article", "check", "cold-hands"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("articles/cold-hands.md:15: '<Two or three sentences")], lines
    assert main(["article", "new", "cold-hands"]) == 2
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize("slug", ["Cold Hands", "../cold", "cold--hands", "", "kälte!"])
def test_a_name_that_is_none_is_refused(slug, capsys):
    assert main(["article", "new", slug]) == 2
    assert "is no name for an article" in capsys.readouterr().err


def test_checking_an_unknown_article_says_so(capsys):
    assert main(["article", "check", "no-such"]) == 2
    assert "There is no article 'no-such'" in capsys.readouterr().err
