"""Files to articles: what each format's blocks, units, marks and sections are, and that every span is true."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings

from bot.errors import CorpusError
from bot.retrieval.articles import Article, Block, Kind, SourceMark, Unit, sentence_spans, span_id, squash
from bot.retrieval.formats import read_file, read_folder, read_html, read_markdown, read_pdf, read_text
from bot.settings import SHIPPED_ARTICLES
from tests.article_texts import article_texts

HEADING, PARAGRAPH, ITEM, STEP = Kind.HEADING, Kind.PARAGRAPH, Kind.ITEM, Kind.STEP
WIDE = 120  # millimetres of a PDF line: about 60 characters


def blocks_of(article: Article) -> list[tuple[Kind, str]]:
    return [(block.kind, article.text[block.start : block.end]) for block in article.blocks]


def units_of(article: Article) -> list[str]:
    return [article.text[unit.start : unit.end] for unit in article.units]


def markdown(text: str) -> Article:
    return read_markdown(text.encode(), "file-name")


def plain(text: str) -> Article:
    return read_text(text.encode(), "file-name")


def html(body: str, head: str = "") -> Article:
    return read_html(f"<html><head>{head}</head><body>{body}</body></html>".encode(), "file-name")


def pdf(*pages: Iterable[str], title: str = "") -> Article:
    """Each string is a paragraph, wrapped by fpdf2 at the width of the page."""
    document = FPDF()
    document.set_font("Helvetica", size=11)
    document.set_title(title)
    for paragraphs in pages:
        document.add_page()
        for paragraph in paragraphs:
            document.multi_cell(WIDE, 6, paragraph, new_x="LMARGIN", new_y="NEXT")
    return read_pdf(bytes(document.output()), "file-name")


# --- Markdown ---------------------------------------------------------------------------------------------------------

GUIDE = """\
---
slug: oil-guide
title: "Oils:  which one"
summary: Which oil to use.
questions:
  - Which oil is best?
  - Is olive oil fine?
reviewed: 2026-11-20
---

Oil lets hands glide [@sherman-2014]. It is
not needed for *every* stroke [@who; @nice-ng59].

## Which oil? {#which evidence=some}

Try these:

- Almond oil
  is light.
- `Coconut` oil [@who]

1. Warm it.
2. Spread **it**. Then wait.
"""


def test_markdown_becomes_plain_text_without_signs_or_marks():
    assert markdown(GUIDE).text == (
        "Oil lets hands glide. It is not needed for every stroke.\n\n"
        "Which oil?\n\n"
        "Try these:\n\n"
        "- Almond oil is light.\n"
        "- Coconut oil\n"
        "1. Warm it.\n"
        "2. Spread it. Then wait."
    )


def test_markdown_blocks_leave_out_the_list_markers():
    assert blocks_of(markdown(GUIDE)) == [
        (PARAGRAPH, "Oil lets hands glide. It is not needed for every stroke."),
        (HEADING, "Which oil?"),
        (PARAGRAPH, "Try these:"),
        (ITEM, "Almond oil is light."),
        (ITEM, "Coconut oil"),
        (STEP, "Warm it."),
        (STEP, "Spread it. Then wait."),
    ]


def test_units_are_sentences_and_whole_list_items():
    article = markdown(GUIDE)
    assert units_of(article) == [
        "Oil lets hands glide.",
        "It is not needed for every stroke.",
        "Try these:",
        "Almond oil is light.",
        "Coconut oil",
        "Warm it.",
        "Spread it. Then wait.",  # one step, however many sentences
    ]
    assert [unit.number for unit in article.units] == [0, 0, 0, 0, 0, 1, 2]
    assert [unit.kind for unit in article.units] == [PARAGRAPH] * 3 + [ITEM] * 2 + [STEP] * 2
    assert [unit.block for unit in article.units] == [0, 0, 2, 3, 4, 5, 6]


def test_front_matter_names_the_article():
    article = markdown(GUIDE)
    assert (article.slug, article.title) == ("oil-guide", "Oils: which one")
    assert article.questions == ("Which oil is best?", "Is olive oil fine?")
    assert article.meta["summary"] == "Which oil to use."


def test_without_front_matter_the_file_and_its_first_heading_name_the_article():
    article = markdown("# Warm *oil*\n\nIt glides.")
    assert (article.slug, article.title, article.questions) == ("file-name", "Warm oil", ())
    assert markdown("It glides.").title == "file-name"


@pytest.mark.parametrize("block", ["Rub it gently.", "- Rub it gently.", '"Rub it gently."', "2026"])
def test_two_rules_at_the_top_are_front_matter_only_when_they_hold_names_and_values(block):
    assert block.strip('"- ') in markdown(f"---\n{block}\n---\n\nThen rest.").text


def test_broken_front_matter_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "oils.md"
    path.write_text('---\ntitle: "never closed\n---\n\nText.\n')
    with pytest.raises(CorpusError, match=r"oils\.md") as error:
        read_file(path)
    assert "\n" not in str(error.value)


def test_heading_attributes_become_anchor_and_evidence():
    heading = markdown(GUIDE).blocks[1]
    assert (heading.anchor, heading.evidence, heading.level) == ("which", "some", 2)


def test_headings_without_an_anchor_get_one_each_of_their_own():
    article = markdown("# Oil\n\na\n\n## How much?\n\nb\n\n### How much?\n\nc")
    headings = [block for block in article.blocks if block.kind is HEADING]
    assert [block.level for block in headings] == [1, 2, 3]
    assert headings[0].anchor == "oil"
    assert headings[1].anchor == "how-much"
    assert len({block.anchor for block in headings}) == 3


def test_source_marks_stand_behind_the_words_they_support():
    # "Oil lets hands glide" has 21 - 1 = 20 characters; ". It is not needed for every stroke" 35 more.
    first, second, third = markdown(GUIDE).marks
    assert first == SourceMark(20, ("sherman-2014",))
    assert second == SourceMark(55, ("who", "nice-ng59"))
    assert third.sources == ("who",)


def test_each_sentence_has_its_own_sources():
    article = markdown(GUIDE)
    sources = [article.sources_of(unit.start, unit.end) for unit in article.units]
    assert sources == [("sherman-2014",), ("who", "nice-ng59"), (), (), ("who",), (), ()]
    assert article.sources_of(0, len(article.text)) == ("sherman-2014", "who", "nice-ng59")  # each once


@pytest.mark.parametrize("text", ["Rub it [@a].", "Rub it. [@a]", "Rub it.[@a]", "Rub it [@a]", "Rub it [@a]. Rest."])
def test_a_mark_before_or_after_the_full_stop_belongs_to_the_same_sentence(text):
    article = markdown(text)
    first = article.units[0]
    assert article.text[first.start : first.end].rstrip(".") == "Rub it"
    assert article.sources_of(first.start, first.end) == ("a",)
    assert all(not article.sources_of(unit.start, unit.end) for unit in article.units[1:])


@pytest.mark.parametrize("text", ["[@a] Rub it.", "- [@a] Rub it.", "1. [@a] Rub it."])
def test_a_mark_in_front_leaves_no_blank_in_front(text):
    article = markdown(text)
    assert units_of(article) == ["Rub it."]
    assert [article.text[block.start : block.end] for block in article.blocks] == ["Rub it."]


def test_a_mark_in_a_heading_leaves_heading_title_and_anchor():
    article = markdown("# Warm oil [@mayo]\n\nIt glides.")
    assert blocks_of(article)[0] == (HEADING, "Warm oil")
    assert (article.title, article.blocks[0].anchor) == ("Warm oil", "warm-oil")


def test_words_in_brackets_are_no_source_mark():
    assert markdown("Rub [gently] for 5 minutes [@ home].").text == "Rub [gently] for 5 minutes [@ home]."


def test_inline_markup_leaves_its_words():
    article = markdown("**Rub** _it_ `slowly` with [oil](http://a.b) &amp; ![a hand](h.png)\\\non <b>bare</b> skin")
    assert article.text == "Rub it slowly with oil & a hand on bare skin"


def test_nested_lists_and_counts_that_do_not_begin_at_one():
    article = markdown("3. Warm it\n   - almond\n   - coconut\n4. Spread it\n\n- Rest")
    assert blocks_of(article) == [
        (STEP, "Warm it"),
        (ITEM, "almond"),
        (ITEM, "coconut"),
        (STEP, "Spread it"),
        (ITEM, "Rest"),
    ]
    assert [block.number for block in article.blocks] == [3, 0, 0, 4, 0]


def test_a_second_paragraph_of_a_step_is_no_further_step():
    article = markdown("1. Warm it.\n\n   In your hands.\n\n2. Spread it.")
    assert [block.number for block in article.blocks if block.kind is STEP] == [1, 2]


def test_a_table_row_is_a_paragraph():
    article = markdown("| Oil | Use |\n|---|---|\n| Almond | Dry *skin* |")
    assert blocks_of(article) == [(PARAGRAPH, "Oil | Use"), (PARAGRAPH, "Almond | Dry skin")]


def test_html_in_markdown_keeps_its_words_apart_and_its_scripts_out():
    article = markdown("Before.\n\n<div><p>Rub it</p><p>Then rest</p><script>track()</script></div>\n\nAfter.")
    assert article.text.split() == ["Before.", "Rub", "it", "Then", "rest", "After."]


# --- Plain text -------------------------------------------------------------------------------------------------------

NOTE = """\
Back massage at home

Most people can do this with a partner. Ask a doctor first
if you take blood thinners, are pregnant or had surgery in the
last six weeks. Stop when it hurts.

What you need:
- Oil
• A towel
* Time

How long should it last?
1. Begin with ten minutes.
2) Stop after twenty.

Aftercare
Drink if you are thirsty.
"""


def test_plain_text_stays_as_it_is():
    assert plain(NOTE).text == NOTE


def test_plain_text_blocks():
    assert blocks_of(plain(NOTE)) == [
        (HEADING, "Back massage at home"),
        (
            PARAGRAPH,
            "Most people can do this with a partner. Ask a doctor first\n"
            "if you take blood thinners, are pregnant or had surgery in the\n"
            "last six weeks. Stop when it hurts.",
        ),
        (PARAGRAPH, "What you need:"),
        (ITEM, "Oil"),
        (ITEM, "A towel"),
        (ITEM, "Time"),
        (HEADING, "How long should it last?"),
        (STEP, "Begin with ten minutes."),
        (STEP, "Stop after twenty."),
        (HEADING, "Aftercare"),
        (PARAGRAPH, "Drink if you are thirsty."),
    ]


def test_a_sentence_over_wrapped_lines_is_one_unit():
    assert units_of(plain(NOTE))[:3] == [
        "Most people can do this with a partner.",
        "Ask a doctor first\nif you take blood thinners, are pregnant or had surgery in the\nlast six weeks.",
        "Stop when it hurts.",
    ]


def test_plain_text_title_is_its_first_heading_or_the_file_name():
    assert plain(NOTE).title == "Back massage at home"
    assert plain("Rub it gently. Then rest.").title == "file-name"


def test_a_list_item_over_wrapped_lines_is_one_unit():
    item = "Rub the back slowly with both flat hands for about ten minutes and\n  then rest for a while"
    assert units_of(plain(f"Steps at home:\n- Warm the oil.\n- {item}.\n- Sit up.\n- Drink water.")) == [
        "Steps at home:",
        "Warm the oil.",
        f"{item}.",
        "Sit up.",
        "Drink water.",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "This line ends like a sentence.",
        "this long line is written in lower case without any full stop at its end",
        "This line has no full stop but it goes on for far longer than any heading in a short article ever would",
    ],
)
def test_a_line_that_is_a_sentence_is_no_heading(line):
    assert blocks_of(plain(f"{line}\n\nThe next paragraph is here."))[0] == (PARAGRAPH, line)


def test_the_last_line_is_no_heading():
    assert blocks_of(plain("Rub it gently.\n\nThe End")) == [(PARAGRAPH, "Rub it gently."), (PARAGRAPH, "The End")]


def test_numbered_headings_are_told_from_steps():
    article = plain("1. Oil\n\nUse a teaspoon of oil for the back.\n\n2. Rest\n\nLie still for a few minutes.")
    assert [kind for kind, _ in blocks_of(article)] == [HEADING, PARAGRAPH, HEADING, PARAGRAPH]


def test_steps_without_full_stops_are_no_headings():
    article = plain("1. Warm the oil\n2. Spread it\n3. Rest")
    assert blocks_of(article) == [(STEP, "Warm the oil"), (STEP, "Spread it"), (STEP, "Rest")]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Rub it.\r\nRest.\rSleep.", "Rub it.\nRest.\nSleep."),  # every line end counts as one character
        (b"\xef\xbb\xbfRub it.", "Rub it."),  # a byte order mark is no text
        ("Rub it – “gently”.".encode("cp1252"), "Rub it – “gently”."),
        ("Naïve 🙂 rub.".encode(), "Naïve 🙂 rub."),
    ],
)
def test_bytes_to_text(data, text):
    article = read_text(data, "x")
    assert article.text == text
    assert article.units[-1].end == len(text)


# --- HTML -------------------------------------------------------------------------------------------------------------

PAGE = """
<nav><ul><li><a href="/">Home</a></li><li><a href="/contact">Contact us today</a></li></ul></nav>
<main><article>
<h1>Massage oils</h1>
<p>Warm the oil in your hands before you touch the back. Cold oil makes muscles tense, and that is bad.</p>
<h2>How much oil?</h2>
<p>Use a <b>teaspoon</b> for the whole back. Add more if the skin drags under your hands.</p>
<ul><li>Almond oil is light.</li><li>Coconut oil is solid when cold.</li></ul>
<h2>Steps</h2>
<ol><li>Wash your hands.</li><li>Spread it. Then wait.</li></ol>
</article></main>
<footer><p>Copyright 2020. All rights reserved. <a href="/privacy">Privacy policy</a></p></footer>
<script>var tracking = "Rub it";</script>
"""


def test_html_blocks_without_menu_footer_and_script():
    article = html(PAGE, "<title>Oils &amp;  backs</title>")
    assert article.title == "Oils & backs"
    assert blocks_of(article) == [
        (HEADING, "Massage oils"),
        (
            PARAGRAPH,
            "Warm the oil in your hands before you touch the back. Cold oil makes muscles tense, and that is bad.",
        ),
        (HEADING, "How much oil?"),
        (PARAGRAPH, "Use a teaspoon for the whole back. Add more if the skin drags under your hands."),
        (ITEM, "Almond oil is light."),
        (ITEM, "Coconut oil is solid when cold."),
        (HEADING, "Steps"),
        (STEP, "Wash your hands."),
        (STEP, "Spread it. Then wait."),
    ]
    assert [block.number for block in article.blocks if block.kind is STEP] == [1, 2]


def test_html_units_and_sections():
    article = html(PAGE)
    assert len(article.units) == 2 + 2 + 2 + 2
    last = article.units[-1]
    assert article.text[last.start : last.end] == "Spread it. Then wait."
    assert article.section_at(last.start) == ("Steps", "steps")


def test_xhtml_with_its_declaration_can_be_read():
    page = f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n<html><body>{PAGE}</body></html>'
    assert read_html(page.encode(), "x").text == html(PAGE).text


def test_html_keeps_its_headings_beside_a_table():
    article = html(
        "<h2>How much oil?</h2>"
        "<p>Use a teaspoon for the whole back. Add more if the skin drags under your hands, "
        "and wipe off what is left over at the end.</p>"
        "<p>Oil that has turned rancid smells sharp, and it should not go on the skin any more.</p>"
        "<table><tr><th>Oil</th><th>Use</th></tr><tr><td>Almond</td><td>Dry skin</td></tr></table>"
    )
    assert blocks_of(article)[0] == (HEADING, "How much oil?")


def test_a_short_page_keeps_its_words_apart():
    article = html("<p>Rub it.</p><p>Then rest.</p>")
    assert units_of(article) == ["Rub it.", "Then rest."]


# --- PDF --------------------------------------------------------------------------------------------------------------

PROSE = (
    "Warm the oil in your hands before you touch the back. Cold oil makes muscles tense, and that is the opposite of "
    "what you want. Use about a teaspoon for the whole back, and add more only if the skin drags under your hands."
)
SENTENCES = [
    "Warm the oil in your hands before you touch the back.",
    "Cold oil makes muscles tense, and that is the opposite of what you want.",
    "Use about a teaspoon for the whole back, and add more only if the skin drags under your hands.",
]


def test_pdf_sentences_over_wrapped_lines_are_whole():
    article = pdf([PROSE])
    assert "\n" in article.text  # fpdf2 did wrap it
    assert [squash(unit) for unit in units_of(article)] == SENTENCES


def test_pdf_headings_and_steps():
    article = pdf(["Massage oils", "Use a little.", "Follow these steps:", "1. Wash your hands.", "2. Warm the oil."])
    assert blocks_of(article) == [
        (HEADING, "Massage oils"),
        (PARAGRAPH, "Use a little."),
        (PARAGRAPH, "Follow these steps:"),
        (STEP, "Wash your hands."),
        (STEP, "Warm the oil."),
    ]
    assert article.title == "Massage oils"


def test_pdf_sentences_are_whole_beside_headings_and_short_steps():
    steps = [f"{number}. {text}" for number, text in enumerate(["Wash.", "Warm it.", "Spread it.", "Rest."], start=1)]
    article = pdf(["Massage oils", PROSE, "How to start", "Follow these steps:", *steps])
    assert [squash(unit) for unit in units_of(article)] == [
        *SENTENCES,
        *["Follow these steps:", "Wash.", "Warm it.", "Spread it.", "Rest."],
    ]
    assert [text for kind, text in blocks_of(article) if kind is HEADING] == ["Massage oils", "How to start"]


def test_pdf_pages_follow_each_other_and_metadata_names_it():
    article = pdf(["Rub it gently."], ["Then rest."], title="Oil guide")
    assert article.title == "Oil guide"
    assert units_of(article) == ["Rub it gently.", "Then rest."]


# --- Sections, sentences, names ---------------------------------------------------------------------------------------

# 0         1          2          3         4         5
# 012345678 9 0 123456789 0 1 234567890123456 7 8 901234567 8 9 01234567
TWO_SECTIONS = Article(
    slug="oils",
    title="Oils",
    text="Rub gently.\n\nWhich  oil\n\nAlmond.\n\nHow much\n\nA spoon.",
    blocks=(
        Block(PARAGRAPH, 0, 11),
        Block(HEADING, 13, 23, level=2, anchor="which"),
        Block(PARAGRAPH, 25, 32),
        Block(HEADING, 34, 42, level=2, anchor="how-much"),
        Block(PARAGRAPH, 44, 52),
    ),
)


@pytest.mark.parametrize(
    ("position", "section"),
    [
        (0, ("Oils", "")),
        (12, ("Oils", "")),
        (13, ("Which oil", "which")),
        (33, ("Which oil", "which")),
        (34, ("How much", "how-much")),
        (51, ("How much", "how-much")),
    ],
)
def test_section_at(position, section):
    assert TWO_SECTIONS.section_at(position) == section


def test_first_unit_of_a_section():
    assert TWO_SECTIONS.first_unit("which") == Unit(25, 32, PARAGRAPH, 2)
    assert TWO_SECTIONS.first_unit("how-much") == Unit(44, 52, PARAGRAPH, 4)
    assert TWO_SECTIONS.first_unit("elsewhere") is None


def test_url_names_the_span():
    assert TWO_SECTIONS.url(25, 32) == f"/articles/oils#{span_id(25, 32)}" == "/articles/oils#c25-32"


@pytest.mark.parametrize(
    "sentences",
    [
        ["Rub it.", "Then rest!", "Better?", "Good."],
        ["It lasts approx. 3.5 hours.", "Then it fades."],
        ["See Dr. Smith first.", "Bring e.g. a list of medicines."],
        ["It costs $5.50 in the U.S. on average.", "Ask first."],
        ["He said “Rub it.”", "She rested."],
        ["Only one without a full stop"],
    ],
)
def test_sentences(sentences):
    text = "  ".join(sentences)
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_a_sentence_never_begins_in_lower_case():
    text = "Rub it. then rest. Sleep."
    assert [text[start:end] for start, end in sentence_spans(text)] == ["Rub it. then rest.", "Sleep."]


def test_white_space_around_a_sentence_is_not_part_of_it():
    assert sentence_spans("  Rub it. \n") == [(2, 9)]


def test_no_sentence_in_blank_text():
    assert sentence_spans(" \n ") == []


def test_folders_are_part_of_the_name_and_hidden_files_are_not_read(tmp_path):
    (tmp_path / "oils").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "oils" / "Sweet almond.MD").write_text("Light.")
    (tmp_path / "rest.txt").write_text("Lie down.")
    (tmp_path / ".git" / "note.txt").write_text("Secret.")
    (tmp_path / "notes.docx").write_text("Other.")
    assert [article.slug for article in read_folder(tmp_path)] == ["oils-Sweet-almond", "rest"]


def test_a_folder_named_like_an_article_is_looked_into(tmp_path):
    (tmp_path / "oils.md").mkdir()
    (tmp_path / "oils.md" / "almond.txt").write_text("Light.")
    assert [article.text for article in read_folder(tmp_path)] == ["Light."]


@pytest.mark.parametrize(("name", "body"), [("a.txt", " \n "), ("a.md", "# Only a heading"), ("a.html", "<p></p>")])
def test_a_file_without_text_is_named(tmp_path: Path, name: str, body: str):
    (tmp_path / name).write_text(body)
    with pytest.raises(CorpusError, match=name.replace(".", r"\.")):
        read_file(tmp_path / name)


# --- For any text -----------------------------------------------------------------------------------------------------


def assert_spans_are_true(article: Article) -> None:
    end = 0
    for block in article.blocks:
        assert end <= block.start < block.end <= len(article.text)
        assert article.text[block.start : block.end].strip()
        end = block.end
    end = 0
    for unit in article.units:
        block = article.blocks[unit.block]
        assert end <= unit.start < unit.end <= len(article.text)
        assert block.start <= unit.start < unit.end <= block.end
        assert article.text[unit.start : unit.end].strip()
        assert unit.kind is block.kind is not HEADING
        end = unit.end
    for index, block in enumerate(article.blocks):  # units leave out nothing but white space
        if block.kind is not HEADING:
            units = [article.text[u.start : u.end] for u in article.units if u.block == index]
            assert "".join("".join(units).split()) == "".join(article.text[block.start : block.end].split())
    anchors = [block.anchor for block in article.blocks if block.kind is HEADING]
    assert all(anchors)
    assert len(set(anchors)) == len(anchors)


def assert_survives_json(article: Article) -> None:
    assert Article.from_json(json.loads(json.dumps(article.to_json()))) == article


@hypothesis_settings(max_examples=300, deadline=None)
@given(article_texts)
def test_any_plain_text(text):
    article = read_text(text.encode(), "x")
    assert article.text == text.encode().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    assert_spans_are_true(article)
    assert_survives_json(article)


@hypothesis_settings(max_examples=300, deadline=None)
@given(article_texts)
def test_any_markdown(text):
    assume(not text.lstrip("\ufeff").startswith("---"))  # broken front matter is an error on purpose
    article = read_markdown(text.encode(), "x")
    assert_spans_are_true(article)
    assert all(0 <= mark.position <= len(article.text) for mark in article.marks)
    assert_survives_json(article)


@hypothesis_settings(max_examples=40, deadline=None)
@given(article_texts)
def test_any_html(text):
    assert_spans_are_true(html(f"{text}<p>Rub it gently.</p>"))


@pytest.mark.parametrize("path", sorted(SHIPPED_ARTICLES.glob("*.md")), ids=lambda path: path.stem)
def test_shipped_articles_have_true_spans(path):
    article = read_file(path)
    assert_spans_are_true(article)
    assert "[@" not in article.text
    assert "{#" not in article.text


def test_an_article_with_a_date_survives_json():
    assert_survives_json(markdown(GUIDE))
