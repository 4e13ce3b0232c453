"""Articles to chunks. Lengths below are counted by hand: a chunk's length runs from its first unit to its last."""

from itertools import pairwise

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.retrieval.articles import Article, Kind
from bot.retrieval.chunks import Chunk, chunk_articles
from bot.retrieval.formats import read_file, read_markdown, read_text
from bot.settings import SHIPPED_ARTICLES
from tests.article_texts import article_texts


def markdown(text: str, slug: str = "oils") -> Article:
    return read_markdown(text.encode(), slug)


def texts_of(article: Article, max_chars: int) -> list[str]:
    return [article.text[chunk.start : chunk.end] for chunk in chunk_articles([article], max_chars)]


def assert_chunks_are_whole(article: Article, max_chars: int) -> None:
    chunks = chunk_articles([article], max_chars)
    covered = [i for chunk in chunks for i in range(chunk.first_unit, chunk.first_unit + chunk.units)]
    assert covered == list(range(len(article.units)))  # every unit once, in order
    for chunk in chunks:
        units = article.units[chunk.first_unit : chunk.first_unit + chunk.units]
        assert (chunk.start, chunk.end) == (units[0].start, units[-1].end)
        assert chunk.embedded[chunk.text_at :] == article.text[chunk.start : chunk.end]
        assert {article.section_at(unit.start) for unit in units} == {(chunk.section, chunk.anchor)}
        if chunk.end - chunk.start > max_chars:  # only what may not be cut is too long
            assert all(unit.kind is not Kind.PARAGRAPH for unit in units[1:])
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    for before, after in pairwise(chunks):
        starts_with_item = article.units[after.first_unit].kind is not Kind.PARAGRAPH
        assert not (starts_with_item and before.anchor == after.anchor)  # no list is cut, none loses its introduction


def test_a_section_is_a_chunk():
    article = markdown("Oil glides.\n\n## Which {#which}\n\nAlmond. Or coconut.\n\nNot motor oil.\n\n## Rest\n\n- Lie.")
    assert texts_of(article, 200) == ["Oil glides.", "Almond. Or coconut.\n\nNot motor oil.", "Lie."]


def test_a_chunk_says_where_it_is_from():
    article = markdown("# Oils\n\n## Which {#which}\n\nAlmond.", slug="guide")
    # Oils, blank line, Which, blank line: the text begins at 4 + 2 + 5 + 2 = 13
    assert chunk_articles([article], 200) == [
        Chunk(
            article="guide",
            title="Oils",
            section="Which",
            anchor="which",
            start=13,
            end=20,
            first_unit=0,
            units=1,
            embedded="Oils. Which\nAlmond.",
            text_at=12,
        )
    ]
    assert chunk_articles([article], 200)[0].id == "guide:13-20"


def test_a_title_that_is_the_section_is_embedded_once():
    assert [chunk.embedded for chunk in chunk_articles([markdown("Almond.")], 200)] == ["oils\nAlmond."]
    assert [chunk.embedded for chunk in chunk_articles([markdown("# Oils\n\nAlmond.")], 200)] == ["Oils\nAlmond."]


def test_a_long_section_is_cut_between_its_paragraphs():
    article = markdown("One two. Three.\n\nFour five.\n\nSix seven.")
    # 15 characters + 2 + 10 = 27, + 2 + 10 = 39
    assert texts_of(article, 39) == ["One two. Three.\n\nFour five.\n\nSix seven."]
    assert texts_of(article, 38) == ["One two. Three.\n\nFour five.", "Six seven."]
    assert texts_of(article, 27) == ["One two. Three.\n\nFour five.", "Six seven."]
    assert texts_of(article, 26) == ["One two. Three.", "Four five.\n\nSix seven."]


def test_a_long_paragraph_is_cut_between_its_sentences():
    article = markdown("One two. Three four. Five six.")
    # 8 + 1 + 11 = 20, + 1 + 9 = 30
    assert texts_of(article, 30) == ["One two. Three four. Five six."]
    assert texts_of(article, 29) == ["One two. Three four.", "Five six."]
    assert texts_of(article, 20) == ["One two. Three four.", "Five six."]
    assert texts_of(article, 19) == ["One two.", "Three four.", "Five six."]
    assert texts_of(article, 3) == ["One two.", "Three four.", "Five six."]  # no sentence is cut


def test_a_paragraph_is_not_cut_where_a_cut_between_paragraphs_will_do():
    article = markdown("One two.\n\nThree four. Five six.")
    # 8 + 2 + 11 = 21 would fit, but the cut would be inside the second paragraph
    assert texts_of(article, 25) == ["One two.", "Three four. Five six."]


def test_a_long_list_stays_whole_with_the_sentence_before_it():
    steps = [f"{number}. Rub for {number} minutes." for number in range(1, 30)]
    article = markdown("Oil glides.\n\nDo this:\n\n" + "\n".join(steps) + "\n\nThen rest.")
    assert texts_of(article, 40) == ["Oil glides.", "Do this:\n\n" + "\n".join(steps), "Then rest."]


def test_a_list_whose_items_have_several_paragraphs_stays_whole():
    article = markdown("Do this:\n\n1. Warm the oil.\n\n   In your hands.\n\n2. Spread it.\n\n   Slowly.\n\n3. Rest.")
    assert len(texts_of(article, 40)) == 1


def test_a_plain_text_list_stays_whole():
    items = "\n".join(f"- Item number {number}" for number in range(20))
    article = read_text(f"Bring what you need.\n\nYou need:\n{items}\n\nThen begin.".encode(), "x")
    assert texts_of(article, 50) == [
        "Bring what you need.",
        f"You need:\n{items}",
        "Then begin.",
    ]


def test_chunks_come_in_the_order_of_the_articles():
    articles = [markdown("Zinc.", slug="z"), markdown("Almond.", slug="a")]
    assert [chunk.article for chunk in chunk_articles(articles, 200)] == ["z", "a"]
    assert chunk_articles([], 200) == []


def test_shipped_chunks_are_whole():
    for path in sorted(SHIPPED_ARTICLES.glob("*.md")):
        assert_chunks_are_whole(read_file(path), 1000)


@hypothesis_settings(max_examples=200, deadline=None)
@given(article_texts, st.integers(1, 300))
def test_any_text_is_cut_between_units(text, max_chars):
    assert_chunks_are_whole(read_text(text.encode(), "x"), max_chars)


_BLOCKS = st.lists(
    st.sampled_from(
        [
            "## Oil",
            "## Rest",
            "Rub it gently with warm oil. Then rest. How long? Ten minutes.",
            "Do this:",
            "- Warm the oil\n- Spread it. Then wait for a minute or two.",
            "1. Wash.\n2. Dry.\n   - well",
            "| Oil | Use |\n|---|---|\n| Almond | Skin |",
        ]
    ),
    max_size=12,
)


@hypothesis_settings(max_examples=200, deadline=None)
@given(_BLOCKS, st.integers(1, 300))
def test_any_article_is_cut_between_units(blocks, max_chars):
    assert_chunks_are_whole(markdown("\n\n".join(blocks)), max_chars)
