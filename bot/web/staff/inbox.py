"""Inbox: what visitors thought of replies, and replies that somebody should look at."""

from dataclasses import asdict, dataclass
from itertools import chain
from typing import Annotated
from urllib.parse import urlencode

import gradio as gr
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from markupsafe import Markup

from bot.records import inbox
from bot.records.inbox import Order, Page, Row
from bot.records.tables import Kind, Status
from bot.reply import Route
from bot.web.api import error
from bot.web.staff.case import case_panel, state_of, takers
from bot.web.staff.counts import counts_panel
from bot.web.staff.desk import ROLES, Desk, told
from bot.web.staff.gate import PERSON
from bot.web.staff.parts import FieldError, choices, csv_text, day, day_after, on, spoken, table

SHOWN = 25  # cases on one page
ANY = ("any", "")
NOBODY = "-"  # as assignee in a filter; no user can be called so
HEADS = ("Case", "When", "Why it is here", "Route", "State", "What was asked")
MOST_WORDS = 160  # characters of a question in the list
INTRODUCTION = """<h1>Inbox</h1>
<details id="shortcuts"><summary>Keyboard shortcuts</summary>
<p><label><input type="checkbox" checked> Use them on this device</label>. They do nothing while you type.</p>
<ul><li><kbd>j</kbd> and <kbd>k</kbd>: next and previous case of the list, <kbd>Enter</kbd>: open it</li>
<li><kbd>/</kbd>: to the words to look for</li><li><kbd>a</kbd>: take the open case</li>
<li><kbd>1</kbd> to <kbd>5</kbd>: choose a decision, <kbd>d</kbd>: save it with the note</li>
<li><kbd>n</kbd>: to the note, <kbd>r</kbd>: open the case anew</li></ul></details>"""
# A click on a case opens it: the button tells its number.
OPENS = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-case]");
  if (button) trigger("select", { number: Number(button.dataset.case) });
});"""


@dataclass(frozen=True)
class Filters:
    """As typed and chosen on the page: days as YYYY-MM-DD, both included, in UTC; empty means any."""

    kind: str = ""
    status: str = ""
    assignee: str = ""
    route: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    order: str = Order.NEWEST

    def read(self) -> tuple[inbox.Filters, Order]:
        """For bot.records.inbox. Raises FieldError for what is none of the choices, and for a day that is none."""
        try:
            chosen = inbox.Filters(
                kind=Kind(self.kind) if self.kind else None,
                status=Status(self.status) if self.status else None,
                assignee={"": None, NOBODY: ""}.get(self.assignee, self.assignee),
                route=Route(self.route) if self.route else None,
                since=day(self.since),
                until=day_after(self.until),
                text=self.text.strip() or None,
            )
            return chosen, Order(self.order)
        except ValueError as mistake:
            raise FieldError(f"{mistake}; choose one of the list.") from mistake


def inbox_page(desk: Desk) -> None:
    """Fills the open page. `?case=` in its address opens that case."""
    gr.HTML(INTRODUCTION)
    with gr.Row(elem_classes="controls"):
        assignee = gr.Dropdown(label="Assigned to", choices=[ANY], value="")
        words = gr.Textbox(label="Words", placeholder="question, answer, comment, note", elem_id="inbox-words")
        since = gr.Textbox(label="From day", placeholder="YYYY-MM-DD")
        until = gr.Textbox(label="To day", placeholder="YYYY-MM-DD")
        fields = [  # in the order of Filters
            gr.Dropdown(label="Why it is here", choices=[ANY, *choices(Kind)], value=""),
            gr.Dropdown(label="State", choices=[ANY, *choices(Status)], value=""),
            assignee,
            gr.Dropdown(label="Route", choices=[ANY, *choices(Route)], value=""),
            since,
            until,
            words,
            gr.Dropdown(label="Sorted by", choices=choices(Order), value=Order.NEWEST.value),
        ]
    with gr.Row(elem_classes="controls"):
        find = gr.Button("Show", variant="primary")
        back = gr.Button("Page before", interactive=False)
        further = gr.Button("Next page", interactive=False)
    listed = gr.HTML(elem_classes="table", elem_id="cases", js_on_load=OPENS)
    page: gr.State = gr.State(0)
    changed = case_panel(desk, listed)
    counts_panel(desk)

    def open_page(request: gr.Request) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["inbox"])
            staff = [(name, name) for name in takers(desk)]
        return gr.Dropdown(choices=[ANY, ("nobody", NOBODY), *staff]), *turn_to(0, request)

    def turn_to(number: int, request: gr.Request, *typed: str | None) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["inbox"])
            filters = Filters(*(text or "" for text in typed))
            chosen, order = filters.read()
            before = max(number, 0) * SHOWN
            found = inbox.search(desk.records, chosen, order, limit=SHOWN, offset=before)
        more = before + len(found.rows) < found.total
        return (
            number,
            cases_table(found, before, filters),
            gr.Button(interactive=before > 0),
            gr.Button(interactive=more),
        )

    def show(request: gr.Request, *typed: str | None) -> tuple[object, ...]:
        return turn_to(0, request, *typed)

    def again(number: int, request: gr.Request, *typed: str | None) -> tuple[object, ...]:
        return turn_to(number, request, *typed)

    def turn_back(number: int, request: gr.Request, *typed: str | None) -> tuple[object, ...]:
        return turn_to(number - 1, request, *typed)

    def turn_on(number: int, request: gr.Request, *typed: str | None) -> tuple[object, ...]:
        return turn_to(number + 1, request, *typed)

    outputs = [page, listed, back, further]
    on(None, open_page, None, [assignee, *outputs])
    on([find.click, words.submit, since.submit, until.submit], show, fields, outputs)
    on([back.click], turn_back, [page, *fields], outputs)
    on([further.click], turn_on, [page, *fields], outputs)
    on([changed.change], again, [page, *fields], outputs)


def inbox_downloads(desk: Desk) -> APIRouter:
    """GET inbox/cases.csv with the filters of the page."""
    router = APIRouter()

    @router.get("/inbox/cases.csv")
    def download(request: Request, filters: Annotated[Filters, Depends()]) -> Response:
        if not desk.may(request.scope[PERSON], *ROLES["inbox"]):
            return error("not_allowed", "This needs the role support, editor or admin.", 403)
        try:
            chosen, order = filters.read()
        except FieldError as mistake:
            return error("bad_filter", str(mistake))
        rows = inbox.csv_rows(desk.records, chosen, order)
        head = next(rows)  # begins to read, so that a database that fails is told and not half sent
        headers = {"Content-Disposition": 'attachment; filename="cases.csv"'}
        return StreamingResponse(
            (csv_text([row]) for row in chain([head], rows)), media_type="text/csv; charset=utf-8", headers=headers
        )

    return router


def cases_table(found: Page, before: int, filters: Filters) -> str:
    """A page of cases, each with a button that opens it, and the link to all of them as CSV."""
    if not found.rows:
        return "<p>There is no such case.</p>"
    rows = [
        (
            Markup('<button type="button" data-case="{0}">Open {0}</button>').format(row.id),
            f"{row.at:%Y-%m-%d %H:%M}",
            ", ".join(map(spoken, row.kinds)),
            spoken(row.route),
            state_of(row),
            _asked(row),
        )
        for row in found.rows
    ]
    last = before + len(rows)
    caption = f"Cases {before + 1:,} to {last:,} of {found.total:,}, times in UTC"
    address = f"/staff/inbox/cases.csv?{urlencode(asdict(filters))}"
    download = Markup('<p><a href="{}" download>Download all {:,} as CSV</a></p>').format(address, found.total)
    return str(table(caption, HEADS, rows) + download)


def _asked(row: Row) -> str:
    words = row.question or row.comment
    if words is None:
        return "(no words were kept)"
    return words if len(words) <= MOST_WORDS else words[:MOST_WORDS].rstrip() + "…"
