"""Drafts to Markdown: numbers, spans and literal article text. Offsets below are counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.answering.draft import Form, Line, Span, escape, quoted, render, verified
from bot.reply import Citation, Reply, Route
from bot.retrieval.articles import Article, Block, Kind, SourceMark, squash
from bot.web.page import as_html

# 0123456789 01 23456789012 3456789012345 6
# Daily rubs \n \n Rub gently.  Stop if sore.
RUBS = Article(
    slug="rubs",
    title="Rubbing backs",
    text="Daily rubs\n\nRub gently. Stop if sore.",
    blocks=(Block(Kind.HEADING, 0, 10, level=2, anchor="daily"), Block(Kind.PARAGRAPH, 12, 37)),
    marks=(SourceMark(23, ("sherman-2014",)),),
)
OILS = Article("oils", "Oils", "Rub gently. Warm the oil.", (Block(Kind.PARAGRAPH, 0, 25),))
GENTLY = Span(RUBS, 12, 23)
SORE = Span(RUBS, 24, 37)
WARM = Span(OILS, 12, 25)

# Raw HTML is on: a reader's Markdown program may allow it, so article text must not come out as HTML there either.
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def article_of(text: str) -> Article:
    return Article("any", "Any", text, (Block(Kind.PARAGRAPH, 0, len(text)),))


def shown(markdown: str) -> tuple[list[str], str]:
    """(kinds of block, visible text) of Markdown that must hold nothing but text in its blocks."""
    tokens = MARKDOWN.parse(markdown)
    kinds = [token.type.removesuffix("_open") for token in tokens if token.nesting == 1]
    leaves = [token for token in tokens if token.nesting == 0 and token.type != "inline"]
    inline = [child for token in tokens for child in token.children or ()]
    assert not leaves, f"{markdown!r} holds {[token.type for token in leaves]}"
    assert {child.type for child in inline} <= {"text"}, f"{markdown!r} holds {[child.type for child in inline]}"
    return kinds, "".join(child.content for child in inline)


def test_spans_are_what_the_offsets_say():
    assert (GENTLY.quote, SORE.quote, WARM.quote) == ("Rub gently.", "Stop if sore.", "Warm the oil.")


def test_a_citation_holds_everything_about_its_span():
    _, citations = render([quoted(GENTLY)])
    assert citations == (
        Citation(
            number=1,
            article="rubs",
            title="Rubbing backs",
            section="Daily rubs",
            quote="Rub gently.",
            start=12,
            end=23,
            url="/articles/rubs#c12-23",
            sources=("sherman-2014",),
        ),
    )


def test_a_source_belongs_to_its_own_sentence_only():
    assert render([quoted(SORE)])[1][0].sources == ()


def test_numbers_follow_the_first_mention():
    markdown, citations = render([quoted(SORE), quoted(GENTLY), quoted(WARM)])
    assert markdown == "Stop if sore. [1] Rub gently. [2] Warm the oil. [3]"
    assert [(c.number, c.article, c.start) for c in citations] == [(1, "rubs", 24), (2, "rubs", 12), (3, "oils", 12)]


def test_the_same_span_keeps_its_number():
    markdown, citations = render([quoted(SORE), quoted(GENTLY), Line("Again: stop.", SORE)])
    assert markdown == "Stop if sore. [1] Rub gently. [2] Again: stop. [1]"
    assert [c.quote for c in citations] == ["Stop if sore.", "Rub gently."]


def test_equal_offsets_of_two_articles_are_two_citations():
    markdown, citations = render([quoted(Span(RUBS, 12, 23)), quoted(Span(OILS, 12, 23))])
    assert markdown.endswith("[2]")
    assert [c.article for c in citations] == ["rubs", "oils"]


def test_a_line_without_a_span_has_no_number():
    assert render([Line("Hello!", None)]) == ("Hello!", ())


def test_nothing_renders_to_nothing():
    assert render([]) == ("", ())


def test_paragraphs_lists_and_steps_are_set_apart():
    lines = [
        Line("Intro:", GENTLY, Form.PARAGRAPH),
        Line("Runs on.", None),
        Line("One", SORE, Form.ITEM),
        Line("Two", WARM, Form.ITEM),
        Line("First", None, Form.STEP, 3),
        Line("Then", None, Form.STEP, 4),
        Line("After.", GENTLY),
        Line("New.", None, Form.PARAGRAPH),
    ]
    assert render(lines)[0] == (
        "Intro: [1] Runs on.\n\n- One [2]\n- Two [3]\n\n3. First\n4. Then\n\nAfter. [1]\n\nNew."
    )


def test_a_quote_over_two_lines_is_set_on_one_but_cited_to_the_letter():
    article = article_of("Rub\n  gently.")
    markdown, citations = render([quoted(Span(article, 0, 13))])
    assert markdown == "Rub gently. [1]"
    assert citations[0].quote == "Rub\n  gently."


@pytest.mark.parametrize(
    ("start", "end"),
    [(-1, 5), (24, 38), (24, 24), (30, 20), (10, 12), (99, 120)],
    ids=["before the text", "past the text", "empty", "backwards", "blank", "nowhere"],
)
def test_a_span_that_is_not_in_the_article_never_leaves(start, end):
    good = quoted(GENTLY)
    assert verified([Line("Invented.", Span(RUBS, start, end)), good]) == [good]


def test_the_whole_text_and_a_line_without_span_are_kept():
    lines = [Line("All of it.", Span(RUBS, 0, 37)), Line("Hello!", None)]
    assert verified(lines) == lines


def test_marks_are_escaped_one_by_one():
    assert escape("a*b [1] $5 <i> c") == r"a\*b \[1\] $5 \<i\> c"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> & <b>bold</b>",
        "*stars* _lines_ **two** `code` ~~struck~~",
        "As study [1] says, and [this](https://example.org).",
        "It costs $20 to $40, or \\$15.",
        "A | B | C",
        "![picture](https://example.org/x.png)",
        "<!-- note --> Rub gently.",
        "C:\\backs\\",
        "# Not a heading",
        "- not an item",
        "+ not an item",
        "* not an item",
        "1. not a step",
        "2) not a step",
        "> not a quotation",
        "Write &amp; for an ampersand and &lt;b&gt; for a tag",
        "--- Rub gently.",
        "``` Rub gently.",
        "[rub]: https://example.org",
    ],
)
@pytest.mark.parametrize(
    ("form", "kinds"),
    [
        (Form.SENTENCE, ["paragraph"]),
        (Form.PARAGRAPH, ["paragraph"]),
        (Form.ITEM, ["bullet_list", "list_item", "paragraph"]),
        (Form.STEP, ["ordered_list", "list_item", "paragraph"]),
    ],
)
def test_article_text_comes_out_as_literal_text(text, form, kinds):
    markdown, _ = render([quoted(Span(article_of(text), 0, len(text)), form, 1)])
    assert shown(markdown) == (kinds, f"{text} [1]")


NASTY = ["#", "- ", "+ ", "1. ", "1) ", "&amp;", "&#35;", "&", "<b>", "</p>", "<!--", "[1]", "](", "*", "_", "`", "~~"]
NASTY += ["$", "\\", "|", ">", "---", "===", "!", "    ", "\n", "\n\n", "\t", "http://x.y", "a", "Rub", " ", ".", ":"]
any_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60),
    st.lists(st.sampled_from(NASTY), min_size=1, max_size=12).map("".join),
).filter(lambda text: bool(squash(text)))


@given(any_text)
def test_any_article_text_comes_out_as_literal_text(text):
    markdown, citations = render(verified([quoted(Span(article_of(text), 0, len(text)), Form.PARAGRAPH)]))
    assert shown(markdown) == (["paragraph"], f"{squash(text)} [1]")
    assert citations[0].quote == text


@given(any_text)
def test_on_the_page_only_the_bots_own_marks_become_links(text):
    markdown, citations = render([quoted(Span(article_of(text), 0, len(text)), Form.PARAGRAPH)])
    html = as_html(Reply(Route.ANSWER, markdown, citations), markdown)
    assert html.count("<a ") == 1
    assert "<script" not in html and "<img" not in html
