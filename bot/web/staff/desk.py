"""What every staff page works with: settings, database, the bot now serving, and who may do what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType
from typing import Any

import gradio as gr
from gradio.components import Component

from bot.chat import Chatbot
from bot.errors import PeopleError, UserError
from bot.publishing.publisher import Publisher
from bot.records import sessions
from bot.records.database import Records
from bot.records.people import Person
from bot.records.tables import Role
from bot.settings import Settings
from bot.web.conversations import Conversations
from bot.web.staff.parts import alert
from bot.web.staff.workbench import Workbench

COOKIE = "staff_session"  # holds the token of bot.records.sessions

# Who may use a page. A page may ask for more where something is changed.
ROLES: Mapping[str, tuple[Role, ...]] = MappingProxyType(
    {
        "try": tuple(Role),
        "inbox": (Role.SUPPORT, Role.EDITOR, Role.ADMIN),
        "curated": (Role.EDITOR, Role.ADMIN),
        "articles": (Role.EDITOR, Role.ADMIN),
        "benchmark": (Role.EVALUATOR, Role.EDITOR, Role.ADMIN),
        "people": (Role.ADMIN,),
    }
)


@dataclass(frozen=True)
class Desk:
    """One for all pages and all staff."""

    settings: Settings
    records: Records
    conversations: Conversations
    publisher: Publisher
    benchmark: Workbench | None = None  # of the evaluation package; None where the program runs without it

    @property
    def bot(self) -> Chatbot:
        """The one that answers visitors at this moment: publishing may swap it, so ask again for every event."""
        return self.conversations.bot

    def who(self, request: gr.Request, *roles: Role) -> Person:
        """Whoever sent this event, with the roles of this moment. The first line of every event handler.

        Raises PeopleError without a running session, or where roles are given and the person has none of them;
        RecordsError where the database cannot be read.
        """
        token = request.request.cookies.get(COOKIE, "") if request.request else ""
        person = sessions.whose(self.records, self.settings, token)
        if person is None:
            raise PeopleError("Your session has ended; log in again in another tab, then go on here.")
        if roles and not self.may(person, *roles):
            needed = " or ".join(roles)
            raise PeopleError(f"This needs the role {needed}; an admin can give it to you under People and audit.")
        return person

    def may(self, person: Person, *roles: Role) -> bool:
        """Whether the person has one of these roles, to show or hide something; `who` is what refuses."""
        return not person.roles.isdisjoint(roles)


@contextmanager
def told() -> Iterator[None]:
    """Shows an error that a person can act on as a message on the page; around the body of an event handler.

    Anything else is logged by Gradio, which tells the page no more than that there was an error.
    """
    try:
        yield
    except UserError as error:
        raise gr.Error(str(error), duration=None, print_exception=False, title="That did not work") from error


def bound(handler: Callable[..., Any], outputs: Sequence[Component], place: Component | None = None) -> dict[str, Any]:
    """The handler as Gradio binds it; it is no part of an API.

    An error that a person can act on is shown in `place`, one of the outputs, and the rest stays as it is. Without a
    place, and where the session has ended or a role is missing, it is a message over the page.
    """

    @wraps(handler)
    def run(*given: Any) -> Any:
        with told():
            try:
                return handler(*given)
            except PeopleError:
                raise
            except UserError as error:
                if place is None:
                    raise
                shown = [alert(str(error)) if output is place else gr.skip() for output in outputs]
                return shown if len(shown) > 1 else shown[0]

    return {"fn": run, "outputs": list(outputs), "api_visibility": "private", "show_progress": "hidden"}
