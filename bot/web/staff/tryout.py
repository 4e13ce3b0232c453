"""Try: ask anything and see the whole path of the reply; then change settings and see before and after."""

import threading
from collections.abc import Mapping
from pathlib import Path as Folder

import gradio as gr
from cachetools import LRUCache, cached

from bot.chat import Bot, Turn, over
from bot.errors import UserError
from bot.web.staff.asked import messages
from bot.web.staff.desk import ROLES, Desk, told
from bot.web.staff.parts import FieldError, on
from bot.web.staff.path import comparison_html, path_html, play

ALONE, TALK = "on its own", "in a conversation"
INTRODUCTION = """<h1>Try</h1>
<p>Ask as a visitor would. Nothing of it is stored. Links to articles open in a new tab.</p>"""
WHAT_IF = """<h2>What if</h2>
<p>Change settings for the message above and see the reply before and after. Visitors notice nothing of it.</p>"""
SETTINGS: Mapping[str, str] = {  # what can be changed, and how the page calls it
    "passage_weight": "Weight: whole passage",
    "sentence_weight": "Weight: best sentence",
    "question_weight": "Weight: nearest question",
    "words_weight": "Weight: words",
    "lexical_weight": "Weight: lexical",
    "candidates": "Candidates of each search",
    "passages": "Passages kept",
    "min_confidence": "Least confidence",
    "answer_sentences": "Most sentences",
}
WHOLE = frozenset({"candidates", "passages", "answer_sentences"})  # settings without decimals
FORGOTTEN = 3600  # seconds after which a conversation tried here is dropped


def try_page(desk: Desk) -> None:
    """Fills the open page. `?question=` and `?case=` in its address ask at once; see `given`."""
    gr.HTML(INTRODUCTION)
    with gr.Row(elem_classes="controls"):
        box = gr.Textbox(label="Message", lines=2, max_lines=8, scale=5, min_width=300, elem_id="try-message")
        mode = gr.Radio(label="Ask it", choices=[ALONE, TALK], value=ALONE)
    with gr.Row(elem_classes="controls"):
        ask = gr.Button("Ask", variant="primary")
        anew = gr.Button("New conversation")
    shown = gr.HTML(elem_id="path")
    said: gr.State = gr.State((), time_to_live=FORGOTTEN)  # turns, the last one is what is shown
    compared = _what_if(desk, said)

    def open_page(request: gr.Request) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["try"])
            bot = _loaded(desk)
            message, before = given(desk, bot, request)
            result = answered(bot, message, before) if message else ("", before)
        return message, TALK if before else ALONE, *result

    def say(message: str, how: str, turns: tuple[Turn, ...], request: gr.Request) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["try"])
            html, after = answered(_loaded(desk), message, turns if how == TALK else ())
        return "" if how == TALK else gr.skip(), html, after, ""

    def forget(request: gr.Request) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["try"])
        return "", "", (), ""

    on(None, open_page, None, [box, mode, shown, said])
    on([ask.click, box.submit], say, [box, mode, said], [box, shown, said, compared])
    on([anew.click], forget, None, [box, shown, said, compared])


def _what_if(desk: Desk, said: gr.State) -> gr.HTML:
    """Fills its part of the page; gives what shows the comparison."""
    gr.HTML(WHAT_IF)
    with gr.Row(elem_classes="controls"):
        fields = [
            gr.Number(label=label, precision=0 if name in WHOLE else None, step=1 if name in WHOLE else 0.05)
            for name, label in SETTINGS.items()
        ]
        version = gr.Dropdown(label="Version of the articles", choices=[], value=None)
    with gr.Row(elem_classes="controls"):
        compare = gr.Button("Compare", variant="primary")
        back = gr.Button("Settings as they are")
    compared = gr.HTML(elem_id="compared")

    def as_they_are(request: gr.Request) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["try"])
            return _current(desk, _loaded(desk))

    def side_by_side(turns: tuple[Turn, ...], chosen: str, request: gr.Request, *values: float | None) -> str:
        with told():
            desk.who(request, *ROLES["try"])
            if not turns:
                raise FieldError("Ask something first.")
            bot = _loaded(desk)
            *before, last = turns
            wished = {name: value for name, value in zip(SETTINGS, values, strict=True) if value is not None}
            other = _over(desk, bot, chosen).tuned(wished)
            now, then = (play(each, last.message, before) for each in (bot, other))
            return comparison_html(now, then, _changed(bot, other))

    on(None, as_they_are, None, [*fields, version])
    on([back.click], as_they_are, None, [*fields, version])
    on([compare.click], side_by_side, [said, version, *fields], [compared])
    return compared


def answered(bot: Bot, message: str, before: tuple[Turn, ...]) -> tuple[str, tuple[Turn, ...]]:
    """The path as HTML, and the conversation with the new turn. Raises MessageError."""
    path = play(bot, message, before)
    return path_html(path), (*path.before, path.turn)


def given(desk: Desk, bot: Bot, request: gr.Request) -> tuple[str, tuple[Turn, ...]]:
    """What the address of the page asks to try, with the turns before it, played through the bot of now.

    Raises what `asked.messages` raises.
    """
    *before, message = messages(desk, request) or ("",)
    turns: tuple[Turn, ...] = ()
    for earlier in before:
        turns = (*turns, bot.reply(earlier, turns))
    return message, turns


def _loaded(desk: Desk) -> Bot:
    """The bot that serves. Raises UserError where it is only a stand-in."""
    bot = desk.bot
    if not isinstance(bot, Bot):
        raise UserError("The bot could not be loaded when the program started, so every visitor is referred.")
    return bot


def _current(desk: Desk, bot: Bot) -> tuple[object, ...]:
    """Values of the fields, and the versions of the articles to choose from. Raises RecordsError."""
    serves, built = desk.publisher.shelf.now().version, desk.publisher.candidate
    known = {serves: f"{serves} (serves now)"}
    if built:
        known.setdefault(built.version, f"{built.version} (built, not published)")
    known |= {version: f"{version} (served before)" for version in desk.publisher.kept() if version not in known}
    choices = [(label, version) for version, label in known.items()]
    return (*(getattr(bot.settings, name) for name in SETTINGS), gr.Dropdown(choices=choices, value=serves))


def _over(desk: Desk, bot: Bot, version: str) -> Bot:
    """The bot over that version of the articles; an index that was deleted meanwhile is built again.

    Raises FieldError, CorpusError, IndexUnavailable, RecordsError.
    """
    built = desk.publisher.candidate
    if not version or version == desk.publisher.shelf.now().version:
        return bot
    if built and version == built.version:
        return built.bot
    if version not in desk.publisher.kept():
        raise FieldError("This version of the articles is no longer kept; choose another one.")
    return _loaded_over(bot, desk.publisher.shelf.path(version))


# Comparing again must not load it again.
@cached(LRUCache(maxsize=2), key=lambda bot, folder: (bot.retriever.index.version, folder), lock=threading.Lock())
def _loaded_over(bot: Bot, folder: Folder) -> Bot:
    return over(bot, folder)


def _changed(bot: Bot, other: Bot) -> dict[str, tuple[object, object]]:
    """Names as on the page, values before and after."""
    pairs = {label: (getattr(bot.settings, name), getattr(other.settings, name)) for name, label in SETTINGS.items()}
    pairs["Index version"] = (bot.retriever.index.version, other.retriever.index.version)
    return {label: (old, new) for label, (old, new) in pairs.items() if old != new}
