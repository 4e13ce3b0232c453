"""The only way to the console: without a running session nothing behind it is reached or read."""

from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import RecordsError
from bot.records import sessions
from bot.web.api import error
from bot.web.slashes import without_slash
from bot.web.staff.desk import COOKIE, Desk

LOGIN = "/staff/login"
PERSON = "staff_person"  # key of the scope behind the gate: who asks, as bot.records.people.Person
KEPT_BY_NOBODY = ("text/html", "application/json", "text/csv", "text/event-stream")


class Gate:
    """Middleware, outside everything of the application it stands before, whatever routes that has or will have."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app = app
        self.desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on a request of somebody who is logged in; any other is refused here.

        A page's address with a slash at its end leads to the page: Gradio would lead out of the console.
        """
        refusal = await self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _not_stored(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "Log in first."})
        else:
            await refusal(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        connection = HTTPConnection(scope)
        token = connection.cookies.get(COOKIE, "")
        try:
            person = await run_in_threadpool(sessions.whose, self.desk.records, self.desk.settings, token)
        except RecordsError as failure:
            return unavailable(failure)
        if person is None:
            return _log_in_first(Request(scope)) if scope["type"] == "http" else Response(status_code=401)
        if scope["type"] == "http" and from_elsewhere(Request(scope)):
            return error("other_site", "This request comes from another site; open the console itself.", 403)
        scope[PERSON] = person
        return without_slash(Request(scope)) if scope["type"] == "http" else None


def unavailable(failure: Exception) -> Response:
    """What staff see while the database fails. Nothing of theirs is lost by trying again."""
    return PlainTextResponse(f"{failure} Please try again in a moment.", 503, {"Cache-Control": "no-store"})


def from_elsewhere(request: Request) -> bool:
    """Whether a page of another site sent something here that may change things.

    Browsers say so in Sec-Fetch-Site, or where the address is not secure in Origin; programs send neither.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    if site := request.headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def _log_in_first(request: Request) -> Response:
    """To the log-in page and then back for somebody who opens a page; 401 for a program or a script."""
    if request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", ""):
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{LOGIN}?next={quote(asked, safe='')}", 303, {"Cache-Control": "no-store"})
    return error("log_in", f"Log in first, at {LOGIN}.", 401)


def _not_stored(send: Send) -> Send:
    """Sends with a word to the browser not to keep what staff read; scripts and styles may be kept."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(KEPT_BY_NOBODY):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return sending
