"""People and audit: who may log in and as what, and every change that anybody made. For admins."""

import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import urlencode

import gradio as gr
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from bot.errors import PeopleError
from bot.records import audit, people
from bot.records.audit import Entry
from bot.records.people import Person
from bot.records.tables import Role
from bot.web.api import error
from bot.web.staff.desk import ROLES, Desk, told
from bot.web.staff.gate import PERSON
from bot.web.staff.parts import FieldError, csv_text, day, day_after, status, table

SHOWN = 50  # entries of the audit on one page
BATCH = 1000  # entries read at a time for a download
KINDS = ("user", "case", "curated", "article", "corpus", "question", "run")  # of what was changed
COLUMNS = ("at", "who", "what", "subject_kind", "subject_id", "details")
INTRODUCTION = """<h1>People and audit</h1>
<p>New users and new passwords are made on the machine that serves this page: <code>python -m bot users add NAME
--role support</code> and <code>python -m bot users passwd NAME</code>.</p><h2>People</h2>"""


@dataclass(frozen=True)
class Filters:
    """Which entries of the audit, as typed: days as YYYY-MM-DD, both included, in UTC; empty means any."""

    who: str = ""
    kind: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    def entries(self, desk: Desk, limit: int, offset: int = 0, before: int | None = None) -> tuple[Entry, ...]:
        """The newest first. Raises FieldError for a day that is none, RecordsError."""
        return audit.entries(
            desk.records,
            who=self.who.strip() or None,
            subject_kind=self.kind or None,
            subject_id=self.subject.strip() or None,
            since=day(self.since),
            until=day_after(self.until),
            before=before,
            limit=limit,
            offset=offset,
        )


def people_page(desk: Desk) -> None:
    """Fills the open page."""
    gr.HTML(INTRODUCTION)
    _people(desk)
    gr.HTML("<h2>Audit</h2><p>Every change, the newest first. Nothing here can be changed or deleted.</p>")
    _audit(desk)


def _people(desk: Desk) -> None:
    table = gr.HTML(elem_classes="table")
    with gr.Row(elem_classes="controls"):
        name = gr.Dropdown(label="User", choices=[], value=None)
        roles = gr.CheckboxGroup(label="Roles", choices=[role.value for role in Role])
    with gr.Row(elem_classes="controls"):
        save = gr.Button("Save roles", variant="primary")
        disable = gr.Button("Disable")
        enable = gr.Button("Enable")
    said = gr.HTML(elem_classes="said")

    def show(request: gr.Request) -> tuple[str, object]:
        with told():
            desk.who(request, *ROLES["people"])
            everybody = people.everybody(desk.records)
        return _people_table(everybody, desk.records.now()), gr.Dropdown(choices=[user.name for user in everybody])

    def choose(chosen: str | None, request: gr.Request) -> list[str]:
        with told():
            desk.who(request, *ROLES["people"])
            return [role for user in people.everybody(desk.records) if user.name == chosen for role in user.roles]

    def save_roles(chosen: str | None, given: Sequence[str], request: gr.Request) -> tuple[str, str]:
        with told():
            me = desk.who(request, *ROLES["people"])
            if chosen == me.name and Role.ADMIN not in given:
                raise PeopleError("You cannot take the role admin from yourself; ask another admin.")
            people.set_roles(desk.records, me.name, _chosen(chosen), given)
        return after(f"{chosen} has these roles from now on: {', '.join(given)}.")

    def shut_out(chosen: str | None, request: gr.Request) -> tuple[str, str]:
        with told():
            me = desk.who(request, *ROLES["people"])
            if chosen == me.name:
                raise PeopleError("You cannot disable yourself; ask another admin.")
            people.disable(desk.records, me.name, _chosen(chosen))
        return after(f"{chosen} can no longer log in, and every session has ended.")

    def let_in(chosen: str | None, request: gr.Request) -> tuple[str, str]:
        with told():
            me = desk.who(request, *ROLES["people"])
            people.enable(desk.records, me.name, _chosen(chosen))
        return after(f"{chosen} may log in.")

    def after(sentence: str) -> tuple[str, str]:
        with told():
            return _people_table(people.everybody(desk.records), desk.records.now()), status(sentence)

    gr.on(None, show, None, [table, name], api_visibility="private", show_progress="hidden")
    name.input(choose, name, roles, api_visibility="private", show_progress="hidden")
    save.click(save_roles, [name, roles], [table, said], api_visibility="private", show_progress="hidden")
    disable.click(shut_out, name, [table, said], api_visibility="private", show_progress="hidden")
    enable.click(let_in, name, [table, said], api_visibility="private", show_progress="hidden")


def _audit(desk: Desk) -> None:
    with gr.Row(elem_classes="controls"):
        fields = [
            gr.Textbox(label="Who", placeholder="a user"),
            gr.Dropdown(label="What kind", choices=[("anything", ""), *((kind, kind) for kind in KINDS)], value=""),
            gr.Textbox(label="Which one", placeholder="its name or number"),
            gr.Textbox(label="From day", placeholder="YYYY-MM-DD"),
            gr.Textbox(label="To day", placeholder="YYYY-MM-DD"),
        ]
    with gr.Row(elem_classes="controls"):
        find = gr.Button("Show", variant="primary")
        newer = gr.Button("Newer", interactive=False)
        older = gr.Button("Older", interactive=False)
    link = gr.HTML(elem_classes="said")
    table = gr.HTML(elem_classes="table")
    page = gr.State(0)

    # The request comes first, since Gradio gives none to a parameter behind *typed.
    def show(request: gr.Request, number: int, *typed: str | None) -> tuple[object, ...]:
        with told():
            desk.who(request, *ROLES["people"])
            filters = Filters(*(text or "" for text in typed))
            found = filters.entries(desk, SHOWN + 1, number * SHOWN)
        return (
            number,
            _audit_table(found[:SHOWN], number * SHOWN),
            f'<p><a href="/staff/people/audit.csv?{urlencode(asdict(filters))}" download>Download these as CSV</a></p>',
            gr.Button(interactive=number > 0),
            gr.Button(interactive=len(found) > SHOWN),
        )

    def first(request: gr.Request, *typed: str | None) -> tuple[object, ...]:
        return show(request, 0, *typed)

    def back(request: gr.Request, number: int, *typed: str | None) -> tuple[object, ...]:
        return show(request, max(0, number - 1), *typed)

    def on(request: gr.Request, number: int, *typed: str | None) -> tuple[object, ...]:
        return show(request, number + 1, *typed)

    outputs = [page, table, link, newer, older]
    gr.on(None, first, None, outputs, api_visibility="private", show_progress="hidden")
    submits = [field.submit for field in fields if isinstance(field, gr.Textbox)]
    gr.on([find.click, *submits], first, fields, outputs, api_visibility="private", show_progress="hidden")
    newer.click(back, [page, *fields], outputs, api_visibility="private", show_progress="hidden")
    older.click(on, [page, *fields], outputs, api_visibility="private", show_progress="hidden")


def audit_downloads(desk: Desk) -> APIRouter:
    """GET people/audit.csv with the filters of the page."""
    router = APIRouter()

    @router.get("/people/audit.csv")
    def download(request: Request, filters: Annotated[Filters, Depends()]) -> Response:
        if not desk.may(request.scope[PERSON], *ROLES["people"]):
            return error("not_allowed", "This needs the role admin.", 403)
        try:
            filters.entries(desk, 1)
        except FieldError as mistake:
            return error("bad_filter", str(mistake))
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return StreamingResponse(_csv(desk, filters), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _csv(desk: Desk, filters: Filters) -> Iterator[str]:
    """The file in pieces of many lines: every piece costs a change of threads."""
    yield csv_text([COLUMNS])
    last = None
    while batch := filters.entries(desk, BATCH, before=last):
        yield csv_text(map(_cells, batch))
        last = batch[-1].id


def _cells(entry: Entry) -> tuple[str, ...]:
    details = json.dumps(dict(entry.details), ensure_ascii=False)
    return (entry.at.isoformat(), entry.who, entry.what, entry.subject_kind, entry.subject_id, details)


def _people_table(everybody: Sequence[Person], now: datetime.datetime) -> str:
    rows = (
        (user.name, ", ".join(sorted(user.roles)), _state(user, now), f"{user.created:%Y-%m-%d}") for user in everybody
    )
    return table("Users", ("Name", "Roles", "State", "Since"), rows)


def _state(user: Person, now: datetime.datetime) -> str:
    if user.disabled:
        return "disabled"
    if user.locked_until and user.locked_until > now:
        return f"locked until {user.locked_until:%H:%M} UTC after wrong passwords"
    return "active"


def _audit_table(entries: Sequence[Entry], before: int) -> str:
    if not entries:
        return "<p>There is no such entry.</p>"
    rows = (
        (
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.who,
            entry.what,
            f"{entry.subject_kind} {entry.subject_id}",
            "; ".join(f"{key}: {_plain(value)}" for key, value in entry.details.items()),
        )
        for entry in entries
    )
    caption = f"Entries {before + 1} to {before + len(entries)}, times in UTC"
    return table(caption, ("When", "Who", "What", "Which", "Details"), rows)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _chosen(name: str | None) -> str:
    if not name:
        raise PeopleError("Choose a user first.")
    return name
