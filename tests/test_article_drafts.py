"""Uploads become Markdown drafts; the corpus check is told for one edited article."""

from dataclasses import replace
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DraftError
from bot.publishing.content import Content
from bot.publishing.findings import Finding, check
from bot.publishing.upload import MOST_BYTES, as_markdown, content_of, front_matter, open_article
from bot.retrieval.articles import Article
from bot.retrieval.formats import read_bytes, read_text
from bot.settings import SHIPPED_ARTICLES, Settings
from tests import library

PAGE = (
    b"<title>Warm oil</title><body><nav>Home</nav><main><h2>How</h2><p>Warm the oil between your hands.</p>"
    b"<p>Then stroke the back slowly from the hips up to the shoulders and down again.</p></main></body>"
)
SHIPPED = "after-the-massage"
WORDS = st.text("ab 1#*_[]<>`~|-+.)&;{}\\", min_size=1, max_size=30)


def pdf(text: str) -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.multi_cell(0, text=text)
    return bytes(document.output())


def shape(article: Article) -> list[tuple[str, str]]:
    texts = ((block.kind, " ".join(article.text[block.start : block.end].split())) for block in article.blocks)
    return [(kind, text) for kind, text in texts if text]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("warm-oil.txt", b"Warm oil\n\nWarm the oil between your hands.\n\n- Almond oil\n- Coconut oil\n"),
        ("warm-oil.html", PAGE),
        ("warm-oil.pdf", pdf("Warm oil\n\nWarm the oil between your hands.")),
        ("warm-oil.md", b"---\ntitle: Warm oil\n---\nWarm the oil between your hands.\r\n"),
        ("warm-oil.md", b"# Warm oil\n\nWarm the oil between your hands.\n"),
    ],
)
def test_a_file_of_each_kind_becomes_markdown_that_reads_the_same(name, data) -> None:
    content = content_of(name, data)
    article = read_bytes(content.text.encode(), Path(f"{content.slug}.md"), "draft")
    assert (content.slug, article.title) == ("warm-oil", "Warm oil")
    assert ("paragraph", "Warm the oil between your hands.") in shape(article)
    assert "\r" not in content.text


@given(st.lists(WORDS, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_signs_that_mean_something_in_markdown_are_kept(lines) -> None:
    article = read_text("\n\n".join(["Oil.", *lines]).encode(), "oil")
    again = read_bytes((front_matter(article) + as_markdown(article)).encode(), Path("oil.md"), "draft")
    assert shape(again) == shape(article)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("oil.exe", b"MZ"),
        ("oil.pdf", b"no pdf"),
        ("oil.md", b"---\ntitle: [\n---\nOil.\n"),
        ("oil.txt", b" \n"),
        ("scan.pdf", pdf("")),
        ("long.txt", b"x" * (MOST_BYTES + 1)),
        ("wordy.txt", b"Oil is warm. " * 20_000),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence(name, data) -> None:
    with pytest.raises(DraftError) as told:
        content_of(name, data)
    assert name in str(told.value)
    assert "\n" not in str(told.value)
    assert "Traceback" not in str(told.value)


def of_shipped(content: Content) -> list[Finding]:
    return list(check(Settings.load(), SHIPPED_ARTICLES, content).findings)


def shipped() -> Content:
    content = open_article(SHIPPED_ARTICLES, SHIPPED)
    assert content is not None
    return content


def test_a_shipped_article_has_no_findings_and_shows_its_passages() -> None:
    checked = check(Settings.load(), SHIPPED_ARTICLES, shipped())
    assert checked.findings == ()
    assert {chunk.article for chunk in checked.chunks} == {SHIPPED}


def test_each_fault_of_an_edit_is_told_where_it_stands() -> None:
    lines = shipped().text.split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("## ")) - 1
    lines[at:at] = ["", "It is so. The colour helps [@nobody-1900]."]
    found = [finding for finding in of_shipped(replace(shipped(), text="\n".join(lines))) if finding.line == at + 2]
    assert {finding.file for finding in found} == {f"{SHIPPED}.md"}
    told = " ".join(finding.problem for finding in found)
    assert "'It' points at another sentence" in told
    assert "'colour' is not American spelling" in told
    assert "source 'nobody-1900' is unknown" in told


def test_a_sentence_of_another_article_is_told() -> None:
    sentence = "After a few paid massages, stop if daily life is no easier."
    assert any(sentence in path.read_text() for path in SHIPPED_ARTICLES.glob("*.md"))
    edited = shipped().text.replace("\n\n## ", f"\n\n{sentence}\n\n## ", 1)
    assert any("nearly the sentence of" in finding.problem for finding in of_shipped(replace(shipped(), text=edited)))


def test_what_an_edit_breaks_in_other_files_is_told_and_no_older_fault_is() -> None:
    flagged = open_article(SHIPPED_ARTICLES, "back-pain-red-flags")
    assert flagged is not None
    found = of_shipped(Content(flagged.slug, "", removes=True))
    assert any("quotes back-pain-red-flags#" in finding.problem for finding in found)  # the guard rests on it
    assert all(finding.file != f"{SHIPPED}.md" for finding in found)


def test_a_slug_of_another_article_is_told() -> None:
    text = shipped().text.replace(f"slug: {SHIPPED}", "slug: another")
    [finding] = of_shipped(replace(shipped(), text=text))
    assert "the slug is 'another'" in finding.problem


def test_the_rules_of_the_shipped_corpus_are_not_those_of_other_folders(tmp_path) -> None:
    folder = library.small_library(tmp_path / "articles")
    content = open_article(folder, "rest")
    assert content is not None
    checked = check(Settings.load(corpus=folder), folder, content)
    assert (checked.findings, len(checked.chunks)) == ((), 1)
