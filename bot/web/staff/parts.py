"""Small pieces of HTML and reading of fields that several staff pages share."""

import csv
import datetime
import io
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup, escape

from bot.answering.draft import unescape
from bot.errors import UserError
from bot.web.articles import TEMPLATES

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take what begins so for a formula and run it


class FieldError(UserError):
    """Something typed into a field of a staff page that cannot be taken."""


def on(
    triggers: Sequence[Any] | None,
    handler: Callable[..., object],
    inputs: Sequence[Component] | None,
    outputs: Sequence[Component],
) -> None:
    """Binds the handler to events, or with None to the opening of the page. It is no part of an API."""
    gr.on(triggers, handler, inputs, outputs, api_visibility="private", show_progress="hidden")


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table; text is escaped unless it is Markup. The label on every cell is for narrow screens.

    Those show a row as a list.
    """
    return Markup(TEMPLATES.get_template("staff_table.html").render(caption=caption, heads=heads, rows=rows))


def status(sentence: str) -> str:
    """A sentence that screen readers read out when it appears."""
    return str(Markup('<p role="status">{}</p>').format(sentence))


def alert(sentence: str) -> str:
    """A sentence that screen readers read out at once."""
    return str(Markup('<p role="alert">{}</p>').format(sentence))


def link(address: str, text: str) -> Markup:
    """A link that opens in a new tab, since what is on this page would be lost."""
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, text)


def spoken(name: str) -> str:
    """A word of ours as people read it: wrong_answer is "wrong answer"."""
    return str(name).replace("_", " ")


def counted(number: int, word: str) -> str:
    """As people write it: "1 question", "2,000 questions"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def choices(words: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """What a list of these words offers: as people read them, and as they are kept."""
    return [(spoken(word), word.value) for word in words]


def plain(markdown: str) -> str:
    """Text of a reply without its Markdown."""
    return unescape(markdown.replace("**", ""))


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """The text with these spans marked, overlapping ones as one."""
    pieces, position = [], 0
    for start, end in sorted(spans):
        begin = max(start, position)
        if begin < end:
            pieces += [escape(text[position:begin]), Markup("<mark>{}</mark>").format(text[begin:end])]
            position = end
    return Markup("").join([*pieces, escape(text[position:])])


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Lines of a CSV file. What visitors and staff typed cannot run in the spreadsheet that opens it."""
    written = io.StringIO()
    csv.writer(written).writerows([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row] for row in rows)
    return written.getvalue()


def day(text: str | None) -> datetime.datetime | None:
    """The beginning of a day in UTC; None where nothing is typed. Raises FieldError for a day that is none."""
    if not text or not text.strip():
        return None
    try:
        date = datetime.date.fromisoformat(text.strip())
    except ValueError as mistake:
        raise FieldError(f"{text!r} is not a day; write it as 2026-11-30.") from mistake
    return datetime.datetime.combine(date, datetime.time(), datetime.UTC)


def day_after(text: str | None) -> datetime.datetime | None:
    """The beginning of the day after, so that the day itself is included. Raises FieldError."""
    begins = day(text)
    return begins + datetime.timedelta(days=1) if begins else None
