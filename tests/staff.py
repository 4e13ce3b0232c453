"""The web program with a console and without models, and people who log in to it."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.answering.refer import Referrals
from bot.chat import Chatbot, Standby
from bot.guard.flags import NO_RED_FLAGS
from bot.publishing.publisher import Publisher
from bot.records.database import Records
from bot.settings import Settings
from bot.web.conversations import Conversations
from bot.web.server import make_app
from bot.web.staff.desk import Desk
from bot.web.staff.workbench import Workbench
from eval.workbench import Bench
from tests.databases import PASSWORD


def standby(settings: Settings) -> Standby:
    """A bot without models, which refers every visitor."""
    return Standby(settings, Referrals(NO_RED_FLAGS, {}, settings.region), {})


def app(
    settings: Settings, records: Records | None, bot: Chatbot | None = None, benchmark: Workbench | None = None
) -> FastAPI:
    """Everything that is served, around this bot or one without models."""
    return make_app(bot or standby(settings), records, benchmark)


def desk(settings: Settings, records: Records) -> Desk:
    """What the pages work with, around a bot without models."""
    conversations = Conversations(standby(settings), records)
    return Desk(settings, records, conversations, Publisher(settings, conversations, records), Bench(settings))


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


def log_in(client: httpx.Client | TestClient, name: str, password: str = PASSWORD, after: str = "/staff/") -> Any:
    """Sends the form of the log-in page, as a browser would."""
    form = client.get("/staff/login", params={"next": after})
    hidden = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', form.text))
    return client.post("/staff/login", data={"name": name, "password": password, **hidden})
