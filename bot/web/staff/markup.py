"""Pieces of HTML that several pages show. Text is escaped; what is Markup already stays as it is."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of the class `table`. The label on every cell is for narrow screens, which show a row as a list."""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(text) for text in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup('<td data-label="{}">{}</td>').format(label, cell)
                for label, cell in zip(heads, row, strict=True)
            )
        )
        for row in rows
    )
    whole = Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>")
    return str(whole.format(caption, head, body))


def status(sentence: str) -> str:
    """A sentence that screen readers say when it appears."""
    return f'<p role="status">{escape(sentence)}</p>'
