"""The console as one Gradio application of several pages, and how it is mounted."""

import warnings
from collections.abc import Callable
from html import escape

import gradio as gr
from fastapi import FastAPI, Request, Response
from starlette.routing import Mount

from bot.errors import RecordsError
from bot.publishing.publisher import Publisher
from bot.records.database import Records
from bot.records.people import Person
from bot.web.conversations import Conversations
from bot.web.staff.articles import articles_page
from bot.web.staff.benchmark import benchmark_downloads, benchmark_page
from bot.web.staff.curated import curated_page
from bot.web.staff.desk import Desk, told
from bot.web.staff.gate import PERSON, Gate, unavailable
from bot.web.staff.inbox import inbox_downloads, inbox_page
from bot.web.staff.login import CSRF, closed_pages, login_pages
from bot.web.staff.oidc import oidc_app
from bot.web.staff.people import audit_downloads, people_page
from bot.web.staff.theme import staff_theme
from bot.web.staff.tryout import try_page
from bot.web.staff.workbench import Workbench

HEAD = '<link rel="stylesheet" href="/site/staff.css"><script src="/site/staff.js" defer></script>'
HEAD += '<script src="/site/inbox.js" defer></script>'
UPLOAD_LIMIT = "20mb"  # of one file

# Name in the navigation, address under /staff, what the first page says of it, and what fills it, in order.
PAGES: tuple[tuple[str, str, str, Callable[[Desk], None]], ...] = (
    ("Try", "try", "ask anything, and see why the bot answers as it does", try_page),
    ("Inbox", "inbox", "thumbs and comments of visitors, refusals, referrals, slow and failed replies", inbox_page),
    ("Curated answers", "curated", "write, try out and approve answers that visitors get word for word", curated_page),
    ("Articles", "articles", "edit or upload articles, try the next version, publish or roll back", articles_page),
    ("Benchmark", "benchmark", "run question files, compare, and add a case as a question", benchmark_page),
    ("People and audit", "people", "who may log in and as what, and who changed what", people_page),
)
# Addresses behind the gate that are no pages, such as downloads; each makes its routes for a desk.
ROUTERS = (inbox_downloads, benchmark_downloads, audit_downloads)


def staff_app(desk: Desk) -> gr.Blocks:
    """Every page of the console."""
    console: gr.Blocks
    with gr.Blocks(title="Staff console", analytics_enabled=False) as console:
        _bar(console, desk, "")
        _first_page()
    for name, path, _, fill in PAGES:
        with console.route(name, path, show_in_navbar=False):  # our own wraps on a narrow screen
            _bar(console, desk, path)
            fill(desk)
    return console


def mount_staff(
    app: FastAPI,
    conversations: Conversations,
    records: Records | None,
    publisher: Publisher | None,
    benchmark: Workbench | None = None,
) -> None:
    """Serves the console at /staff, its log-in before it. To be called before the visitor page is mounted at /."""
    if records is None or publisher is None:
        app.include_router(closed_pages())
        return
    settings = conversations.bot.settings
    desk = Desk(settings, records, conversations, publisher, benchmark)
    app.include_router(login_pages(desk))
    if settings.oidc_issuer:
        app.mount("/staff/oidc", oidc_app(desk))
    app.add_exception_handler(RecordsError, _unavailable)
    console = staff_app(desk)
    console.queue(default_concurrency_limit=8)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "SSR mode is not supported")  # said of any app with pages, also without SSR
        gr.mount_gradio_app(
            app,
            console,
            path="/staff",
            auth_dependency=_name,
            server_name=settings.host,
            server_port=settings.port,
            footer_links=[],
            run_history=False,
            max_file_size=UPLOAD_LIMIT,
            show_error=False,
            ssr_mode=False,
            theme=staff_theme(),
            head=HEAD,
        )
    mounted = app.routes[-1]
    if not isinstance(mounted, Mount) or not isinstance(mounted.app, FastAPI):
        raise TypeError(f"Gradio has mounted {mounted!r}; expected an application to put the gate before")
    for router in ROUTERS:
        mounted.app.include_router(router(desk))
    mounted.app.add_exception_handler(RecordsError, _unavailable)
    # Not left to Gradio's own check of the log-in: that leaves out some of its routes.
    mounted.app.add_middleware(Gate, desk=desk)


def _unavailable(_: Request, failure: Exception) -> Response:
    return unavailable(failure)


def _name(request: Request) -> str | None:
    """For Gradio: the user whom the gate has let in. It keeps the events of one user from another."""
    person: Person | None = request.scope.get(PERSON)
    return person.name if person else None


def _bar(console: gr.Blocks, desk: Desk, here: str) -> None:
    """The top of every page: the other pages, who is logged in, and the way out."""
    links = "".join(
        f'<li><a href="/staff/{path}"{" aria-current=page" if path == here else ""}>{name}</a></li>'
        for path, name in [("", "Start"), *((path, name) for name, path, _, _ in PAGES)]
    )
    gr.HTML(f'<nav aria-label="Staff console"><ul>{links}</ul></nav>', elem_id="pages")
    bar = gr.HTML(elem_id="bar")

    def fill(request: gr.Request) -> str:
        with told():
            person = desk.who(request)
        csrf = request.request.cookies.get(CSRF, "") if request.request else ""
        return (
            f"<p>Logged in as <strong>{escape(person.name)}</strong> ({', '.join(sorted(person.roles))})</p>"
            f'<form method="post" action="/staff/logout"><input type="hidden" name="csrf" value="{escape(csrf)}">'
            "<button>Log out</button></form>"
        )

    console.load(fill, None, bar, api_visibility="private", show_progress="hidden")


def _first_page() -> None:
    pages = "".join(f'<li><a href="/staff/{path}">{name}</a>: {what}</li>' for name, path, what, _ in PAGES)
    gr.HTML(f"<h1>Staff console</h1><ul>{pages}</ul>", elem_id="start")
