"""The HTTP interface for programs: chat, streamed chat, health."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from bot.errors import MessageError, RecordsError
from bot.reply import Reply
from bot.web.conversations import Conversations
from bot.web.feedback import read_feedback

log = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024  # bytes; the longest message takes less, however it is escaped
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
STATUS = {"unknown_conversation": 404, "unknown_reply": 404, "no_feedback": 404, "body_too_large": 413}  # others: 400


def api(conversations: Conversations) -> APIRouter:
    """The routes of contract.md that speak JSON."""
    router = APIRouter()
    limit = conversations.bot.settings.message_limit

    @router.post("/api/chat")
    async def chat(request: Request) -> Response:
        message, conversation_id = _asked(await _body(request, limit))
        reply = await run_in_threadpool(conversations.say, message, conversation_id)
        return JSONResponse(reply.to_json())

    @router.post("/api/chat/stream")
    async def stream(request: Request) -> Response:
        message, conversation_id = _asked(await _body(request, limit))
        reply = await run_in_threadpool(conversations.say, message, conversation_id)
        return StreamingResponse(
            events(reply),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    @router.post("/api/feedback")
    async def feedback(request: Request) -> Response:
        given = read_feedback(await _body(request, limit))
        try:
            await run_in_threadpool(
                conversations.feedback,
                given.conversation_id,
                given.reply_id,
                given.thumb,
                given.reason,
                given.comment,
                send_along=given.send_along,
            )
        except RecordsError as failure:
            log.error("%s A visitor's feedback is not kept.", failure)
            return error("not_kept", "Your feedback could not be kept just now; please try again in a minute.", 503)
        return JSONResponse({"kept": True})

    @router.get("/healthz")
    async def alive() -> Response:
        return JSONResponse({"status": "alive"})

    @router.get("/readyz")
    def ready() -> Response:
        able = conversations.bot.ready()
        return JSONResponse({"status": "ready" if able else "not ready"}, 200 if able else 503)

    @router.api_route("/api/{rest:path}", methods=METHODS)
    @router.api_route("/healthz", methods=METHODS)
    @router.api_route("/readyz", methods=METHODS)
    async def unknown(request: Request) -> Response:
        return error("not_found", f"There is no {request.method} {request.url.path}; see the README.", 404)

    return router


def events(reply: Reply) -> Iterator[str]:
    """Server-sent events: `route`, `token`s that add up to the answer, then `reply` with everything.

    The reply is complete and verified before the first event: no sentence is shown that might be taken back.
    """
    yield _event("route", {"route": reply.route})
    for token in re.findall(r"\s*\S+", reply.answer):
        yield _event("token", {"text": token})
    yield _event("reply", reply.to_json())


def error(code: str, message: str, status: int | None = None) -> JSONResponse:
    """The one shape of every error."""
    return JSONResponse({"error": {"code": code, "message": message}}, status or STATUS.get(code, 400))


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


async def _body(request: Request, limit: int) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT:
            raise MessageError(
                "body_too_large",
                f"The request is over {BODY_LIMIT // 1024} KB; send one message of at most {limit:,} characters.",
            )
    return body


def _asked(body: bytes) -> tuple[str, str | None]:
    """(message, conversation id) of a request. Raises MessageError saying what is wrong with it."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as exception:
        raise MessageError("not_json", 'The request is not JSON; send {"message": "your question"}.') from exception
    message = asked.get("message") if isinstance(asked, dict) else None
    if not isinstance(message, str):
        raise MessageError("no_message", 'The request has no message; send {"message": "your question"}.')
    conversation_id = asked.get("conversation_id")
    if conversation_id is not None and not isinstance(conversation_id, str):
        raise MessageError("bad_conversation", "conversation_id must be a string, or be left out.")
    return message, conversation_id
