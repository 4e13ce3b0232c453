"""The web program: settings, bot, pages, server. Run: python app.py [--host ADDRESS] [--port NUMBER]"""

import argparse
import os
import socket
import sys
from pathlib import Path

from bot.errors import SettingsError, UserError
from bot.settings import Settings


def main() -> int:
    """Serves until stopped. The exit status: 0 after a stop, 2 where it cannot start, with one sentence why."""
    parser = argparse.ArgumentParser(description="Serve the back massage chatbot.")
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 7860)")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="answer from this folder of articles")
    options = parser.parse_args()
    try:
        settings = Settings.load(host=options.host, port=options.port, corpus=options.corpus)
        listener = listen(settings.host, settings.port)  # before the slow part: a taken port is known at once
        serve(settings, listener, trial=options.corpus is not None)
    except UserError as error:
        print(f"app: {error}", file=sys.stderr)
        return 2
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises SettingsError where the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port} ({error.strerror or error}); stop what runs there or choose another: "
            f"make run PORT={port + 1}"
        ) from error
    return listener


def serve(settings: Settings, listener: socket.socket, *, trial: bool) -> None:
    """Load the bot and serve on the socket until interrupted. On trial, other articles outdate no curated answer."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    import uvicorn

    from bot.chat import load_or_stand_by
    from bot.publishing.shelf import Shelf
    from bot.records.database import open_records
    from bot.records.retention import sweep_daily
    from bot.records.served import Served, mark_stale_at_start
    from bot.web.conversations import IDLE
    from bot.web.server import make_app
    from eval.workbench import Bench

    records = open_records(settings)
    sweep_daily(records, settings, IDLE)
    bot = load_or_stand_by(settings, Shelf.of(settings).published(), Served(records))
    if not trial and bot.articles:
        mark_stale_at_start(records, {slug: article.text for slug, article in bot.articles.items()})
    app = make_app(bot, records, Bench(settings))
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Ready: http://{shown}:{settings.port}", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
