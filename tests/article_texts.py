"""Article texts that nobody would write: signs of every format, control characters, any unicode but surrogates."""

from hypothesis import strategies as st

_SIGNS = st.sampled_from(
    [
        *("# ", "## ", "- ", "* ", "• ", "1. ", "2) ", "0. ", "    ", "\t", "> ", "|", "```\n", "---\n", "***"),
        *("\n", "\n\n", "\r\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u200b", "\xa0"),
        *("\ufeff", "\u202e", "\u0301"),
        *("<div>", "</div>", "<p>", "<br>", "<li>", "<!--", "-->", "<script>", "</script>", "<td>", "&nbsp;", "&lt;"),
        *("[@a]", " [@a; @b-2]", "{#x}", "[x](y)", "![i](j)", "*", "_", "`", "\\", "[", "]"),
        *("e.g. ", "Dr. ", "U.S. ", "3.5 ", "?", "! ", "... ", "word ", "The back is sore. ", "How long? "),
        "Rub it gently with warm oil for ten minutes and then rest on a chair, ",
    ]
)
article_texts = st.lists(_SIGNS | st.text(max_size=8), max_size=25).map("".join)
