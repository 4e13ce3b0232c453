"""Articles: edit or upload, check, build the next version, try it beside the one that serves, publish, roll back."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from bot.corpus.author import ARTICLE, ASKED
from bot.errors import DraftError, StaleRevision
from bot.publishing import editing
from bot.publishing.content import Content
from bot.publishing.editing import Opened
from bot.publishing.findings import check
from bot.publishing.publisher import Stage
from bot.publishing.upload import content_of
from bot.records import audit, drafts, publications
from bot.records.people import Person
from bot.retrieval.formats import READERS, UNCOVERED
from bot.web.staff import article_views as views
from bot.web.staff.desk import ROLES, Desk, bound

STEPS_SHOWN = 30
LOOK_SECONDS = 1.0  # between looks at a running build
UNANSWERED = "(Questions that no article answers)"
REMOVAL = "This article is to be taken out of the library."
INTRODUCTION = "<h1>Articles</h1>"
EDITING = """<h2>Edit an article</h2><p>A draft changes nothing for visitors until the next version is published. Every
saved text is kept.</p>"""
NEXT = "<h2>The next version</h2>"
HISTORY = "<h2>History</h2>"


@dataclass(frozen=True)
class Editor:
    """Where one article is edited."""

    choice: gr.Dropdown
    name: gr.Textbox
    begin: gr.Button
    upload: gr.UploadButton
    opened: gr.Textbox  # an Opened as JSON; unlike gr.State it outlives the server
    fresh: gr.Textbox  # the same, where somebody else was faster
    said: gr.HTML
    text: gr.Textbox
    questions: gr.Textbox
    save: gr.Button
    check: gr.Button
    discard: gr.Button
    remove: gr.Button
    revisions: gr.Dropdown
    conflict: gr.HTML
    over: gr.Button
    take: gr.Button
    findings: gr.HTML
    chunks: gr.HTML


@dataclass(frozen=True)
class Versions:
    """Where the next version is built, tried and published, and an earlier one comes back."""

    waiting: gr.HTML
    build: gr.Button
    publish: gr.Button
    progress: gr.HTML
    timer: gr.Timer
    question: gr.Textbox
    ask: gr.Button
    answers: gr.HTML
    version: gr.Dropdown
    back: gr.Button
    history: gr.HTML


def articles_page(desk: Desk) -> None:
    """Fills the open page."""
    page = Articles(desk)
    gr.HTML(INTRODUCTION)
    serving = gr.HTML()
    with gr.Accordion("All articles", open=False):
        table = gr.HTML(elem_classes="table")
    editor, versions = _editor(), _versions()
    whole = [serving, table, editor.choice, versions.waiting, versions.build, versions.publish, versions.progress]
    whole += [versions.timer, versions.version, versions.back, versions.history]
    gr.on(None, **bound(page.show, whole, versions.progress))
    _connect_editor(page, editor, whole, versions.progress)
    _connect_versions(page, versions, whole)


def _editor() -> Editor:
    gr.HTML(EDITING)
    choice = gr.Dropdown(label="Article", choices=[], value=None, filterable=True)
    name = gr.Textbox(label="Name of a new article", placeholder="warm-oil")
    with gr.Row(elem_classes="controls"):
        begin = gr.Button("Begin a new article")
        upload = gr.UploadButton("Upload a file", file_types=list(READERS), file_count="single")
    opened = gr.Textbox(visible="hidden", label="Opened")
    fresh = gr.Textbox(visible="hidden", label="Seen since")
    said = gr.HTML(elem_classes="said")
    lines: dict[str, Any] = {"elem_classes": "source", "autoscroll": False}
    text = gr.Textbox(label="Text, in Markdown", lines=14, max_lines=24, **lines)
    questions = gr.Textbox(label="What visitors ask, by section, in YAML", lines=4, max_lines=12, **lines)
    with gr.Row(elem_classes="controls"):
        save = gr.Button("Save draft", variant="primary")
        check = gr.Button("Check")
        discard = gr.Button("Discard draft")
        remove = gr.Button("Take the article out")
    conflict = gr.HTML()
    with gr.Row(elem_classes="controls"):
        over = gr.Button("Save mine over theirs", visible=False)
        take = gr.Button("Open theirs", visible=False)
    revisions = gr.Dropdown(label="Earlier texts", choices=[], value=None)
    return Editor(
        choice=choice,
        name=name,
        begin=begin,
        upload=upload,
        opened=opened,
        fresh=fresh,
        said=said,
        text=text,
        questions=questions,
        save=save,
        check=check,
        discard=discard,
        remove=remove,
        revisions=revisions,
        conflict=conflict,
        over=over,
        take=take,
        findings=gr.HTML(elem_classes="findings"),
        chunks=gr.HTML(elem_classes="findings"),
    )


def _versions() -> Versions:
    gr.HTML(NEXT)
    waiting = gr.HTML()
    with gr.Row(elem_classes="controls"):
        build = gr.Button("Build the next version", variant="primary")
        publish = gr.Button("Publish it", interactive=False)
    progress = gr.HTML(elem_classes="said")
    timer = gr.Timer(LOOK_SECONDS, active=False)
    question = gr.Textbox(label="Question to both versions", placeholder="Which oil is best?", lines=1)
    ask = gr.Button("Ask both")
    answers = gr.HTML()
    gr.HTML(HISTORY)
    version = gr.Dropdown(label="Version to go back to", choices=[], value=None)
    return Versions(
        waiting=waiting,
        build=build,
        publish=publish,
        progress=progress,
        timer=timer,
        question=question,
        ask=ask,
        answers=answers,
        version=version,
        back=gr.Button("Roll back"),
        history=gr.HTML(elem_classes="table"),
    )


def _connect_editor(page: "Articles", editor: Editor, whole: list[Any], progress: gr.HTML) -> None:
    content = [editor.opened, editor.text, editor.questions]
    edited = [editor.opened, editor.fresh, editor.said, editor.text, editor.questions, editor.revisions]
    edited += [editor.conflict, editor.over, editor.take]
    check = {"inputs": content, **bound(page.check, [editor.findings, editor.chunks], editor.findings)}
    opening: Sequence[tuple[Any, Any, list[Any]]] = (
        (editor.choice.input, page.open, [editor.choice]),
        (editor.begin.click, page.begin, [editor.name]),
        (editor.name.submit, page.begin, [editor.name]),
        (editor.upload.upload, page.upload, [editor.upload]),
        (editor.revisions.input, page.revise, [editor.revisions, editor.opened]),
        (editor.take.click, page.take_theirs, [editor.opened, editor.text]),
    )
    for trigger, handler, inputs in opening:
        trigger(inputs=inputs, **bound(handler, edited, editor.said)).success(**check)
    saving: Sequence[tuple[Any, Any, list[Any]]] = (
        (editor.save.click, page.save, content),
        (editor.over.click, page.save, [editor.fresh, editor.text, editor.questions]),
        (editor.remove.click, page.remove, [editor.opened]),
        (editor.discard.click, page.discard, [editor.opened]),
    )
    for trigger, handler, inputs in saving:
        checked = trigger(inputs=inputs, **bound(handler, edited, editor.said)).success(**check)
        checked.success(**bound(page.show, whole, progress))  # afterwards, as it tells the number of findings
    editor.check.click(**check)


def _connect_versions(page: "Articles", versions: Versions, whole: list[Any]) -> None:
    place = versions.progress
    versions.build.click(**bound(page.build, whole, place))
    versions.timer.tick(**bound(page.look, whole, place))
    for trigger in (versions.ask.click, versions.question.submit):
        trigger(inputs=versions.question, **bound(page.ask, [versions.answers], versions.answers))
    versions.publish.click(**bound(page.publish, [*whole, versions.answers], place))
    versions.back.click(inputs=versions.version, **bound(page.roll_back, whole, place))


class Articles:
    """The event handlers. Each begins with who sent the event, and gives updates for what it names."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._records = desk.records
        self._publisher = desk.publisher
        self._found: dict[str, tuple[Content, int]] = {}  # by slug: what was checked last, and how many findings

    def show(self, request: gr.Request) -> tuple[object, ...]:
        """The whole page but the editor."""
        self._editor(request)
        return self._whole()

    def open(self, slug: str | None, request: gr.Request) -> tuple[object, ...]:
        """The editor with that article: its draft, or else its published text."""
        self._editor(request)
        if not slug:
            raise DraftError("Choose an article first.")
        return self._opened(slug)

    def begin(self, name: str, request: gr.Request) -> tuple[object, ...]:
        """The editor with the skeleton of a new article."""
        self._editor(request)
        slug = "-".join(name.lower().split())
        if not drafts.SLUG.fullmatch(slug):
            raise DraftError("Name the new article first, in small letters, digits and hyphens, as in warm-oil.")
        opened, there, _ = editing.begin(self._records, self._publisher.shelf.now(), slug)
        if there:
            raise DraftError(f"There is an article {slug} already; choose it in the list.")
        title = slug.replace("-", " ").capitalize()
        skeleton = ARTICLE.format(slug=slug, title=f'"{title}"', today=datetime.date.today())
        return self._fields(opened, Content(slug, skeleton, ASKED), f"{slug} is begun, and not saved yet.")

    def upload(self, path: str | None, request: gr.Request) -> tuple[object, ...]:
        """The editor with the text of the file, not saved yet."""
        self._editor(request)
        if not path:
            raise DraftError("Choose a file first.")
        file = Path(path)
        content = content_of(file.name, file.read_bytes())
        opened, there, _ = editing.begin(self._records, self._publisher.shelf.now(), content.slug)
        sentence = f"{file.name} becomes the new article {content.slug} when you save it."
        if there:
            content = replace(content, questions=there.questions)
            sentence = f"{file.name} replaces the text of the article {content.slug} when you save it."
        return self._fields(opened, content, sentence)

    def revise(self, chosen: str | None, opened: str, request: gr.Request) -> tuple[object, ...]:
        """The editor with an earlier text of the article, not saved yet."""
        self._editor(request)
        where = Opened.from_json(opened)
        for draft in drafts.history(self._records, where.slug):
            if str(draft.revision) == chosen:
                sentence = f"This is text {chosen} by {draft.author}; save it to go on from it."
                return self._fields(where, draft.content, sentence)
        raise DraftError("Choose an earlier text first.")

    def take_theirs(self, opened: str, mine: str, request: gr.Request) -> tuple[object, ...]:
        """The editor with what somebody else made of the article; one's own text stands below."""
        self._editor(request)
        fresh, they = editing.theirs(self._records, Opened.from_json(opened), self._publisher.shelf.now())
        fields = self._fields(fresh, they.content, f"{fresh.slug} is open, as it stands now.")
        return *fields[:-3], views.kept_text(mine), *fields[-2:]

    def save(self, opened: str, text: str, questions: str, request: gr.Request) -> tuple[object, ...]:
        """The draft saved; where somebody else was faster, what they did, beside one's own text."""
        who = self._editor(request).name
        where = Opened.from_json(opened)
        return self._save(who, where, Content(where.slug, text, questions), "The draft is saved.")

    def remove(self, opened: str, request: gr.Request) -> tuple[object, ...]:
        """A draft by which the article leaves the library."""
        who = self._editor(request).name
        where = Opened.from_json(opened)
        return self._save(who, where, Content(where.slug, "", removes=True), REMOVAL)

    def discard(self, opened: str, request: gr.Request) -> tuple[object, ...]:
        """The editor with the published text again; of a new article, empty."""
        who = self._editor(request).name
        where = Opened.from_json(opened)
        drafts.discard(self._records, who, where.slug, where.seen)
        fresh, content, _ = editing.begin(self._records, self._publisher.shelf.now(), where.slug)
        sentence = "The draft is discarded; it stays under earlier texts."
        return self._fields(fresh, content or Content(where.slug, ""), sentence)

    def check(self, opened: str, text: str, questions: str, request: gr.Request) -> tuple[str, str]:
        """What the corpus check finds, and the passages."""
        self._editor(request)
        content = Content(Opened.from_json(opened).slug, text, questions)
        if not text.strip():
            return "", ""
        checked = check(self._desk.settings, self._publisher.shelf.published(), content)
        self._found[content.slug] = content, len(checked.findings)
        return views.findings(checked, text), views.chunks(checked.chunks)

    def build(self, request: gr.Request) -> tuple[object, ...]:
        """A build begun."""
        self._publisher.build(self._editor(request).name)
        return self._whole()

    def look(self, request: gr.Request) -> tuple[object, ...]:
        """How the build goes; the whole page when it has ended."""
        self._editor(request)
        now = self._publisher.progress
        if now.stage is not Stage.RUNNING:
            return self._whole()
        return *(gr.skip(),) * 6, views.progress(now), *(gr.skip(),) * 4

    def ask(self, question: str, request: gr.Request) -> str:
        """The replies of both versions, side by side."""
        self._editor(request)
        return views.beside(*self._publisher.compare(question))

    def publish(self, request: gr.Request) -> tuple[object, ...]:
        """The next version serves; what was tried before is no longer shown."""
        self._publisher.publish(self._editor(request).name)
        return *self._whole(), ""

    def roll_back(self, version: str | None, request: gr.Request) -> tuple[object, ...]:
        """An earlier version begins to come back."""
        self._publisher.roll_back(self._editor(request).name, version or "")
        return self._whole()

    def _editor(self, request: gr.Request) -> Person:
        """Whoever sent the event. Raises PeopleError for anybody who is no editor."""
        return self._desk.who(request, *ROLES["articles"])

    def _whole(self) -> tuple[object, ...]:
        publisher, records = self._publisher, self._records
        past, open_drafts = publications.listed(records), drafts.waiting(records)
        listed, now, progress = publisher.articles, publisher.shelf.now().version, publisher.progress
        found = {
            draft.content.slug: self._found[draft.content.slug][1]
            for draft in open_drafts
            if self._found.get(draft.content.slug, ("", 0))[0] == draft.content
        }
        titles = {draft.content.slug: draft.content.slug for draft in open_drafts}
        titles |= {slug: article.title for slug, article in listed.items()} | {UNCOVERED: UNANSWERED}
        earlier = [version for version in publisher.kept() if version != now]
        done = [entry for kind in ("article", "corpus") for entry in self._steps(kind)]
        running = progress.stage is Stage.RUNNING
        return (
            views.serving(now, past),
            views.articles(listed, open_drafts, past, publications.cited(records), found),
            gr.Dropdown(choices=sorted((title, slug) for slug, title in titles.items())),
            views.drafts_waiting(open_drafts),
            gr.Button(interactive=bool(open_drafts) and not running),
            gr.Button(interactive=publisher.candidate is not None and not running),
            views.progress(progress),
            gr.Timer(active=running),
            gr.Dropdown(choices=_named(past, earlier), value=earlier[0] if earlier else None),
            gr.Button(interactive=bool(earlier) and not running),
            views.history(past, sorted(done, key=lambda entry: -entry.id)[:STEPS_SHOWN]),
        )

    def _steps(self, kind: str) -> tuple[audit.Entry, ...]:
        return audit.entries(self._records, subject_kind=kind, limit=STEPS_SHOWN)

    def _opened(self, slug: str) -> tuple[object, ...]:
        opened, content, draft = editing.begin(self._records, self._publisher.shelf.now(), slug)
        if content is None:
            raise DraftError(f"There is no article {slug}; choose another one.")
        sentence = f"{slug} is open, as it is published."
        if draft:
            sentence = f"{slug} is open: the draft that {draft.author} saved on {draft.at.strftime(views.MOMENT)} UTC."
        return self._fields(opened, content, REMOVAL if content.removes else sentence)

    def _fields(self, opened: Opened, content: Content, sentence: str) -> tuple[object, ...]:
        past = drafts.history(self._records, opened.slug)
        return (
            opened.to_json(),
            "",
            views.status(sentence),
            content.text,
            content.questions,
            gr.Dropdown(choices=[(_revision(draft), str(draft.revision)) for draft in past], value=None),
            "",
            gr.Button(visible=False),
            gr.Button(visible=False),
        )

    def _save(self, who: str, where: Opened, content: Content, sentence: str) -> tuple[object, ...]:
        published = self._publisher.shelf.now()
        try:
            now = editing.save(self._records, who, where, content, published)
        except StaleRevision:
            fresh, they = editing.theirs(self._records, where, published)
            shown = views.conflict(they, content.text)
            buttons = gr.Button(visible=not content.removes), gr.Button(visible=True)
            return gr.skip(), fresh.to_json(), "", gr.skip(), gr.skip(), gr.skip(), shown, *buttons
        return self._fields(now, content, sentence)


def _revision(draft: drafts.Draft) -> str:
    state = {None: "the draft", drafts.REPLACED: "replaced", drafts.DISCARDED: "discarded"}
    closed = state.get(draft.closed, f"published in {draft.closed}")
    return f"{draft.revision}: {draft.author}, {draft.at.strftime(views.MOMENT)}, {closed}"


def _named(past: Sequence[publications.Published], versions: Sequence[str]) -> list[tuple[str, str]]:
    """What the list of versions says of each: when it was published last, and by whom."""
    known = {entry.to_version: entry for entry in reversed(past)}
    return [
        (f"{v}, {known[v].at.strftime(views.MOMENT)}, {known[v].who}" if v in known else f"{v}, as installed", v)
        for v in versions
    ]
