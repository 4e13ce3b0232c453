"""One case of the inbox: what happened, and what staff make of it."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from bot.errors import StaleRevision
from bot.records import cases, inbox, people
from bot.records.inbox import Detail, Row
from bot.records.people import Person
from bot.records.tables import Decision
from bot.web.articles import TEMPLATES
from bot.web.staff.desk import ROLES, Desk, told
from bot.web.staff.parts import FieldError, alert, choices, on, plain, spoken, status

STALE = (
    "Somebody changed this case while you had it open, so nothing was saved. The case above is as it stands now, and "
    "what you typed is still in its fields: look at both, then save again."
)
TAKEN_OUT = "Names, contact details and dates of birth were taken out of the note."
# Whoever opens a case is taken to it; a change to the open one must not take the focus from the fields.
FOCUS = """let shown = "";
watch("value", () => {
  const heading = element.querySelector("h2");
  if (!heading || heading.textContent === shown) return;
  shown = heading.textContent;
  heading.focus();
});"""

Shown = tuple[object, ...]  # values of the components, in the order in which they are bound


@dataclass(frozen=True)
class Opened:
    """The case on the screen, as it was read."""

    number: int
    revision: int


@dataclass(frozen=True)
class Steps:
    """What the buttons of a case do. Each gives the case as it is then, and a sentence on what happened."""

    desk: Desk

    def change(
        self,
        case: Opened | None,
        request: gr.Request,
        step: Callable[[str, int, int], int],
        done: str,
        written: str | None = None,
    ) -> Shown:
        """One step, by whoever is logged in. If somebody was faster nothing is lost: the fields stay as they are.

        The field of a note that was written with the step holds it as it is stored from then on.
        """
        note: object = gr.skip()
        with told():
            me = self.desk.who(request, *ROLES["inbox"])
            if case is None:
                raise FieldError("Open a case first.")
            try:
                step(me.name, case.number, case.revision)
                now = inbox.read(self.desk.records, case.number)
                if written is not None:
                    note = now.row.note
                    done = done if note == written else f"{done} {TAKEN_OUT}"
                sentence = status(done)
            except StaleRevision:
                now = inbox.read(self.desk.records, case.number)
                sentence = alert(STALE)
        return case_html(now), Opened(now.row.id, now.row.revision), sentence, note

    def give(self, case: Opened | None, name: str | None, request: gr.Request) -> Shown:
        """Assigns it, to nobody where no name is given."""

        def step(me: str, number: int, revision: int) -> int:
            return cases.assign(self.desk.records, me, number, revision, name or None)

        return self.change(case, request, step, f"The case is now with {name or 'nobody'}.")

    def take_it(self, case: Opened | None, request: gr.Request) -> Shown:
        """Assigns it to whoever is logged in, whose name comes last."""
        with told():
            me = self.desk.who(request, *ROLES["inbox"])
        return *self.give(case, me.name, request), me.name

    def close(self, case: Opened | None, chosen: str | None, written: str, request: gr.Request) -> Shown:
        """Decides it, with the note."""

        def step(me: str, number: int, revision: int) -> int:
            if not chosen:
                raise FieldError("Choose a decision first.")
            return cases.decide(self.desk.records, me, number, revision, Decision(chosen), note=written)

        return self.change(case, request, step, f"The case is decided: {spoken(chosen or '')}.", written)

    def keep_note(self, case: Opened | None, written: str, request: gr.Request) -> Shown:
        """Saves the note alone."""

        def step(me: str, number: int, revision: int) -> int:
            return cases.write_note(self.desk.records, me, number, revision, written)

        return self.change(case, request, step, "The note is saved.", written)

    def open_anew(self, case: Opened | None, request: gr.Request) -> Shown:
        """Takes the decision back."""

        def step(me: str, number: int, revision: int) -> int:
            return cases.reopen(self.desk.records, me, number, revision)

        return self.change(case, request, step, "The case is open again.")


def case_panel(desk: Desk, listed: gr.HTML) -> gr.HTML:
    """Fills its part of the open page. `listed` is told a "number" when a case is chosen, the address by `?case=`.

    What is given changes when a case has been changed.
    """
    shown = gr.HTML(elem_id="case", js_on_load=FOCUS)
    opened: gr.State = gr.State(None)
    with gr.Column(visible=False) as fields:
        with gr.Row(elem_classes="controls"):
            assignee = gr.Dropdown(label="Give the case to", choices=[("nobody", "")], value="")
            assign = gr.Button("Assign")
            take = gr.Button("Take it", elem_id="inbox-take")
        decision = gr.Radio(label="Decision", choices=choices(Decision), elem_id="inbox-decision")
        note = gr.Textbox(label="Note", lines=3, max_lines=12, elem_id="inbox-note")
        with gr.Row(elem_classes="controls"):
            decide = gr.Button("Decide", variant="primary", elem_id="inbox-decide")
            write = gr.Button("Save the note alone")
            reopen = gr.Button("Open it anew", elem_id="inbox-reopen")
    said = gr.HTML(elem_classes="said")

    def open_page(request: gr.Request) -> Shown:
        with told():
            desk.who(request, *ROLES["inbox"])
            number = dict(request.query_params).get("case", "")
            return show(int(number)) if number.isdecimal() else (gr.skip(),) * 6

    def choose(event: gr.EventData, request: gr.Request) -> Shown:
        with told():
            desk.who(request, *ROLES["inbox"])
            return show(int(event.number))

    def show(number: int) -> Shown:
        case = inbox.read(desk.records, number)
        row = case.row
        return (
            case_html(case),
            Opened(row.id, row.revision),
            gr.Column(visible=True),
            gr.Dropdown(choices=[("nobody", ""), *((name, name) for name in takers(desk))], value=row.assignee or ""),
            row.decision,
            row.note,
        )

    steps = Steps(desk)
    everything = [shown, opened, fields, assignee, decision, note]
    changed = [shown, opened, said, note]
    on(None, open_page, None, everything)
    on([listed.select], choose, None, everything)
    on([assign.click], steps.give, [opened, assignee], changed)
    on([take.click], steps.take_it, [opened], [*changed, assignee])
    on([decide.click], steps.close, [opened, decision, note], changed)
    on([write.click], steps.keep_note, [opened, note], changed)
    on([reopen.click], steps.open_anew, [opened], changed)
    return said


def takers(desk: Desk) -> list[str]:
    """The users whom a case can be given to. Raises RecordsError."""
    return [person.name for person in people.everybody(desk.records) if _takes(desk, person)]


def state_of(row: Row) -> str:
    """How far the case has come, in words."""
    if row.decision:
        return f"decided: {spoken(row.decision)}"
    return f"with {row.assignee}" if row.assignee else spoken(row.status)


def case_html(case: Detail) -> str:
    """The case in full, the conversation as it was stored."""
    return TEMPLATES.get_template("staff_case.html").render(
        case=case.row,
        kinds=", ".join(map(spoken, case.row.kinds)),
        state=state_of(case.row),
        conversation=case.conversation,
        history=case.history,
        spoken=spoken,
        plain=plain,
    )


def _takes(desk: Desk, person: Person) -> bool:
    return not person.disabled and desk.may(person, *ROLES["inbox"])
