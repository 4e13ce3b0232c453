"""Log-in and log-out: plain pages and forms, which work without scripts."""

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot.errors import SignInRefused
from bot.records import people, sessions
from bot.web.articles import TEMPLATES
from bot.web.staff.desk import COOKIE, Desk
from bot.web.staff.gate import LOGIN, from_elsewhere

HOME = "/staff/"
CSRF = "staff_csrf"  # cookie and field that must be the same: only a page of ours can know it
EXPIRED = "This page was open for too long; please try again."
SIGNING_IN = 4  # at once. Hashing is slow on purpose, and visitors must not wait for a free thread


def login_pages(desk: Desk) -> APIRouter:
    """GET and POST /staff/login, POST /staff/logout. All that can be reached without a session."""
    router = APIRouter()
    signing_in = CapacityLimiter(SIGNING_IN)

    @router.get("/staff")
    def home() -> Response:
        return RedirectResponse(HOME, 303)

    @router.get(LOGIN)
    def form(request: Request, next: str = HOME) -> Response:
        if sessions.whose(desk.records, desk.settings, request.cookies.get(COOKIE, "")):
            return RedirectResponse(inside(next), 303)
        return with_form(desk, request, next)

    @router.post(LOGIN)
    async def log_in(request: Request) -> Response:
        fields = {name: str(value) for name, value in (await request.form()).items()}
        return await to_thread.run_sync(attempt, request, fields, limiter=signing_in)

    def attempt(request: Request, fields: Mapping[str, str]) -> Response:
        name, password, after = (fields.get(field, "") for field in ("name", "password", "next"))
        if not genuine(request, fields.get("csrf", "")):
            return with_form(desk, request, after, name=name, problem=EXPIRED, status=403)
        try:
            person = people.sign_in(desk.records, desk.settings, name, password)
        except SignInRefused as refusal:
            return with_form(desk, request, after, name=name, problem=str(refusal), status=401)
        return signed_in(request, sessions.start(desk.records, desk.settings, person.name), after)

    @router.post("/staff/logout")
    async def log_out(request: Request) -> Response:
        csrf = str((await request.form()).get("csrf", ""))
        return await to_thread.run_sync(leave, request, csrf, limiter=signing_in)

    def leave(request: Request, csrf: str) -> Response:
        if not genuine(request, csrf):
            return with_form(desk, request, problem=EXPIRED, status=403)
        sessions.end(desk.records, request.cookies.get(COOKIE, ""))
        response = RedirectResponse(LOGIN, 303)
        response.delete_cookie(COOKIE, path="/staff")
        return response

    return router


def closed_pages() -> APIRouter:
    """What /staff says where there is no database."""
    router = APIRouter()

    @router.get("/staff")
    @router.get("/staff/{rest:path}")
    def closed(rest: str = "") -> Response:
        return HTMLResponse(TEMPLATES.get_template("no_database.html").render(), 503)

    return router


def with_form(
    desk: Desk, request: Request, after: str = HOME, *, name: str = "", problem: str = "", status: int = 200
) -> Response:
    """The log-in page. Where there is no user yet it says how to make one. Raises RecordsError."""
    token = request.cookies.get(CSRF) or secrets.token_urlsafe(16)
    page = TEMPLATES.get_template("login.html").render(
        next=inside(after),
        name=name,
        problem=problem,
        csrf=token,
        users=bool(people.everybody(desk.records)),
        provider=urlsplit(desk.settings.oidc_issuer).hostname,
    )
    response = HTMLResponse(page, status, {"Cache-Control": "no-store"})
    _set_cookie(response, request, CSRF, token)
    return response


def signed_in(request: Request, token: str, after: str) -> Response:
    """To the page that was asked for, with the session in a cookie that no script can read."""
    response = RedirectResponse(inside(after), 303)
    _set_cookie(response, request, COOKIE, token)
    return response


def genuine(request: Request, csrf: str) -> bool:
    """Whether a form was sent from our own page."""
    expected = request.cookies.get(CSRF, "")
    return bool(expected) and secrets.compare_digest(expected.encode(), csrf.encode()) and not from_elsewhere(request)


def inside(address: str) -> str:
    """The address, or the console's first page where it leads anywhere else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    within = not parts.scheme and not parts.netloc and parts.path.startswith(HOME) and "\\" not in address
    return address if within and address.isprintable() else HOME


def _set_cookie(response: Response, request: Request, name: str, value: str) -> None:
    """Until the browser is closed; how long a session lasts the database knows."""
    response.set_cookie(name, value, path="/staff", secure=request.url.scheme == "https", httponly=True, samesite="lax")
