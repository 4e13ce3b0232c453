"""The web program with a console and without models, and people who log in to it."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from bot.answering.refer import Referrals
from bot.chat import Chatbot, Standby
from bot.guard.flags import NO_RED_FLAGS
from bot.records.database import Records
from bot.settings import Settings
from bot.web.server import make_app
from tests.databases import PASSWORD


def app(settings: Settings, records: Records | None, bot: Chatbot | None = None) -> FastAPI:
    """Everything that is served. Without a bot every visitor is referred, which takes no models."""
    return make_app(bot or Standby(settings, Referrals(NO_RED_FLAGS, {}, settings.region), {}), records)


@contextmanager
def served(application: FastAPI) -> Iterator[str]:
    """The address, without a slash at its end, of an application that runs in this process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server has stopped"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def log_in(client: httpx.Client, name: str, password: str = PASSWORD, after: str = "/staff/") -> httpx.Response:
    """Sends the form of the log-in page, as a browser would."""
    form = client.get("/staff/login", params={"next": after})
    hidden = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', form.text))
    return client.post("/staff/login", data={"name": name, "password": password, **hidden})
