"""The web application: API, article pages and the visitor page, with security headers and one shape of error."""

import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from bot.chat import Chatbot
from bot.errors import MessageError
from bot.publishing.publisher import Publisher
from bot.records.database import Records
from bot.web.api import api, error
from bot.web.articles import article_pages
from bot.web.conversations import Conversations
from bot.web.page import HEAD, visitor_page
from bot.web.slashes import without_slash
from bot.web.staff.app import mount_staff
from bot.web.staff.workbench import Workbench

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    # Gradio's page needs inline script and style, and compiles templates; nothing may come from another host.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
    ),
}


# Gradio's doors for files and plugins. The page has no upload; open to anybody, they could fill the disk.
CLOSED = tuple(f"/gradio_api/{name}" for name in ("upload", "file", "stream", "proxy", "component_server", "deep_link"))


def secured(response: Response) -> Response:
    """The response with the headers that every one carries."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def make_app(bot: Chatbot, records: Records | None = None, benchmark: Workbench | None = None) -> FastAPI:
    """Everything that is served, around one loaded bot; without `records` nothing outlives the process.

    `benchmark` is for the staff console, which measures nothing without it.
    """
    conversations = Conversations(bot, records)
    publisher = Publisher(bot.settings, conversations, records) if records else None

    @asynccontextmanager
    async def following(_: FastAPI) -> AsyncIterator[None]:
        """While the program serves it follows what another process publishes."""
        stop = threading.Event()
        if publisher:
            threading.Thread(target=publisher.follow, args=[stop], name="follow the library", daemon=True).start()
        yield
        stop.set()

    app = FastAPI(title="Back massage answers", docs_url=None, redoc_url=None, openapi_url=None, lifespan=following)

    @app.middleware("http")
    async def secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path.startswith(CLOSED):
            return secured(error("not_found", "There is nothing here.", 404))
        elsewhere = None if request.url.path.startswith("/staff") else without_slash(request)  # the gate comes first
        return secured(elsewhere or await call_next(request))

    @app.exception_handler(MessageError)
    async def refused(request: Request, exception: MessageError) -> Response:
        return error(exception.code, str(exception))

    @app.exception_handler(HTTPException)
    async def no_such_thing(request: Request, exception: HTTPException) -> Response:
        return error("http_error", f"{exception.detail}.", exception.status_code)

    @app.exception_handler(Exception)
    async def failed(request: Request, exception: Exception) -> Response:
        log.error("request failed", exc_info=exception)
        sentence = "Something went wrong here; please try again, and see a professional if a symptom worries you."
        return secured(error("internal", sentence, 500))  # this handler stands outside the middleware

    app.include_router(api(conversations))
    app.include_router(article_pages(lambda: conversations.bot.articles))
    app.mount("/site", StaticFiles(directory=STATIC))
    mount_staff(app, conversations, records, publisher, benchmark)  # its own application
    page = visitor_page(conversations)
    page.queue(default_concurrency_limit=8)  # Gradio's own default is one visitor at a time
    served: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=bot.settings.host,
        server_port=bot.settings.port,
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        theme=gr.themes.Soft(
            primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
        head=HEAD,
        favicon_path=str(STATIC / "icon.svg"),
    )
    return served
