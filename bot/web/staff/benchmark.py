"""Benchmark: question files run in the background, their reports, and the present case added as a question."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from bot.chat import Turn
from bot.errors import BenchmarkError
from bot.records import audit
from bot.records.curated import Quote
from bot.records.redaction import redact
from bot.reply import Reply, Route
from bot.retrieval.articles import squash
from bot.web.api import error
from bot.web.page import as_html
from bot.web.staff import benchmark_views as views
from bot.web.staff.asked import messages
from bot.web.staff.desk import ROLES, Desk, bound
from bot.web.staff.gate import PERSON
from bot.web.staff.parts import status
from bot.web.staff.picker import Picker, loaded, shown
from bot.web.staff.workbench import NewQuestion, Stage, Workbench

LOOK_SECONDS = 1.0
CLAUSE_WORDS = 3  # a proposed fact has at least so many
_RESTING = re.compile(r"([^\n]+?)((?: \[\d+\])+)")  # words of a reply, and the numbers of what they rest on
_MARKER = re.compile(r"^(?:-|\d+\.) ")  # of an entry of a list
WITHOUT = "This program runs without its evaluation package, so that nothing can be measured here."
INTRODUCTION = """<h1>Benchmark</h1><p>A run asks every question of a file and judges what comes back, over the articles
and the approved answers as they are now. Visitors are served meanwhile. The questions of a held-out test are never
shown.</p><h2>Run a question file</h2>"""
FINISHED = "<h2>Finished runs</h2>"
ADDING = """<h2>Add a question</h2><p>One message a line, in the order they were written; the last one is judged. Ask
the bot to fill in the rest, then put right what it got wrong: the expected route, the sentences that answer, and the
facts that a good answer holds.</p>"""
FACTS = "One fact a line; several wordings of it divided by “ | ”, each in small letters or re: and a pattern."
# Where a report is opened by itself it is as shut in as in a sandboxed frame: no script, no form, nothing fetched.
SHUT_IN = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def benchmark_page(desk: Desk) -> None:
    """Fills the open page."""
    if desk.benchmark is None:
        gr.HTML(f"<h1>Benchmark</h1><p>{WITHOUT}</p>")
        return
    page = Benchmarking(desk, desk.benchmark)
    gr.HTML(INTRODUCTION)
    with gr.Row(elem_classes="controls"):
        file = gr.Dropdown(label="Question file", choices=[], value=None)
        start = gr.Button("Start", variant="primary")
        stop = gr.Button("Stop", interactive=False)
    progress = gr.HTML()
    timer = gr.Timer(LOOK_SECONDS, active=False)
    gr.HTML(FINISHED)
    with gr.Row(elem_classes="controls"):
        run = gr.Dropdown(label="Run", choices=[], value=None)
    result = gr.HTML(elem_classes="table")

    gr.HTML(ADDING)
    turns = gr.Textbox(label="Messages of the visitor", lines=2, max_lines=8)
    with gr.Row(elem_classes="controls"):
        ask = gr.Button("Ask the bot and fill in")
    reply = gr.HTML()
    routes = gr.CheckboxGroup(label="Routes that are right", choices=[route.value for route in Route])
    picker = Picker(desk, ROLES["benchmark"], "Sentences that answer it, each by itself")
    every = gr.Checkbox(label="All of these sentences are needed, not any one")
    facts = gr.Textbox(label="Facts that a good answer holds", info=FACTS, lines=2, max_lines=8)
    forbid = gr.Textbox(label="What must not be said, one wording a line", lines=1, max_lines=6)
    note = gr.Textbox(label="Note", lines=1, max_lines=4)
    with gr.Row(elem_classes="controls"):
        add = gr.Button("Add the question", variant="primary")
    said = gr.HTML(elem_classes="said")
    own = gr.HTML()

    whole = [file, start, stop, progress, timer, run, result, own]
    filled = [turns, reply, routes, *picker.outputs, facts]
    gr.on(None, **bound(page.show, whole, progress))
    gr.on(None, **bound(page.begin, filled, reply))
    start.click(inputs=file, **bound(page.start, whole, progress))
    stop.click(**bound(page.stop, whole, progress))
    timer.tick(**bound(page.look, whole, progress))
    run.input(inputs=run, **bound(page.choose, [result], result))
    ask.click(inputs=turns, **bound(page.fill, filled, reply))
    form = [turns, routes, picker.quotes, every, facts, forbid, note]
    add.click(inputs=form, **bound(page.add, [said, file, own], said))


class Benchmarking:
    """The event handlers. Each begins with who sent the event, and gives updates for what it names."""

    def __init__(self, desk: Desk, workbench: Workbench) -> None:
        self._desk = desk
        self._workbench = workbench

    # --- Running

    def show(self, request: gr.Request) -> tuple[object, ...]:
        """All of the page but the form, with the newest run."""
        self._evaluator(request)
        return self._whole()

    def start(self, request: gr.Request, file: str | None) -> tuple[object, ...]:
        """A run begins."""
        who = self._evaluator(request)
        name = self._workbench.start(who, file or "")
        self._note(who, "run started", ("run", name), file=file)
        return self._whole()

    def stop(self, request: gr.Request) -> tuple[object, ...]:
        """The run under way is ended."""
        who = self._evaluator(request)
        file = self._workbench.progress.file
        self._workbench.stop()
        self._note(who, "run stopped", ("run", file))
        return self._whole()

    def look(self, request: gr.Request) -> tuple[object, ...]:
        """How the run comes on; at its end the whole page, with its result."""
        self._evaluator(request)
        now = self._workbench.progress
        if now.stage is Stage.RUNNING:
            return gr.skip(), gr.skip(), gr.skip(), views.progress(now), *(gr.skip(),) * 4
        return self._whole()

    def choose(self, request: gr.Request, run: str | None) -> str:
        """Another run."""
        self._evaluator(request)
        return views.result(next((each for each in self._workbench.runs() if each.name == run), None))

    # --- Adding

    def begin(self, request: gr.Request) -> tuple[object, ...]:
        """The form for the conversation that the address names."""
        self._evaluator(request)
        return self._filled([squash(message) for message in messages(self._desk, request)])

    def fill(self, request: gr.Request, turns: str) -> tuple[object, ...]:
        """The form with what the bot answers now."""
        self._evaluator(request)
        if not (said := _lines(turns)):
            raise BenchmarkError("Write the question first.")
        return self._filled(said)

    def add(self, request: gr.Request, *form: Any) -> tuple[object, ...]:
        """The question appended to the file of staff."""
        who = self._evaluator(request)
        turns, routes, quotes, every, facts, forbid, note = form
        question = NewQuestion(
            turns=_lines(turns),
            route=tuple(Route(route) for route in routes),
            evidence=tuple((quote.article, quote.quote) for quote in loaded(quotes)),
            all_evidence=every,
            nuggets=tuple(_wordings(fact) for fact in _lines(facts)),
            forbid=_lines(forbid),
            note=redact(note),
        )
        texts = {slug: article.text for slug, article in self._desk.bot.articles.items()}
        name = self._workbench.add(question, texts)
        self._note(who, "question added", ("question", name))
        sentence = f"The question is added as {name}; run {self._workbench.own.name} to see how the bot does."
        return status(sentence), self._files(), self._own()

    # --- Within

    def _evaluator(self, request: gr.Request) -> str:
        return self._desk.who(request, *ROLES["benchmark"]).name

    def _whole(self) -> tuple[object, ...]:
        now, runs = self._workbench.progress, self._workbench.runs()
        running = now.stage is Stage.RUNNING
        newest = runs[0] if runs else None
        return (
            self._files(),
            gr.Button(interactive=not running and not self._workbench.missing),
            gr.Button(interactive=running),
            views.progress(now, self._workbench.missing),
            gr.Timer(active=running),
            gr.Dropdown(choices=[(views.label(run), run.name) for run in runs], value=newest.name if newest else None),
            views.result(newest),
            self._own(),
        )

    def _files(self) -> object:
        return gr.Dropdown(choices=[(views.file(found), found.name) for found in self._workbench.files()])

    def _own(self) -> str:
        return views.own(next((f for f in self._workbench.files() if f.name == self._workbench.own.name), None))

    def _filled(self, said: Sequence[str]) -> tuple[object, ...]:
        """The form for these messages; empty for none."""
        articles = self._desk.bot.articles
        if not said:
            return "", "", [], *shown(articles, []), ""
        history: list[Turn] = []
        for message in said:
            history.append(self._desk.bot.reply(message, history))
        reply = history[-1].reply
        quotes = _evidence(reply)
        facts = "\n".join(dict.fromkeys(facts_of(reply, quotes)))
        head = f"<h3>What the bot answers now ({reply.route})</h3>"
        answer = f'{head}<div class="as-seen">{as_html(reply, reply.answer)}</div>'
        return "\n".join(said), answer, [reply.route.value], *shown(articles, quotes), facts

    def _note(self, who: str, what: str, subject: tuple[str, str], **details: object) -> None:
        with self._desk.records.writing() as session:
            audit.note(session, self._desk.records.now(), who, what, subject, **details)


def benchmark_downloads(desk: Desk) -> APIRouter:
    """GET benchmark/runs/<name>/report.html and benchmark/staff.jsonl, for who may use the page."""
    router = APIRouter()

    def closed(request: Request) -> Response | None:
        if desk.may(request.scope[PERSON], *ROLES["benchmark"]):
            return None
        return error("not_allowed", f"This needs the role {' or '.join(ROLES['benchmark'])}.", 403)

    @router.get("/benchmark/runs/{name}/report.html")
    def report(request: Request, name: str) -> Response:
        if refusal := closed(request):
            return refusal
        try:
            path = _workbench(desk).report(name)
        except BenchmarkError as mistake:
            return error("no_report", str(mistake), 404)
        return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": SHUT_IN})

    @router.get("/benchmark/staff.jsonl")
    def download(request: Request) -> Response:
        if refusal := closed(request):
            return refusal
        own = desk.benchmark.own if desk.benchmark else None
        if own is None or not own.exists():
            return error("no_questions", "No question was added yet.", 404)
        headers = {"Cache-Control": "no-store"}
        return FileResponse(own, media_type="application/jsonl", filename=own.name, headers=headers)

    return router


def _workbench(desk: Desk) -> Workbench:
    if desk.benchmark is None:
        raise BenchmarkError(WITHOUT)
    return desk.benchmark


def _evidence(reply: Reply) -> list[Quote]:
    """What the answer cites; nothing where it refers or abstains, as such a question is judged by its route alone."""
    if reply.route.refers or reply.route is Route.OUT_OF_SCOPE:
        return []
    return [Quote(cited.article, cited.start, cited.end, cited.quote) for cited in reply.citations]


def proposed(quote: str) -> str:
    """A fact for the form: the first clause that says something, in small letters; a person shortens it further."""
    whole = quote.lower().rstrip(" .!?")
    clauses = [clause.strip() for clause in _split(whole)]
    told = [clause for clause in clauses if len(clause.split()) >= CLAUSE_WORDS and "\n" not in clause]
    return told[0] if told else squash(whole)


def facts_of(reply: Reply, quotes: Sequence[Quote]) -> Iterator[str]:
    """One for every quote; of a curated answer one for every line, in its own words and in those of its quotes."""
    if reply.mode != "curated":
        yield from (proposed(quote.quote) for quote in quotes)
        return
    for words, marks in _RESTING.findall(reply.answer) if quotes else ():
        numbers = (int(number) for number in re.findall(r"\d+", marks))
        said = [proposed(_MARKER.sub("", words)), *(proposed(quotes[number - 1].quote) for number in numbers)]
        yield " | ".join(dict.fromkeys(said))


def _split(text: str) -> list[str]:
    for mark in (";", ":", ", "):
        text = text.replace(mark, "\0")
    return text.split("\0")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _wordings(fact: str) -> tuple[str, ...]:
    """A pattern stays as it is; plain words are compared in small letters."""
    parts = (part.strip() for part in fact.split(" | "))
    return tuple(part if part.startswith("re:") else part.lower() for part in parts if part)
