"""Curated answers: written with citations, tried out, approved by a second person, taken back."""

from dataclasses import replace

import gradio as gr
from gradio.components import Component

from bot.chat import Bot
from bot.errors import CuratedError, StaleRevision
from bot.records import curated
from bot.records.curated import CuratedAnswer
from bot.records.tables import State
from bot.retrieval.articles import squash
from bot.web.staff import curated_views as views
from bot.web.staff.asked import messages
from bot.web.staff.curated_draft import Draft, label, typed_in
from bot.web.staff.desk import ROLES, Desk, bound
from bot.web.staff.parts import day_after, status
from bot.web.staff.picker import Picker, loaded, shown

SHOWN = 25  # answers in the list at once
INTRODUCTION = """<h1>Curated answers</h1>
<p>An answer written here is given to visitors who ask its question, word for word, once a second person has approved
it. The guard comes first all the same: whoever names a warning sign is referred.</p><h2>All answers</h2>"""
EDITOR = "<h2>Write or edit</h2>"
LINES = """<h3>Lines</h3><p>A line is one sentence, or one entry of a list: begin it with “- ”, or with “1. ” for a
step. Every line should rest on sentences of the articles.</p>"""
PREVIEW = "<h2>As the visitor would see it</h2>"
MATCHES = "<h2>Which questions get it</h2>"
NOT_STORED = "<p>A new answer, not saved yet.</p>"


def curated_page(desk: Desk) -> None:
    """Fills the open page."""
    page = Curating(desk)
    gr.HTML(INTRODUCTION)
    state, listing = _all_answers(page)
    gr.HTML(EDITOR)
    about = gr.HTML()
    fresh = gr.Button("Begin a new answer", elem_classes="narrow")
    held = gr.Textbox("", visible="hidden", label="The answer in the editor")
    with gr.Row(elem_classes="controls"):
        question = gr.Textbox(
            label="Question", placeholder="as a visitor would put it", lines=1, max_lines=4, scale=3, min_width=300
        )
        expires = gr.Textbox(label="Last day (UTC), or empty", placeholder="YYYY-MM-DD", scale=1)
    gr.HTML(LINES)
    lines = gr.Radio(label="Line to work on", choices=[("1.", "0")], value="0", elem_classes="sentences")
    with gr.Row(elem_classes="controls"):
        add = gr.Button("Add a line")
        up = gr.Button("Move it up")
        down = gr.Button("Move it down")
        remove = gr.Button("Remove it")
    words = gr.Textbox(label="Words of the line", lines=2, max_lines=6)
    picker = Picker(desk, ROLES["curated"], "The line rests on")
    with gr.Row(elem_classes="controls"):
        save = gr.Button("Save as draft", variant="primary")
        submit = gr.Button("Submit for approval", interactive=False)
        approve = gr.Button("Approve", interactive=False)
        back = gr.Button("Send back", interactive=False)
        retire = gr.Button("Retire", interactive=False)
        look = gr.Button("Try it out")
    said = gr.HTML(elem_classes="said")
    conflict = gr.HTML()
    with gr.Row(elem_classes="controls"):
        over = gr.Button("Save mine over theirs", visible=False)
        theirs = gr.Button("Open theirs", visible=False)
    preview = gr.HTML(PREVIEW)
    matches = gr.HTML(MATCHES, elem_classes="table")

    fields = [held, question, expires, words, picker.quotes]
    one_line = [held, lines, words, *picker.outputs]
    editor = [*one_line, question, expires, about, submit, approve, back, retire, said, conflict, over, theirs]
    tried = {"inputs": fields, **bound(page.try_out, [preview, matches], preview)}

    gr.on(None, **bound(page.begin, editor, said)).success(**tried)
    fresh.click(**bound(page.fresh, editor, said)).success(**tried)
    lines.input(inputs=[lines, *fields], **bound(page.choose, one_line))
    for button, change in ((add, page.add), (up, page.up), (down, page.down), (remove, page.remove)):
        button.click(inputs=fields, **bound(change, one_line))
    picker.ticked.then(inputs=[words, picker.quotes], **bound(page.suggest, [words]))
    gr.on([look.click, question.submit], **tried)
    steps = ((save, page.save), (over, page.save_over), (submit, page.submit), (approve, page.approve))
    for button, step in (*steps, (back, page.send_back), (retire, page.retire), (theirs, page.open_theirs)):
        done = button.click(inputs=fields, **bound(step, editor, said))
        done.success(inputs=state, **bound(page.first, listing)).success(**tried)


def _all_answers(page: "Curating") -> tuple[gr.Dropdown, list[Component]]:
    """The list; gives the choice of what it shows, and the outputs of what shows it anew."""
    with gr.Row(elem_classes="controls"):
        state = gr.Dropdown(label="Show", choices=[("all", ""), *((one.value, one.value) for one in State)], value="")
        newer = gr.Button("Newer", interactive=False)
        older = gr.Button("Older", interactive=False)
    number = gr.State(0)
    table = gr.HTML(elem_classes="table")
    listing: list[Component] = [number, table, newer, older]
    gr.on(None, inputs=state, **bound(page.first, listing))
    state.input(inputs=state, **bound(page.first, listing))
    newer.click(inputs=[number, state], **bound(page.newer, listing))
    older.click(inputs=[number, state], **bound(page.older, listing))
    return state, listing


class Curating:
    """The event handlers. Each begins with who sent the event, and gives updates for what it names."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._records = desk.records

    # --- The list

    def first(self, request: gr.Request, state: str) -> tuple[object, ...]:
        """The newest answers."""
        return self._list(request, 0, state)

    def newer(self, request: gr.Request, number: int, state: str) -> tuple[object, ...]:
        """The page of the list before."""
        return self._list(request, max(0, number - 1), state)

    def older(self, request: gr.Request, number: int, state: str) -> tuple[object, ...]:
        """The next page of the list."""
        return self._list(request, number + 1, state)

    def _list(self, request: gr.Request, number: int, state: str) -> tuple[object, ...]:
        self._editor(request)
        chosen = State(state) if state else None
        found = curated.listed(self._records, chosen, limit=SHOWN + 1, offset=number * SHOWN)
        listing = views.listing(found[:SHOWN], self._records.now())
        return number, listing, gr.Button(interactive=number > 0), gr.Button(interactive=len(found) > SHOWN)

    # --- Opening

    def begin(self, request: gr.Request) -> tuple[object, ...]:
        """What the address names: an `answer` by its number, or a new one for the last message of a conversation."""
        self._editor(request)
        if number := request.query_params.get("answer", ""):
            if not number.isdecimal():
                raise CuratedError(f"{number!r} is no number of an answer; choose one in the list.")
            return self._opened(request, curated.read(self._records, int(number)))
        *_, question = messages(self._desk, request) or ("",)
        return self._editor_with(Draft(question=squash(question)))

    def fresh(self, request: gr.Request) -> tuple[object, ...]:
        """The editor, empty."""
        self._editor(request)
        return self._editor_with(Draft())

    def open_theirs(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """The answer as somebody else has left it; one's own text stands below."""
        self._editor(request)
        mine = typed_in(held, *typed)
        theirs = self._stored(mine)
        kept = views.kept(mine.question, mine.filled)
        return self._editor_with(Draft.of(theirs), self._around(request, theirs), conflict=kept)

    # --- Lines

    def choose(self, request: gr.Request, line: str, held: str, *typed: str) -> tuple[object, ...]:
        """Another line in the fields."""
        self._editor(request)
        return self._line(replace(typed_in(held, *typed), at=int(line)))

    def add(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """An empty line behind the open one."""
        self._editor(request)
        return self._line(typed_in(held, *typed).added())

    def remove(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """Without the open line."""
        self._editor(request)
        return self._line(typed_in(held, *typed).removed())

    def up(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """The open line one place further up."""
        self._editor(request)
        return self._line(typed_in(held, *typed).moved(-1))

    def down(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """The open line one place further down."""
        self._editor(request)
        return self._line(typed_in(held, *typed).moved(1))

    def suggest(self, request: gr.Request, words: str, quotes: str) -> object:
        """The words of the first sentence that was ticked, where the line has none yet."""
        self._editor(request)
        chosen = loaded(quotes)
        return gr.skip() if words.strip() or not chosen else squash(chosen[0].quote)

    # --- Steps

    def save(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """The answer saved; where somebody else was faster, what they did, and one's own text as it is."""
        who = self._editor(request)
        mine = typed_in(held, *typed)
        try:
            answer = self._save(who, mine)
        except StaleRevision as conflict:
            return self._conflict(request, mine, str(conflict))
        return self._opened(request, answer, f"Answer {answer.id} is saved as a draft.")

    def save_over(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """One's own text over what somebody else has saved meanwhile, on purpose."""
        who = self._editor(request)
        mine = typed_in(held, *typed)
        answer = self._save(who, replace(mine, revision=self._stored(mine).revision))
        return self._opened(request, answer, f"Answer {answer.id} is saved over the other version.")

    def submit(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """Saved where anything was changed, and then awaiting approval."""
        who = self._editor(request)
        mine = typed_in(held, *typed)
        try:
            answer = self._save(who, mine) if mine.id is None or mine.differs(self._stored(mine)) else None
            number, revision = (answer.id, answer.revision) if answer else (mine.id or 0, mine.revision)
            answer = curated.submit(self._records, who, number, revision, self._texts())
        except StaleRevision as conflict:
            return self._conflict(request, mine, str(conflict))
        return self._opened(request, answer, f"Answer {answer.id} awaits approval.")

    def approve(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """Served from now on. What was approved is what is stored: unsaved changes are refused."""
        who = self._editor(request)
        mine = self._unchanged(typed_in(held, *typed))
        answer = curated.approve(
            self._records, self._desk.settings, who, mine.id or 0, mine.revision, texts=self._texts()
        )
        return self._opened(request, answer, f"Answer {answer.id} is approved: visitors get it from now on.")

    def send_back(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """A draft again."""
        who = self._editor(request)
        mine = self._unchanged(typed_in(held, *typed))
        answer = curated.send_back(self._records, who, mine.id or 0, mine.revision)
        return self._opened(request, answer, f"Answer {answer.id} is a draft again.")

    def retire(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """No longer served."""
        who = self._editor(request)
        mine = self._unchanged(typed_in(held, *typed))
        answer = curated.retire(self._records, who, mine.id or 0, mine.revision)
        return self._opened(request, answer, f"Answer {answer.id} is retired: no visitor gets it any more.")

    # --- Trying out

    def try_out(self, request: gr.Request, held: str, *typed: str) -> tuple[object, ...]:
        """The reply that a visitor would get, through the whole flow, and the questions that would get it."""
        self._editor(request)
        mine, bot = typed_in(held, *typed), self._desk.bot
        if not mine.question.strip():
            return PREVIEW + "<p>Write the question first.</p>", MATCHES
        if not isinstance(bot, Bot):
            return PREVIEW + "<p>The bot runs without its models, so that nothing can be tried out.</p>", MATCHES
        reply = views.preview(bot, mine.question, mine.filled)
        found = views.matches(bot.matches(mine.question), self._desk.settings.curated_match)
        return PREVIEW + reply, MATCHES + found

    # --- Within

    def _editor(self, request: gr.Request) -> str:
        return self._desk.who(request, *ROLES["curated"]).name

    def _texts(self) -> dict[str, str]:
        return {slug: article.text for slug, article in self._desk.bot.articles.items()}

    def _stored(self, mine: Draft) -> CuratedAnswer:
        if mine.id is None:
            raise CuratedError("This answer is not saved yet; save it first.")
        return curated.read(self._records, mine.id)

    def _unchanged(self, mine: Draft) -> Draft:
        """For steps that take the answer as it is stored. Raises CuratedError where the editor holds something else."""
        stored = self._stored(mine)
        if stored.revision == mine.revision and mine.differs(stored):
            raise CuratedError("The editor holds changes that are not saved; save them, or open the answer again.")
        return mine

    def _save(self, who: str, mine: Draft) -> CuratedAnswer:
        expires_at = day_after(mine.expires)
        if mine.id is None:
            return curated.draft(self._records, who, mine.question, mine.filled, self._texts(), expires_at=expires_at)
        stored = self._stored(mine)
        changed = replace(
            stored, question=mine.question, lines=mine.filled, expires_at=expires_at, revision=mine.revision
        )
        return curated.edit(self._records, who, changed, self._texts())

    def _opened(self, request: gr.Request, answer: CuratedAnswer, sentence: str = "") -> tuple[object, ...]:
        """The editor with a stored answer."""
        return self._editor_with(Draft.of(answer), self._around(request, answer), sentence)

    def _conflict(self, request: gr.Request, mine: Draft, sentence: str) -> tuple[object, ...]:
        """The editor as it is, what the other person did beside it, and the choice between the two."""
        theirs = self._stored(mine)
        return self._editor_with(
            mine, self._around(request, theirs), conflict=views.theirs(sentence, theirs), choice=True
        )

    def _around(self, request: gr.Request, answer: CuratedAnswer) -> tuple[object, ...]:
        """What is told about a stored answer, and the steps that its state and this person allow."""
        me = self._desk.who(request, *ROLES["curated"])
        own = answer.author == me.name and self._desk.settings.second_approval
        awaiting = answer.state is State.AWAITING
        return (
            views.about(answer, self._desk.bot.articles, self._records.now(), own=awaiting and own),
            gr.Button(interactive=answer.state in (State.DRAFT, State.STALE)),
            gr.Button(interactive=awaiting and not own),
            gr.Button(interactive=awaiting),
            gr.Button(interactive=answer.state is not State.RETIRED),
        )

    def _editor_with(
        self,
        draft: Draft,
        around: tuple[object, ...] | None = None,
        sentence: str = "",
        conflict: str = "",
        *,
        choice: bool = False,
    ) -> tuple[object, ...]:
        return (
            *self._line(draft),
            draft.question,
            draft.expires,
            *(around or (NOT_STORED, gr.Button(interactive=True), *[gr.Button(interactive=False) for _ in range(3)])),
            status(sentence) if sentence else "",
            conflict,
            gr.Button(visible=choice),
            gr.Button(visible=choice),
        )

    def _line(self, draft: Draft) -> tuple[object, ...]:
        """The fields of the open line."""
        line = draft.lines[draft.at]
        labels = [(label(number, each), str(number)) for number, each in enumerate(draft.lines)]
        return (
            draft.to_json(),
            gr.Radio(choices=labels, value=str(draft.at)),
            line.text,
            *shown(self._desk.bot.articles, line.citations),
        )
