"""What the address of a page asks it to begin with. Other pages link to it so."""

import gradio as gr

from bot.records import inbox
from bot.web.staff.desk import ROLES, Desk
from bot.web.staff.parts import FieldError


def messages(desk: Desk, request: gr.Request) -> tuple[str, ...]:
    """The visitor's messages in order: each "question" of the address, or those of a "case" by its number; or none.

    Raises FieldError where no words were kept of the case, PeopleError for who may not see the inbox, UnknownRecord,
    RecordsError.
    """
    asked = request.query_params
    number = asked.get("case", "")
    if not number:
        return tuple(value for name, value in asked.multi_items() if name == "question" and value.strip())
    desk.who(request, *ROLES["inbox"])
    if not number.isdecimal():
        raise FieldError(f"{number!r} is not the number of a case.")
    case = inbox.read(desk.records, int(number))
    if not case.row.question:
        raise FieldError(f"No words were kept of case {number}, so it cannot be asked again.")
    here = next(stored.position for stored in case.conversation if stored.id == case.row.exchange_id)
    before = (stored.question for stored in case.conversation if stored.position < here)
    return (*(question for question in before if question), case.row.question)
